"""Numbers of a `type` as bits and as text: what `scalar=1.5` means in an instruction."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from dialects.dtypes import DType

_FLOAT_LITERAL = re.compile(r"[-+]?\d+\.\d*(?:[eE][-+]?\d+)?$")


def bits_of(value: float | int, dtype: DType) -> int:
    """The bits of `value` rounded to `dtype`, sign-extended from the type's width (at most 32) to a Python int."""
    if dtype.is_float:
        raw = np.asarray(value, dtype=np.float64).astype(dtype.numpy)
        return int(raw.view(np.dtype(f"i{dtype.size}")))
    return int(value)


def _raw(bits: int, dtype: DType) -> Any:
    return np.asarray(bits & (1 << dtype.bits) - 1, dtype=f"u{dtype.size}").view(dtype.numpy)[()]


def format_bits(bits: int, dtype: DType) -> str:
    """Text of a number given by its bits: a decimal where that reads back to the same bits, else a plain integer."""
    if not dtype.is_float:
        return str(bits)
    text = str(_raw(bits, dtype))
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    if _FLOAT_LITERAL.match(text) is None or bits_of(float(text), dtype) != bits:
        return str(bits)
    return text


def parse_bits(text: str, dtype: DType) -> int | None:
    """The bits written by `text`: a decimal fraction of `dtype`, or an integer that is the bits; None if neither."""
    if _FLOAT_LITERAL.match(text):
        return bits_of(float(text), dtype) if dtype.is_float else None
    try:
        return int(text, 0)
    except ValueError:
        return None
