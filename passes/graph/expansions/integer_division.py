"""Division of integers of 32 and 64 bits, exact over their whole range, by quotients of f32.

The vector unit divides floats only. What a quotient of f32 says of an integer one is scaled down so that rounding
never makes it too large; each round takes the leading digits off, and one last step the unit that may be left.
Magnitudes are words without sign, up to 2^31 or 2^63: the smallest integer has one. A zero divisor has no quotient.
"""

from __future__ import annotations

from passes.graph.expansions.term import Term
from passes.graph.expansions.words import BITS, Integer, Words, choose, unsigned_less

ROUNDS: dict[type[Term | Words], int] = {Term: 2, Words: 4}
"""Quotients of f32 until at most one unit is left: each takes 2^-19 of the quotient that it met."""

BELOW_ONE = 1.0 - 2.0**-20
"""More than what the roundings of two operands (3 units of 2^-24 each) and of a quotient and a product can add."""

WORD = 2.0**BITS


def divided(x: Integer, y: Integer) -> tuple[Integer, Integer]:
    """The quotient truncated towards zero, and the remainder, which has the sign of x."""
    size, divisor = magnitude(x), magnitude(y)
    scale = _as_float(divisor)
    quotient, rest = size.constant(0), size
    for _ in range(ROUNDS[type(x)]):
        digits = _as_integer(_as_float(rest) / scale * BELOW_ONE, size)
        quotient, rest = quotient + digits, rest - digits * divisor
    left = ~_less(rest, divisor)
    quotient, rest = choose(left, quotient + 1, quotient), choose(left, rest - divisor, rest)
    below, other_below = x < 0, y < 0
    differ = (below | other_below) & ~(below & other_below)
    return choose(differ, 0 - quotient, quotient), choose(below, 0 - rest, rest)


def magnitude(x: Integer) -> Integer:
    """|x| without sign; of the smallest integer, itself."""
    return choose(x < 0, 0 - x, x)


def _less(x: Term | Words, y: Term | Words) -> Term:
    if isinstance(x, Words) and isinstance(y, Words):
        below = unsigned_less(x.high, y.high)
        return below | (x.high.equal(y.high) & unsigned_less(x.low, y.low))
    assert isinstance(x, Term)
    assert isinstance(y, Term)
    return unsigned_less(x, y)


def _as_float(x: Term | Words) -> Term:
    """A magnitude in f32: only 2^31 (2^63) is negative as a number with sign."""
    if isinstance(x, Term):
        return abs(x.cast("f32"))
    low = x.low.cast("f32")
    return abs(x.high.cast("f32")) * WORD + (x.low < 0).select(low + WORD, low)


def _as_integer(quotient: Term, like: Integer) -> Integer:
    """The whole part of a float that is not negative and below 2^31 (2^63)."""
    if isinstance(like, Term):
        return quotient.cast("i32")
    high = (quotient * (1.0 / WORD)).trunc()
    low = quotient - high * WORD
    return Words((low < WORD / 2).select(low, low - WORD).cast("i32"), high.cast("i32"))


def division(x: Integer, y: Integer) -> Integer:
    """The quotient truncated towards zero."""
    return divided(x, y)[0]


def fmod(x: Integer, y: Integer) -> Integer:
    """The remainder with x's sign."""
    return divided(x, y)[1]


def _steps_down(rest: Integer, y: Integer) -> Term:
    """Where a remainder is not zero and has not the sign of y."""
    below, other_below = rest < 0, y < 0
    return rest.differs(0) & ((below | other_below) & ~(below & other_below))


def floor_div(x: Integer, y: Integer) -> Integer:
    """The quotient rounded towards minus infinity."""
    quotient, rest = divided(x, y)
    return choose(_steps_down(rest, y), quotient - 1, quotient)


def rem(x: Integer, y: Integer) -> Integer:
    """The remainder with y's sign."""
    _, rest = divided(x, y)
    return choose(_steps_down(rest, y), rest + y, rest)
