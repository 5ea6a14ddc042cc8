"""The pass `tile-legalize-strides`: windows that no copy of whole rows can serve are moved element by element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from dialects.isa.mte import BLOCK
from dialects.tile.data import GatherRowsOp, LoadOp, StoreOp, SubviewOp, ViewOp
from dialects.tile.elements import GatherElementsOp, LoadElementsOp, StoreElementsOp
from dialects.tile.types import TileType, is_in_ub
from passes.base import SfumatoPass, target_of
from runtime.machine.description import load

SHARE = 64
"""A slot of elements on their way, a block of 32 bytes each, takes this part of UB."""
MULTIPLE = 32
"""Pieces of rows begin at a block in elements of any size."""


@dataclass(frozen=True)
class TileLegalizeStrides(SfumatoPass):
    """Move element by element what does not lie in memory as its tile lies in UB.

    A copy moves runs of elements that follow each other: the rows of a tile, or a whole column. A load or store of a
    tile whose columns lie apart in memory (any stride, also a negative one), of a column whose rows do, or of rows that
    indices name and whose elements lie apart, becomes its `_elements` counterpart. Stores that combine with memory must
    be runs.
    """

    name = "tile-legalize-strides"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite the loads and stores between GM and UB of every program."""
        piece = IntegerAttr(max(1, load(target_of(op)).ub_bytes // SHARE // BLOCK // MULTIPLE) * MULTIPLE, i64)
        for inner in list(op.walk()):
            if isinstance(inner, LoadOp | StoreOp | GatherRowsOp) and _is_apart(inner):
                self._replace(inner, piece)

    def _replace(self, op: LoadOp | StoreOp | GatherRowsOp, piece: IntegerAttr) -> None:
        if isinstance(op, StoreOp) and op.atomic is not None:
            self.fail(op, "a store that combines with memory needs elements that follow each other")
        kind = {LoadOp: LoadElementsOp, StoreOp: StoreElementsOp, GatherRowsOp: GatherElementsOp}[type(op)]
        properties = {"piece": piece, **({"strides": op.strides} if isinstance(op, GatherRowsOp) else {})}
        made = kind.create(
            operands=op.operands,
            result_types=op.result_types,
            properties=properties,
            location=op.location,
        )
        Rewriter.replace_op(op, made)


def _is_apart(op: LoadOp | StoreOp | GatherRowsOp) -> bool:
    """Whether a tile in UB and what it stands for in memory do not consist of the same runs.

    A stride of 0 belongs to a dimension of one element.
    """
    if isinstance(op, GatherRowsOp):
        return (op.tile.type.rows > 1 and op.tile.type.cols == 1) or op.strides.get_values()[1] not in (0, 1)
    value = op.tile if isinstance(op, LoadOp) else op.source
    if not is_in_ub(value):
        return False
    tile = cast("TileType", value.type)
    row, col = strides_of(op.window)
    if tile.cols == 1:
        return tile.rows > 1 and row not in (0, 1)
    return col not in (0, 1)


def strides_of(window: SSAValue) -> tuple[int, int]:
    """Return the distances between the rows and between the columns of a window, in elements."""
    owner = cast("Operation", window.owner)
    while isinstance(owner, SubviewOp):
        window = owner.source
        owner = cast("Operation", window.owner)
    if isinstance(owner, ViewOp):
        row, col = owner.strides.get_values()
        return row, col
    return cast("TileType", window.type).cols, 1
