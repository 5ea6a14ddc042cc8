"""Expansions of remainders and integer division.

Float remainders are exact while the quotient is below 2**72; the divisor's size is scaled into the range where products
can be split.
"""

from __future__ import annotations

from math import inf

from passes.graph.expansions.term import Term, exact_product, with_sign_of

QUOTIENT_ROUNDS = 3
"""Each takes the leading 24 bits off the quotient; the remainder of a rounded division is exact."""


def fmod(x: Term, y: Term) -> Term:
    """x - y trunc(x / y), with x's sign; NaN for infinite x or zero y."""
    a, b = abs(x), abs(y)
    large, small = b > 2.0**90, b < 2.0**-70
    down, up = 2.0**-40, 2.0**40
    scale = large.select(b.constant(down), small.select(b.constant(up), 1.0))
    unscale = large.select(b.constant(up), small.select(b.constant(down), 1.0))
    r, d = a * scale, b * scale
    for _ in range(QUOTIENT_ROUNDS):
        high, low = exact_product((r / d).round(), d)
        r = (r - high) - low
    r = (r < 0.0).select(r + d, r)
    r = (a < b).select(a, r * unscale)
    r = (r.differs(r) | a.equal(inf) | b.equal(0.0)).select(a * 0.0 / (b * 0.0), r)
    return with_sign_of(r, x)


def rem(x: Term, y: Term) -> Term:
    """x - y floor(x / y), with y's sign, as Python's %."""
    r = fmod(x, y)
    differ = ((r < 0.0) & (y > 0.0)) | ((r > 0.0) & (y < 0.0))
    return differ.select(r + y, r)


def floor_div(x: Term, y: Term) -> Term:
    """floor(x / y) of the exact quotient, as Python's //; x / y for zero y."""
    r = fmod(x, y)
    differ = ((r < 0.0) & (y > 0.0)) | ((r > 0.0) & (y < 0.0))
    quotient = (x - r) / y
    quotient = differ.select(quotient - 1.0, quotient)
    floor = quotient.floor()
    floor = ((quotient - floor) > 0.5).select(floor + 1.0, floor)
    return y.equal(0.0).select(x / y, floor)


def _quotient_and_remainder(x: Term, y: Term) -> tuple[Term, Term]:
    """The truncated quotient of integers and what it leaves, exactly.

    f32 gives the quotient to 23 bits, the quotient of its remainder the rest; two unit steps repair the rounding.
    """
    divisor = y.cast("f32")
    quotient = (x.cast("f32") / divisor).cast("i32")
    for _ in range(2):
        rest = x - quotient * y
        quotient = quotient + (rest.cast("f32") / divisor).cast("i32")
    rest = x - quotient * y
    step = _sign(x) * _sign(y)
    over = (_size(rest) >= _size(y)) & differs_from_zero(rest)
    wrong_side = differs_from_zero(rest) & (_sign(rest) * _sign(x) < 0)
    quotient = wrong_side.select(quotient - step, over.select(quotient + step, quotient))
    return quotient, x - quotient * y


def differs_from_zero(x: Term) -> Term:
    """Where an integer is not zero."""
    return x.differs(0)


def _sign(x: Term) -> Term:
    return x.max(-1).min(1)


def _size(x: Term) -> Term:
    return x.max(0 - x)


def integer_division(x: Term, y: Term) -> Term:
    """The quotient truncated towards zero."""
    return _quotient_and_remainder(x, y)[0]


def integer_fmod(x: Term, y: Term) -> Term:
    """The remainder with x's sign."""
    return _quotient_and_remainder(x, y)[1]


def _steps_down(rest: Term, y: Term) -> Term:
    return _sign(rest) * _sign(y) < 0


def integer_floor_div(x: Term, y: Term) -> Term:
    """The quotient rounded towards minus infinity."""
    quotient, rest = _quotient_and_remainder(x, y)
    return _steps_down(rest, y).select(quotient - 1, quotient)


def integer_rem(x: Term, y: Term) -> Term:
    """The remainder with y's sign."""
    _, rest = _quotient_and_remainder(x, y)
    return _steps_down(rest, y).select(rest + y, rest)
