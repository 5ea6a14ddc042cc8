"""Interned attributes: making an attribute costs more than making the op that holds it.

The attributes are shared and immutable; equal arguments give the identical object.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from math import copysign

from xdsl.dialects.builtin import (
    BytesAttr,
    DenseArrayBase,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    UnitAttr,
    f64,
    i64,
)

INDEX = IndexType()
UNIT = UnitAttr()


@cache
def i64_attr(value: int) -> IntegerAttr[IntegerType]:
    """Return the interned 64-bit integer attribute."""
    return IntegerAttr(value, i64)


@cache
def index_attr(value: int) -> IntegerAttr[IndexType]:
    """Return the interned attribute of type ``index``."""
    return IntegerAttr(value, INDEX)


@cache
def _f64_attr(value: float, sign: float) -> FloatAttr[Float64Type]:
    del sign  # part of the key only: 0.0 and -0.0 are equal, their attributes are not
    return FloatAttr(value, f64)


def f64_attr(value: float) -> FloatAttr[Float64Type]:
    """Return the interned 64-bit float attribute."""
    return _f64_attr(value, copysign(1.0, value))


@cache
def text_attr(value: str) -> StringAttr:
    """Return the interned string attribute."""
    return StringAttr(value)


@cache
def _i64_array(values: tuple[int, ...]) -> DenseArrayBase[IntegerType]:
    try:
        packed = struct.pack(f"<{len(values)}q", *values)
    except struct.error:
        return DenseArrayBase.from_list(i64, values)  # tells which value does not fit
    # DenseArrayBase.from_list normalises element by element, at several times the cost.
    return DenseArrayBase(i64, BytesAttr(packed))


def i64_array(values: Sequence[int]) -> DenseArrayBase[IntegerType]:
    """Return the interned ``array<i64: ...>`` of ``values``."""
    return _i64_array(tuple(values))
