"""Words of 32 bits: 64-bit elements are pairs of them, taken apart by gathers and joined by scatters; f32 is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dialects.dtypes import DType
from dialects.isa.mte import BLOCK
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Index

if TYPE_CHECKING:
    from passes.kernel.vector_emission.cast import CastEmitter
    from passes.kernel.vector_emission.operations import Source

WORD, ELEMENT = 4, 8
"""Bytes of a word and of the element that it is half of."""

STRIP = 2048
"""Elements whose byte offsets are kept in UB (8 KiB): what one gather or scatter moves."""

LOW, HIGH = 0, 1
"""Which word; the low one lies first."""

WORDS = {"low_word": LOW, "high_word": HIGH}
"""Functions that take an element apart."""


def bits_of(source: Source) -> Source:
    """The words of a source of f32 (or i32) as i32."""
    if isinstance(source, UBTile):
        return source.at(source.local, DType.i32)
    return source if isinstance(source, int) else int(np.float32(source).view(np.int32))


def emit_word(emitter: CastEmitter, word: int, dst: UBTile, source: Source, area: Area) -> None:
    """dst (i32) = one word of each element of source (i64)."""
    if not isinstance(source, UBTile):
        emitter.fill_area(Operand.of(dst), _word_of(int(source), word), area)
        return
    scope = emitter.scope
    # A loaded column ends at a block, not at a whole group: what lies behind its last element repeats that.
    rows = scope.larger(scope.difference(emitter.logical_rows, 1), 0) if source.extent == "column" else 0
    last = scope.product(rows, ELEMENT) if source.extent in ("column", "scalar") else None
    offsets = _offsets(emitter, dst, area, last)
    _turn_to(word, emitter, offsets)

    def run(first: Index, count: Index, most: int) -> None:
        target = emitter.slice(dst.local, emitter.scope.product(first, WORD))
        start = emitter.slice(source.local, emitter.scope.product(first, ELEMENT))
        emitter.gather(Operand(target, DType.i32, "full", most), start, offsets, Area(1, count, 1, most))

    _runs(emitter, dst, area, run)


def emit_join(emitter: CastEmitter, dst: UBTile, words: Sequence[Source], area: Area) -> None:
    """dst (i64) = the elements of a low and a high word, both i32 and broadcast by their extent."""
    offsets = _offsets(emitter, dst, area, None)
    for word, source in zip((LOW, HIGH), words, strict=True):
        _turn_to(word, emitter, offsets)
        if isinstance(source, UBTile) and source.extent == dst.extent:
            _scatter(emitter, dst, source, offsets, area)
        else:
            spread = emitter.scratch(dst, DType.i32, area)
            emitter.copy(spread, source, area)
            _scatter(emitter, dst, spread, offsets, area)


def emit_wide_copy(emitter: CastEmitter, dst: UBTile, source: Source, area: Area) -> None:
    """dst = source, both i64, broadcast by its extent."""
    if not isinstance(source, UBTile):
        emit_join(emitter, dst, [_word_of(int(source), word) for word in (LOW, HIGH)], area)
        return
    offsets, own = _offsets(emitter, dst, area, None), _own_area(emitter, source, dst, area)
    for word in (LOW, HIGH):
        part = emitter.scratch(source, DType.i32, own)
        emit_word(emitter, word, part, source, own)
        if source.extent != dst.extent:
            narrow, part = part, emitter.scratch(dst, DType.i32, area)
            emitter.copy(part, narrow, area)
        _turn_to(word, emitter, offsets)
        _scatter(emitter, dst, part, offsets, area)


def _turn_to(word: int, emitter: CastEmitter, offsets: Operand) -> None:
    """Move the offsets of the low words to those of the high ones, when it is their turn."""
    if word == HIGH:
        emitter.shift(offsets, WORD, Area(1, offsets.pitch, 1, offsets.pitch))


def _scatter(emitter: CastEmitter, dst: UBTile, source: UBTile, offsets: Operand, area: Area) -> None:
    """Write the word of each element of dst that the offsets name."""

    def run(first: Index, count: Index, _: int) -> None:
        values = emitter.slice(source.local, emitter.scope.product(first, WORD))
        target = emitter.slice(dst.local, emitter.scope.product(first, ELEMENT))
        emitter.emit("vscatter", [target, values, offsets.local], {"count": count, "type": "i32"})

    _runs(emitter, dst, area, run)


def _own_area(emitter: CastEmitter, source: UBTile, dst: UBTile, area: Area) -> Area:
    """What of a narrower source is needed for an area of dst."""
    if source.extent == dst.extent:
        return area
    if source.extent == "scalar":
        return Area(1, COLUMN_GROUP, 1, COLUMN_GROUP)
    if source.extent == "row":
        return Area(1, area.cols, 1, area.max_cols)
    return Area(1, emitter.whole_groups(area.rows), 1, round_up(area.max_rows, COLUMN_GROUP))


def _word_of(value: int, word: int) -> int:
    bits = value >> (32 * word) & 0xFFFFFFFF
    return bits - (1 << 32) if bits >> 31 else bits


def _is_dense(tile: UBTile, area: Area) -> bool:
    return area.max_rows == 1 or (isinstance(area.cols, int) and area.cols == tile.pitch)


def _strip(tile: UBTile, area: Area) -> int:
    return min(area.max_rows * area.max_cols if _is_dense(tile, area) else area.max_cols, STRIP)


def _offsets(emitter: CastEmitter, tile: UBTile, area: Area, last: Index | None) -> Operand:
    """The byte offsets of the elements of a strip, none above `last`."""
    strip = _strip(tile, area)
    offsets = Operand(emitter.request(round_up(strip * WORD, BLOCK)), DType.i32, "full", strip)
    emitter.row_offsets(offsets, ELEMENT, (strip - 1) * ELEMENT if last is None else last, Area(1, strip, 1, strip))
    return offsets


def _runs(emitter: CastEmitter, tile: UBTile, area: Area, body: Callable[[Index, Index, int], None]) -> None:
    """Cut an area into runs of elements that follow each other: body(first element, how many, at most)."""
    strip = _strip(tile, area)
    if _is_dense(tile, area):
        total = emitter.scope.product(area.rows, area.cols)
        emitter.pieces(total, area.max_rows * area.max_cols, strip, body)
        return
    with emitter.loop(area.rows, 1) as row:
        begin = emitter.scope.product(row, tile.pitch)
        emitter.pieces(
            area.cols,
            area.max_cols,
            strip,
            lambda start, count, most: body(emitter.scope.sum(begin, start), count, most),
        )
