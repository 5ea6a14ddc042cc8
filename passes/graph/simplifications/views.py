"""Identities of ops that only move elements."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from dialects.graph import BroadcastOp, ConcatOp, PadOp, PermuteOp, ReshapeOp, SliceOp
from dialects.graph.operation import GraphOp, integer, integers
from dialects.graph.types import shape_of, type_of
from passes.graph.rewriting import Rewriter, Rule, defining, same_type, splat_of

Values = Sequence[SSAValue] | None


def _splat(op: Operation, rewriter: Rewriter) -> Values:
    """A view of a splat is a splat."""
    value = splat_of(op.operands[0])
    return None if value is None else [rewriter.splat(value, type_of(op.results[0]))]


def _identity(op: Operation) -> Values:
    return [op.operands[0]] if same_type(op.operands[0], op.results[0]) else None


def reshape(op: Operation, rewriter: Rewriter) -> Values:
    """Drop a reshape to the same shape; of two in a row, only the last shape counts."""
    found = _identity(op) or _splat(op, rewriter)
    inner = defining(op.operands[0], ReshapeOp)
    if found is None and inner is not None:
        return [rewriter.add(ReshapeOp.make(inner.operand, shape_of(op.results[0])))]
    return found


def permute(op: Operation, rewriter: Rewriter) -> Values:
    """Drop the identity, compose two in a row; one that only moves axes of size one is a reshape."""
    order = integers(op.properties, "order")
    if list(order) == list(range(len(order))):
        return [op.operands[0]]
    shape = shape_of(op.operands[0])
    moved = [axis for axis in order if shape[axis] != 1]
    if moved == sorted(moved):
        return [rewriter.add(ReshapeOp.make(op.operands[0], shape_of(op.results[0])))]
    inner = defining(op.operands[0], PermuteOp)
    if inner is not None:
        first = integers(inner.properties, "order")
        return [rewriter.add(PermuteOp.make(inner.operand, [first[axis] for axis in order]))]
    return _splat(op, rewriter)


def broadcast(op: Operation, rewriter: Rewriter) -> Values:
    """Compose two in a row, drop the operand's axes that are repeated; one that repeats nothing is a reshape."""
    operand, result = op.operands[0], op.results[0]
    dims, sizes, shape = integers(op.properties, "dims"), shape_of(operand), shape_of(result)
    found = _splat(op, rewriter)
    if found is not None:
        return found
    if type_of(operand).element_count() == type_of(result).element_count():
        return [rewriter.add(ReshapeOp.make(operand, shape))] if sizes != shape else [operand]
    inner = defining(operand, BroadcastOp)
    if inner is not None:
        first = integers(inner.properties, "dims")
        return [rewriter.add(BroadcastOp.make(inner.operand, shape, [dims[axis] for axis in first]))]
    kept = [axis for axis, size in enumerate(sizes) if size == shape[dims[axis]]]
    if kept and len(kept) < len(sizes):
        squeezed = rewriter.add(ReshapeOp.make(operand, [sizes[axis] for axis in kept]))
        source = defining(operand, ReshapeOp)
        if source is not None and type_of(source.operand) == type_of(squeezed):
            squeezed = source.operand
        return [rewriter.add(BroadcastOp.make(squeezed, shape, [dims[axis] for axis in kept]))]
    return None


def slice_(op: Operation, rewriter: Rewriter) -> Values:
    """Drop a slice of everything in order; take one before a broadcast, or of the one input of a concat it lies in."""
    assert isinstance(op, SliceOp)
    steps = integers(op.properties, "steps")
    whole = all(step == 1 for step, size in zip(steps, shape_of(op.operand), strict=True) if size > 1)
    found = (_identity(op) if whole else None) or _splat(op, rewriter)
    if found is not None or min(steps, default=1) < 1:
        return found
    repeated, joined = defining(op.operand, BroadcastOp), defining(op.operand, ConcatOp)
    if repeated is not None:
        return [_sliced_before(op, repeated, rewriter)]
    return None if joined is None else _slice_of_input(op, joined, rewriter)


def _sliced_before(op: SliceOp, repeated: BroadcastOp, rewriter: Rewriter) -> SSAValue:
    """The broadcast of a slice: along repeated axes, only its size changes."""
    dims, sizes = integers(repeated.properties, "dims"), shape_of(repeated.operand)
    own = [size == shape_of(repeated.result)[dim] for size, dim in zip(sizes, dims, strict=True)]

    def bounds(name: str, repeated: Sequence[int]) -> list[int]:
        values = integers(op.properties, name)
        return [values[dim] if mine else other for dim, mine, other in zip(dims, own, repeated, strict=True)]

    ones = [1] * len(sizes)
    inner = SliceOp.make(
        repeated.operand, bounds("starts", [0] * len(sizes)), bounds("stops", ones), bounds("steps", ones)
    )
    return rewriter.add(BroadcastOp.make(rewriter.add(inner), shape_of(op.result), dims))


def _slice_of_input(op: SliceOp, joined: ConcatOp, rewriter: Rewriter) -> Values:
    """The slice of the one input of a concat that it lies in."""
    axis = integer(joined.properties, "axis")
    starts, stops, steps = (list(integers(op.properties, name)) for name in ("starts", "stops", "steps"))
    begin = 0
    for part in joined.operands:
        end = begin + shape_of(part)[axis]
        if begin <= starts[axis] and stops[axis] <= end:
            starts[axis], stops[axis] = starts[axis] - begin, stops[axis] - begin
            return [rewriter.add(SliceOp.make(part, starts, stops, steps))]
        begin = end
    return None


def pad(op: Operation, rewriter: Rewriter) -> Values:
    """Drop padding by nothing."""
    del rewriter
    return _identity(op)


def concat(op: Operation, rewriter: Rewriter) -> Values:
    """Drop empty inputs, and the op when one input is left."""
    parts = [operand for operand in op.operands if type_of(operand).element_count() > 0]
    if len(parts) == 1 and same_type(parts[0], op.results[0]):
        return [parts[0]]
    if parts and len(parts) < len(op.operands):
        return [rewriter.add(ConcatOp.inferred(parts, op.properties))]
    return None


VIEW_RULES: dict[type[GraphOp], Rule] = {
    ReshapeOp: reshape,
    PermuteOp: permute,
    BroadcastOp: broadcast,
    SliceOp: slice_,
    PadOp: pad,
    ConcatOp: concat,
}
"""The identities by op."""
