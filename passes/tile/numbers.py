"""Numbers as scalar attributes of an element type."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, IntegerType
from xdsl.ir import Attribute

COMPUTED_BITS = 32
"""Integers are computed in so many bits, however wide they lie in memory."""


def number(value: float, element: Attribute) -> Attribute:
    """Return ``value`` as a scalar attribute; the infinities of an integer type are its ends."""
    if not isinstance(element, IntegerType):
        return FloatAttr(value, cast("AnyFloat", element))
    type_ = cast("IntegerType", element)
    bits = min(type_.width.data, COMPUTED_BITS)
    if value == float("inf"):
        value = (1 << (bits - 1)) - 1 if bits > 1 else 1
    elif value == float("-inf"):
        value = -(1 << (bits - 1)) if bits > 1 else 0
    return IntegerAttr(int(value), type_)
