"""Reductions of tiles along columns or rows, as trees: no padding enters, no sum is one long chain.

Along rows everything is elementwise: the lower half of the rows is combined with the upper half until one is left.
Along columns, 256-byte wide chunks are combined elementwise into partial results, which the reductions within a repeat
or within blocks finish; what these do not offer (integers, products) is finished by gathers.
"""

from __future__ import annotations

from dataclasses import replace

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.mte import BLOCK
from dialects.isa.vector import MAX_REPEATS, REPEAT_BYTES
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.fold import below, combine, copy_area, identity_of, of_height, of_width, right_of
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.operations import OperationEmitter
from passes.kernel.vector_emission.reduce_gather import columns_by_gathers
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.vector_emission.walker import EVEN_REPEATS
from passes.scope import Index

COMBINE = {"add": "vadd", "mul": "vmul", "max": "vmax", "min": "vmin", "and": "vmin", "or": "vmax"}
WHOLE = {"vadd": "vcadd", "vmax": "vcmax", "vmin": "vcmin"}
BLOCKWISE = {"vadd": "vcgadd", "vmax": "vcgmax", "vmin": "vcgmin"}
ROWS_AT_ONCE = 128
"""Rows whose partial results, 256 bytes each, are kept at a time."""
ROWS_KEPT = 32
"""Rows of partial results while a tile is reduced along its rows."""
FEW_ROWS = 8
"""Below so many rows, each row is reduced by itself."""


def emit_reduce(emitter: OperationEmitter, kind: str, axis: str, dst: UBTile, src: UBTile, area: Area) -> None:
    """Reduce src (area) along "cols" or "rows" into dst."""
    if kind not in COMBINE or axis not in ("rows", "cols"):
        raise SfumatoError(f"there is no reduction '{kind}' along '{axis}'")
    if dst.dtype != src.dtype:
        raise SfumatoError(f"a reduction keeps the element type, got {src.dtype.name} to {dst.dtype.name}")
    mnemonic = COMBINE[kind]
    if src.extent == "scalar" or (axis == "cols" and src.extent == "column"):
        _copy_column(emitter, dst, src, area)
        return
    if axis == "rows" and src.extent == "column":
        # The elements of a column lie one after the other, as those of a row do.
        src, area = replace(src, extent="row"), Area(1, area.rows, 1, area.max_rows)
    elif axis == "rows":
        _rows(emitter, mnemonic, dst, Operand.of(src), area)
        return
    reduce = _columns if src.dtype.is_float and mnemonic in WHOLE else columns_by_gathers

    def group(start: Index, rows: Index, most: int) -> None:
        source = emitter.slice(src.local, emitter.scope.product(start, src.pitch * src.dtype.size))
        target = emitter.slice(dst.local, emitter.scope.product(start, dst.dtype.size))
        part = Area(rows, area.cols, most, area.max_cols)
        reduce(emitter, mnemonic, dst.at(target, dst.dtype), src.at(source, src.dtype), part)

    emitter.pieces(area.rows, area.max_rows, ROWS_AT_ONCE, group)


def _copy_column(emitter: OperationEmitter, dst: UBTile, src: UBTile, area: Area) -> None:
    """Where a row has one element, that is its reduction."""
    most = round_up(area.max_rows, COLUMN_GROUP)
    line = Area(1, emitter.whole_groups(area.rows), 1, most)
    copy_area(emitter, Operand(dst.local, dst.dtype, "full", most), Operand(src.local, src.dtype, "full", most), line)


def _halves(rows: int) -> int:
    half = 1
    while half * 2 < rows:
        half *= 2
    return half


