"""Comparison and selection: conditions are f16 tiles of 0 and 1, bits only within a piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.literals import bits_of
from dialects.isa.mte import BLOCK
from dialects.isa.vector import MAX_REPEATS, REPEAT_BYTES
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.piece import Piece
from passes.kernel.vector_emission.ub_tile import UBTile

if TYPE_CHECKING:
    from passes.kernel.vector_emission.operations import Source
    from passes.kernel.vector_emission.pointwise import PointwiseEmitter

SWAPPED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
INTEGER_ORDER = {"lt": ("min", "ne"), "le": ("max", "eq"), "gt": ("max", "ne"), "ge": ("min", "eq")}
"""a < b is min(a, b) != b, and so on: integers compare by equality only."""
ROWS_AT_ONCE = 64
"""Rows of a strided piece whose conditions are widened to f32 in scratch memory."""


def emit_compare(emitter: PointwiseEmitter, predicate: str, dst: UBTile, sources: Sequence[Source], area: Area) -> None:
    """dst (f16) = 1 where `predicate` holds between the sources, else 0."""
    lhs, rhs = sources
    if not isinstance(lhs, UBTile):
        lhs, rhs, predicate = rhs, lhs, SWAPPED[predicate]
    if not isinstance(lhs, UBTile) or dst.dtype != DType.f16:
        raise SfumatoError("a comparison has a tile among its operands and an f16 condition as its result")
    if lhs.dtype == DType.i32 and predicate in INTEGER_ORDER:
        function, predicate = INTEGER_ORDER[predicate]
        bound = emitter.scratch(dst, lhs.dtype, area)
        emitter.binary(function, bound, lhs, rhs, area)
        lhs = bound
    dtype = lhs.dtype
    left = emitter.operand(lhs, dst, area)
    right = emitter.operand(rhs, dst, area) if isinstance(rhs, UBTile) else None
    number = 0 if isinstance(rhs, UBTile) else bits_of(rhs, dtype)
    target, bits = Operand.of(dst), _bits(emitter, dtype)
    one = emitter.number(1.0, DType.f16)
    walked = [target, left, *([] if right is None else [right])]
    wide = dtype.size == 4 and emitter.mode(walked, area) == "columns"
    wide_one = emitter.number(1.0, DType.f32) if wide else one
    wide_result = _wide_scratch(emitter, area) if wide else target

    def body(piece: Piece) -> None:
        if right is None:
            named = {"dst": bits, "src": left}
            piece.emit("vcmps", named, scalar=number, predicate=predicate, type=dtype.name)
        else:
            named = {"dst": bits, "src0": left, "src1": right}
            piece.emit("vcmp", named, predicate=predicate, type=dtype.name)
        if not wide:
            piece.emit("vsels", {"dst": target, "bits": bits, "src": one}, scalar=0, type="f16")
            return
        piece.emit("vsels", {"dst": wide_result, "bits": bits, "src": wide_one}, scalar=0, type="f32")
        named = {"dst": target, "src": wide_result}
        piece.emit("vcast", named, round="none", src_type="f32", dst_type="f16")

    emitter.walk(walked, area, body, ROWS_AT_ONCE if wide else MAX_REPEATS)


def emit_select(
    emitter: PointwiseEmitter, dst: UBTile, condition: UBTile, values: Sequence[Source], area: Area
) -> None:
    """dst = values[0] where the condition (f16) is not 0, else values[1]."""
    dtype = dst.dtype
    chosen, other = values
    predicate = "ne"
    if not isinstance(chosen, UBTile) and isinstance(other, UBTile):
        chosen, other, predicate = other, chosen, "eq"
    test = emitter.operand(condition, dst, area)
    first = emitter.walked(chosen, dst, area)
    second = emitter.operand(other, dst, area) if isinstance(other, UBTile) else None
    number = 0 if isinstance(other, UBTile) else bits_of(other, dtype)
    target, bits = Operand.of(dst), _bits(emitter, DType.f16)
    walked = [target, test, first, *([] if second is None else [second])]
    wide = dtype.size == 4 and emitter.mode(walked, area) == "columns"
    wide_test = _wide_scratch(emitter, area) if wide else test

    def body(piece: Piece) -> None:
        tested, tested_type = test, "f16"
        if wide:
            tested, tested_type = wide_test, "f32"
            named = {"dst": wide_test, "src": test}
            piece.emit("vcast", named, round="none", src_type="f16", dst_type="f32")
        piece.emit("vcmps", {"dst": bits, "src": tested}, scalar=0, predicate=predicate, type=tested_type)
        if second is None:
            piece.emit("vsels", {"dst": target, "bits": bits, "src": first}, scalar=number, type=dtype.name)
        else:
            named = {"dst": target, "bits": bits, "src0": first, "src1": second}
            piece.emit("vsel", named, type=dtype.name)

    emitter.walk(walked, area, body, ROWS_AT_ONCE if wide else MAX_REPEATS)


def _bits(emitter: PointwiseEmitter, dtype: DType) -> Operand:
    """Room for the bits of one piece."""
    elements = REPEAT_BYTES // dtype.size
    size = -(-MAX_REPEATS * elements // 8 // BLOCK) * BLOCK
    return Operand(emitter.request(size), dtype, "bits")


def _wide_scratch(emitter: PointwiseEmitter, area: Area) -> Operand:
    """Room for one strided piece of f32: `piece` rows of 256 bytes, the same for every piece."""
    rows = min(area.max_rows, ROWS_AT_ONCE)
    return Operand(emitter.request(rows * REPEAT_BYTES), DType.f32, "piece", REPEAT_BYTES // 4)
