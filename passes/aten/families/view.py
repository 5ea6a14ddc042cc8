"""Operators that only move elements: another shape, another order of axes, a part of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from dialects.graph import BroadcastOp, PermuteOp, ReshapeOp, SliceOp, TakeOp
from dialects.graph.types import shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


@handles(
    "view",
    "view_copy",
    "reshape",
    "reshape_as",
    "view_as",
    "_unsafe_view",
    "_reshape_alias",
    "flatten.using_ints",
    "unflatten.int",
    "squeeze",
    "squeeze.dim",
    "squeeze.dims",
    "squeeze_copy",
    "squeeze_copy.dim",
    "squeeze_copy.dims",
    "unsqueeze",
    "unsqueeze_copy",
    "ravel",
)
def reshape(call: Call) -> SSAValue:
    """The same elements in the same order: torch has worked out the shape."""
    return call.build.reshape(call.tensor("self"), call.result_shape)


@handles("atleast_1d", "atleast_2d", "atleast_3d")
def atleast(call: Call) -> SSAValue:
    """Add axes of size one, in front or (of three) around."""
    return call.build.reshape(call.tensor("self"), call.result_shape)


@handles("permute", "permute_copy")
def permute(call: Call) -> SSAValue:
    """Axes in another order."""
    rank = len(call.result_shape)
    return call.build.permute(call.tensor("self"), [axis % rank for axis in call.integers("dims", ())])


@handles("transpose.int", "transpose_copy.int", "swapaxes", "swapdims")
def transpose(call: Call) -> SSAValue:
    """Exchange two axes."""
    names = ("axis0", "axis1") if "swapaxes" in call.op.overload.data else ("dim0", "dim1")
    first, second = (call.integer(name) for name in names)
    value = call.tensor("self")
    return call.build.swap(value, first, second) if shape_of(value) else value


@handles("t", "t_copy", "numpy_T", "mT", "mH", "adjoint", "matrix_H")
def transpose_last(call: Call) -> SSAValue:
    """Exchange the two last axes (of a tensor of rank below two: nothing); numpy_T reverses all."""
    value = call.tensor("self")
    rank = len(shape_of(value))
    if "numpy_T" in call.op.overload.data:
        return call.build.permute(value, range(rank)[::-1])
    return call.build.swap(value, -1, -2) if rank >= 2 else value


@handles("movedim.int", "movedim.intlist", "moveaxis.int", "moveaxis.intlist")
def movedim(call: Call) -> SSAValue:
    """Put axes at other places, the rest keeping their order."""
    value = call.tensor("self")
    rank = len(shape_of(value))
    source = [axis % rank for axis in call.integers("source")]
    target = [axis % rank for axis in call.integers("destination")]
    rest = iter([axis for axis in range(rank) if axis not in source])
    order = [source[target.index(place)] if place in target else next(rest) for place in range(rank)]
    return call.build.permute(value, order)


@handles("expand", "expand_copy", "expand_as", "broadcast_to")
def expand(call: Call) -> SSAValue:
    """Repeat axes of size one, and along new axes in front."""
    return call.build.expand(call.tensor("self"), call.result_shape)


@handles("broadcast_tensors")
def broadcast_tensors(call: Call) -> list[SSAValue]:
    """Repeat several tensors to one shape."""
    return [call.build.expand(value, call.result_shape) for value in call.tensors("tensors")]


@handles("slice.Tensor", "slice_copy.Tensor")
def slice_tensor(call: Call) -> SSAValue:
    """Every step-th element of an axis between bounds that may be negative or beyond the ends."""
    value = call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), 0)
    size = shape_of(value)[axis]
    start = call.integer("start") if call.has("start") else None
    stop = call.integer("end") if call.has("end") else None
    first, last, step = slice(start, stop, call.integer("step", 1)).indices(size)
    return call.build.slice(value, axis, first, max(first, last), step)


@handles("select.int", "select_copy.int")
def select(call: Call) -> SSAValue:
    """One place of an axis, which leaves the shape."""
    value = call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)))
    index = call.integer("index") % shape_of(value)[axis]
    return call.build.reshape(call.build.slice(value, axis, index, index + 1), call.result_shape)


@handles("narrow", "narrow_copy")
def narrow(call: Call) -> SSAValue:
    """``length`` places of an axis from ``start``."""
    value = call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)))
    start = call.integer("start") % max(shape_of(value)[axis], 1)
    return call.build.slice(value, axis, start, start + call.integer("length"))


@handles(
    "split.Tensor",
    "split.sizes",
    "split_with_sizes",
    "split_with_sizes_copy",
    "split_copy.Tensor",
    "chunk",
    "unsafe_split.Tensor",
    "unsafe_chunk",
    "unsafe_split_with_sizes",
    "tensor_split.sections",
    "tensor_split.indices",
)
def split(call: Call) -> list[SSAValue]:
    """Parts of an axis; their sizes are those of the recorded results."""
    value = call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), 0)
    parts: list[SSAValue] = []
    start = 0
    for index in range(len(call.op.outputs)):
        size = call.result_type(index).get_shape()[axis]
        parts.append(call.build.slice(value, axis, start, start + size))
        start += size
    return parts


@handles("unbind.int", "unbind_copy.int")
def unbind(call: Call) -> list[SSAValue]:
    """Every place of an axis by itself."""
    value = call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), 0)
    places = range(shape_of(value)[axis])
    return [call.build.reshape(call.build.slice(value, axis, place, place + 1), call.result_shape) for place in places]


def _strided(call: Call, value: SSAValue, places: npt.NDArray[np.int64]) -> SSAValue:
    """Take the elements at ``places`` of the flattened tensor: a slice when they are consecutive."""
    flat = call.build.reshape(value, (prod(shape_of(value)),))
    order = places.reshape(-1)
    if order.size and bool((np.diff(order) == 1).all()):
        first = int(order[0])
        return call.build.reshape(call.build.slice(flat, 0, first, first + order.size), places.shape)
    return call.build.emit(TakeOp.make(flat, call.build.array(places)))


def _places(shape: Sequence[int], strides: Sequence[int], offset: int) -> npt.NDArray[np.int64]:
    places = np.full(tuple(shape), offset, np.int64)
    for axis, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        places += (np.arange(size) * stride).reshape([-1 if each == axis else 1 for each in range(len(shape))])
    return places


@handles("as_strided", "as_strided_copy")
def as_strided(call: Call) -> SSAValue:
    """Elements at given strides of a tensor that lies contiguous in its storage."""
    value = call.tensor("self")
    root = value.owner
    while isinstance(root, ReshapeOp):
        root = root.operand.owner
    if isinstance(root, PermuteOp | BroadcastOp | SliceOp):
        call.unsupported("as_strided of a view, whose storage has another layout: call contiguous() first")
    offset = call.integer("storage_offset", 0)
    return _strided(call, value, _places(call.integers("size", ()), call.integers("stride", ()), offset))


@handles("unfold")
def unfold(call: Call) -> SSAValue:
    """Windows of an axis, which overlap when the step is shorter; a window's elements are the last axis."""
    value = call.tensor("self")
    axis = call.axis("dimension", len(shape_of(value)))
    size, step = call.integer("size"), call.integer("step")
    count = call.result_shape[axis] if shape_of(value) else 1
    places = np.arange(count)[:, None] * step + np.arange(size)[None, :]
    source = value if shape_of(value) else call.build.reshape(value, (1,))
    taken = call.build.emit(TakeOp.make(source, call.build.array(places), axis))
    rank = len(shape_of(taken))
    order = [place for place in range(rank) if place != axis + 1] + [axis + 1]
    return call.build.reshape(call.build.permute(taken, order), call.result_shape)


