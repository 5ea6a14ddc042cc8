"""Lookups of rows of a table, and sums, means and largest elements of bags of rows."""

from __future__ import annotations

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import AndOp, DivOp, MaxOp, MulOp, TakeOp
from dialects.graph.types import element_of, shape_of
from passes.analysis.combining import neutral
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.registry import handles

SUM, MEAN, LARGEST = 0, 1, 2
"""Torch's numbers for how a bag is combined."""


@handles("embedding")
def embedding(call: Call) -> SSAValue:
    """Rows of a table."""
    return call.build.emit(TakeOp.make(call.tensor("weight"), call.tensor("indices"), 0))


@handles("embedding_bag", "embedding_bag.padding_idx", "_embedding_bag", "_embedding_bag_forward_only")
def embedding_bag(call: Call) -> list[SSAValue]:
    """Rows of a table, those of each bag combined; a bag goes from its offset to the next one, and may be empty."""
    build, mode = call.build, call.integer("mode", SUM)
    indices = call.tensor("indices")
    rows = build.widen(build.emit(TakeOp.make(call.tensor("weight"), indices, 0)))
    if call.has("per_sample_weights"):
        scale = build.cast(call.tensor("per_sample_weights"), element_of(rows))
        rows = build.combine(MulOp, rows, build.place(scale, shape_of(rows), (0,)))
    member = _members(call, indices)
    wide = (*shape_of(member), shape_of(rows)[1])
    chosen = build.place(member, wide, (0, 1))
    kind = "max" if mode == LARGEST else "add"
    nothing = build.full(neutral(kind, element_of(rows)), wide, element_of(rows))
    result = build.reduce(build.select(chosen, build.place(rows, wide, (1, 2)), nothing), kind, (1,))
    counts = build.reduce(build.cast(member, element_of(rows)), "add", (1,))
    counts = build.place(counts, shape_of(result), (0,))
    if mode == MEAN:
        result = build.combine(DivOp, result, build.combine(MaxOp, counts, 1))
    if mode == LARGEST:
        result = build.select(build.compare(counts, 0, "eq"), build.full_like(0, result), result)
    others = [call.unneeded(index, "offset2bag, bag_size or max_indices") for index in (1, 2, 3)]
    return [build.cast(result, call.result_element), *others]


def _members(call: Call, indices: SSAValue) -> SSAValue:
    """Return which indices belong to which bag, (bags, indices); padding belongs to none."""
    build = call.build
    offsets, (count,) = build.cast(call.tensor("offsets"), i64), shape_of(indices)
    (bags,) = shape_of(offsets)
    if call.flag("include_last_offset"):
        starts, stops = build.slice(offsets, 0, 0, bags - 1), build.slice(offsets, 0, 1, bags)
    else:
        starts, stops = offsets, build.concat([build.slice(offsets, 0, 1, bags), build.full(count, (1,), i64)], 0)
    member = spans(build, starts, stops, count)
    padding = call.integer("padding_idx", -1) if call.has("padding_idx") else -1
    if padding < 0:  # the modules of torch.nn count a negative one from the end themselves
        return member
    kept = build.compare(build.cast(indices, i64), padding, "ne")
    return build.combine(AndOp, member, build.place(kept, shape_of(member), (1,)))


def spans(build: GraphBuilder, starts: SSAValue, stops: SSAValue, count: int) -> SSAValue:
    """Return which of ``count`` places lie in which span, (spans, places); a span ends in front of its stop."""
    shape = (*shape_of(starts), count)
    places = build.iota(count, shape, 1, element_of(starts))
    behind = build.compare(places, build.place(starts, shape, (0,)), "ge")
    return build.combine(AndOp, behind, build.compare(places, build.place(stops, shape, (0,)), "lt"))
