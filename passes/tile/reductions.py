"""Reductions on tiles: inside a tile, and around loops where one tile does not cover what is reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from dialects.graph.types import element_of
from dialects.tile.compute import ReduceOp
from passes.analysis.access import array_of
from passes.tile import products
from passes.tile.frames import Frame

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder

NEUTRAL: dict[str, float] = {"add": 0, "mul": 1, "max": float("-inf"), "min": float("inf"), "and": 1, "or": 0}
"""What a reduction starts from; its kind is also the function that joins two partial results."""


def reduce(builder: TileBuilder, op: Operation, frame: Frame) -> SSAValue:
    """Reduce inside the tile, inside loops that carry the partial result where one tile is not enough."""
    source = op.operands[0]
    axes = builder.space.axes[source]
    gone = frozenset(dim for dim in (axes[axis] for axis in array_of(op, "axes")) if dim is not None)
    loops = [dim for dim in sorted(gone) if builder.looped(dim) and frame.find(dim) is None]
    product = builder.ops.get(source)
    if product is not None and product.name == "graph.matmul" and loops:
        return products.accumulate(builder, product, frame, loops)
    return _looped(builder, op, frame, loops, gone)


def _looped(builder: TileBuilder, op: Operation, frame: Frame, loops: list[int], gone: frozenset[int]) -> SSAValue:
    result = op.results[0]
    kind = cast("StringAttr", op.properties["kind"]).data
    element = element_of(result)
    if not loops:
        return _inside(builder, op.operands[0], kind, frame, gone)
    left = builder.space.varying[result]
    neutral = builder.constant(NEUTRAL[kind], element, frame)
    start = builder.compute(frame, "copy", [neutral], element, left)
    inner, loop = builder.loop(frame, loops[0], [start])
    part = _looped(builder, op, inner, loops[1:], gone)
    joined = builder.compute(inner, kind, [loop.body.block.args[1], part], element, left)
    inner.scope.add(scf.YieldOp.create(operands=[joined]))
    frame.scope.add(loop)
    return loop.results[0]


def _inside(builder: TileBuilder, source: SSAValue, kind: str, frame: Frame, gone: frozenset[int]) -> SSAValue:
    """Reduce one tile along its rows, then its columns; a value that is broadcast along them is spread out first."""
    varying = builder.space.varying[source] | gone
    tile = builder.spread(builder.emit(source, frame), varying, frame)
    element = element_of(source)
    for dim, axis in ((builder.nest.row, "rows"), (builder.nest.column_of(varying), "cols")):
        if dim is None or dim not in gone:
            continue
        extents = builder.extents(frame, varying)
        varying = varying - {dim}
        made = ReduceOp.create(
            operands=[tile, *extents],
            properties={"kind": StringAttr(kind), "axis": StringAttr(axis)},
            result_types=[builder.type_of(varying, element)],
        )
        tile = frame.scope.add(made).tile
    return tile
