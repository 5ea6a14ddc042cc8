"""Operators that order elements."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import SortOp, TopkOp
from dialects.graph.types import element_of, is_bool, shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


def _sorted(call: Call, axis_default: int = -1) -> list[SSAValue]:
    build, value = call.build, call.tensor("self")
    element = element_of(value)
    if not shape_of(value):
        return [value, build.full(0, (), i64)]
    source = build.cast(value, i64) if is_bool(element) else value
    axis = call.axis("dim", len(shape_of(value)), axis_default)
    op = SortOp.make(source, axis, call.flag("descending"))
    build.emit(op)
    return [build.cast(op.values, element), op.indices]


@handles("sort", "sort.stable")
def sort(call: Call) -> list[SSAValue]:
    """Elements in order and where they came from; always stable, which torch allows."""
    return _sorted(call)


@handles("argsort", "argsort.stable")
def argsort(call: Call) -> SSAValue:
    """Where the elements in order came from."""
    return _sorted(call)[1]


@handles("msort")
def msort(call: Call) -> SSAValue:
    """Elements in order along the first axis."""
    return _sorted(call, 0)[0]


@handles("topk")
def topk(call: Call) -> list[SSAValue]:
    """The k largest or smallest elements in order."""
    build, value = call.build, call.tensor("self")
    if not shape_of(value):
        return [value, build.full(0, (), i64)]
    axis = call.axis("dim", len(shape_of(value)), -1)
    op = TopkOp.make(value, call.integer("k"), axis, call.flag("largest", True))
    build.emit(op)
    return [op.values, op.indices]
