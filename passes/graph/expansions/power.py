"""Expansions of powers; all in f32, errors below 4 ulp, special values as torch (C's pow)."""

from __future__ import annotations

from math import inf, log, nan

from passes.graph.expansions.term import Term, exact_product, ordered_sum
from passes.graph.expansions.words import Integer

LN2_PARTS = (float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cp-20"), float.fromhex("0x1.ef35793p-45"))
"""ln 2: the first part has 16 significant bits, so that its product with an integer below 2**8 is exact."""


def power_of_two(n: Term) -> Term:
    """2**n exactly for integers -149 <= n <= 127: powers below 16 by rounding exp, the rest as eighth powers."""
    coarse = (n * 0.0625).floor()
    fine = (((n - coarse * 16.0) * log(2.0)).exp()).round()
    base = (abs(coarse) * log(2.0)).exp().round()
    for _ in range(3):
        base = base * base
    return (coarse < 0.0).select(fine / base / base, fine * base * base)


def logarithm(x: Term) -> tuple[Term, Term]:
    """log(x) as high + low, to a relative error of 2**-31, of a positive finite x.

    x = 2**n m with m in [0.7, 1.42], and log(m) = 2 atanh(s), s = (m - 1) / (m + 1) held in two floats.
    """
    tiny = x < 1e-30
    x = tiny.select(x * 2.0**60, x)
    n = (x.log() * (1.0 / log(2.0))).round()
    m = x * power_of_two(-n)
    n = tiny.select(n - 60.0, n)
    f, g = m - 1.0, m + 1.0
    g_low = m - (g - 1.0)
    s = f / g
    product, lost = exact_product(s, g)
    s_low = ((f - product) - lost - s * g_low) / g
    z = s * s
    series = s * z * (z * (z * (z * (2.0 / 9.0) + 2.0 / 7.0) + 0.4) + 2.0 / 3.0)
    high, low = ordered_sum(n * LN2_PARTS[0], s * 2.0)
    swapped = n.equal(0.0)
    high, low = swapped.select(s * 2.0, high), swapped.select(0.0, low)
    low = low + (n * LN2_PARTS[1] + (s_low * 2.0 + series))
    return ordered_sum(high, low)


def power(x: Term, y: Term) -> Term:
    """x**y = sign * exp(y log|x|) with the logarithm and the product in two floats."""
    size = abs(x)
    log_high, log_low = logarithm((size > 0.0).select(size, 1.0).min(3.4028234663852886e38))
    bounded = y.max(-(2.0**40)).min(2.0**40)
    high, low = exact_product(log_high, bounded)
    low = low + log_low * bounded
    high, low = ordered_sum(high, low)
    inside = (high > -200.0) & (high < 200.0)
    finite = inside.select(high, high.max(-200.0).min(200.0)).exp() * (inside.select(low, 0.0) + 1.0)
    zero_limit = (y < 0.0).select(finite.constant(inf), 0.0)
    infinite_limit = (y < 0.0).select(finite.constant(0.0), inf)
    result = size.equal(0.0).select(zero_limit, size.equal(inf).select(infinite_limit, finite))
    result = x.differs(x).select(x, y.differs(y).select(y, result))
    integer = y.floor().equal(y)
    odd = integer & (y * 0.5).floor().differs(y * 0.5)
    negative = (x < 0.0) | (x.apply("reciprocal") < 0.0)
    result = (negative & odd).select(-result, result)
    result = ((x < 0.0) & (x > -inf) & ~integer).select(nan, result)
    one = x.equal(1.0) | y.equal(0.0) | (x.equal(-1.0) & abs(y).equal(inf))
    return one.select(1.0, result)


def integer_power(x: Integer, exponent: int) -> Integer:
    """x multiplied by itself `exponent` >= 1 times, by squaring."""
    result: Integer | None = None
    square = x
    while exponent:
        if exponent & 1:
            result = square if result is None else result * square
        exponent >>= 1
        square = square * square if exponent else square
    assert result is not None
    return result


LARGEST_PRODUCT, LARGEST_RECIPROCAL_PRODUCT = 4, 3
"""Float powers up to this are products: squaring doubles the error, (1 / x)**4 would be 5 ulp off."""


def power_by_constant(x: Term, exponent: float) -> Term:
    """x**exponent: products, roots and reciprocals where they are accurate, else the general power."""
    match exponent:
        case 0.0:
            return x.constant(1.0)
        case 0.5:
            return x.sqrt()
        case -0.5:
            return x.apply("rsqrt")
        case 1.5:
            return x * x.sqrt()
        case _ if (
            exponent == int_or_nan(exponent) and exponent and -LARGEST_RECIPROCAL_PRODUCT <= exponent <= LARGEST_PRODUCT
        ):
            return integer_power(x if exponent > 0 else x.apply("reciprocal"), int(abs(exponent)))
        case _:
            return power(x, x.constant(exponent))


def int_or_nan(value: float) -> float:
    """The value if it is an integer, else NaN."""
    return value if abs(value) < inf and value == int(value) else nan
