"""Operators that read at indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import AddOp, GatherOp, MulOp, TakeOp
from dialects.graph.types import element_of, is_bool, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.registry import handles


@handles("index_select")
def index_select(call: Call) -> SSAValue:
    """Places of an axis."""
    value, indices = call.tensor("self"), call.tensor("index")
    if not shape_of(value):
        return value
    taken = TakeOp.make(value, indices, call.axis("dim", len(shape_of(value))))
    return call.build.reshape(call.build.emit(taken), call.result_shape)


@handles("gather", "take_along_dim")
def gather(call: Call) -> SSAValue:
    """One element along an axis for each index."""
    build = call.build
    along = "take_along_dim" in call.op.overload.data
    value, indices = call.tensor("self"), call.tensor("indices" if along else "index")
    if along and not call.has("dim"):
        call.unsupported("take_along_dim of the flattened tensor")
    axis = call.axis("dim", len(shape_of(value)))
    if along:
        indices = build.wrap_indices(indices, shape_of(value)[axis])
        full = list(call.result_shape)
        value = build.expand(value, [*full[:axis], shape_of(value)[axis], *full[axis + 1 :]])
        indices = build.expand(indices, [*full[:axis], shape_of(indices)[axis], *full[axis + 1 :]])
    if not shape_of(value) or not shape_of(indices):
        value, indices = (build.reshape(each, shape_of(each) or (1,)) for each in (value, indices))
    return build.reshape(build.emit(GatherOp.make(value, indices, axis)), call.result_shape)


@dataclass
class Indexed:
    """An advanced index written as one: ``value``'s axis ``axis`` joins all indexed axes, ``flat`` are places on it."""

    value: SSAValue
    axis: int
    flat: SSAValue
    order: list[int]
    """The permutation that brought the indexed axes together."""
    joined: tuple[int, ...]
    """The sizes of the axes that were joined."""


def join_indices(build: GraphBuilder, value: SSAValue, indices: Sequence[SSAValue | None]) -> Indexed:
    """Join the axes that have an index tensor; as in torch, ones apart from each other move to the front."""
    shape = shape_of(value)
    axes = [axis for axis, index in enumerate(indices) if index is not None]
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    first = axes[0] if adjacent else 0
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    order = [*rest[:first], *axes, *rest[first:]]
    moved = build.permute(value, order)
    joined = tuple(shape[axis] for axis in axes)
    sizes = shape_of(moved)
    moved = build.reshape(moved, (*sizes[:first], prod(joined), *sizes[first + len(axes) :]))
    tensors = [
        build.wrap_indices(build.cast(index, i64), shape[axis])
        for axis, index in enumerate(indices)
        if index is not None
    ]
    common = broadcast_shape([shape_of(index) for index in tensors])
    flat: SSAValue | None = None
    for size, index in zip(joined, tensors, strict=True):
        index = build.expand(index, common)
        flat = index if flat is None else build.combine(AddOp, build.combine(MulOp, flat, size), index)
    if flat is None:
        raise ValueError("no axis is indexed")
    return Indexed(moved, first, flat, order, joined)


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that all ``shapes`` broadcast to."""
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in zip(*padded, strict=True))


def index_tensors(call: Call) -> list[SSAValue | None]:
    """Return the argument ``indices``; masks select a number of places that depends on data, which is refused."""
    indices = call.optional_tensors("indices")
    if any(each is not None and is_bool(element_of(each)) for each in indices):
        call.unsupported("an index of bools has a result whose shape depends on data")
    return indices


@handles("index.Tensor", "_unsafe_index.Tensor")
def index(call: Call) -> SSAValue:
    """Advanced indexing by tensors of integers."""
    indices = index_tensors(call)
    value = call.tensor("self")
    if all(each is None for each in indices):
        return value
    joined = join_indices(call.build, value, indices)
    return call.build.emit(TakeOp.make(joined.value, joined.flat, joined.axis))


@handles("take")
def take(call: Call) -> SSAValue:
    """Elements of the flattened tensor."""
    value = call.build.reshape(call.tensor("self"), (prod(shape_of(call.tensor("self"))),))
    indices = call.build.wrap_indices(call.tensor("index"), shape_of(value)[0])
    return call.build.emit(TakeOp.make(value, indices, 0))
