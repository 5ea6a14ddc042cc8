"""Expansions of remainders and floor division of floats.

Remainders are exact while the quotient is below 2**72; the divisor's size is scaled into the range where products
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
