"""Medians and quantiles: elements found by their rank."""

from __future__ import annotations

from math import ceil, floor, prod

from xdsl.ir import SSAValue

from dialects.graph import AddOp, MulOp, SortOp
from dialects.graph.types import shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


@handles("kthvalue")
def ranked(call: Call) -> list[SSAValue]:
    """The k-th smallest element along an axis, and its index."""
    return _at_rank(call, call.integer("k") - 1)


@handles("median.dim")
def median(call: Call) -> list[SSAValue]:
    """The element in the middle of an axis, of two the smaller, and its index; NaN counts as largest."""
    size = shape_of(call.tensor("self"))[call.axis("dim", len(shape_of(call.tensor("self"))))]
    return _at_rank(call, (size - 1) // 2)


@handles("median")
def median_of_all(call: Call) -> SSAValue:
    """The element in the middle of all."""
    build, value = call.build, call.tensor("self")
    count = prod(shape_of(value))
    op = SortOp.make(build.reshape(value, (count,)), 0)
    build.emit(op)
    place = (count - 1) // 2
    return build.reshape(build.slice(op.values, 0, place, place + 1), ())


def _at_rank(call: Call, place: int) -> list[SSAValue]:
    build, value = call.build, call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), -1)
    if not shape_of(value):
        return [value, build.full(0, (), call.result_type(1).element_type)]
    op = SortOp.make(value, axis)
    build.emit(op)
    return [
        build.reshape(build.slice(each, axis, place, place + 1), call.result_shape) for each in (op.values, op.indices)
    ]


@handles("quantile.scalar")
def quantile(call: Call) -> SSAValue:
    """The element at a part of the way through an axis in order, by default between its two neighbours."""
    build, value, part = call.build, call.tensor("self"), float(call.number("q"))
    if not call.has("dim"):
        value = build.reshape(value, (prod(shape_of(value)),))
    axis = call.axis("dim", len(shape_of(value)), 0)
    op = SortOp.make(value, axis)
    build.emit(op)
    position = part * (shape_of(value)[axis] - 1)
    weights = {
        "linear": (1 - (position - floor(position)), position - floor(position)),
        "lower": (1.0, 0.0),
        "higher": (0.0, 1.0),
        "midpoint": (0.5, 0.5),
        "nearest": (float(round(position) == floor(position)), float(round(position) != floor(position))),
    }[call.text("interpolation", "linear")]
    parts = [build.slice(op.values, axis, place, place + 1) for place in (floor(position), ceil(position))]
    low, high = (build.combine(MulOp, each, weight) for each, weight in zip(parts, weights, strict=True))
    return build.reshape(build.combine(AddOp, low, high), call.result_shape)