def _rows(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: Operand, area: Area) -> None:
    target = Operand(dst.local, dst.dtype, "full", src.pitch)
    if area.max_rows == 1:
        copy_area(emitter, target, src, area)
        return
    half = min(_halves(area.max_rows), ROWS_KEPT)
    pitch = area.max_cols if isinstance(area.cols, int) and area.cols * dst.dtype.size % BLOCK == 0 else src.pitch
    if half == 1 and area.rows == 2:
        combine(emitter, mnemonic, target, src, below(emitter, src, 1), of_height(area, 1))
        return
    scratch = Operand(emitter.request(half * pitch * dst.dtype.size), dst.dtype, "full", pitch)
    start = half
    if isinstance(area.rows, int) and area.rows >= 2 * half:
        combine(emitter, mnemonic, scratch, src, below(emitter, src, half), of_height(area, half))
        start = 2 * half
    else:
        if not isinstance(area.rows, int):
            emitter.fill_area(scratch, identity_of(mnemonic, dst.dtype), of_height(area, half))
        copy_area(emitter, scratch, src, Area(emitter.clamp(area.rows, 0, half), area.cols, half, area.max_cols))

    def group(begin: Index, rows: Index, most: int) -> None:
        offset = emitter.scope.product(emitter.scope.sum(begin, start), src.row_bytes)
        below = Operand(emitter.slice(src.local, offset), src.dtype, "full", src.pitch)
        combine(emitter, mnemonic, scratch, scratch, below, Area(rows, area.cols, most, area.max_cols))

    if area.max_rows > start:
        emitter.pieces(emitter.clamp(area.rows, start, area.max_rows - start), area.max_rows - start, half, group)
    single = half == 1
    while half > 1:
        half //= 2
        into = target if half == 1 else scratch
        combine(emitter, mnemonic, into, scratch, below(emitter, scratch, half), of_height(area, half))
    if single:
        copy_area(emitter, target, scratch, of_height(area, 1))


def _columns(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: UBTile, area: Area) -> None:
    source, width = Operand.of(src), REPEAT_BYTES // src.dtype.size
    cols, max_cols = area.cols, area.max_cols
    if area.max_cols > width and area.max_rows < FEW_ROWS:
        source, cols, max_cols = _row_by_row(emitter, mnemonic, source, area)
    elif area.max_cols > width:
        source, cols = _fold(emitter, mnemonic, source, area), min(width, area.max_cols)
        max_cols = width
    _finish(emitter, mnemonic, dst, source, Area(area.rows, cols, area.max_rows, max_cols))


def _fold(emitter: OperationEmitter, mnemonic: str, src: Operand, area: Area) -> Operand:
    """Combine the chunks of each row into partial results, one repeat wide."""
    dtype = src.dtype
    width = REPEAT_BYTES // dtype.size
    partial = Operand(emitter.request(area.max_rows * REPEAT_BYTES), dtype, "full", width)
    start = 1
    if isinstance(area.cols, int) and area.cols >= 2 * width:
        combine(emitter, mnemonic, partial, src, right_of(emitter, src, width), of_width(area, width, width))
        start = 2
    else:
        first = emitter.clamp(area.cols, 0, width)
        if not isinstance(first, int):
            emitter.fill_area(partial, identity_of(mnemonic, dtype), of_width(area, width, width))
        copy_area(emitter, partial, src, of_width(area, first, min(width, area.max_cols)))

    def chunk(begin: Index, length: Index, longest: int) -> None:
        offset = emitter.scope.product(emitter.scope.sum(begin, start * width), dtype.size)
        right = Operand(emitter.slice(src.local, offset), dtype, "full", src.pitch)
        combine(emitter, mnemonic, partial, partial, right, of_width(area, length, longest))

    rest, most = emitter.clamp(area.cols, start * width, area.max_cols), area.max_cols - start * width
    if most > 0:
        emitter.pieces(rest, most, width, chunk)
    return partial


