"""Operators that look values up among others."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import NotOp
from dialects.graph.types import shape_of
from passes.aten.call import Call
from passes.aten.promotion import computation_type
from passes.aten.registry import handles


@handles("bucketize.Tensor", "bucketize.Scalar", "searchsorted.Tensor", "searchsorted.Scalar")
def searched(call: Call) -> SSAValue:
    """How many of ascending boundaries lie before a value: below it, or with ``right`` up to it."""
    build, name = call.build, "boundaries" if call.has("boundaries") else "sorted_sequence"
    if call.has("sorter"):
        call.unsupported("a search through a permutation")
    bounds, value = call.tensor(name), call.operand("self")
    right = call.flag("right") or (call.has("side") and call.text("side") == "right")
    element = computation_type([bounds, value])
    value = build.spread(value, call.result_shape, element)
    shape, size = call.result_shape, shape_of(bounds)[-1]
    wide = (*shape, size)
    if len(shape_of(bounds)) == 1:
        spread = build.place(build.cast(bounds, element), wide, (len(shape),))
    else:
        spread = build.place(build.cast(bounds, element), wide, (*range(len(shape) - 1), len(shape)))
    before = build.compare(spread, build.place(value, wide, range(len(shape))), "le" if right else "lt")
    return build.cast(build.reduce(build.cast(before, i64), "add", (len(shape),)), call.result_element)


@handles("isin.Tensor_Tensor", "isin.Tensor_Scalar", "isin.Scalar_Tensor")
def isin(call: Call) -> SSAValue:
    """Whether each element is one of the test elements."""
    build = call.build
    elements = call.operand("elements" if call.has("elements") else "element")
    tests = call.operand("test_elements" if call.has("test_elements") else "test_element")
    element, shape = computation_type([elements, tests]), call.result_shape
    count = 1
    if isinstance(tests, SSAValue):
        for size in shape_of(tests):
            count *= size
        tests = build.reshape(tests, (count,))
    wide = (*shape, count)
    first = build.place(build.spread(elements, shape, element), wide, range(len(shape)))
    found = build.cast(build.compare(first, build.spread(tests, wide, element), "eq"), i64)
    result = build.compare(build.reduce(found, "max", (len(shape),)), 0, "ne")
    return build.apply(NotOp, result) if call.flag("invert") else result
