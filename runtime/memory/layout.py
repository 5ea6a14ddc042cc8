"""Layouts of matrices in memory: ND (row-major) and the fractal ones (NZ in L1 and L0C, zZ or NZ in L0A, nZ in L0B).

A fractal is some rows (the cube unit's block: 16 on the 910B) of 32 bytes; ``c0`` is how many elements 32 bytes hold.
The first letter says how fractals follow each other (N: down columns, Z: along rows), the second how elements lie
inside one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 32
ACCUMULATOR_BYTES = 4


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


Layout = Callable[[int, int, int], Tiles]
"""How a memory holds a matrix of rows x columns elements of a size in bytes."""


def nd(rows: int, columns: int, itemsize: int) -> Tiles:
    """Row-major, as one block."""
    return Tiles((1, rows, 1, columns), (rows * columns * itemsize, columns * itemsize, columns * itemsize, itemsize))


def zz(rows: int, columns: int, itemsize: int, height: int) -> Tiles:
    """Fractals of ``height`` rows along the rows, elements along the rows inside them: the 910B's L0A, of [m, k]."""
    c0 = BLOCK_BYTES // itemsize
    across, fractal = blocks(columns, c0), height * BLOCK_BYTES
    shape = (blocks(rows, height), height, across, c0)
    return Tiles(shape, (across * fractal, BLOCK_BYTES, fractal, itemsize))


def nz(rows: int, columns: int, itemsize: int, height: int) -> Tiles:
    """Fractals of ``height`` rows down the columns, elements along the rows inside them.

    L1's layout, the 950's L0A of [m, k], and L0B's of [k, n] seen as its transpose [n, k] (there called nZ).
    """
    c0 = BLOCK_BYTES // itemsize
    down, fractal = blocks(rows, height), height * BLOCK_BYTES
    return Tiles((down, height, blocks(columns, c0), c0), (fractal, BLOCK_BYTES, down * fractal, itemsize))


def accumulators(rows: int, columns: int, itemsize: int, height: int, width: int) -> Tiles:
    """Column blocks ``width`` elements wide, one after the other, each of whole blocks of ``height`` rows: L0C's."""
    down, row = blocks(rows, height), width * itemsize
    return Tiles((down, height, blocks(columns, width), width), (height * row, row, down * height * row, itemsize))


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
