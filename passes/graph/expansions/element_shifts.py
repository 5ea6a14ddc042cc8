"""Shifts of integers whose elements have distances of their own, which the vector unit lacks: a step for each bit.

A distance that is negative, or not below the bits of the type, shifts everything out, as in torch.
"""

from __future__ import annotations

from collections.abc import Callable

from passes.graph.expansions.shifts import shift_left, shift_right
from passes.graph.expansions.term import Term
from passes.graph.expansions.words import (
    BITS,
    Integer,
    Words,
    choose,
    words_shifted_left,
    words_shifted_right,
)


def _in_range(distance: Term | Words) -> Term:
    if isinstance(distance, Words):
        return distance.high.equal(0) & (distance.low & distance.low.constant(-2 * BITS)).equal(0)
    return (distance & distance.constant(-BITS)).equal(0)


def _by_steps(x: Integer, distance: Term, shift: Callable[[Integer, int], Integer]) -> Integer:
    bits = (2 * BITS if isinstance(x, Words) else BITS).bit_length() - 1
    for bit in range(bits):
        moves = (distance & distance.constant(1 << bit)).differs(0)
        x = choose(moves, shift(x, 1 << bit), x)
    return x


def _word(distance: Term | Words) -> Term:
    """What says how far, where that is in range."""
    return distance.low if isinstance(distance, Words) else distance


def _left(x: Integer, distance: int) -> Integer:
    return words_shifted_left(x, distance) if isinstance(x, Words) else shift_left(x, distance)


def _right(x: Integer, distance: int) -> Integer:
    return words_shifted_right(x, distance) if isinstance(x, Words) else shift_right(x, distance)


def shifted_left(x: Integer, distance: Integer) -> Integer:
    """x * 2^distance, wrapped."""
    return choose(_in_range(distance), _by_steps(x, _word(distance), _left), x.constant(0))


def shifted_right(x: Integer, distance: Integer) -> Integer:
    """floor(x / 2^distance)."""
    last = (2 * BITS if isinstance(x, Words) else BITS) - 1
    return _by_steps(x, _in_range(distance).select(_word(distance), last), _right)
