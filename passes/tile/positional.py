"""Selections by position: a tile that lies wholly where its elements are kept is not compared, nor selected from.

What `graph.select` chooses between by comparing indices (causal masks, windows) is decided for a whole tile by its
corners, which the scalar unit knows; only tiles that the edge crosses go through the vector unit (FastAttention's
tiling-mask: what needs no mask costs none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, Region, SSAValue

from dialects.graph import CompareOp, SelectOp
from dialects.graph.types import element_of
from passes.analysis.iteration_space import CHUNK, Space
from passes.graph.rewriting import splat_of
from passes.scope import INDEX, Index, Scope
from passes.tile.frames import Frame

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder


class Distance(NamedTuple):
    """constant + sum of factor * index along a dimension, all of them integers."""

    constant: int
    factors: dict[int, int]


def beyond_edge(op: Operation, space: Space) -> Distance | None:
    """How far beyond the edge an element is that a selection replaces, at least 1; None if indices do not tell."""
    if not isinstance(op, SelectOp):
        return None
    condition = op.operands[0].owner
    if not isinstance(condition, CompareOp):
        return None
    lhs, rhs = (_distance(value, space) for value in condition.operands)
    predicate = condition.predicate.data
    if lhs is None or rhs is None or predicate not in ("le", "lt", "ge", "gt"):
        return None
    low, high = (lhs, rhs) if predicate in ("le", "lt") else (rhs, lhs)
    apart = _combined(low, high, -1)
    return apart._replace(constant=apart.constant + (1 if predicate in ("lt", "gt") else 0))


def _distance(value: SSAValue, space: Space) -> Distance | None:
    op = value.owner
    if not isinstance(op, Operation):
        return None
    number = splat_of(value)
    if number is not None:
        return Distance(int(number), {}) if float(number).is_integer() else None
    match op.name:
        case "graph.iota":
            return Distance(0, dict.fromkeys(space.varying[value], 1))
        case "graph.broadcast":
            return _distance(op.operands[0], space)
        case "graph.add" | "graph.sub" | "graph.mul":
            first, second = (_distance(operand, space) for operand in op.operands)
            if first is None or second is None:
                return None
            if op.name != "graph.mul":
                return _combined(first, second, 1 if op.name == "graph.add" else -1)
            if first.factors and second.factors:
                return None
            one, other = (first, second) if first.factors else (second, first)
            return _combined(Distance(0, {}), one, other.constant)
        case _:
            return None


def _combined(first: Distance, second: Distance, scale: int) -> Distance:
    factors = dict(first.factors)
    for dim, factor in second.factors.items():
        factors[dim] = factors.get(dim, 0) + scale * factor
    return Distance(first.constant + scale * second.constant, {dim: one for dim, one in factors.items() if one})


def select(builder: TileBuilder, op: Operation, frame: Frame) -> SSAValue | None:
    """Emit a selection as a loop of one trip, or of none where the tile lies before the edge.

    None, without emitting anything, if the selection is not made by position, or not in a loop over chunks.
    """
    distance = beyond_edge(op, builder.space)
    if distance is None or CHUNK not in frame.bound:
        return None
    varying, element = builder.space.varying[op.results[0]], element_of(op.results[0])
    kept = builder.spread(builder.emit(op.operands[1], frame), varying, frame)
    most = _most(distance, frame)
    if isinstance(most, int) and most <= 0:
        return kept
    body = Block(arg_types=[INDEX, kept.type])
    inner = Frame(Scope(body, frame.scope), dict(frame.bound), frame)
    inner.values[builder.space.source(op.operands[1])] = body.args[1]
    operands = [builder.emit(operand, inner) for operand in op.operands]
    chosen = builder.compute(inner, "select", operands, element, varying)
    inner.scope.add(scf.YieldOp.create(operands=[chosen]))
    scope = frame.scope
    trips = scope.smaller(scope.larger(most, 0), 1)
    bounds = [scope.value(bound) for bound in (0, trips, 1)]
    loop = scf.ForOp.create(operands=[*bounds, kept], result_types=[kept.type], regions=[Region(body)])
    return scope.add(loop).results[0]


def _most(distance: Distance, frame: Frame) -> Index:
    """The largest distance in the tile: each index at the end that is farther."""
    scope = frame.scope
    total: Index = distance.constant
    less: Index = 0
    for dim, factor in distance.factors.items():
        bound = frame.find(dim)
        assert bound is not None
        if factor > 0:
            last = scope.sum(bound.start, scope.difference(bound.extent, 1))
            total = scope.sum(scope.product(last, factor), total)
        else:
            less = scope.sum(less, scope.product(bound.start, -factor))
    return scope.difference(total, less)


def guarded(space: Space) -> set[Operation]:
    """The ops of a recurrence that run only for tiles which an edge crosses: selections by position, and what they
    compare."""
    selections = {op for op in space.ops if beyond_edge(op, space) is not None}
    comparisons = {cast("Operation", op.operands[0].owner) for op in selections}
    return selections | {op for op in comparisons if all(use.operation in selections for use in op.results[0].uses)}
