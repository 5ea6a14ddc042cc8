"""Numbers as scalar attributes of an element type."""

from __future__ import annotations

from math import isinf
from typing import cast

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, IntegerType, Signedness
from xdsl.ir import Attribute

from dialects.graph.types import scalar_attr


def number(value: float, element: Attribute) -> FloatAttr | IntegerAttr:
    """Return ``value`` as a scalar attribute; the infinities of an integer type are its ends."""
    ends = _ends(element) if isinf(value) else None
    if ends is not None:
        value = max(ends) if value > 0 else min(ends)
    return scalar_attr(value, element)


def _ends(element: Attribute) -> tuple[int, int] | None:
    """The smallest and the largest number of an integer type."""
    if not isinstance(element, IntegerType):
        return None
    type_ = cast("IntegerType", element)
    bits = type_.width.data
    if bits == 1 or type_.signedness.data == Signedness.UNSIGNED:
        return 0, (1 << bits) - 1
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
