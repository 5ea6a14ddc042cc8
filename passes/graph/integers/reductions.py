"""Reductions of 64-bit integers: sums of digits that cannot overflow, extremes word by word, products as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.types import element_of, shape_of, tensor
from passes.graph.expansions.shifts import shift_right_logical
from passes.graph.expansions.term import Term
from passes.graph.expansions.words import BITS, SIGN, Words, extended, words_shifted_left
from passes.graph.integers.values import Values
from passes.graph.structured.steps import Steps

LARGEST_DIGIT = 16
"""Bits of a digit: two make a word."""


def reduced(values: Values, kind: str, operand: SSAValue, axes: Sequence[int]) -> SSAValue:
    """A 64-bit value combined along axes."""
    match kind:
        case "add":
            return values.join(_sum(values, operand, axes))
        case "mul":
            return _product(values, operand, axes)
        case _:
            return values.join(_extreme(values, kind, operand, axes))


def _reduce(values: Values, term: Term, kind: str, axes: Sequence[int]) -> Term:
    return values.term(values.rewriter.add(graph.ReduceOp.make(term.value, kind, axes)))


def _sum(values: Values, operand: SSAValue, axes: Sequence[int]) -> Words:
    """The digits of both words are summed apart, each sum below 2^31, and added at their places."""
    count = prod(shape_of(operand)[axis] for axis in axes)
    digit = min(LARGEST_DIGIT, BITS - 1 - (count - 1).bit_length()) if count else LARGEST_DIGIT
    words = values.words(operand)
    total: Words | None = None
    for word, base in ((words.low, 0), (words.high, BITS)):
        for start in range(0, BITS, digit):
            moved = shift_right_logical(word, start) if start else word
            part = moved & word.constant((1 << digit) - 1)
            summed = words_shifted_left(extended(_reduce(values, part, "add", axes)), base + start)
            total = summed if total is None else total + summed
    assert total is not None
    return total


def _extreme(values: Values, kind: str, operand: SSAValue, axes: Sequence[int]) -> Words:
    """The extreme of the high words; among the elements that have it, that of the low words without sign."""
    words, shape = values.words(operand), shape_of(operand)
    high = _reduce(values, words.high, kind, axes)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    spread = values.term(Steps(values.rewriter).place(high.value, shape, kept))
    neutral = words.low.constant(SIGN if kind == "max" else -(SIGN + 1))
    candidates = words.high.equal(spread).select(words.low + SIGN, neutral)
    return Words(_reduce(values, candidates, kind, axes) + SIGN, high)


def _product(values: Values, operand: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The halves of an axis are multiplied until one element is left."""
    steps = Steps(values.rewriter)
    for axis in sorted(axes, reverse=True):
        while (size := shape_of(operand)[axis]) > 1:
            half = size // 2
            words = [values.words(steps.slice(operand, axis, start, start + half)) for start in (0, half)]
            product = values.join(words[0] * words[1])
            rest = [steps.slice(operand, axis, size - 1, size)] if size % 2 else []
            operand = steps.concat([product, *rest], axis)
        shape = shape_of(operand)
        if shape[axis] == 0:
            one = tensor((*shape[:axis], *shape[axis + 1 :]), element_of(operand))
            operand = values.rewriter.splat(1, one)
        else:
            operand = steps.reshape(operand, (*shape[:axis], *shape[axis + 1 :]))
    return operand
