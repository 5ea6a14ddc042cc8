"""Operators that make tensors: constants, ranges."""

from __future__ import annotations

import numpy as np
from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import AddOp, MulOp
from dialects.graph.types import is_float
from passes.aten.call import Call
from passes.aten.registry import handles


@handles("full", "full_like", "new_full")
def full(call: Call) -> SSAValue:
    """One value everywhere."""
    return call.build.full(call.number("fill_value"), call.result_shape, call.result_element)


@handles("fill.Scalar", "fill.Tensor")
def fill(call: Call) -> SSAValue:
    """One value, a number or a tensor without axes, everywhere."""
    return call.build.spread(call.operand("value"), call.result_shape, call.result_element)


@handles("ones", "ones_like", "new_ones")
def ones(call: Call) -> SSAValue:
    """Ones."""
    return call.build.full(1, call.result_shape, call.result_element)


@handles(
    "zeros",
    "zeros_like",
    "new_zeros",
    "zero",
    "empty.memory_format",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "new_empty",
    "new_empty_strided",
)
def zeros(call: Call) -> SSAValue:
    """Zeros; a tensor without stated contents has zeros too, so that every run gives the same."""
    return call.build.full(0, call.result_shape, call.result_element)


@handles("scalar_tensor")
def scalar_tensor(call: Call) -> SSAValue:
    """A number as a tensor without axes."""
    return call.build.full(call.number("s"), call.result_shape, call.result_element)


@handles("arange", "arange.start", "arange.start_step")
def arange(call: Call) -> SSAValue:
    """Numbers at equal steps; integers are counted, floats computed in f64 and rounded, as torch does."""
    build, element, (size,) = call.build, call.result_element, call.result_shape
    start, step = call.number("start", 0), call.number("step", 1)
    if is_float(element) and (start != int(start) or step != int(step)):
        return build.array(start + np.arange(size) * float(step), element)
    return build.cast(_counted(call, size, int(start), int(step)), element)


def _counted(call: Call, size: int, start: int, step: int) -> SSAValue:
    value = call.build.iota(size, (size,), 0)
    if step != 1:
        value = call.build.combine(MulOp, value, step)
    return value if start == 0 else call.build.combine(AddOp, value, start)


@handles("linspace")
def linspace(call: Call) -> SSAValue:
    """Numbers at equal distances between two ends, counted from the nearer end as torch does."""
    (size,), element = call.result_shape, call.result_element
    start, end = float(call.number("start")), float(call.number("end"))
    places = np.arange(size)
    step = (end - start) / max(size - 1, 1)
    values = np.where(places < max(size // 2, 1), start + step * places, end - step * (size - 1 - places))
    return call.build.array(values if is_float(element) else np.trunc(values), element)


@handles("one_hot")
def one_hot(call: Call) -> SSAValue:
    """1 at the place each index names, 0 elsewhere, along a new last axis."""
    build, shape = call.build, call.result_shape
    value = build.place(build.cast(call.tensor("self"), i64), shape, range(len(shape) - 1))
    return build.cast(build.compare(value, build.iota(shape[-1], shape, len(shape) - 1), "eq"), call.result_element)
