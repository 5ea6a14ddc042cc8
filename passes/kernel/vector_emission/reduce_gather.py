"""Reductions along columns for which the vector unit has no instruction: integers and products."""

from __future__ import annotations

from dialects.dtypes import DType
from dialects.isa.mte import BLOCK
from dialects.isa.vector import REPEAT_BYTES
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.fold import combine, identity_of, of_width, right_of
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.operations import OperationEmitter
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Index


def columns_by_gathers(emitter: OperationEmitter, mnemonic: str, dst: UBTile, src: UBTile, area: Area) -> None:
    """Fold to rows of one block, then combine its columns, each gathered into a dense column."""
    dtype, scope = src.dtype, emitter.scope
    width, block = REPEAT_BYTES // dtype.size, BLOCK // dtype.size
    partial = Operand(emitter.request(area.max_rows * REPEAT_BYTES), dtype, "full", width)
    emitter.fill_area(partial, identity_of(mnemonic, dtype), of_width(area, width, width))

    def chunk(begin: Index, length: Index, longest: int) -> None:
        right = Operand(emitter.slice(src.local, scope_bytes(begin)), dtype, "full", src.pitch)
        combine(emitter, mnemonic, partial, partial, right, of_width(area, length, longest))

    def scope_bytes(elements: Index) -> Index:
        return emitter.scope.product(elements, dtype.size)

    emitter.pieces(area.cols, area.max_cols, width, chunk)
    while width > block:
        width //= 2
        combine(emitter, mnemonic, partial, partial, right_of(emitter, partial, width), of_width(area, width, width))
    rows = emitter.whole_groups(area.rows)
    most = round_up(area.max_rows, COLUMN_GROUP)
    line = Area(1, rows, 1, most)
    offsets = Operand(emitter.request(round_up(most * 4, BLOCK)), DType.i32, "full", most)
    last = scope.product(scope.difference(area.rows, 1), REPEAT_BYTES)
    emitter.row_offsets(offsets, REPEAT_BYTES, last, line)
    gathered = Operand(emitter.request(round_up(most * dtype.size, BLOCK)), dtype, "full", most)
    target = Operand(dst.local, dtype, "full", most)
    for column in range(block):
        if column:
            emitter.shift(offsets, dtype.size, line)
        emitter.gather(target if column == 0 else gathered, partial.local, offsets, line)
        if column:
            combine(emitter, mnemonic, target, target, gathered, line)