def _row_by_row(emitter: OperationEmitter, mnemonic: str, src: Operand, area: Area) -> tuple[Operand, Index, int]:
    """Reduce the blocks of each row until a repeat holds it: (partial results, how many a row, at most)."""
    dtype, scope = src.dtype, emitter.scope
    width, block = REPEAT_BYTES // dtype.size, BLOCK // dtype.size
    pitch = round_up(-(-area.max_cols // block), width)
    buffers = [emitter.request(area.max_rows * pitch * dtype.size) for _ in range(2)]
    cols, max_cols = area.cols, area.max_cols
    while max_cols > width:
        into = Operand(buffers[0], dtype, "full", pitch)
        buffers.reverse()

        level = Area(area.rows, cols, area.max_rows, max_cols)
        if isinstance(area.rows, int):
            for number in range(area.rows):
                _reduce_row(emitter, mnemonic, into, src, number, level)
        else:
            with emitter.loop(area.rows, 1) as number:
                _reduce_row(emitter, mnemonic, into, src, number, level)
        cols = scope.quotient(scope.sum(cols, block - 1), block)
        src, max_cols = into, -(-max_cols // block)
    return src, cols, max_cols


def _reduce_row(
    emitter: OperationEmitter, mnemonic: str, into: Operand, source: Operand, number: Index, area: Area
) -> None:
    """The blocks of one row to dense elements."""
    size = source.dtype.size
    block = BLOCK // size

    def run(start: Index, length: Index, _: int) -> None:
        scope = emitter.scope
        begin = scope.sum(scope.product(number, source.row_bytes), scope.product(start, size))
        end = scope.sum(scope.product(number, into.row_bytes), scope.product(scope.quotient(start, block), size))
        _blockwise(
            emitter, mnemonic, emitter.slice(into.local, end), emitter.slice(source.local, begin), length, source.dtype
        )

    emitter.pieces(area.cols, area.max_cols, EVEN_REPEATS * REPEAT_BYTES // size, run)


def _blockwise(
    emitter: OperationEmitter, mnemonic: str, dst: SSAValue, src: SSAValue, count: Index, dtype: DType
) -> None:
    """Dense blocks of src to dense elements of dst."""
    fields = {"count": count, "mask": REPEAT_BYTES // dtype.size, "dst_rep": 1, "type": dtype.name}
    emitter.emit(BLOCKWISE[mnemonic], [dst, src], fields)


def _finish(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: Operand, area: Area) -> None:
    """Reduce rows of at most a repeat to a column."""
    if src.dtype == DType.f32 and area.max_rows >= FEW_ROWS:
        _finish_by_blocks(emitter, mnemonic, dst, src, area)
    else:
        _finish_by_repeats(emitter, mnemonic, dst, src, area)


def _finish_by_blocks(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: Operand, area: Area) -> None:
    """Twice eight to one: 1 cycle a row, where reducing a repeat takes 7."""
    groups = round_up(area.max_rows, COLUMN_GROUP)
    eighths = Operand(emitter.request(groups * BLOCK), src.dtype, "full", COLUMN_GROUP)
    whole = isinstance(area.cols, int) and area.cols > 7 * COLUMN_GROUP
    if not whole or area.rows != groups:
        fill = Area(groups, COLUMN_GROUP, groups, COLUMN_GROUP)
        emitter.fill_area(eighths, identity_of(mnemonic, src.dtype), fill)
    emitter.per_row(BLOCKWISE[mnemonic], eighths, src, area, {"dst_rep": 1}, eighths.row_bytes)
    count = emitter.scope.product(emitter.whole_groups(area.rows), COLUMN_GROUP)

    def piece(start: Index, length: Index, _: int) -> None:
        source = emitter.slice(eighths.local, emitter.scope.product(start, src.dtype.size))
        offset = emitter.scope.product(emitter.scope.quotient(start, COLUMN_GROUP), src.dtype.size)
        _blockwise(emitter, mnemonic, emitter.slice(dst.local, offset), source, length, src.dtype)

    emitter.pieces(count, groups * COLUMN_GROUP, MAX_REPEATS // 8 * 8 * REPEAT_BYTES // src.dtype.size, piece)


def _finish_by_repeats(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: Operand, area: Area) -> None:
    groups = round_up(area.max_rows, COLUMN_GROUP)
    if area.rows != groups:
        emitter.fill_area(Operand(dst.local, dst.dtype, "full", groups), 0, Area(1, groups, 1, groups))
    emitter.per_row(
        WHOLE[mnemonic], Operand(dst.local, dst.dtype, "full", 1), src, area, {"dst_rep": 1}, dst.dtype.size
    )
