"""Writing at indices: index_put and scatter, by asking of each place which update it takes.

Indices that repeat leave the last of their updates, which is one of the choices that torch leaves open.
"""

from __future__ import annotations

from xdsl.dialects.builtin import bf16, f16, f32, i32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.types import element_of, is_bool, shape_of
from passes.graph.structured.lookup import rows_at
from passes.graph.structured.steps import Steps

CHAINED = 4
"""Slices up to which one select each, all in one kernel, costs less than finding every place's update first."""


def index_put(op: Operation, steps: Steps) -> list[SSAValue]:
    """Whole slices replaced or added to along an axis."""
    assert isinstance(op, graph.IndexPutOp)
    axis, adds = integer(op.properties, "axis"), op.reduce.data == "add"
    count = shape_of(op.indices)[0]
    if count <= CHAINED:
        return [_chained(op, axis, adds, steps)]
    if adds:
        shape = shape_of(op.operand)
        wide = (*shape[: axis + 1], count, *shape[axis + 1 :])
        values = steps.place(op.values, wide, [*range(axis), *range(axis + 1, len(wide))])
        indices = steps.place(op.indices, wide, [axis + 1])
        hit = steps.compare(indices, steps.iota(wide, axis, element_of(indices)), "eq")
        return [_sum(op.operand, hit, values, axis + 1, steps)]
    return [_replaced(op, axis, steps)]


def _chained(op: graph.IndexPutOp, axis: int, adds: bool, steps: Steps) -> SSAValue:
    """One pass over the operand that compares each place with each index in turn."""
    shape, element = shape_of(op.operand), element_of(op.operand)
    wide = f32 if adds and element in (f16, bf16) else element
    result, values = steps.cast(op.operand, wide), steps.cast(op.values, wide)
    places = steps.iota(shape, axis, element_of(op.indices))
    for number in range(shape_of(op.indices)[0]):
        index = steps.place(steps.slice(op.indices, 0, number, number + 1), shape, [axis])
        value = steps.place(steps.slice(values, axis, number, number + 1), shape, range(len(shape)))
        result = steps.select(steps.compare(index, places, "eq"), _joined(result, value, adds, steps), result)
    return steps.cast(result, element)


def _joined(old: SSAValue, new: SSAValue, adds: bool, steps: Steps) -> SSAValue:
    if not adds:
        return new
    return steps.combine(graph.OrOp if is_bool(element_of(old)) else graph.AddOp, old, new)


def _replaced(op: graph.IndexPutOp, axis: int, steps: Steps) -> SSAValue:
    """The last update of each place, looked up as a row of the updates."""
    shape, count = shape_of(op.operand), shape_of(op.indices)[0]
    wide = (shape[axis], count)
    hit = steps.compare(steps.place(op.indices, wide, [1]), steps.iota(wide, 0, element_of(op.indices)), "eq")
    winner = _last(hit, 1, steps)
    row = steps.combine(graph.MaxOp, winner, 0)
    rows = steps.move(rows_at(steps.move(op.values, axis, 0), row, steps), 0, axis)
    written = steps.compare(steps.place(winner, shape, [axis]), -1, "ne")
    return steps.select(written, rows, op.operand)


def _last(hit: SSAValue, axis: int, steps: Steps) -> SSAValue:
    """The largest place along `axis` for which the condition holds, -1 where it never does."""
    shape = shape_of(hit)
    number = steps.select(hit, steps.iota(shape, axis, i32), steps.splat(-1, shape, i32))
    return steps.reduce(number, "max", axis)


def scatter(op: Operation, steps: Steps) -> list[SSAValue]:
    """Single elements replaced or added to along an axis."""
    assert isinstance(op, graph.ScatterOp)
    axis, shape = integer(op.properties, "axis"), shape_of(op.operand)
    indices, updates = op.indices, op.updates
    for other, size in enumerate(shape):
        if other != axis:
            missing = size - shape_of(indices)[other]
            indices = steps.pad(indices, other, 0, missing, -1)
            updates = steps.pad(updates, other, 0, missing, 0)
    wide = (*shape[: axis + 1], shape_of(indices)[axis], *shape[axis + 1 :])
    kept = [*range(axis), *range(axis + 1, len(wide))]
    places = steps.iota(wide, axis, element_of(indices))
    hit = steps.compare(steps.place(indices, wide, kept), places, "eq")
    updates = steps.place(updates, wide, kept)
    if op.reduce.data == "add":
        return [_sum(op.operand, hit, updates, axis + 1, steps)]
    winner = _last(hit, axis + 1, steps)
    spread = steps.place(winner, wide, [*range(axis + 1), *range(axis + 2, len(wide))])
    chosen = steps.compare(spread, steps.iota(wide, axis + 1, i32), "eq")
    found = steps.sum_where(chosen, updates, axis + 1)
    return [steps.select(steps.compare(winner, -1, "ne"), found, op.operand)]


def _sum(old: SSAValue, hit: SSAValue, updates: SSAValue, axis: int, steps: Steps) -> SSAValue:
    """`old` with the updates along `axis` added where they hit; narrow floats are rounded once."""
    element = element_of(old)
    if is_bool(element):
        return steps.combine(graph.OrOp, old, steps.sum_where(hit, updates, axis))
    wide = f32 if element in (f16, bf16) else element
    total = steps.sum_where(hit, steps.cast(updates, wide), axis)
    return steps.cast(steps.combine(graph.AddOp, steps.cast(old, wide), total), element)
