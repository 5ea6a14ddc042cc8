"""Which dimension each axis of a graph op's operands and result walks: the index maps that its meaning gives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation

from dialects.graph.types import shape_of
from passes.analysis.access import array_of

Map = tuple[int | None, ...]
"""Axis -> the op's dimension that it walks; None for an axis that no other one walks with."""


class Misfit(Exception):
    """An op has no index maps, or several do not share one iteration space."""


@dataclass(frozen=True)
class IndexMaps:
    """The maps of an op's operands and of its result, over dimensions that are numbered for this op alone.

    Dimensions that only operands have are reduced. The result varies along its ``own`` dimensions; where that is None,
    along those along which its operands vary.
    """

    operands: tuple[Map, ...]
    result: Map
    own: frozenset[int] | None = None

    @property
    def reduced(self) -> frozenset[int]:
        """The dimensions that are summed over, or reduced otherwise."""
        return frozenset(dim for walked in self.operands for dim in walked if dim is not None).difference(self.result)


def index_maps(op: Operation) -> IndexMaps:
    """Return an op's index maps. Misfit for an op whose operands are not walked along dimensions of its result."""
    special = _MAPS.get(op.name)
    if special is not None:
        return special(op)
    result = tuple(range(len(shape_of(op.results[0]))))
    return IndexMaps((result,) * len(op.operands), result)


def _source(op: Operation) -> IndexMaps:
    axis = op.properties.get("axis")
    own = frozenset[int]() if axis is None else frozenset((_axis(op),))
    return IndexMaps((), tuple(range(len(shape_of(op.results[0])))), own)


def _axis(op: Operation) -> int:
    return cast("IntegerAttr", op.properties["axis"]).value.data


def _reduce(op: Operation) -> IndexMaps:
    source = tuple(range(len(shape_of(op.operands[0]))))
    gone = set(array_of(op, "axes"))
    return IndexMaps((source,), tuple(axis for axis in source if axis not in gone))


def _broadcast(op: Operation) -> IndexMaps:
    shape = shape_of(op.operands[0])
    targets = array_of(op, "dims")
    source = tuple(None if size == 1 else target for size, target in zip(shape, targets, strict=True))
    return IndexMaps((source,), tuple(range(len(shape_of(op.results[0])))))


def _permute(op: Operation) -> IndexMaps:
    return IndexMaps((tuple(range(len(shape_of(op.operands[0])))),), array_of(op, "order"))


def _reshape(op: Operation) -> IndexMaps:
    """Axes of one element come and go; the others are the same ones."""
    source, result = (_without_ones(shape_of(value)) for value in (op.operands[0], op.results[0]))
    if {*source} - {None} != {*result} - {None}:
        raise Misfit("a reshape regroups axes")
    return IndexMaps((source,), result)


def _without_ones(shape: tuple[int, ...]) -> Map:
    numbers = iter(range(len(shape)))
    return tuple(None if size == 1 else next(numbers) for size in shape)


def _matmul(op: Operation) -> IndexMaps:
    rank = len(shape_of(op.results[0]))
    result = tuple(range(rank))
    batch, row, col, inner = result[:-2], rank - 2, rank - 1, rank
    lhs = (inner, row) if "transpose_a" in op.properties else (row, inner)
    rhs = (col, inner) if "transpose_b" in op.properties else (inner, col)
    return IndexMaps(((*batch, *lhs), (*batch, *rhs)), result, frozenset(result))


def _take(op: Operation) -> IndexMaps:
    if _axis(op) != 0:
        raise Misfit("take along an inner axis")
    result = tuple(range(len(shape_of(op.results[0]))))
    count = len(shape_of(op.operands[1]))
    return IndexMaps(((None, *result[count:]), result[:count]), result, frozenset(result))


def _misfit(why: str) -> Callable[[Operation], IndexMaps]:
    def refuse(_: Operation) -> IndexMaps:
        raise Misfit(why)

    return refuse


_MAPS: dict[str, Callable[[Operation], IndexMaps]] = {
    "graph.constant": _source,
    "graph.iota": _source,
    "graph.reduce": _reduce,
    "graph.arg_reduce": _misfit("arg_reduce"),
    "graph.broadcast": _broadcast,
    "graph.permute": _permute,
    "graph.reshape": _reshape,
    "graph.slice": _misfit("a slice of a computed value"),
    "graph.matmul": _matmul,
    "graph.take": _take,
}
"""Ops whose axes are not those of their operands, one for one."""
