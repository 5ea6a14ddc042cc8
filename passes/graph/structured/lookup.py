"""Reading at indices: take and gather as lookups of rows, or of single elements by comparing indices with places.

Kernels copy whole rows of a table to where an index says (`graph.take` along axis 0). A single element is no row worth
copying: it is found by comparing its index with every place and selecting, or, in a long table, by copying the block of
elements that it lies in and selecting in that.
"""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import i32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer, integers
from dialects.graph.types import element_of, shape_of
from passes.graph.structured.steps import Steps

BLOCK = 64
"""Elements of a long table that are copied for one index: a full repeat of the vector unit in f32."""

COMPARED = 2048
"""Places up to which comparing with all of them (64 a cycle) costs less than the copy of a block (some 50 cycles)."""


def take(op: Operation, steps: Steps) -> list[SSAValue] | None:
    """Slices along any axis: the axis is brought to the front and its rows are looked up."""
    assert isinstance(op, graph.TakeOp)
    axis = integer(op.properties, "axis")
    shape, places = shape_of(op.table), shape_of(op.indices)
    if prod(shape[:axis]) * prod(shape[axis + 1 :]) == 1:
        flat = steps.reshape(op.table, (shape[axis],))
        return [steps.reshape(elements(flat, op.indices, steps), shape_of(op.result))]
    if axis == 0:
        if len(shape) == 2:
            return None
        rows = steps.reshape(op.table, (shape[0], prod(shape[1:])))
        return [steps.reshape(rows_at(rows, op.indices, steps), shape_of(op.result))]
    rows = rows_at(steps.move(op.table, axis, 0), op.indices, steps)
    rank = len(places)
    order = [*range(rank, rank + axis), *range(rank), *range(rank + axis, len(shape_of(rows)))]
    return [steps.permute(rows, order)]


def gather(op: Operation, steps: Steps) -> list[SSAValue]:
    """Element-wise lookup; indices that do not vary along the axes behind theirs name whole rows."""
    assert isinstance(op, graph.GatherOp)
    axis, places = integer(op.properties, "axis"), shape_of(op.indices)
    operand = op.operand
    for other, size in enumerate(places):
        if other != axis:
            operand = steps.slice(operand, other, 0, size)
    depth = shape_of(operand)[axis]
    if prod(places[axis + 1 :]) > 1:
        row_indices = _leading(op.indices, axis + 1, steps)
        if row_indices is not None:
            table = steps.reshape(operand, (prod(places[:axis]) * depth, *places[axis + 1 :]))
            return [rows_at(table, _linear(row_indices, places[:axis], depth, steps), steps)]
    if depth > COMPARED:
        last = steps.move(operand, axis, len(places) - 1)
        flat = steps.move(op.indices, axis, len(places) - 1)
        linear = _linear(flat, shape_of(last)[:-1], depth, steps)
        found = elements(steps.reshape(last, (prod(shape_of(last)),)), linear, steps)
        return [steps.move(found, len(places) - 1, axis)]
    wide = (*places[: axis + 1], depth, *places[axis + 1 :])
    kept = [*range(axis + 1), *range(axis + 2, len(wide))]
    indices = steps.place(op.indices, wide, kept)
    chosen = steps.compare(indices, steps.iota(wide, axis + 1, element_of(indices)), "eq")
    spread = steps.place(operand, wide, [*range(axis), *range(axis + 1, len(wide))])
    return [steps.sum_where(chosen, spread, axis + 1)]


def rows_at(table: SSAValue, indices: SSAValue, steps: Steps) -> SSAValue:
    """Slices of `table` along its first axis."""
    if prod(shape_of(table)[1:]) == 1:
        found = elements(steps.reshape(table, shape_of(table)[:1]), indices, steps)
        return steps.reshape(found, (*shape_of(indices), *shape_of(table)[1:]))
    return steps.rewriter.add(graph.TakeOp.make(table, indices, 0))


def elements(table: SSAValue, indices: SSAValue, steps: Steps) -> SSAValue:
    """The elements of a table of one axis at `indices` of any shape."""
    places, (size,) = shape_of(indices), shape_of(table)
    rank = len(places)
    if size > COMPARED:
        table = steps.reshape(steps.pad(table, 0, 0, -size % BLOCK, 0), (-(-size // BLOCK), BLOCK))
        block = steps.combine(graph.ShrOp, steps.cast(indices, i32), BLOCK.bit_length() - 1)
        spread = steps.rewriter.add(graph.TakeOp.make(table, block, 0))
        indices = steps.combine(graph.AndOp, steps.cast(indices, i32), BLOCK - 1)
        size = BLOCK
    else:
        spread = steps.place(table, (*places, size), [rank])
    wide = (*places, size)
    counted = steps.iota(wide, rank, element_of(indices))
    chosen = steps.compare(steps.place(indices, wide, range(rank)), counted, "eq")
    return steps.sum_where(chosen, spread, rank)


def _linear(indices: SSAValue, lead: tuple[int, ...], depth: int, steps: Steps) -> SSAValue:
    """Places in the joined axes (`lead` and one of `depth`) of indices that begin with the axes `lead`."""
    shape, stride = shape_of(indices), depth
    for axis in reversed(range(len(lead))):
        if lead[axis] > 1:
            offset = steps.combine(graph.MulOp, steps.iota(shape, axis, element_of(indices)), stride)
            indices = steps.combine(graph.AddOp, indices, offset)
        stride *= lead[axis]
    return indices


def _leading(indices: SSAValue, rank: int, steps: Steps) -> SSAValue | None:
    """The first `rank` axes of indices that a broadcast repeats along all others, or None."""
    shape, owner = shape_of(indices), indices.owner
    if not isinstance(owner, graph.BroadcastOp):
        return None
    source, dims = shape_of(owner.operand), integers(owner.properties, "dims")
    if any(dim >= rank and size > 1 for size, dim in zip(source, dims, strict=True)):
        return None
    kept = [dim for dim in dims if dim < rank]
    narrow = steps.reshape(owner.operand, source[: len(kept)])
    return steps.place(narrow, shape[:rank], kept)
