"""Exact conversions between number formats: the rounding modes of vcast and the formats of the cube."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.fields import Round
from runtime.memory.access import Numbers

Doubles = npt.NDArray[np.float64]


def _half_away(values: Doubles) -> Doubles:
    return np.trunc(values + np.copysign(0.5, values))


_INTEGRAL: dict[int, Callable[[Doubles], Doubles]] = {
    Round.none: np.rint,
    Round.rint: np.rint,
    Round.floor: np.floor,
    Round.ceil: np.ceil,
    Round.round: _half_away,
    Round.trunc: np.trunc,
}
"""Rounding -> values rounded to integers. Doubles hold every source format exactly, and halves below 2^52."""


def convert(values: Numbers, source: DType, target: DType, rounding: int) -> Numbers:
    """Convert ``values`` of type ``source`` to ``target`` as vcast does.

    To an integer: round, then saturate; NaN becomes 0. To a float: round on the target's grid, overflowing to infinity
    where the mode rounds away. i64 to i32 must be in range, or `SfumatoError`; other narrowings of integers saturate.
    """
    if source.is_float:
        if target.is_float:
            return _float_to_float(values, source, target, rounding)
        return _to_integer(_INTEGRAL[rounding](values.astype(np.float64)), target)
    if target.is_float:
        return to_grid(_exact_double(values), target, rounding)
    return _integer_to_integer(values, source, target)


def _float_to_float(values: Numbers, source: DType, target: DType, rounding: int) -> Numbers:
    if source == target:
        return _INTEGRAL[rounding](values.astype(np.float64)).astype(target.numpy)
    if rounding in (Round.none, Round.rint):
        return values.astype(target.numpy)
    return to_grid(values.astype(np.float64), target, rounding)


def _integer_to_integer(values: Numbers, source: DType, target: DType) -> Numbers:
    limits = np.iinfo(target.numpy)
    if source == DType.i64 and values.size and (values.min() < limits.min or values.max() > limits.max):
        worst = values[(values < limits.min) | (values > limits.max)].reshape(-1)[0]
        raise SfumatoError(f"the 64-bit value {worst} does not fit into {target.name}")
    if target.size >= source.size:
        return values.astype(target.numpy)
    return np.clip(values, limits.min, limits.max).astype(target.numpy)


def _to_integer(values: Doubles, target: DType) -> Numbers:
    limits = np.iinfo(target.numpy)
    low, past = float(limits.min), float(limits.max) + 1.0  # both exact, where float(max) of 64 bits is not
    inside = (values >= low) & (values < past)
    result = np.where(inside, values, 0.0).astype(target.numpy)
    result[values < low] = limits.min
    result[values >= past] = limits.max
    return result


def _exact_double(values: Numbers) -> Doubles:
    """Integers as doubles that round to narrower formats as the integers would (a sticky bit stands for lost ones)."""
    if values.dtype.itemsize < 8:
        return values.astype(np.float64)
    kept = values >> 11 << 11
    sticky = kept | ((values != kept).astype(np.int64) << 11)
    wide = (values >= 1 << 52) | (values < -(1 << 52))
    return np.where(wide, sticky, values).astype(np.float64)


def to_grid(values: Doubles, target: DType, rounding: int) -> Numbers:
    """Round doubles to the grid of the float type ``target`` with any rounding mode."""
    nearest = values.astype(target.numpy)
    if rounding in (Round.none, Round.rint):
        return nearest
    unsigned: np.dtype[Any] = np.dtype(f"u{target.size}")
    sign_bit = unsigned.type(1 << (target.bits - 1))
    code = nearest.view(unsigned)
    sign, magnitude = code & sign_bit, code & ~sign_bit
    size = np.abs(values)
    below = magnitude - (_magnitude(magnitude, target) > size).astype(unsigned)
    largest = np.array(np.inf, target.numpy).view(unsigned) - unsigned.type(1)
    below = np.minimum(below, largest)
    inexact = _magnitude(below, target) != size
    negative = np.signbit(values)
    away = {
        Round.floor: lambda: negative,
        Round.ceil: lambda: ~negative,
        Round.trunc: lambda: np.zeros_like(negative),
        Round.odd: lambda: (below & unsigned.type(1)) == 0,
        Round.round: lambda: size - _magnitude(below, target) >= _magnitude(below + unsigned.type(1), target) - size,
    }[Round(rounding)]()
    rounded = (sign | (below + (away & inexact).astype(unsigned))).astype(unsigned).view(target.numpy)
    return np.where(np.isfinite(values), rounded, nearest)


def _magnitude(code: npt.NDArray[Any], target: DType) -> Doubles:
    """The absolute values of codes without sign; infinity as the power of two that would follow the largest number."""
    values = code.view(target.numpy).astype(np.float64)
    limit = {DType.f16: 2.0**16, DType.bf16: 2.0**128, DType.f32: 2.0**128}[target]
    return np.where(np.isinf(values), limit, values)


HF32_DROPPED_BITS = 12
"""hf32 keeps 11 of the 23 mantissa bits of f32."""


def to_hf32(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Round f32 to hf32 (8 exponent bits, 11 mantissa bits), half to even; NaN and infinities stay."""
    code = np.ascontiguousarray(values).view(np.uint32)
    odd = (code >> np.uint32(HF32_DROPPED_BITS)) & np.uint32(1)
    bias = np.uint32((1 << (HF32_DROPPED_BITS - 1)) - 1)
    rounded = (code + bias + odd) & np.uint32(0xFFFFFFFF << HF32_DROPPED_BITS & 0xFFFFFFFF)
    return np.where(np.isfinite(values), rounded.view(np.float32), values).astype(np.float32)


@cache
def hif8_values() -> npt.NDArray[np.float32]:
    """The value of each of the 256 codes of HiFloat8 (arXiv 2409.16626).

    After the sign, a prefix says how many bits D the exponent has: 11, 10, 01, 001, 0001 for 4, 3, 2, 1, 0. An exponent
    is a sign and a magnitude whose leading 1 is not stored; the mantissa fills the rest. The prefix 0000 is for the
    smallest numbers, 2^(mantissa - 23); with mantissa 0 it is zero, or with the sign set NaN. 0x6F and 0xEF are
    infinite.
    """
    return np.array([_hif8_value(code) for code in range(256)], np.float32)


def _hif8_value(code: int) -> float:
    sign, rest = (-1.0 if code & 0x80 else 1.0), code & 0x7F
    if rest < 8:
        return sign * 2.0 ** (rest - 23) if rest else (float("nan") if code & 0x80 else 0.0)
    if rest == 0x6F:
        return sign * float("inf")
    leading = rest >> 5
    exponent_bits, width = (leading + 1, 5) if leading else (rest >> 4, 4 if rest >> 4 else 3)
    mantissa_bits = width - exponent_bits
    field, mantissa = (rest & ((1 << width) - 1)) >> mantissa_bits, rest & ((1 << mantissa_bits) - 1)
    exponent = 0
    if exponent_bits:
        hidden = 1 << (exponent_bits - 1)
        exponent = (hidden | (field & (hidden - 1))) * (-1 if field & hidden else 1)
    return sign * 2.0**exponent * (1 + mantissa / (1 << mantissa_bits))
