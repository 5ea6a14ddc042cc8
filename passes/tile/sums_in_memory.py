"""Sums that a recurrence keeps in memory: the tile in GM, and what each kind of core adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr, i32
from xdsl.ir import BlockArgument, SSAValue

from dialects.graph.types import element_of
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.types import is_in_ub
from dialects.tile.workspace import BitcastOp, WorkspaceOp
from passes.analysis.memory_sums import MemorySum
from passes.tile.frames import Frame

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder


class SumInMemory:
    """One sum: begun in front of the loop, added to in it, read after it."""

    def __init__(self, builder: TileBuilder, argument: BlockArgument, start: SSAValue, frame: Frame) -> None:
        """Name the memory in ``frame`` and store what the sum starts from."""
        self._builder = builder
        self._varying = builder.space.varying[argument]
        self._element = element_of(argument)
        made = WorkspaceOp.create(result_types=[builder.type_of(self._varying, self._element, "gm")])
        self._memory = frame.scope.add(made).tile
        first = builder.compute(frame, "copy", [builder.emit(start, frame)], self._element, self._varying)
        self._store(first, self._memory, frame, {})

    def add(self, step: MemorySum, frame: Frame) -> None:
        """Add the integers to the bits, then the product, which is under way before the other core is waited for."""
        builder = self._builder
        product = builder.emit(step.product, frame)
        number = builder.spread(builder.emit(step.number, frame), self._varying, frame)
        kind = self._memory.type.with_element(i32)
        bits = frame.scope.add(BitcastOp.create(operands=[self._memory], result_types=[kind])).window
        self._store(number, bits, frame, {"atomic": StringAttr("add")})
        self._store(product, self._memory, frame, {"atomic": StringAttr("add")})

    def total(self, frame: Frame) -> SSAValue:
        """Load the sum."""
        window, extents = self._part(self._memory, frame)
        type_ = self._builder.type_of(self._varying, self._element)
        return frame.scope.add(LoadOp.create(operands=[window, *extents], result_types=[type_])).tile

    def _store(self, tile: SSAValue, window: SSAValue, frame: Frame, properties: dict[str, StringAttr]) -> None:
        window, extents = self._part(window, frame) if is_in_ub(tile) else (window, self._extents(frame))
        frame.scope.add(StoreOp.create(operands=[tile, window, *extents], properties=properties))

    def _part(self, window: SSAValue, frame: Frame) -> tuple[SSAValue, list[SSAValue]]:
        """The rows of a window that a vector core has (all of them, until `tile-partition-cores` shares them)."""
        extents, zero = self._extents(frame), frame.scope.value(0)
        part = SubviewOp.create(operands=[window, zero, zero, *extents], result_types=[window.type])
        return frame.scope.add(part).window, extents

    def _extents(self, frame: Frame) -> list[SSAValue]:
        return self._builder.extents(frame, self._varying)
