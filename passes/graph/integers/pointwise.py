"""Pointwise functions of 64-bit integers on two words: one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from dialects import graph
from dialects.graph.pointwise import PointwiseOp
from passes.graph.expansions import element_shifts, integer_division, power
from passes.graph.expansions.term import Term
from passes.graph.expansions.words import Words, extended, words_shifted_left, words_shifted_right
from passes.graph.rewriting import splat_of

Unary: TypeAlias = Callable[[Words], Words]
Binary: TypeAlias = Callable[[Words, Words], Words]


def _sign(x: Words) -> Words:
    return extended(x.max(-1).min(1).low)


def _relu(x: Words) -> Words:
    return x.max(0)


def _xor(x: Words, y: Words) -> Words:
    return Words(x.low.apply("xor", y.low), x.high.apply("xor", y.high))


def _power(x: Words, exponent: int) -> Words:
    return power.integer_power(x, exponent) if exponent else x.constant(1)


UNARY: dict[type[PointwiseOp], Unary] = {
    graph.NegOp: Words.__neg__,
    graph.AbsOp: integer_division.magnitude,
    graph.SignOp: _sign,
    graph.ReluOp: _relu,
    graph.NotOp: Words.__invert__,
}
"""Each function of a number of 64 bits."""

BINARY: dict[type[PointwiseOp], Binary] = {
    graph.AddOp: Words.__add__,
    graph.SubOp: Words.__sub__,
    graph.MulOp: Words.__mul__,
    graph.MaxOp: Words.max,
    graph.MinOp: Words.min,
    graph.AndOp: Words.__and__,
    graph.OrOp: Words.__or__,
    graph.XorOp: _xor,
    graph.ShlOp: element_shifts.shifted_left,
    graph.ShrOp: element_shifts.shifted_right,
    graph.DivOp: integer_division.division,
    graph.FloorDivOp: integer_division.floor_div,
    graph.RemOp: integer_division.rem,
    graph.FmodOp: integer_division.fmod,
}
"""Each function of two numbers of 64 bits, which wraps around as torch's does."""

BY_CONSTANT: dict[type[PointwiseOp], Callable[[Words, int], Words]] = {
    graph.ShlOp: words_shifted_left,
    graph.ShrOp: words_shifted_right,
    graph.PowOp: _power,
}
"""Functions whose second operand is better known while compiling."""

COMPARISONS: dict[str, Callable[[Words, Words], Term]] = {
    "eq": Words.equal,
    "ne": Words.differs,
    "lt": Words.__lt__,
    "le": Words.__le__,
    "gt": Words.__gt__,
    "ge": Words.__ge__,
}
"""Each predicate."""


def computed(op: PointwiseOp, operands: Sequence[Words]) -> Words | None:
    """What a pointwise op gives on two words, or None where it is not offered."""
    if len(operands) == 1:
        unary = UNARY.get(type(op))
        return None if unary is None else unary(operands[0])
    by_constant, second = BY_CONSTANT.get(type(op)), splat_of(op.operands[1])
    if by_constant is not None and isinstance(second, int) and second >= 0:
        return by_constant(operands[0], second)
    binary = BINARY.get(type(op))
    return None if binary is None else binary(operands[0], operands[1])
