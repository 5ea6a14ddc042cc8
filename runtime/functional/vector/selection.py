"""Comparison into bits, selection by bits, conversion between element types."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Predicate
from runtime.functional.formats import convert
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces
from runtime.functional.vector.addressing import Operand, Rows, depends_on_order, elementwise, pieces, rows, scalar
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import BLOCK_BYTES

_COMPARE: dict[int, Callable[[Numbers, Numbers], Numbers]] = {
    Predicate.eq: np.equal,
    Predicate.ne: np.not_equal,
    Predicate.lt: np.less,
    Predicate.le: np.less_equal,
    Predicate.gt: np.greater,
    Predicate.ge: np.greater_equal,
}


def _bits(spaces: Spaces, base: int, part: Rows, dtype: DType, write: bool) -> tuple[Numbers, Access]:
    """Return the bytes that hold one bit an element, shape (repeats, bytes): a repeat's bits take 32 / size bytes."""
    step = BLOCK_BYTES // dtype.size
    access = Access("ub", base + part.first * step, (part.repeats, -(-part.width // 8)), (step, 1), 1)
    return spaces["ub"].view(access, np.uint8, write), access


def _right(
    spaces: Spaces, right: Operand | Numbers, count: int, mask: int, parts: int
) -> tuple[list[Callable[[], Numbers]], tuple[Access, ...]]:
    """Return how to read the second operand, a vector or a scalar, of each part, and the accesses that it is."""
    if isinstance(right, Operand):
        matrices, reads = rows(spaces, right, count, mask)
        return [matrix.read for matrix in matrices], reads
    return [lambda: right] * parts, ()


def _compare(
    spaces: Spaces, dst: int, left: Operand, right: Operand | Numbers, predicate: int, count: int, mask: int
) -> Operation:
    """Write the bits of left ? right; the unused bits of the last byte of a repeat become 0."""
    if count == 0:
        return IDLE
    function = _COMPARE[predicate]
    lefts, reads = rows(spaces, left, count, mask)
    rights, more = _right(spaces, right, count, mask, len(lefts))
    reads = (*reads, *more)
    targets = [_bits(spaces, dst, part, left.dtype, True) for part in lefts]

    def run() -> None:
        for part, other, (target, _) in zip(lefts, rights, targets, strict=True):
            target[...] = np.packbits(function(part.read(), other()), axis=1, bitorder="little")

    return Operation(run, reads, tuple(access for _, access in targets))


def _vcmp(spaces: Spaces, fields: Fields) -> Operation:
    dst, src0, src1, predicate, count, mask, src0_blk, src1_blk, src0_rep, src1_rep, code = fields
    dtype = DType(code)
    left, right = Operand(src0, dtype, src0_blk, src0_rep), Operand(src1, dtype, src1_blk, src1_rep)
    return _compare(spaces, dst, left, right, predicate, count, mask)


def _vcmps(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, bits, predicate, count, mask, src_blk, src_rep, code = fields
    dtype = DType(code)
    return _compare(spaces, dst, Operand(src, dtype, src_blk, src_rep), scalar(bits, dtype), predicate, count, mask)


def _select(
    spaces: Spaces, target: Operand, bits: int, left: Operand, right: Operand | Numbers, count: int, mask: int
) -> Operation:
    if count == 0:
        return IDLE
    sources = (left, right) if isinstance(right, Operand) else (left,)
    if depends_on_order(count, mask, target, sources):
        raise SfumatoError("the destination of a selection overlaps a source that it does not coincide with")
    lefts, reads = rows(spaces, left, count, mask)
    rights, more = _right(spaces, right, count, mask, len(lefts))
    reads = (*reads, *more)
    conditions = [_bits(spaces, bits, part, target.dtype, False) for part in lefts]
    reads = (*reads, *(access for _, access in conditions))
    written = [accesses[0] for accesses in pieces(count, mask, (target,))]
    targets = [spaces["ub"].view(access, target.dtype.numpy, True) for access in written]

    def run() -> None:
        chosen: list[Numbers] = []
        for part, other, (packed, _) in zip(lefts, rights, conditions, strict=True):
            condition = np.unpackbits(packed, axis=1, count=part.width, bitorder="little").view(np.bool_)
            chosen.append(np.where(condition, part.read(), other()))
        scatter_rows(targets, chosen)

    return Operation(run, reads, tuple(written))


def scatter_rows(targets: list[Numbers], matrices: list[Numbers]) -> None:
    """Store matrices of repeats into the rectangles that `pieces` cut their destination into."""
    if len(targets) == 1 and targets[0].ndim == 1:
        flat = [matrix.reshape(-1) for matrix in matrices]
        targets[0][...] = flat[0] if len(flat) == 1 else np.concatenate(flat)
        return
    position = 0
    for matrix in matrices:
        first = 0
        while first < matrix.shape[1]:
            target = targets[position]
            width = target.size // matrix.shape[0]
            target[...] = matrix[:, first : first + width].reshape(target.shape)
            first += width
            position += 1


def _vsel(spaces: Spaces, fields: Fields) -> Operation:
    dst, bits, src0, src1, count, mask, dst_blk, src0_blk, src1_blk, dst_rep, src0_rep, src1_rep, code = fields
    dtype = DType(code)
    left, right = Operand(src0, dtype, src0_blk, src0_rep), Operand(src1, dtype, src1_blk, src1_rep)
    return _select(spaces, Operand(dst, dtype, dst_blk, dst_rep), bits, left, right, count, mask)


def _vsels(spaces: Spaces, fields: Fields) -> Operation:
    dst, bits, src, value, count, mask, dst_blk, src_blk, dst_rep, src_rep, code = fields
    dtype = DType(code)
    left = Operand(src, dtype, src_blk, src_rep)
    return _select(spaces, Operand(dst, dtype, dst_blk, dst_rep), bits, left, scalar(value, dtype), count, mask)


def _vcast(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, rounding, count, mask, dst_blk, src_blk, dst_rep, src_rep, src_code, dst_code = fields
    source, target = DType(src_code), DType(dst_code)

    def cast(x: Numbers, out: Numbers) -> None:
        out[...] = convert(x, source, target, rounding)

    left = Operand(src, source, src_blk, src_rep)
    return elementwise(spaces, cast, Operand(dst, target, dst_blk, dst_rep), (left,), count, mask)


HANDLERS: dict[str, Handler] = {"vcmp": _vcmp, "vcmps": _vcmps, "vsel": _vsel, "vsels": _vsels, "vcast": _vcast}
