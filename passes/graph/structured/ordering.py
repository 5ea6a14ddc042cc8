"""The first of the largest or smallest elements: one reduction for the value, one for its place."""

from __future__ import annotations

from math import inf

from xdsl.dialects.builtin import i32, i64
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.graph.structured.steps import Steps


def arg_reduce(op: Operation, steps: Steps) -> list[SSAValue]:
    """The smallest place of an extreme; the place of a NaN, less the axis's size, is smaller than all others."""
    assert isinstance(op, graph.ArgReduceOp)
    axis, kind, x = integer(op.properties, "axis"), op.kind.data, op.operand
    if is_bool(element_of(x)):
        x = steps.cast(x, i32)
    shape = shape_of(x)
    size, kept = shape[axis], [other for other in range(len(shape)) if other != axis]
    places = steps.iota(shape, axis, i32)
    nothing = steps.splat(size, shape, i32)
    if not is_float(element_of(x)):
        extreme = steps.place(steps.reduce(x, kind, axis), shape, kept)
        first = steps.reduce(steps.select(steps.compare(x, extreme, "eq"), places, nothing), "min", axis)
        return [steps.cast(first, i64)]
    invalid = steps.compare(x, x, "ne")
    lowest = steps.splat(-inf if kind == "max" else inf, shape, element_of(x))
    extreme = steps.place(steps.reduce(steps.select(invalid, lowest, x), kind, axis), shape, kept)
    key = steps.select(steps.compare(x, extreme, "eq"), places, nothing)
    key = steps.select(invalid, steps.combine(graph.SubOp, places, size), key)
    first = steps.reduce(key, "min", axis)
    smallest = steps.combine(graph.MinOp, first, -1)
    from_nan = steps.compare(smallest, first, "eq")
    return [steps.cast(steps.select(from_nan, steps.combine(graph.AddOp, first, size), first), i64)]