@handles("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(call: Call) -> SSAValue:
    """Move groups of r^2 channels to r x r blocks of pixels, or back."""
    build, value, source = call.build, call.tensor("self"), shape_of(call.tensor("self"))
    batch, (channels, height, width) = source[:-3], source[-3:]
    base = len(batch)
    if "pixel_unshuffle" in call.op.overload.data:
        factor = call.integer("downscale_factor")
        split = build.reshape(value, (*batch, channels, height // factor, factor, width // factor, factor))
        inner = [0, 2, 4, 1, 3]
    else:
        factor = call.integer("upscale_factor")
        split = build.reshape(value, (*batch, channels // factor**2, factor, factor, height, width))
        inner = [0, 3, 1, 4, 2]
    moved = build.permute(split, [*range(base), *(base + axis for axis in inner)])
    return build.reshape(moved, call.result_shape)


@handles("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(call: Call) -> SSAValue:
    """Channels in groups, taken from each group in turn."""
    build, value, groups = call.build, call.tensor("self"), call.integer("groups")
    batch, channels, *rest = shape_of(value)
    split = build.reshape(value, (batch, groups, channels // groups, *rest))
    return build.reshape(build.swap(split, 1, 2), shape_of(value))


@handles("rot90")
def rot90(call: Call) -> SSAValue:
    """Quarter turns in the plane of two axes, from the first towards the second."""
    build, value, turns = call.build, call.tensor("self"), call.integer("k", 1) % 4
    first, second = (axis % len(shape_of(value)) for axis in call.integers("dims", (0, 1)))
    for axis in {0: (), 1: (second,), 2: (first, second), 3: (first,)}[turns]:
        value = build.slice(value, axis, shape_of(value)[axis] - 1, -1, -1)
    return build.swap(value, first, second) if turns % 2 else value
