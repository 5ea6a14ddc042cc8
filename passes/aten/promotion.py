"""Torch's type promotion: the element type operands of different types are computed in."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import bf16, f16, f32, f64, i1, i8, i16, i32, i64
from xdsl.ir import Attribute, SSAValue

from dialects.graph.types import Scalar, element_of, is_bool, is_float, shape_of, ui8

_SIGNED: tuple[Attribute, ...] = (i8, i16, i32, i64)
_FLOATS: tuple[Attribute, ...] = (f16, f32, f64)


def promote(first: Attribute, second: Attribute) -> Attribute:
    """Return the smallest type both convert to by torch's rules: bool, then integers, then floats."""
    if first == second:
        return first
    ranks = (_category(first), _category(second))
    if ranks[0] != ranks[1]:
        return first if ranks[0] > ranks[1] else second
    if is_float(first):
        if bf16 in (first, second):
            other = second if first == bf16 else first
            return f32 if other == f16 else other
        return max(first, second, key=_FLOATS.index)
    if ui8 in (first, second):
        other = second if first == ui8 else first
        return i16 if other == i8 else other
    return max(first, second, key=_SIGNED.index)


def _category(element: Attribute) -> int:
    return 2 if is_float(element) else int(not is_bool(element))


def _scalar_type(value: Scalar) -> Attribute:
    if isinstance(value, bool):
        return i1
    return i64 if isinstance(value, int) else f32


def computation_type(operands: Iterable[SSAValue | Scalar]) -> Attribute:
    """Return the element type torch computes the operands in.

    Tensors with axes decide; a tensor without axes, and after it a Python number, only matters when its category
    (bool, integer, float) is higher, and then gives its own type (a Python float: f32, the default type).
    """
    levels: list[Attribute | None] = [None, None, None]
    for operand in operands:
        level, element = 2, None
        if isinstance(operand, SSAValue):
            level, element = (0 if shape_of(operand) else 1), element_of(operand)
        else:
            element = _scalar_type(operand)
        found = levels[level]
        levels[level] = element if found is None else promote(found, element)
    result: Attribute | None = None
    for element in levels:
        if element is not None and (result is None or _category(element) > _category(result)):
            result = element
    if result is None:
        raise ValueError("no operands to compute a type of")
    return result
