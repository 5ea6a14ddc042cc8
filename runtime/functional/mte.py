"""The transfer queues: MTE2 (GM to L1 and UB), MTE1 (L1 to the cube's operand buffers), MTE3 (UB and L1 to GM)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Atomic
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces, transfer
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import BLOCK_BYTES, FRACTAL_BYTES, FRACTAL_ROWS, blocks

COMBINE: dict[int, Callable[..., Numbers]] = {
    Atomic.add: np.add,
    Atomic.max: np.maximum,
    Atomic.min: np.minimum,
}
"""What an atomic store does with (memory, value, out=memory)."""


def _load_bursts(target_space: str) -> Handler:
    def copy_in(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, bursts, size, src_stride, dst_stride = fields
        if bursts == 0 or size == 0:
            return IDLE
        to = Access(target_space, dst, (bursts,), (dst_stride,), size)
        padding = -size % BLOCK_BYTES
        zeros = (Access(target_space, dst + size, (bursts, padding), (dst_stride, 1), 1),) if padding else ()
        return transfer(spaces, ((to, Access("gm", src, (bursts,), (src_stride,), size)),), zeros)

    return copy_in


def _copy_l1_gm(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, bursts, size, src_stride, dst_stride = fields
    return _store(
        spaces, Access("gm", dst, (bursts,), (dst_stride,), size), Access("l1", src, (bursts,), (src_stride,), size)
    )


def _copy_ub_gm(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, bursts, size, src_stride, dst_stride, atomic, code = fields
    if atomic == Atomic.none:
        to = Access("gm", dst, (bursts,), (dst_stride,), size)
        return _store(spaces, to, Access("ub", src, (bursts,), (src_stride,), size))
    dtype = DType(code)
    if size % dtype.size:
        raise SfumatoError(f"bursts of {size} bytes hold no whole number of {dtype.name} for an atomic store")
    shape = (bursts, size // dtype.size)
    to = Access("gm", dst, shape, (dst_stride, dtype.size), dtype.size)
    source = Access("ub", src, shape, (src_stride, dtype.size), dtype.size)
    target, values = spaces["gm"].view(to, dtype.numpy, True), spaces["ub"].view(source, dtype.numpy)
    combine = COMBINE[atomic]

    def run() -> None:
        for row, value in zip(target, values, strict=True):  # burst by burst: destinations may coincide
            combine(row, value, out=row)

    return Operation(run, reads=(source, to), writes=(to,), atomic=f"{Atomic(atomic).name} {dtype.name}")


def _store(spaces: Spaces, to: Access, source: Access) -> Operation:
    return IDLE if to.shape == (0,) or to.itemsize == 0 else transfer(spaces, ((to, source),))


def _nd2nz(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, rows, columns, src_stride, dst_rows, code = fields
    if rows == 0 or columns == 0:
        return IDLE
    whole, rest = divmod(columns * DType(code).size, BLOCK_BYTES)
    pitch = dst_rows * BLOCK_BYTES
    moves: list[tuple[Access, Access]] = []
    zeros: list[Access] = []
    if whole:
        to = Access("l1", dst, (rows, whole), (BLOCK_BYTES, pitch), BLOCK_BYTES)
        moves.append((to, Access("gm", src, (rows, whole), (src_stride, BLOCK_BYTES), BLOCK_BYTES)))
    if rest:
        base = dst + whole * pitch
        to = Access("l1", base, (rows,), (BLOCK_BYTES,), rest)
        moves.append((to, Access("gm", src + whole * BLOCK_BYTES, (rows,), (src_stride,), rest)))
        zeros.append(Access("l1", base + rest, (rows, BLOCK_BYTES - rest), (BLOCK_BYTES, 1), 1))
    return transfer(spaces, tuple(moves), tuple(zeros))


def _load_l0a(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, m, k, src_rows, transpose, code = fields
    across = blocks(k, BLOCK_BYTES // DType(code).size)
    return _load_fractals(
        spaces,
        Access("l0a", dst, (), (across * FRACTAL_BYTES, FRACTAL_BYTES), 0),
        src,
        (m, k),
        src_rows,
        transpose,
        code,
    )


def _load_l0b(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, n, k, src_rows, transpose, code = fields
    down = blocks(n, FRACTAL_ROWS)
    return _load_fractals(
        spaces, Access("l0b", dst, (), (FRACTAL_BYTES, down * FRACTAL_BYTES), 0), src, (n, k), src_rows, transpose, code
    )


def _load_fractals(
    spaces: Spaces, to: Access, src: int, extent: tuple[int, int], src_rows: int, transpose: int, code: int
) -> Operation:
    """Move a [rows, columns] operand; ``to.strides`` lead to the next fractal down and across."""
    rows, columns = extent
    if rows == 0 or columns == 0:
        return IDLE
    size = DType(code).size
    c0 = BLOCK_BYTES // size
    pitch = src_rows * BLOCK_BYTES
    down, across = blocks(rows, FRACTAL_ROWS), blocks(columns, c0)
    if transpose:
        moves = _transposing_moves(to, src, (down, across), pitch, size)
        used = Access("l1", src, (blocks(rows, c0),), (pitch,), columns * BLOCK_BYTES)
    else:
        target = Access(to.space, to.offset, (down, across), to.strides, FRACTAL_BYTES)
        moves = ((target, Access("l1", src, (down, across), (FRACTAL_BYTES, pitch), FRACTAL_BYTES)),)
        used = Access("l1", src, (across,), (pitch,), rows * BLOCK_BYTES)
    return transfer(spaces, moves, peeks=(used,))


def _transposing_moves(
    to: Access, src: int, fractals: tuple[int, int], pitch: int, size: int
) -> tuple[tuple[Access, Access], ...]:
    """Element (i, j) of the operand is (j, i) of the NZ source, whose column blocks are ``pitch`` bytes apart."""
    c0 = BLOCK_BYTES // size
    down, across = fractals
    step_down, step_across = to.strides
    if c0 <= FRACTAL_ROWS:  # a fractal's 16 rows come from 16 / c0 column blocks
        parts = FRACTAL_ROWS // c0
        shape = (down, parts, c0, across, c0)
        target = Access(to.space, to.offset, shape, (step_down, c0 * BLOCK_BYTES, BLOCK_BYTES, step_across, size), size)
        source = Access("l1", src, shape, (parts * pitch, pitch, size, c0 * BLOCK_BYTES, BLOCK_BYTES), size)
        return ((target, source),)
    moves: list[tuple[Access, Access]] = []
    for half in range(min(2, down)):  # 8-bit types: a column block holds the rows of two fractals
        shape = (blocks(down - half, 2), FRACTAL_ROWS, across, c0)
        strides = (2 * step_down, BLOCK_BYTES, step_across, size)
        target = Access(to.space, to.offset + half * step_down, shape, strides, size)
        source_strides = (pitch, size, c0 * BLOCK_BYTES, BLOCK_BYTES)
        moves.append((target, Access("l1", src + half * FRACTAL_ROWS * size, shape, source_strides, size)))
    return tuple(moves)


def _load_bt(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, size = fields
    return _store(spaces, Access("bt", dst, (1,), (size,), size), Access("l1", src, (1,), (size,), size))


HANDLERS: dict[str, Handler] = {
    "copy_gm_ub": _load_bursts("ub"),
    "copy_gm_l1": _load_bursts("l1"),
    "nd2nz": _nd2nz,
    "load_l0a": _load_l0a,
    "load_l0b": _load_l0b,
    "load_bt": _load_bt,
    "copy_ub_gm": _copy_ub_gm,
    "copy_l1_gm": _copy_l1_gm,
}
