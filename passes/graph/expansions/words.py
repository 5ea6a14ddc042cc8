"""64-bit integers as two terms of 32 bits, with the operators of `Term`: what is written for one does for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from passes.graph.expansions.shifts import shift_left, shift_right, shift_right_logical
from passes.graph.expansions.term import Term

BITS = 32
HALF = 16
"""Bits of the parts whose products fit a word."""
LOW_HALF = (1 << HALF) - 1
SIGN = -(1 << (BITS - 1))
"""The word whose sign bit alone is set. Adding it turns the order of unsigned words into that of signed ones."""


@dataclass(frozen=True, eq=False)
class Words:
    """An integer of 64 bits: `high` * 2^32 + `low`, the latter without sign. Arithmetic wraps around."""

    low: Term
    high: Term

    def constant(self, value: int) -> Words:
        """A number of the same shape."""
        return Words(self.low.constant(signed(value)), self.low.constant(signed(value >> BITS)))

    def _other(self, other: Words | int) -> Words:
        return other if isinstance(other, Words) else self.constant(other)

    def __add__(self, other: Words | int) -> Words:
        """The sum: a carry is where the low word became smaller."""
        other = self._other(other)
        low = self.low + other.low
        return Words(low, self.high + other.high + number(unsigned_less(low, self.low)))

    def __radd__(self, other: int) -> Words:
        """The sum with a number."""
        return self + other

    def __sub__(self, other: Words | int) -> Words:
        """The difference: a borrow is where the low word was smaller."""
        other = self._other(other)
        borrow = number(unsigned_less(self.low, other.low))
        return Words(self.low - other.low, self.high - other.high - borrow)

    def __rsub__(self, other: int) -> Words:
        """The difference from a number."""
        return self.constant(other) - self

    def __mul__(self, other: Words) -> Words:
        """The product: the low words' 64 bits, and the crosswise products added to the high word."""
        product = unsigned_product(self.low, other.low)
        return Words(product.low, product.high + self.high * other.low + self.low * other.high)

    def __neg__(self) -> Words:
        """0 - x."""
        return 0 - self

    def __and__(self, other: Words) -> Words:
        """Bit by bit."""
        return Words(self.low & other.low, self.high & other.high)

    def __or__(self, other: Words) -> Words:
        """Bit by bit."""
        return Words(self.low | other.low, self.high | other.high)

    def __invert__(self) -> Words:
        """The complement."""
        return Words(~self.low, ~self.high)

    def __lt__(self, other: Words | int) -> Term:
        """Where it is less: by the high words, by the low ones where these agree."""
        other = self._other(other)
        return (self.high < other.high) | (self.high.equal(other.high) & unsigned_less(self.low, other.low))

    def __gt__(self, other: Words | int) -> Term:
        """Where it is greater."""
        return self._other(other) < self

    def __le__(self, other: Words | int) -> Term:
        """Where it is not greater."""
        return ~(self > other)

    def __ge__(self, other: Words | int) -> Term:
        """Where it is not less."""
        return ~(self < other)

    def equal(self, other: Words | int) -> Term:
        """Where both words agree."""
        other = self._other(other)
        return self.low.equal(other.low) & self.high.equal(other.high)

    def differs(self, other: Words | int) -> Term:
        """Where some word differs."""
        other = self._other(other)
        return self.low.differs(other.low) | self.high.differs(other.high)

    def max(self, other: Words | int) -> Words:
        """The larger one."""
        other = self._other(other)
        return choose(self < other, other, self)

    def min(self, other: Words | int) -> Words:
        """The smaller one."""
        other = self._other(other)
        return choose(self < other, self, other)


def signed(value: int) -> int:
    """The signed number that the low 32 bits of ``value`` are."""
    return ((value - SIGN) & ((1 << BITS) - 1)) + SIGN


def number(condition: Term) -> Term:
    """1 where a truth value holds, else 0."""
    return condition.cast("i32")


def unsigned_less(x: Term, y: Term) -> Term:
    """Where x < y as words without sign."""
    return (x + SIGN) < (y + SIGN)


def unsigned_product(x: Term, y: Term) -> Words:
    """All 64 bits of the product of words without sign, from the products of their halves."""
    x_low, x_high = x & x.constant(LOW_HALF), shift_right_logical(x, HALF)
    y_low, y_high = y & y.constant(LOW_HALF), shift_right_logical(y, HALF)
    middle = x_low * y_high + shift_right_logical(x_low * y_low, HALF)
    other = (middle & x.constant(LOW_HALF)) + x_high * y_low
    high = x_high * y_high + shift_right_logical(middle, HALF) + shift_right_logical(other, HALF)
    return Words(x * y, high)


Integer = TypeVar("Integer", Term, Words)


def choose(condition: Term, positive: Integer, negative: Integer) -> Integer:
    """``positive`` where the condition holds, else ``negative``."""
    if isinstance(positive, Words):
        assert isinstance(negative, Words)
        return Words(condition.select(positive.low, negative.low), condition.select(positive.high, negative.high))
    assert isinstance(negative, Term)
    return condition.select(positive, negative)


def extended(x: Term) -> Words:
    """A word with sign as 64 bits."""
    return Words(x, shift_right(x, BITS - 1))


def words_shifted_left(x: Words, distance: int) -> Words:
    """x * 2^distance; 0 from 64 on, as for negative distances in torch."""
    if not 0 <= distance < 2 * BITS:
        return x.constant(0)
    if distance >= BITS:
        return Words(x.low.constant(0), shift_left(x.low, distance - BITS))
    if distance == 0:
        return x
    moved = shift_right_logical(x.low, BITS - distance)
    return Words(shift_left(x.low, distance), shift_left(x.high, distance) | moved)


def words_shifted_right(x: Words, distance: int) -> Words:
    """floor(x / 2^distance); the sign from 63 on, as for negative distances in torch."""
    distance = distance if 0 <= distance < 2 * BITS else 2 * BITS - 1
    if distance >= BITS:
        return extended(shift_right(x.high, distance - BITS))
    if distance == 0:
        return x
    moved = shift_left(x.high, BITS - distance)
    return Words(shift_right_logical(x.low, distance) | moved, shift_right(x.high, distance))
