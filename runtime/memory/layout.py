"""Layouts of matrices in memory: ND (row-major) and the fractal ones (NZ in L1 and L0C, zZ in L0A, nZ in L0B).

A fractal is 16 rows of 32 bytes; ``c0`` is how many elements 32 bytes hold. The first letter says how fractals follow
each other (N: down columns, Z: along rows), the second how elements lie inside one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 32
FRACTAL_ROWS = 16
FRACTAL_BYTES = BLOCK_BYTES * FRACTAL_ROWS


class Tiles(NamedTuple):
    """A padded matrix as four dimensions (row block, row in block, column block, column in block) with byte strides.

    Element (i, j) has index (i // rows, i % rows, j // columns, j % columns); rows and columns are shape[1] and
    shape[3].
    """

    shape: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]


def blocks(extent: int, block: int) -> int:
    """Return how many blocks cover ``extent``."""
    return -(-extent // block)


def nz(rows: int, columns: int, pitch: int, itemsize: int) -> Tiles:
    """Column blocks 32 bytes wide and ``pitch`` rows high, one after the other: L1's layout."""
    c0 = BLOCK_BYTES // itemsize
    shape = (blocks(rows, FRACTAL_ROWS), FRACTAL_ROWS, blocks(columns, c0), c0)
    return Tiles(shape, (FRACTAL_BYTES, BLOCK_BYTES, pitch * BLOCK_BYTES, itemsize))


def zz(rows: int, columns: int, itemsize: int) -> Tiles:
    """Fractals along the rows, elements along the rows inside them: L0A's layout of [m, k]."""
    c0 = BLOCK_BYTES // itemsize
    across = blocks(columns, c0)
    shape = (blocks(rows, FRACTAL_ROWS), FRACTAL_ROWS, across, c0)
    return Tiles(shape, (across * FRACTAL_BYTES, BLOCK_BYTES, FRACTAL_BYTES, itemsize))


def nz_of_transposed(n: int, k: int, itemsize: int) -> Tiles:
    """L0B's layout of [k, n], seen as its transpose [n, k]: fractals down n first, each 16 (n) x c0 (k)."""
    c0 = BLOCK_BYTES // itemsize
    down = blocks(n, FRACTAL_ROWS)
    shape = (down, FRACTAL_ROWS, blocks(k, c0), c0)
    return Tiles(shape, (FRACTAL_BYTES, BLOCK_BYTES, down * FRACTAL_BYTES, itemsize))


def pack(matrix: npt.NDArray[Any], tiles: Tiles, size: int, fill: int = 0) -> npt.NDArray[np.uint8]:
    """Return ``size`` bytes that hold ``matrix`` in the layout ``tiles``; all other bytes are ``fill``."""
    data = np.full(size, fill, np.uint8)
    padded = np.ndarray(tiles.shape, matrix.dtype, data, 0, tiles.strides)
    rows, columns = matrix.shape
    full = padded.reshape(tiles.shape[0] * tiles.shape[1], -1).copy()
    full[:rows, :columns] = matrix
    padded[...] = full.reshape(tiles.shape)
    return data


def unpack(
    data: npt.NDArray[np.uint8], tiles: Tiles, rows: int, columns: int, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Return the [rows, columns] matrix that lies in ``data`` in the layout ``tiles``."""
    padded = np.ndarray(tiles.shape, dtype, data, 0, tiles.strides)
    return padded.reshape(tiles.shape[0] * tiles.shape[1], -1)[:rows, :columns]
