"""The transfer queues: MTE2 (GM to L1 and UB), MTE1 (L1 to the cube's operand buffers), MTE3 (UB and L1 to GM)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Atomic
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces, transfer
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import BLOCK_BYTES, blocks

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


def _nd2nz(source: str) -> Handler:
    """Lay a row-major matrix in ``source`` into L1 as column blocks."""

    def load(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, rows, columns, src_stride, dst_rows, code = fields
        if rows == 0 or columns == 0:
            return IDLE
        if "l1" not in spaces:
            raise SfumatoError("there is no path to L1")
        whole, rest = divmod(columns * DType(code).size, BLOCK_BYTES)
        pitch = dst_rows * BLOCK_BYTES
        moves: list[tuple[Access, Access]] = []
        zeros: list[Access] = []
        if whole:
            to = Access("l1", dst, (rows, whole), (BLOCK_BYTES, pitch), BLOCK_BYTES)
            moves.append((to, Access(source, src, (rows, whole), (src_stride, BLOCK_BYTES), BLOCK_BYTES)))
        if rest:
            base = dst + whole * pitch
            to = Access("l1", base, (rows,), (BLOCK_BYTES,), rest)
            moves.append((to, Access(source, src + whole * BLOCK_BYTES, (rows,), (src_stride,), rest)))
            zeros.append(Access("l1", base + rest, (rows, BLOCK_BYTES - rest), (BLOCK_BYTES, 1), 1))
        return transfer(spaces, tuple(moves), tuple(zeros))

    return load


def _load_fractals(space: str) -> Handler:
    """Move a [rows, columns] operand from L1 to the fractals of ``space``."""

    def load(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, rows, columns, src_rows, transpose, code = fields
        if rows == 0 or columns == 0:
            return IDLE
        size = DType(code).size
        (down, height, across, c0), (step_down, _, step_across, _) = spaces[space].layout(rows, columns, size)
        to = Access(space, dst, (down, across), (step_down, step_across), height * BLOCK_BYTES)
        pitch = src_rows * BLOCK_BYTES
        if transpose:
            moves = _transposing_moves(to, src, height, pitch, size)
            used = Access("l1", src, (blocks(rows, c0),), (pitch,), columns * BLOCK_BYTES)
        else:
            moves = ((to, Access("l1", src, (down, across), (height * BLOCK_BYTES, pitch), height * BLOCK_BYTES)),)
            used = Access("l1", src, (across,), (pitch,), rows * BLOCK_BYTES)
        return transfer(spaces, moves, peeks=(used,))

    return load


def _transposing_moves(to: Access, src: int, height: int, pitch: int, size: int) -> tuple[tuple[Access, Access], ...]:
    """Element (i, j) of the operand is (j, i) of the NZ source, whose column blocks are ``pitch`` bytes apart.

    ``to`` are the fractals, ``height`` rows each; rows and c0 are powers of two, so that one divides the other.
    """
    c0 = BLOCK_BYTES // size
    down, across = to.shape
    step_down, step_across = to.strides
    if c0 <= height:  # a fractal's rows come from several column blocks
        parts = height // c0
        shape = (down, parts, c0, across, c0)
        target = Access(to.space, to.offset, shape, (step_down, c0 * BLOCK_BYTES, BLOCK_BYTES, step_across, size), size)
        source = Access("l1", src, shape, (parts * pitch, pitch, size, c0 * BLOCK_BYTES, BLOCK_BYTES), size)
        return ((target, source),)
    moves: list[tuple[Access, Access]] = []
    held = c0 // height  # a column block holds the rows of several fractals
    for part in range(min(held, down)):
        shape = (blocks(down - part, held), height, across, c0)
        strides = (held * step_down, BLOCK_BYTES, step_across, size)
        target = Access(to.space, to.offset + part * step_down, shape, strides, size)
        source_strides = (pitch, size, c0 * BLOCK_BYTES, BLOCK_BYTES)
        moves.append((target, Access("l1", src + part * height * size, shape, source_strides, size)))
    return tuple(moves)


def _load_bt(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, size = fields
    return _store(spaces, Access("bt", dst, (1,), (size,), size), Access("l1", src, (1,), (size,), size))


HANDLERS: dict[str, Handler] = {
    "copy_gm_ub": _load_bursts("ub"),
    "copy_gm_l1": _load_bursts("l1"),
    "nd2nz": _nd2nz("gm"),
    "nd2nz_ub_l1": _nd2nz("ub"),
    "load_l0a": _load_fractals("l0a"),
    "load_l0b": _load_fractals("l0b"),
    "load_bt": _load_bt,
    "copy_ub_gm": _copy_ub_gm,
    "copy_l1_gm": _copy_l1_gm,
}
