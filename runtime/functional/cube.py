"""The matrix unit: mmad on L0A and L0B into L0C."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from dialects.isa.fields import MmadMode
from runtime.functional.formats import hif8_values, to_hf32
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import ACCUMULATOR_BYTES, Tiles

EXACT_F32_DEPTH = 1024
"""Sums of this many products of two int8 are below 2^24, so f32 holds them exactly."""


def accumulator_parts(offset: int, m: int, n: int, pitch: int, width: int) -> list[tuple[Access, slice]]:
    """Return accesses to an [m, n] accumulator and the columns they are: whole column blocks [m, n // width, width],
    then the rest.

    ``pitch`` is the height of a column block in rows, ``width`` its columns.
    """
    row = width * ACCUMULATOR_BYTES
    step = pitch * row
    whole, rest = divmod(n, width)
    parts: list[tuple[Access, slice]] = []
    if whole:
        strides = (row, step, ACCUMULATOR_BYTES)
        access = Access("l0c", offset, (m, whole, width), strides, ACCUMULATOR_BYTES)
        parts.append((access, slice(0, n - rest)))
    if rest:
        strides = (row, ACCUMULATOR_BYTES)
        access = Access("l0c", offset + whole * step, (m, rest), strides, ACCUMULATOR_BYTES)
        parts.append((access, slice(n - rest, n)))
    return parts


def _logical(space: str, offset: int, tiles: Tiles, extent: tuple[int, int], size: int) -> tuple[Access, ...]:
    """Return the accesses that cover just the [rows, columns] of a padded fractal operand."""
    accesses: list[Access] = []
    rows, columns = (_split(length, block) for length, block in zip(extent, tiles.shape[1::2], strict=True))
    for first_row, row_shape in rows:
        for first_column, column_shape in columns:
            start = offset + first_row * tiles.strides[0] + first_column * tiles.strides[2]
            accesses.append(Access(space, start, (*row_shape, *column_shape), tiles.strides, size))
    return tuple(accesses)


def _split(length: int, block: int) -> list[tuple[int, tuple[int, int]]]:
    """Cut a length into whole blocks and a rest: (first block, (blocks, length inside each))."""
    whole, rest = divmod(length, block)
    parts = [(0, (whole, block))] if whole else []
    return [*parts, (whole, (1, rest))] if rest else parts


def _operand(view: Numbers, rows: int, columns: int, widen: Callable[[Numbers], Numbers]) -> Callable[[], Numbers]:
    height, width = view.shape[0] * view.shape[1], view.shape[2] * view.shape[3]
    if (height, width) == (rows, columns):
        return lambda: widen(view).reshape(rows, columns)
    return lambda: widen(view).reshape(height, width)[:rows, :columns]


def _widening(dtype: DType, mode: int, depth: int) -> Callable[[Numbers], Numbers]:
    if dtype == DType.hif8:
        return lambda view: hif8_values()[view.view(np.uint8)]
    if dtype == DType.f32:
        return to_hf32 if mode == MmadMode.hf32 else (lambda view: view)
    exact = dtype != DType.i8 or depth <= EXACT_F32_DEPTH
    wide = np.float32 if exact else np.float64
    return lambda view: view.astype(wide, order="C")


def _mmad(spaces: Spaces, fields: Fields) -> Operation:
    dst, a, b, m, n, k, init, bias, use_bias, code, accumulator, mode, _ = fields
    if m == 0 or n == 0:
        return IDLE
    dtype, total = DType(code), DType(accumulator).numpy
    a_tiles, b_tiles = spaces["l0a"].layout(m, k, dtype.size), spaces["l0b"].layout(n, k, dtype.size)
    a_view = spaces["l0a"].view(Access("l0a", a, *a_tiles, dtype.size), dtype.numpy)
    b_view = spaces["l0b"].view(Access("l0b", b, *b_tiles, dtype.size), dtype.numpy)
    widen = _widening(dtype, mode, k)
    left, right = _operand(a_view, m, k, widen), _operand(b_view, n, k, widen)
    (down, height, _, width), _ = spaces["l0c"].layout(m, n, ACCUMULATOR_BYTES)
    parts = accumulator_parts(dst, m, n, down * height, width)
    targets = [(spaces["l0c"].view(access, total, True), columns) for access, columns in parts]
    reads = _logical("l0a", a, a_tiles, (m, k), dtype.size) + _logical("l0b", b, b_tiles, (n, k), dtype.size)
    written = tuple(access for access, _ in parts)
    start: Numbers | None = None
    if init and use_bias:
        access = Access("bt", bias, (n,), (ACCUMULATOR_BYTES,), ACCUMULATOR_BYTES)
        start = spaces["bt"].view(access, total)
        reads = (*reads, access)
    if not init:
        reads = (*reads, *written)

    def run() -> None:
        product: Numbers = np.matmul(left(), right().T).astype(total, copy=False)
        if start is not None:
            product = start + product
        for target, columns in targets:
            part = product[:, columns].reshape(target.shape)
            if init:
                target[...] = part
            else:
                np.add(target, part, out=target)

    return Operation(run, reads, written)


HANDLERS: dict[str, Handler] = {"mmad": _mmad}
