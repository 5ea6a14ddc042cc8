"""The fixpipe: drains accumulators from L0C to GM or L1, converting them on the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Atomic, Quant
from runtime.functional.cube import accumulator_parts
from runtime.functional.mte import COMBINE
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import ACCUMULATOR_BYTES, BLOCK_BYTES

Conversion = Callable[[Numbers], Numbers]


def _conversion(quant: int, relu: int, scale_bits: int, target: DType) -> Conversion:
    """Return what happens to accumulators: ReLU, then the scale in f32, then rounding (half to even) to ``target``."""
    scale = np.array(scale_bits & 0xFFFFFFFF, np.uint32).view(np.float32)

    def convert(values: Numbers) -> Numbers:
        if relu:
            values = np.maximum(values, values.dtype.type(0))
        if quant in (Quant.deq_f16, Quant.req_i8, Quant.f32_i8):
            values = values.astype(np.float32) * scale
        if quant in (Quant.req_i8, Quant.f32_i8):
            values = np.nan_to_num(np.clip(np.rint(values), -128, 127), nan=0.0)
        return values.astype(target.numpy, copy=False)

    return convert


def _width(spaces: Spaces) -> int:
    """Columns of one of L0C's column blocks."""
    return spaces["l0c"].layout(1, 1, ACCUMULATOR_BYTES).shape[3]


def _fixpipe(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, m, n, src_rows, dst_stride, quant, relu, atomic, scale, accumulator, code, _ = fields
    if m == 0 or n == 0:
        return IDLE
    target = DType(code)
    convert = _conversion(quant, relu, scale, target)
    reads: list[Access] = []
    writes: list[Access] = []
    pairs: list[tuple[Numbers, Numbers]] = []
    for source, columns in accumulator_parts(src, m, n, src_rows, _width(spaces)):
        strides = (dst_stride, *(source.shape[-1] * target.size,) * (len(source.shape) - 2), target.size)
        to = Access("gm", dst + columns.start * target.size, source.shape, strides, target.size)
        pairs.append((spaces["gm"].view(to, target.numpy, True), spaces["l0c"].view(source, DType(accumulator).numpy)))
        reads.append(source)
        writes.append(to)
    if atomic == Atomic.none:

        def store() -> None:
            for to, values in pairs:
                to[...] = convert(values)

        return Operation(store, tuple(reads), tuple(writes))
    combine = COMBINE[atomic]

    def accumulate() -> None:
        for to, values in pairs:
            combine(to, convert(values), out=to)

    return Operation(accumulate, (*reads, *writes), tuple(writes), atomic=f"{Atomic(atomic).name} {target.name}")


def _fixpipe_l1(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, m, n, src_rows, dst_rows, quant, relu, accumulator, code, _ = fields
    if m == 0 or n == 0:
        return IDLE
    target = DType(code)
    convert = _conversion(quant, relu, 0, target)
    c0 = BLOCK_BYTES // target.size
    parts = [access for access, _ in accumulator_parts(src, m, n, src_rows, _width(spaces))]
    sources = [spaces["l0c"].view(access, DType(accumulator).numpy) for access in parts]
    whole, rest = divmod(n, c0)
    pitch = dst_rows * BLOCK_BYTES
    writes: list[Access] = []
    if whole:
        writes.append(Access("l1", dst, (m, whole, c0), (BLOCK_BYTES, pitch, target.size), target.size))
    if rest:
        writes.append(Access("l1", dst + whole * pitch, (m, rest), (BLOCK_BYTES, target.size), target.size))
    targets = [spaces["l1"].view(access, target.numpy, True) for access in writes]

    def run() -> None:
        matrix = convert(np.concatenate([source.reshape(m, -1) for source in sources], axis=1))
        first = 0
        for to in targets:
            width = to.size // m
            to[...] = matrix[:, first : first + width].reshape(to.shape)
            first += width

    return Operation(run, tuple(parts), tuple(writes))


def _fixpipe_ub(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, m, n, share, src_rows, dst_stride, quant, relu, accumulator, code, _ = fields
    if m == 0 or n == 0:
        return IDLE
    target, width = DType(code), _width(spaces)
    convert = _conversion(quant, relu, 0, target)
    reads: list[Access] = []
    writes: list[Access] = []
    pairs: list[tuple[Numbers, Numbers]] = []
    for core, first in enumerate(range(0, m, share)):
        space = f"ub{core}"
        if space not in spaces:
            raise SfumatoError(f"{m} rows, {share} a vector core: there is no path to the UB of vector core {core}")
        start = src + first * width * ACCUMULATOR_BYTES
        for source, columns in accumulator_parts(start, min(share, m - first), n, src_rows, width):
            strides = (dst_stride, *(width * target.size,) * (len(source.shape) - 2), target.size)
            to = Access(space, dst + columns.start * target.size, source.shape, strides, target.size)
            drained = spaces["l0c"].view(source, DType(accumulator).numpy)
            pairs.append((spaces[space].view(to, target.numpy, True), drained))
            reads.append(source)
            writes.append(to)

    def run() -> None:
        for to, values in pairs:
            to[...] = convert(values)

    return Operation(run, tuple(reads), tuple(writes))


HANDLERS: dict[str, Handler] = {"fixpipe": _fixpipe, "fixpipe_l1": _fixpipe_l1, "fixpipe_ub": _fixpipe_ub}
