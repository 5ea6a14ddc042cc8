"""Rearrangement by index: transposition through gathers, counting up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.mte import BLOCK
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP, ub_tile_bytes
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.vector_emission.words import WORDS
from passes.scope import Index

if TYPE_CHECKING:
    from passes.kernel.vector_emission.emitter import VectorEmitter

STRIP_OFFSETS = 2048
"""Byte offsets kept in UB (8 KiB) while a tile is transposed strip by strip."""


def emit_transpose(emitter: VectorEmitter, dst: UBTile, src: UBTile, area: Area) -> None:
    """dst[c, r] = src[r, c], by gathers: 0.2 cycles an element, where 16 x 16 transpositions need copies around them.

    A strip is a few columns of src. Its offsets are made once; the next strips move them on.
    """
    if src.dtype == dst.dtype == DType.i64:
        _transpose_words(emitter, dst, src, area)
        return
    if src.dtype != dst.dtype or src.dtype.size not in (2, 4):
        raise SfumatoError(f"no transposition from {src.dtype.name} to {dst.dtype.name}: elements have 2 or 4 bytes")
    if area.max_rows == 1 or area.max_cols == 1:
        _copy_line(emitter, dst, src, area)
        return
    size, length = src.dtype.size, dst.pitch
    columns = min(max(1, STRIP_OFFSETS // length), area.max_cols)
    offsets = Operand(emitter.request(round_up(columns * length * 4, BLOCK)), DType.i32, "full", length)
    scope = emitter.scope
    last = scope.product(scope.larger(scope.difference(area.rows, 1), 0), src.pitch * size)
    emitter.row_offsets(offsets, src.pitch * size, last, Area(1, length, 1, length))
    for column in range(1, columns):
        target = Operand(emitter.slice(offsets.local, column * length * 4), DType.i32, "full", length)
        emitter.shift_into(target, offsets, column * size, Area(1, length, 1, length))
    line = Area(1, columns * length, 1, columns * length)
    some = scope.smaller(area.rows, 1)

    def strip(start: Index, width: Index, widest: int) -> None:
        target = emitter.slice(dst.local, emitter.scope.product(start, dst.pitch * size))
        wanted = emitter.scope.product(emitter.scope.product(width, length), some)
        elements = Area(1, wanted, 1, widest * length)
        emitter.gather(Operand(target, dst.dtype, "full", length), src.local, offsets, elements)
        emitter.shift(offsets, columns * size, line)

    emitter.pieces(area.cols, area.max_cols, columns, strip)


def _transpose_words(emitter: VectorEmitter, dst: UBTile, src: UBTile, area: Area) -> None:
    """64-bit elements are turned a word at a time."""

    def scratch(rows: int, cols: int) -> UBTile:
        local = emitter.request(ub_tile_bytes(rows, cols, DType.i32))
        return UBTile.of(local, rows, cols, DType.i32)

    words: list[UBTile] = []
    for function in WORDS:
        word, turned = scratch(area.max_rows, area.max_cols), scratch(area.max_cols, area.max_rows)
        emitter.compute(function, word, [src], area)
        emitter.transpose(turned, word, area)
        words.append(turned)
    emitter.compute("join_words", dst, words, Area(area.cols, area.rows, area.max_cols, area.max_rows))


def _copy_line(emitter: VectorEmitter, dst: UBTile, src: UBTile, area: Area) -> None:
    """A single row becomes a column and the other way round: both are dense."""
    count = area.cols if area.max_rows == 1 else area.rows
    most = round_up(max(area.max_rows, area.max_cols), COLUMN_GROUP)
    into = Operand(dst.local, dst.dtype, "full", most)
    if dst.extent == "column" and count != most:
        emitter.fill_area(into, 0, Area(1, most, 1, most))
    named = {"dst": into, "src": Operand(src.local, src.dtype, "full", most)}
    line = Area(1, count, 1, most)
    emitter.walk(list(named.values()), line, lambda piece: piece.emit("vcopy", named, type=dst.dtype.name))


def emit_iota(emitter: VectorEmitter, axis: str, dst: UBTile, start: Index, area: Area) -> None:
    """dst = start + column number ("cols") or row number ("rows")."""
    count = area.cols if axis == "cols" else emitter.whole_groups(area.rows)
    most = area.max_cols if axis == "cols" else round_up(area.max_rows, COLUMN_GROUP)
    if dst.extent == "scalar":
        count = most = COLUMN_GROUP
    elif dst.extent != ("row" if axis == "cols" else "column"):
        line = emitter.request(round_up(max(most, COLUMN_GROUP) * dst.dtype.size, BLOCK))
        single = (area.max_cols if axis == "cols" else area.max_rows) == 1
        counted = UBTile(line, "scalar" if single else "row" if axis == "cols" else "column", most, dst.dtype)
        emit_iota(emitter, axis, counted, start, area)
        emitter.compute("copy", dst, [counted], area)
        return
    if dst.dtype.is_float and not isinstance(start, int):
        whole = dst.at(emitter.request(round_up(most * 4, BLOCK)), DType.i32)
        emit_iota(emitter, axis, whole, start, area)
        emitter.compute("cast", dst, [whole], area)
        return
    emitter.count_up(dst.local, dst.dtype, start, count, most)
