"""Sums that a recurrence keeps in memory: the tile in GM, and what each kind of core adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from xdsl.dialects.builtin import StringAttr, i32
from xdsl.ir import BlockArgument, SSAValue

from dialects.graph.types import element_of
from dialects.tile.compute import ComputeOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.types import TileType
from dialects.tile.workspace import BitcastOp, WorkspaceOp
from passes.analysis.memory_sums import MemorySum
from passes.tile.frames import Frame

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder


SPREAD = 128
"""Columns of a number a row, spread out to be stored: as they are all alike, they are stored again and again."""


class SumInMemory:
    """One sum: begun in front of the loop, added to in it, read after it."""

    def __init__(self, builder: TileBuilder, argument: BlockArgument, start: SSAValue, frame: Frame) -> None:
        """Name the memory in ``frame`` and store what the sum starts from."""
        self._builder = builder
        self._varying = builder.space.varying[argument]
        self._element = element_of(argument)
        made = WorkspaceOp.create(result_types=[builder.type_of(self._varying, self._element, "gm")])
        self._memory = frame.scope.add(made).tile
        self._store(builder.emit(start, frame), self._memory, frame, {})

    def add(self, step: MemorySum, frame: Frame) -> None:
        """Add the integers to the bits, then the product, which is under way before the other core is waited for."""
        builder, atomic = self._builder, {"atomic": StringAttr("add")}
        product = builder.emit(step.product, frame)
        number = builder.emit(step.number, frame)
        kind = self._memory.type.with_element(i32)
        bits = frame.scope.add(BitcastOp.create(operands=[self._memory], result_types=[kind])).window
        self._store(number, bits, frame, atomic)
        extents = builder.extents(frame, self._varying)
        frame.scope.add(StoreOp.create(operands=[product, self._memory, *extents], properties=atomic))

    def total(self, frame: Frame) -> SSAValue:
        """Load the sum."""
        rows, cols = self._builder.extents(frame, self._varying)
        window = self._part(self._memory, 0, [rows, cols], frame)
        type_ = self._builder.type_of(self._varying, self._element)
        return frame.scope.add(LoadOp.create(operands=[window, rows, cols], result_types=[type_])).tile

    def _store(self, tile: SSAValue, window: SSAValue, frame: Frame, properties: dict[str, StringAttr]) -> None:
        """Store a tile of the vector cores; one whose columns are alike is spread out to some of them."""
        scope, kind = frame.scope, self._memory.type
        rows, cols = self._builder.extents(frame, self._varying)
        step = min(SPREAD, kind.cols) if _kind(tile).cols == 1 else kind.cols
        if _kind(tile).shape != kind.shape or not isinstance(tile.owner, ComputeOp):
            made = ComputeOp.create(
                operands=[tile, rows, scope.value(step) if step < kind.cols else cols],
                properties={"function": StringAttr("copy")},
                result_types=[TileType.make(kind.rows, step, _kind(tile).element_type, "ub")],
            )
            tile = scope.add(made).tile
        for start in range(0, kind.cols, step):
            extents = [rows, cols if step == kind.cols else scope.value(min(step, kind.cols - start))]
            part = self._part(window, start, extents, frame)
            scope.add(StoreOp.create(operands=[tile, part, *extents], properties=properties))

    def _part(self, window: SSAValue, start: int, extents: Sequence[SSAValue], frame: Frame) -> SSAValue:
        """Columns of the rows of a window that a vector core has (all, until `tile-partition-cores` shares them)."""
        scope = frame.scope
        place = [scope.value(0), scope.value(start)]
        part = SubviewOp.create(operands=[window, *place, *extents], result_types=[window.type])
        return scope.add(part).window


def _kind(tile: SSAValue) -> TileType:
    return cast("TileType", tile.type)
