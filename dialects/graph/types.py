"""Element types of the graph level, and interned tensor types and scalar attributes of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import isinf, isnan
from typing import TypeAlias, cast

import numpy as np
from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    Signedness,
    TensorType,
    bf16,
    f16,
    f32,
    f64,
    i1,
    i8,
    i16,
    i32,
    i64,
)
from xdsl.ir import Attribute, SSAValue

from dialects.dtypes import DType

Tensor: TypeAlias = TensorType[Attribute]
"""Any ranked tensor type; the graph level uses static shapes only."""

Scalar: TypeAlias = bool | int | float

ui8 = IntegerType(8, Signedness.UNSIGNED)

FLOATS: dict[Attribute, int] = {bf16: 16, f16: 16, f32: 32, f64: 64}
"""Floating-point element types and their bits."""
INTEGERS: dict[Attribute, int] = {i8: 8, ui8: 8, i16: 16, i32: 32, i64: 64}
"""Integer element types and their bits; ``i1`` (bool) is apart."""
ELEMENTS: dict[Attribute, int] = {**FLOATS, **INTEGERS, i1: 8}
"""Every element type the graph level knows and the bits one element takes in memory (a bool is a byte)."""


def is_float(element: Attribute) -> bool:
    """Whether ``element`` is one of the floating-point element types."""
    return isinstance(element, Float32Type | BFloat16Type | Float16Type | Float64Type)


def is_bool(element: Attribute) -> bool:
    """Whether ``element`` is ``i1``."""
    return element == i1


def is_integer(element: Attribute) -> bool:
    """Whether ``element`` is an integer type of more than one bit."""
    return element in INTEGERS


def part_element(element: Attribute) -> Attribute:
    """Return the type of each part of a complex ``element``; ``element`` itself, of which it is the only part, else."""
    return cast("ComplexType[AnyFloat]", element).element_type if isinstance(element, ComplexType) else element


_tensors: dict[tuple[tuple[int, ...], Attribute], Tensor] = {}


def tensor(shape: Iterable[int], element: Attribute) -> Tensor:
    """Return the one tensor type of this shape and element type."""
    key = (tuple(shape), element)
    found = _tensors.get(key)
    if found is None:
        found = _tensors[key] = TensorType(element, key[0])
    return found


def type_of(value: SSAValue) -> Tensor:
    """Return the tensor type of ``value`` (every graph value is a tensor: the verifiers check it)."""
    return cast("Tensor", value.type)


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """Return the shape of ``value``."""
    return type_of(value).get_shape()


def element_of(value: SSAValue) -> Attribute:
    """Return the element type of ``value``."""
    return type_of(value).element_type


def _rounded(value: float, element: Attribute) -> float:
    """Round ``value`` to the grid of ``element``, to nearest even; too large becomes infinite, as in torch."""
    if isnan(value) or isinf(value) or element == f64:
        return value
    with np.errstate(over="ignore"):
        return float(np.asarray(value, DType.of(element).numpy))


@cache
def _scalar(value: Scalar, element: Attribute, negative_zero: bool) -> FloatAttr | IntegerAttr:
    del negative_zero  # part of the key only: 0.0 and -0.0 are equal, their attributes are not
    if isinstance(element, Float32Type | BFloat16Type | Float16Type | Float64Type):
        return FloatAttr(_rounded(float(value), element), element)
    if is_bool(element):
        return IntegerAttr(int(bool(value)), i1)
    bits = INTEGERS.get(element)
    if bits is None:
        raise TypeError(f"no scalar of type {element}")
    wrapped = int(value) & ((1 << bits) - 1)
    if element != ui8 and wrapped >> (bits - 1):
        wrapped -= 1 << bits
    return IntegerAttr(wrapped, cast("IntegerType", element))


def scalar_attr(value: Scalar, element: Attribute) -> FloatAttr | IntegerAttr:
    """Return ``value`` as an attribute of type ``element``: floats are rounded, integers wrap, ``i1`` is ``!= 0``."""
    negative_zero = isinstance(value, float) and value == 0.0 and str(value)[0] == "-"
    return _scalar(value, element, negative_zero)
