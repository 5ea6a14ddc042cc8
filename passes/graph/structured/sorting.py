"""Sorting by counting: an element's place is the number of elements that come before it."""

from __future__ import annotations

from xdsl.dialects.builtin import i32, i64
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.graph.structured.steps import Steps


def sort(op: Operation, steps: Steps) -> list[SSAValue]:
    """All elements of an axis in order."""
    assert isinstance(op, graph.SortOp)
    axis = integer(op.properties, "axis")
    return _ranked(op.operand, axis, shape_of(op.operand)[axis], op.descending is not None, steps)


def topk(op: Operation, steps: Steps) -> list[SSAValue]:
    """The first elements of the order."""
    assert isinstance(op, graph.TopkOp)
    axis, count = integer(op.properties, "axis"), integer(op.properties, "k")
    return _ranked(op.operand, axis, count, op.largest is not None, steps)


def _ranked(operand: SSAValue, axis: int, count: int, descending: bool, steps: Steps) -> list[SSAValue]:
    """The first `count` elements along `axis` and where they came from; n (n + count) comparisons for n elements."""
    element = element_of(operand)
    x = steps.move(steps.cast(operand, i32) if is_bool(element) else operand, axis, len(shape_of(operand)) - 1)
    *lead, size = shape_of(x)
    last = len(lead)
    rank = steps.reduce(_precedes(x, descending, steps), "add", last + 1)
    wide = (*lead, count, size)
    along = (*range(last), last + 1)
    hit = steps.compare(steps.place(rank, wide, along), steps.iota(wide, last, i32), "eq")
    nothing = steps.neutral(wide, element_of(x))
    values = steps.reduce(steps.select(hit, steps.place(x, wide, along), nothing), "add", last + 1)
    places = steps.select(hit, steps.iota(wide, last + 1, i32), steps.splat(0, wide, i32))
    indices = steps.cast(steps.reduce(places, "add", last + 1), i64)
    return [steps.move(steps.cast(values, element), last, axis), steps.move(indices, last, axis)]


def _precedes(x: SSAValue, descending: bool, steps: Steps) -> SSAValue:
    """1 where element j (the last axis) comes before element i, else 0; equals keep their order, NaN is the largest."""
    *lead, size = shape_of(x)
    last = len(lead)
    square = (*lead, size, size)
    mine, other = (steps.place(x, square, (*range(last), last + offset)) for offset in (0, 1))
    before = steps.compare(other, mine, "gt" if descending else "lt")
    equal = steps.compare(other, mine, "eq")
    if is_float(element_of(x)):
        mine_nan, other_nan = steps.compare(mine, mine, "ne"), steps.compare(other, other, "ne")
        larger, smaller = (other_nan, mine_nan) if descending else (mine_nan, other_nan)
        beyond = steps.combine(graph.AndOp, larger, steps.rewriter.add(graph.NotOp.make(smaller)))
        before = steps.combine(graph.OrOp, before, beyond)
        equal = steps.combine(graph.OrOp, equal, steps.combine(graph.AndOp, mine_nan, other_nan))
    earlier = steps.compare(steps.iota(square, last + 1, i32), steps.iota(square, last, i32), "lt")
    before = steps.combine(graph.OrOp, before, steps.combine(graph.AndOp, equal, earlier))
    return steps.select(before, steps.splat(1, square, i32), steps.splat(0, square, i32))
