"""The region of an attention, written again for scores whose axes are laid out in another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import IntegerAttr, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp, YieldOp
from dialects.graph.operation import GraphOp
from dialects.graph.types import Tensor, element_of, tensor, type_of
from passes.attn.score_region import ScoreRegion

Place = Callable[[ScoreRegion], SSAValue]
"""Appends what counts queries or keys where the scores now are; f32 of the scores' shape."""


def counted_axes(op: AttentionOp) -> set[int]:
    """The axes of the scores along which the region counts."""
    ops = () if op.body is None else op.body.ops
    return {_axis(inner) for inner in ops if isinstance(inner, graph.IotaOp)}


def moved_scores(op: AttentionOp, region: ScoreRegion, extras: Sequence[Tensor], row: Place, column: Place) -> SSAValue:
    """What the region and the band of ``op`` make of scores whose place i, j was ``row``, ``column``.

    ``extras`` are the types of what the region reads, laid out like the new scores. The band becomes a mask. Axes in
    front of queries and keys along which the region counts must be where they were.
    """
    rank = op.scores.get_num_dims()
    places = {rank - 2: row, rank - 1: column}
    value = region.scores if op.body is None else _copied(op, region, extras, places)
    return _in_band(op, region, value, row, column)


def _copied(op: AttentionOp, region: ScoreRegion, extras: Sequence[Tensor], places: dict[int, Place]) -> SSAValue:
    assert op.body is not None
    shape = region.type.get_shape()
    values: dict[SSAValue, SSAValue] = {op.body.args[0]: region.scores}
    for argument, kind in zip(op.body.args[1:], extras, strict=True):
        values[argument] = region.block.insert_arg(kind, len(region.block.args))
    for inner in op.body.ops:
        operands = [values[operand] for operand in inner.operands]
        if isinstance(inner, YieldOp):
            return operands[0]
        if isinstance(inner, graph.BroadcastOp):
            (made,) = operands
            if type_of(made).get_shape() != shape:
                made = region.add(graph.BroadcastOp.make(made, shape, range(len(shape))))
        elif isinstance(inner, graph.IotaOp) and _axis(inner) in places:
            made = places[_axis(inner)](region)
            if element_of(inner.result) != f32:
                made = region.add(graph.CastOp.make(made, element_of(inner.result)))
        else:
            kind = tensor(shape, element_of(inner.results[0]))
            made = region.add(
                cast("GraphOp", type(inner).create(operands=operands, result_types=[kind], properties=inner.properties))
            )
        values[inner.results[0]] = made
    raise AssertionError("a region ends with its yield")


def _axis(op: Operation) -> int:
    return cast("IntegerAttr", op.properties["axis"]).value.data


def _in_band(op: AttentionOp, region: ScoreRegion, scores: SSAValue, row: Place, column: Place) -> SSAValue:
    """Hide what lies outside the band of ``op``; a bound that no query reaches hides nothing."""
    lower, upper = op.band
    rows, columns = op.scores.get_shape()[-2:]
    for bound, predicate, reached in (
        (lower, "ge", lower is not None and lower > 1 - rows),
        (upper, "le", upper is not None and upper < columns - 1),
    ):
        if bound is None or not reached:
            continue
        end = region.add(graph.AddOp.make(row(region), region.number(float(bound))))
        keeps = region.add(graph.CompareOp.make(column(region), end, predicate))
        scores = region.add(graph.SelectOp.make(keeps, scores, region.number(float("-inf"))))
    return scores
