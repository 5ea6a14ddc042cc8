"""Vector fills, copies, broadcasts, gathers, the 16 x 16 transposition and the sort of 32."""

from __future__ import annotations

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces
from runtime.functional.vector.addressing import Operand, elementwise, scalar
from runtime.functional.vector.reduction import BLOCKS_PER_REPEAT
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import BLOCK_BYTES

SORT_WIDTH = 32
PAIR_BYTES = 8
TRANSPOSE_SIDE = 16


def _vdup(spaces: Spaces, fields: Fields) -> Operation:
    dst, bits, count, mask, dst_blk, dst_rep, code = fields
    dtype = DType(code)
    value = scalar(bits, dtype)

    def fill(out: Numbers) -> None:
        out[...] = value

    return elementwise(spaces, fill, Operand(dst, dtype, dst_blk, dst_rep), (), count, mask)


def _vcopy(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, count, mask, dst_blk, src_blk, dst_rep, src_rep, code = fields
    dtype = DType(code)

    def copy(x: Numbers, out: Numbers) -> None:
        out[...] = x

    source = Operand(src, dtype, src_blk, src_rep)
    return elementwise(spaces, copy, Operand(dst, dtype, dst_blk, dst_rep), (source,), count, mask)


def _vci(spaces: Spaces, fields: Fields) -> Operation:
    dst, bits, count, code = fields
    dtype = DType(code)
    access = _dense("ub", dst, count, dtype.size)
    target = spaces["ub"].view(access, dtype.numpy, True)
    wide = np.float64 if dtype.is_float else np.int64
    numbers = scalar(bits, dtype).astype(wide) + np.arange(count, dtype=wide)

    def run() -> None:
        target[...] = numbers.astype(dtype.numpy)

    return Operation(run, writes=(access,))


def _dense(space: str, offset: int, count: int, size: int) -> Access:
    return Access(space, offset, (count,), (size,), size)


def _vbrcb(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, repeats, dst_blk, dst_rep, code = fields
    if repeats == 0:
        return IDLE
    dtype = DType(code)
    size = dtype.size
    source = Access("ub", src, (repeats, BLOCKS_PER_REPEAT), (BLOCKS_PER_REPEAT * size, size), size)
    strides = (dst_rep * BLOCK_BYTES, dst_blk * BLOCK_BYTES, size)
    target = Access("ub", dst, (repeats, BLOCKS_PER_REPEAT, BLOCK_BYTES // size), strides, size)
    values, blocks = spaces["ub"].view(source, dtype.numpy)[:, :, None], spaces["ub"].view(target, dtype.numpy, True)

    def run() -> None:
        blocks[...] = values

    return Operation(run, (source,), (target,))


def _offsets(spaces: Spaces, base: int, access: Access, dtype: DType) -> Numbers:
    """Return the element numbers, in all of UB, that byte offsets from ``base`` mean."""
    if dtype.size not in (2, 4):
        raise SfumatoError(f"gathers and scatters move elements of 2 or 4 bytes, not {dtype.name}")
    offsets = spaces["ub"].view(access, np.uint32).astype(np.int64)
    if np.any(offsets % dtype.size):
        worst = offsets[offsets % dtype.size != 0][0]
        raise SfumatoError(f"byte offset {worst} is not a multiple of the element size {dtype.size}")
    return (base + offsets) // dtype.size


def _scattered(spaces: Spaces, numbers: Numbers, size: int) -> tuple[Access, ...]:
    """Return the accesses that elements of UB are, merged into runs; one outside UB raises `SfumatoError`."""
    unique = np.unique(numbers)
    heads = np.flatnonzero(np.diff(unique, prepend=unique[:1] - 2) != 1)
    lengths = np.diff(np.append(heads, len(unique)))
    runs = zip(unique[heads].tolist(), lengths.tolist(), strict=True)
    accesses = tuple(_dense("ub", first * size, count, size) for first, count in runs)
    for access in accesses[:1] + accesses[-1:]:
        spaces["ub"].view(access, np.uint8)
    return accesses


def _whole_ub(spaces: Spaces, numbers: Numbers, dtype: DType) -> Numbers:
    return spaces["ub"].view(_dense("ub", 0, int(numbers.max()) + 1, dtype.size), dtype.numpy, True)


def _vgather(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, offsets, count, code = fields
    if count == 0:
        return IDLE
    dtype = DType(code)
    index = _dense("ub", offsets, count, 4)
    spaces["ub"].view(index, np.uint32)
    target = _dense("ub", dst, count, dtype.size)
    view = spaces["ub"].view(target, dtype.numpy, True)

    def run() -> None:
        numbers = _offsets(spaces, src, index, dtype)
        view[...] = _whole_ub(spaces, numbers, dtype)[numbers]

    def gathered() -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        return _scattered(spaces, _offsets(spaces, src, index, dtype), dtype.size), ()

    return Operation(run, (index,), (target,), dynamic=gathered)


def _vscatter(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, offsets, count, code = fields
    if count == 0:
        return IDLE
    dtype = DType(code)
    index = _dense("ub", offsets, count, 4)
    spaces["ub"].view(index, np.uint32)
    source = _dense("ub", src, count, dtype.size)
    values = spaces["ub"].view(source, dtype.numpy)

    def run() -> None:
        numbers = _offsets(spaces, dst, index, dtype)
        _whole_ub(spaces, numbers, dtype)[numbers] = values

    def scattered() -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        return (), _scattered(spaces, _offsets(spaces, dst, index, dtype), dtype.size)

    return Operation(run, (index, source), dynamic=scattered)


def _vtranspose(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, code = fields
    dtype = DType(code)
    side = TRANSPOSE_SIDE
    if abs(dst - src) < side * side * dtype.size:
        raise SfumatoError(f"the destination of vtranspose, {dst:#x}, overlaps its source, {src:#x}")
    source, target = (
        Access("ub", base, (side, side), (side * dtype.size, dtype.size), dtype.size) for base in (src, dst)
    )
    view, values = spaces["ub"].view(target, dtype.numpy, True), spaces["ub"].view(source, dtype.numpy).T

    def run() -> None:
        view[...] = values

    return Operation(run, (source,), (target,))


def _vsort32(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, indices, repeats, code = fields
    if repeats == 0:
        return IDLE
    dtype = DType(code)
    shape = (repeats, SORT_WIDTH)
    keys = Access("ub", src, shape, (SORT_WIDTH * dtype.size, dtype.size), dtype.size)
    labels = Access("ub", indices, shape, (SORT_WIDTH * 4, 4), 4)
    pairs = Access("ub", dst, shape, (SORT_WIDTH * PAIR_BYTES, PAIR_BYTES), PAIR_BYTES)
    layout = np.dtype({"names": ["value", "index"], "formats": [dtype.numpy, "<u4"], "offsets": [0, 4], "itemsize": 8})
    ub = spaces["ub"]
    values, numbers = ub.view(keys, dtype.numpy), ub.view(labels, np.uint32)
    target, cleared = ub.view(pairs, layout, True), ub.view(pairs, np.uint64, True)

    def run() -> None:
        order = np.argsort(-values, axis=1, kind="stable")
        chosen, chosen_numbers = np.take_along_axis(values, order, 1), np.take_along_axis(numbers, order, 1)
        cleared[...] = 0
        target["value"] = chosen
        target["index"] = chosen_numbers

    return Operation(run, (keys, labels), (pairs,))


HANDLERS: dict[str, Handler] = {
    "vdup": _vdup,
    "vcopy": _vcopy,
    "vci": _vci,
    "vbrcb": _vbrcb,
    "vgather": _vgather,
    "vscatter": _vscatter,
    "vtranspose": _vtranspose,
    "vsort32": _vsort32,
}
