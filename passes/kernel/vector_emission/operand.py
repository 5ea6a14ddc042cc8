"""What instructions walk: a tensor with its steps, and the extent that is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Index

Access = Literal["full", "row", "blocks", "block", "piece", "bits"]


@dataclass(frozen=True)
class Operand:
    """How instructions walk one tensor.

    full: rows `pitch` elements apart. row: the same row for all. blocks: row r is block r, filled with one element.
    block: one block filled with one element. piece: rows that only the current piece uses. bits: its packed comparison
    results.
    """

    local: SSAValue
    dtype: DType
    access: Access
    pitch: int = 0

    @staticmethod
    def of(tile: UBTile) -> Operand:
        """A tile that is walked element by element."""
        return Operand(tile.local, tile.dtype, "full", tile.pitch)

    @property
    def row_bytes(self) -> int:
        """Bytes from row to row."""
        return self.pitch * self.dtype.size


@dataclass(frozen=True)
class Area:
    """The extent that is computed and the largest it can be."""

    rows: Index
    cols: Index
    max_rows: int
    max_cols: int
