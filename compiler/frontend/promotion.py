"""The element type of a functional operator's result, where an in-place one would round it to its target's type."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.frontend.program import TensorMeta
from compiler.frontend.torch_types import ELEMENT_TYPES, ElementType

BOOL = ELEMENT_TYPES[12]
_FLOAT32, _INT16 = ELEMENT_TYPES[7], ELEMENT_TYPES[3]

_PREDICATES = frozenset(
    ("eq", "ge", "greater", "greater_equal", "gt", "le", "less", "less_equal", "logical_and", "logical_not",
     "logical_or", "logical_xor", "lt", "ne", "not_equal"),
)  # fmt: skip
_ARITHMETIC = frozenset(
    ("__and__", "__lshift__", "__or__", "__rshift__", "__xor__", "add", "addcdiv", "addcmul", "arctan2", "atan2",
     "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "clamp", "clamp_max",
     "clamp_min", "clip", "copysign", "div", "divide", "float_power", "floor_divide", "fmod", "gcd", "hypot", "lcm",
     "mul", "multiply", "pow", "remainder", "sub", "subtract", "true_divide", "xlogy"),
)  # fmt: skip


def functional_element(operator: str, target: TensorMeta, others: Sequence[TensorMeta]) -> ElementType:
    """Return the element type that ``operator(target, *others)`` computes when nothing is written in place."""
    if operator in _PREDICATES:
        return BOOL
    if operator == "float_power":
        return ELEMENT_TYPES[8]
    if operator not in _ARITHMETIC:
        return target.element
    wide = [meta.element for meta in others if meta.shape or not target.shape]
    result = target.element
    for element in wide:
        result = _wider(result, element)
    return result


def _wider(first: ElementType, second: ElementType) -> ElementType:
    """The type that both convert to without loss of range (torch.promote_types; 8-bit floats are not promoted)."""
    if first.category != second.category:
        return max(first, second, key=lambda element: element.category)
    if first == second or first.numpy is None or second.numpy is None:
        return first
    if first.numpy.itemsize != second.numpy.itemsize:
        return max(first, second, key=lambda element: element.numpy.itemsize if element.numpy else 0)
    if first.category == 2:
        return _FLOAT32
    return _INT16 if first.numpy.itemsize == 1 else first
