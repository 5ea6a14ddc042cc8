"""Operators that combine what is written to one place: the largest, the mean, the product of it."""

from __future__ import annotations

from xdsl.ir import SSAValue

from dialects.graph import AddOp, DivOp, FloorDivOp, MaxOp
from dialects.graph.types import element_of, is_float, shape_of
from passes.analysis.combining import COMBINE, neutral
from passes.aten.call import Call
from passes.aten.families.write import scattered
from passes.aten.registry import handles

_KINDS = {
    "add": "add",
    "sum": "add",
    "mean": "add",
    "prod": "mul",
    "multiply": "mul",
    "amax": "max",
    "amin": "min",
}
"""The kind of the graph's reduction by torch's name."""


@handles("scatter.reduce", "scatter.value_reduce", "scatter_reduce.two")
def scatter_reduce(call: Call) -> SSAValue:
    """Combine, for each place of an axis, the elements whose index names it."""
    build, kind = call.build, call.text("reduce")
    value, indices = call.tensor("self"), call.tensor("index")
    source = call.tensor("src") if call.has("src") else call.number("value")
    if kind in ("add", "sum") and call.flag("include_self", True):
        return scattered(call, source, "add")
    axis = call.axis("dim", len(shape_of(value)))
    if not isinstance(source, SSAValue):
        source = build.full(source, shape_of(indices), element_of(value))
    for place, size in enumerate(shape_of(indices)):
        source = build.slice(source, place, 0, size)
    return _combined(call, source, indices, axis, kind)


@handles("index_reduce")
def index_reduce(call: Call) -> SSAValue:
    """Combine, for each place of an axis, the slices whose index names it."""
    value, source, indices = call.tensor("self"), call.tensor("source"), call.tensor("index")
    axis = call.axis("dim", len(shape_of(value)))
    spread = call.build.place(indices, shape_of(source), (axis,))
    return _combined(call, source, spread, axis, call.text("reduce"))


def _combined(call: Call, source: SSAValue, indices: SSAValue, axis: int, kind: str) -> SSAValue:
    """Compare each place of the axis with each index, and reduce what is chosen."""
    build, value = call.build, call.tensor("self")
    shape, places = shape_of(value), shape_of(indices)
    if (*shape[:axis], *shape[axis + 1 :]) != (*places[:axis], *places[axis + 1 :]):
        call.unsupported(f"a reduction '{kind}' by indices that do not cover the other axes")
    reduction, element = _KINDS[kind], element_of(value)
    value, source = build.widen(value), build.widen(source)
    wide = (*shape[: axis + 1], places[axis], *shape[axis + 1 :])
    dims = [*range(axis), *range(axis + 1, len(wide))]
    spread = build.place(indices, wide, dims)
    chosen = build.compare(spread, build.iota(shape[axis], wide, axis, element_of(indices)), "eq")
    nothing = build.full(neutral(reduction, element_of(source)), wide, element_of(source))
    found = build.reduce(build.select(chosen, build.place(source, wide, dims), nothing), reduction, (axis + 1,))
    count = build.reduce(build.cast(chosen, element_of(value)), "add", (axis + 1,))
    if call.flag("include_self", True):
        found = build.combine(COMBINE[reduction], found, value)
        count = build.combine(AddOp, count, 1)
    else:
        found = build.select(build.compare(count, 0, "eq"), value, found)
        count = build.combine(MaxOp, count, 1)
    if kind == "mean":
        found = build.combine(DivOp if is_float(element) else FloorDivOp, found, count)
    return build.cast(found, element)
