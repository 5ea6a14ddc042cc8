"""Expansions of the error function and of what is made of it; all in f32, errors below 4 ulp."""

from __future__ import annotations

from math import inf, pi, sqrt

from passes.graph.expansions.polynomials import ERF, ERFCX, ERFINV_FAR, ERFINV_NEAR, GELU_TAIL, LOG_ERFC
from passes.graph.expansions.term import (
    Term,
    exact_product,
    exact_square,
    exact_sum,
    ordered_sum,
    polynomial,
    with_sign_of,
)


def erf(x: Term) -> Term:
    """x P(x x) below 0.92; beyond, 1 - exp(P(|x|)) with P fitted to log(erfc)."""
    z = x * x
    t = abs(x).min(4.0)
    far = with_sign_of(1.0 - (-(t * polynomial(t, LOG_ERFC) + t)).exp(), x)
    return (abs(x) < 0.92).select(x + x * polynomial(z, ERF), far)


def times_exp_of_negated_square(factor: Term, x: Term, scale: float) -> Term:
    """factor * exp(-scale x x) for 0 <= x < 16 and a scale that is a power of two.

    What the rounding of the square lost corrects the factor, so that a subnormal result is rounded once.
    """
    square, lost = exact_square(x)
    return (square * -scale).exp() * (factor - factor * (lost * scale))


def erfc(x: Term) -> Term:
    """1 - erf(x) below a half; beyond, exp(-x x) times a polynomial, or 2 minus it for negative x."""
    t = abs(x).min(10.1)
    past = t + 1.0
    tail = times_exp_of_negated_square(polynomial((t - 1.5) / past, ERFCX) / past, t, 1.0)
    far = (x < 0.0).select(2.0 - tail, tail)
    return (t < 0.5).select(1.0 - (x + x * polynomial(x * x, ERF)), far)


def gelu(x: Term) -> Term:
    """max(x, 0) - |x| Q(|x|) with Q(x) = erfc(x / sqrt 2) / 2: no cancellation on either side.

    x Q(x) exp(x x / 2) is u P(u) with u = x / (x + 1.6).
    """
    t = abs(x).min(14.3)
    u = t / (t + 1.6)
    return x.apply("relu") - times_exp_of_negated_square(u * polynomial(u, GELU_TAIL), t, 0.5)


def gelu_tanh(x: Term) -> Term:
    """x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x**3), as x e / (1 + e) with e = exp(-2 |u|) where x < 0.

    The exponent reaches -104, so it is held in two floats.
    """
    t = abs(x).min(12.0)
    cubic, linear = -2.0 * sqrt(2.0 / pi) * 0.044715, -2.0 * sqrt(2.0 / pi)
    square_high, square_low = exact_square(t)
    inner_high, inner_low = _scaled(square_high, cubic)
    inner_low = inner_low + square_low * cubic
    linear_high, linear_low = _parts(linear)
    sum_high, sum_low = exact_sum(inner_high, t.constant(linear_high))
    sum_low = sum_low + (inner_low + linear_low)
    high, low = exact_product(sum_high, t)
    high, low = ordered_sum(high, low + sum_low * t)
    correction = low + 1.0
    e = high.max(-80.0).exp()
    below = -(e * (t * correction * (high + 80.0).min(0.0).exp()))  # a subnormal exponential would lose bits
    return (x < 0.0).select(below, x) / (e * correction + 1.0)


def erfinv(x: Term) -> Term:
    """x P(w), w = -log(1 - x x), with two polynomials after Giles (2012); infinite at 1, NaN beyond."""
    w = -((1.0 - x) * (x + 1.0)).log()
    near = polynomial(w - 2.5, ERFINV_NEAR)
    far = polynomial(w.sqrt() - 3.0, ERFINV_FAR)
    inside = x * (w < 5.0).select(near, far)
    return abs(x).equal(1.0).select(x * inf, inside)


def _parts(value: float) -> tuple[float, float]:
    """`value` as a float of 12 significant bits plus a rest."""
    scaled = value * (2.0**41 + 1.0)
    high = scaled - (scaled - value)
    return high, value - high


def _scaled(x: Term, factor: float) -> tuple[Term, Term]:
    """x times a constant as high + low."""
    factor_high, factor_low = _parts(factor)
    high, low = exact_product(x, x.constant(factor_high))
    return high, low + x * factor_low
