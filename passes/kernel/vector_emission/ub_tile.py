"""A tile in UB: where it lies, which extent and which pitch it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from passes.analysis.tile_storage import pitch_of

Extent = Literal["full", "row", "column", "scalar"]


@dataclass(frozen=True)
class UBTile:
    """A tile in UB.

    full: element (r, c) at r * pitch + c. row [1, c]: dense. column [r, 1]: dense, one element a row. scalar: one
    element. Columns and scalars are initialised up to a multiple of 8 elements (loads pad to 32 bytes; emission keeps
    it so). Booleans are f16 0 or 1.
    """

    local: SSAValue
    extent: Extent
    pitch: int
    dtype: DType

    @staticmethod
    def of(local: SSAValue, rows: int, cols: int, dtype: DType) -> UBTile:
        """The tile of at most rows x cols elements at `local`, in the layout of `ub_tile_bytes`."""
        if cols == 1:
            return UBTile(local, "scalar" if rows == 1 else "column", 1, dtype)
        return UBTile(local, "row" if rows == 1 else "full", pitch_of(cols), dtype)

    def at(self, local: SSAValue, dtype: DType) -> UBTile:
        """A tile of the same layout elsewhere, of another type."""
        return replace(self, local=local, dtype=dtype)
