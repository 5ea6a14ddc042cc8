"""How reductions combine two elements, and what changes nothing when it is combined."""

from __future__ import annotations

from math import inf

from xdsl.ir import Attribute

from dialects import graph
from dialects.graph.pointwise import BinaryOp
from dialects.graph.types import INTEGERS, Scalar, is_float, ui8

COMBINE: dict[str, type[BinaryOp]] = {
    "add": graph.AddOp,
    "mul": graph.MulOp,
    "max": graph.MaxOp,
    "min": graph.MinOp,
}
"""The op of two elements by the kind of the reduction."""


def neutral(kind: str, element: Attribute) -> Scalar:
    """What changes no element of this type when it is combined with it."""
    if kind in ("add", "mul"):
        return (-0.0 if is_float(element) else 0) if kind == "add" else 1
    if is_float(element):
        return -inf if kind == "max" else inf
    bits = INTEGERS[element]
    low, high = (0, 2**bits - 1) if element == ui8 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return low if kind == "max" else high
