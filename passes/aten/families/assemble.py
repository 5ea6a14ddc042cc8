"""Operators that put tensors together or repeat them: cat, stack, pad, roll, repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.ir import SSAValue

from dialects.graph import PadOp, SubOp, TakeOp, XorOp
from dialects.graph.types import Scalar, element_of, is_bool, shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


@handles("cat", "concat", "concatenate")
def cat(call: Call) -> SSAValue:
    """Tensors behind one another; an empty one of one axis is skipped, as torch still allows."""
    rank = len(call.result_shape)
    values = [
        call.build.cast(value, call.result_element)
        for value in call.tensors("tensors")
        if shape_of(value) != (0,) or rank == 1
    ]
    return call.build.concat(values, call.axis("dim", rank, 0))


@handles("stack")
def stack(call: Call) -> SSAValue:
    """Tensors behind one another along a new axis."""
    rank = len(call.result_shape)
    axis = call.axis("dim", rank, 0)
    shape = list(call.result_shape)
    shape[axis] = 1
    values = [
        call.build.reshape(call.build.cast(value, call.result_element), shape) for value in call.tensors("tensors")
    ]
    return call.build.concat(values, axis)


@handles("vstack", "hstack", "dstack", "column_stack")
def stack_named(call: Call) -> SSAValue:
    """Tensors behind one another along the axis the name says, after gaining the axes they lack."""
    build, name = call.build, call.op.overload.data
    values: list[SSAValue] = []
    axis = 0 if "vstack" in name else 2 if "dstack" in name else 1
    for value in call.tensors("tensors"):
        shape = shape_of(value)
        if "hstack" in name and len(shape) < 2:
            shape, axis = shape or (1,), 0
        elif "column_stack" in name and len(shape) < 2:
            shape = (*(shape or (1,)), 1)
        elif len(shape) < 2:
            shape = (1, *(shape or (1,)))
        if "dstack" in name and len(shape) == 2:
            shape = (*shape, 1)
        values.append(build.reshape(build.cast(value, call.result_element), shape))
    return build.concat(values, axis)


def padded(call: Call, value: SSAValue, amounts: Sequence[int], fill: Scalar) -> SSAValue:
    """Pad by torch's list (last axis first, before and after); negative amounts crop."""
    rank = len(shape_of(value))
    low, high = [0] * rank, [0] * rank
    for place in range(len(amounts) // 2):
        low[rank - 1 - place], high[rank - 1 - place] = amounts[2 * place], amounts[2 * place + 1]
    for axis in range(rank):
        start, stop = max(0, -low[axis]), shape_of(value)[axis] - max(0, -high[axis])
        value = call.build.slice(value, axis, start, stop)
    low, high = [max(0, amount) for amount in low], [max(0, amount) for amount in high]
    return call.build.emit(PadOp.make(value, low, high, fill)) if any((*low, *high)) else value


@handles("constant_pad_nd")
def constant_pad(call: Call) -> SSAValue:
    """A border of one value."""
    return padded(call, call.tensor("self"), call.integers("pad"), call.number("value", 0))


def _border(call: Call, value: SSAValue, amounts: Sequence[int], mode: str) -> SSAValue:
    """A border of elements of the tensor: mirrored, repeated or taken from the other side."""
    rank = len(shape_of(value))
    for place in range(len(amounts) // 2):
        axis = rank - 1 - place
        size, low, high = shape_of(value)[axis], amounts[2 * place], amounts[2 * place + 1]
        if mode == "circular":
            start, stop = max(0, -low), size - max(0, -high)
            if start == stop:
                call.unsupported("a circular border of nothing")
            order = start + np.arange(-max(0, low), stop - start + max(0, high)) % (stop - start)
        else:
            order = np.arange(-low, size + high)
            order = np.clip(order, 0, size - 1) if mode == "replicate" else size - 1 - abs(size - 1 - abs(order))
        value = call.build.emit(TakeOp.make(value, call.build.array(order), axis))
    return value


@handles("reflection_pad1d", "reflection_pad2d", "reflection_pad3d")
def reflection_pad(call: Call) -> SSAValue:
    """A mirrored border."""
    return _border(call, call.tensor("self"), call.integers("padding"), "reflect")


@handles("replication_pad1d", "replication_pad2d", "replication_pad3d")
def replication_pad(call: Call) -> SSAValue:
    """A border of the outermost elements."""
    return _border(call, call.tensor("self"), call.integers("padding"), "replicate")


@handles("pad")
def pad(call: Call) -> SSAValue:
    """A border in any of torch's modes."""
    value, amounts, mode = call.tensor("self"), call.integers("pad"), call.text("mode", "constant")
    if mode == "constant":
        return padded(call, value, amounts, call.number("value", 0))
    return _border(call, value, amounts, mode)


@handles("flip")
def flip(call: Call) -> SSAValue:
    """Axes walked backwards."""
    value = call.tensor("self")
    for axis in call.axes("dims", len(shape_of(value))) if call.integers("dims") else ():
        value = call.build.slice(value, axis, shape_of(value)[axis] - 1, -1, -1)
    return value


@handles("flipud", "fliplr")
def flip_matrix(call: Call) -> SSAValue:
    """Rows (up, down) or columns (left, right) walked backwards."""
    value = call.tensor("self")
    axis = int("fliplr" in call.op.overload.data)
    return call.build.slice(value, axis, shape_of(value)[axis] - 1, -1, -1)


@handles("roll")
def roll(call: Call) -> SSAValue:
    """Elements moved along axes, what leaves one end entering at the other."""
    value = call.tensor("self")
    shape = shape_of(value)
    shifts, dims = call.integers("shifts"), call.integers("dims", ())
    if not dims:
        flat = call.build.reshape(value, (int(np.prod(shape)),))
        return call.build.reshape(_rolled(call, flat, 0, shifts[0]), shape)
    for shift, dim in zip(shifts, dims, strict=True):
        value = _rolled(call, value, dim % len(shape), shift)
    return value


def _rolled(call: Call, value: SSAValue, axis: int, shift: int) -> SSAValue:
    size = shape_of(value)[axis]
    cut = (-shift) % size if size else 0
    if cut == 0:
        return value
    build = call.build
    return build.concat([build.slice(value, axis, cut, size), build.slice(value, axis, 0, cut)], axis)


@handles("repeat", "tile")
def repeat(call: Call) -> SSAValue:
    """The tensor several times along each axis."""
    value, build = call.tensor("self"), call.build
    counts = call.integers("dims" if "tile" in call.op.overload.data else "repeats", ())
    rank = max(len(counts), len(shape_of(value)))
    counts = (1,) * (rank - len(counts)) + tuple(counts)
    sizes = (1,) * (rank - len(shape_of(value))) + shape_of(value)
    if 0 in counts or all(count == 1 for count in counts):
        return build.reshape(value, sizes) if 0 not in counts else build.full(0, call.result_shape, element_of(value))
    split = [part for pair in zip(counts, sizes, strict=True) for part in pair]
    spread = build.place(build.reshape(value, sizes), split, range(1, 2 * rank, 2))
    return build.reshape(spread, call.result_shape)


@handles("repeat_interleave.self_int")
def repeat_interleave(call: Call) -> SSAValue:
    """Each element of an axis several times in a row; without an axis, of the flattened tensor."""
    value, build = call.tensor("self"), call.build
    if not call.has("dim"):
        value = build.reshape(value, (int(np.prod(shape_of(value))),))
    shape = shape_of(value)
    axis, count = call.axis("dim", len(shape), 0), call.integer("repeats")
    split = (*shape[: axis + 1], count, *shape[axis + 1 :])
    dims = [place for place in range(len(split)) if place != axis + 1]
    return build.reshape(build.place(value, split, dims), call.result_shape)


@handles("diff")
def diff(call: Call) -> SSAValue:
    """Differences of neighbours along an axis, ``n`` times over; of bools, whether they differ."""
    build, value = call.build, call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), -1)
    if call.integer("n", 1) == 0:
        return value
    parts = [call.optional_tensor("prepend"), value, call.optional_tensor("append")]
    value = build.concat([build.cast(part, call.result_element) for part in parts if part is not None], axis)
    for _ in range(call.integer("n", 1)):
        size = shape_of(value)[axis]
        later, earlier = build.slice(value, axis, 1, size), build.slice(value, axis, 0, size - 1)
        value = build.combine(XorOp if is_bool(element_of(value)) else SubOp, later, earlier)
    return value


@handles("meshgrid", "meshgrid.indexing")
def meshgrid(call: Call) -> list[SSAValue]:
    """One-dimensional tensors as the coordinates of a grid."""
    swapped = call.text("indexing", "ij") == "xy"
    places: list[SSAValue] = []
    for index, value in enumerate(call.tensors("tensors")):
        axis = 1 - index if swapped and index < 2 else index
        flat = call.build.reshape(value, (int(np.prod(shape_of(value))),))
        places.append(call.build.place(flat, call.result_shape, (axis,)))
    return places
