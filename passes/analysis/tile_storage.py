"""How many bytes a tile takes in each memory, and how its rows lie there: what sizes are chosen by is what is built."""

from __future__ import annotations

from dialects.dtypes import DType
from dialects.isa.mte import BLOCK
from dialects.tile.types import TileType
from passes.analysis.rounding import round_up
from runtime.machine.description import Cube

ACCUMULATOR_BYTES = 4
"""Sums in L0C are f32 or i32."""
COLUMN_GROUP = 8
"""Columns and scalars in UB are filled up to a multiple of this many elements, what one broadcast reads at a time."""
PITCH_MULTIPLE = 32
"""Elements between rows in UB are a multiple of this, so that rows of every type start at a block."""


def pitch_of(cols: int) -> int:
    """Return the elements from row to row of a tile in UB with this many columns."""
    return round_up(cols, PITCH_MULTIPLE)


def ub_tile_bytes(rows: int, cols: int, dtype: DType) -> int:
    """Return the bytes of UB that a tile of at most rows x cols elements takes."""
    if cols == 1:
        return round_up(round_up(rows, COLUMN_GROUP) * dtype.size, BLOCK)
    return rows * pitch_of(cols) * dtype.size


def l1_pitch(type_: TileType, cube: Cube) -> int:
    """Return the rows that a column block of a tile in L1 has: whole fractals, also where it is turned on the way."""
    return round_up(type_.rows, max(cube.fractal_rows, BLOCK // DType.of(type_.element_type).size))


def storage_bytes(type_: TileType, cube: Cube) -> int:
    """Return the bytes that a tile takes in the memory that its type names; truth values are f16 in UB."""
    dtype = DType.of(type_.element_type)
    rows, cols = type_.rows, type_.cols
    block = BLOCK // dtype.size
    match type_.space.data:
        case "ub":
            return ub_tile_bytes(rows, cols, DType.f16 if dtype == DType.i1 else dtype)
        case "l0c":
            return round_up(rows, cube.block_m) * round_up(cols, cube.block_n) * ACCUMULATOR_BYTES
        case "l0a":
            return round_up(rows, cube.block_m) * round_up(cols, block) * dtype.size
        case "l0b":
            return round_up(rows, cube.block_n) * round_up(cols, block) * dtype.size
        case _:
            return l1_pitch(type_, cube) * round_up(cols, max(block, cube.fractal_rows)) * dtype.size
