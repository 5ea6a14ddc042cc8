"""Expansions of exponentials, logarithms and hyperbolic functions; all in f32, errors below 4 ulp."""

from __future__ import annotations

from math import log

from passes.graph.expansions.polynomials import EXPM1, SINH, TANH
from passes.graph.expansions.term import Term, ordered_sum, polynomial, with_sign_of

LN2_HIGH = 0.693145751953125
"""ln 2 to 15 significant bits: its product with an integer below 2**9 is exact in f32."""
LN2_LOW = log(2.0) - LN2_HIGH
"""What LN2_HIGH leaves."""


def exp_of_sum(high: Term, low: Term) -> Term:
    """exp(high + low) for a low part below 2**-15 (its square is dropped)."""
    return high.exp() * (low + 1.0)


def exp2(x: Term) -> Term:
    """2**x = exp(n ln 2 + f ln 2) with n the nearest integer, the exponent held in two floats."""
    x = x.max(-160.0).min(129.0)
    n = x.round()
    high, low = ordered_sum(n * LN2_HIGH, (x - n) * log(2.0) + n * LN2_LOW)
    return exp_of_sum(high, low)


def expm1(x: Term) -> Term:
    """A polynomial below a quarter, exp(x) - 1 beyond, where the subtraction costs two bits at most."""
    return (abs(x) < 0.25).select(x + x * x * polynomial(x, EXPM1), x.exp() - 1.0)


def log1p(x: Term) -> Term:
    """log(u) + c / u, where u is 1 + x rounded and c what the rounding lost."""
    u = x + 1.0
    lost = (x < 16777216.0).select(x - (u - 1.0), 0.0)
    return u.log() + lost / u.max(1e-30)


def log2(x: Term) -> Term:
    """log(x) / ln 2."""
    return x.log() * (1.0 / log(2.0))


def log10(x: Term) -> Term:
    """log(x) / ln 10."""
    return x.log() * (1.0 / log(10.0))


def sigmoid(x: Term) -> Term:
    """e**min(x, 0) / (1 + e**-|x|): no overflow, and accurate down to subnormal results."""
    e = (-abs(x)).exp()
    return (x < 0.0).select(e, 1.0) / (e + 1.0)


def silu(x: Term) -> Term:
    """x * sigmoid(x) with one division; e**-|x| is used as the square of h so that x e**x keeps its last bits."""
    h = (abs(x) * -0.5).exp()
    return (x < 0.0).select(x * h * h, x) / (h * h + 1.0)


def softplus(x: Term) -> Term:
    """max(x, 0) + log1p(e**-|x|)."""
    return x.apply("relu") + log1p((-abs(x)).exp())


def mish(x: Term) -> Term:
    """x tanh(softplus(x)) = x / (1 + 2 e e / (1 + 2 e)) with e = exp(-x), and x e / (e + 2 / (e + 2)) with e = exp(x)
    for negative x: no cancellation and no overflow."""
    e = (-abs(x).min(80.0)).exp()
    negative = x < 0.0
    one_or_e, e_or_one = negative.select(e, 1.0), negative.select(1.0, e)
    twice = e_or_one * 2.0
    # Beyond 80 the product of two exponentials keeps the bits that a subnormal one would lose.
    return x * (x + 80.0).min(0.0).exp() * one_or_e / (one_or_e + e_or_one * twice / (one_or_e + twice))


def tanh(x: Term) -> Term:
    """A polynomial below 0.6, (1 - e) / (1 + e) with e = exp(-2 |x|) beyond."""
    e = (abs(x) * -2.0).exp()
    far = with_sign_of((1.0 - e) / (e + 1.0), x)
    z = x * x
    return (abs(x) < 0.6).select(x + x * z * polynomial(z, TANH), far)


def sinh(x: Term) -> Term:
    """A polynomial below 1; beyond, h h / 2 - 1 / (2 h h) with h = exp(|x| / 2) overflows only where sinh does."""
    z = x * x
    h = (abs(x) * 0.5).exp()
    far = (h * 0.5) * h - 0.5 / h / h
    return (abs(x) < 1.0).select(x + x * z * polynomial(z, SINH), with_sign_of(far, x))


def cosh(x: Term) -> Term:
    """h h / 2 + 1 / (2 h h) with h = exp(|x| / 2)."""
    h = (abs(x) * 0.5).exp()
    return (h * 0.5) * h + 0.5 / h / h


def asinh(x: Term) -> Term:
    """log1p(a + a a / (1 + sqrt(1 + a a))) of a = |x|, and log(a) + ln 2 where the square would overflow."""
    a = abs(x)
    square = a * a
    near = log1p(a + square / ((square + 1.0).sqrt() + 1.0))
    return with_sign_of((a < 65536.0).select(near, a.log() + log(2.0)), x)


def acosh(x: Term) -> Term:
    """log1p(t + sqrt(t) sqrt(t + 2)) of t = x - 1; NaN below 1."""
    t = x - 1.0
    near = log1p(t + t.sqrt() * (t + 2.0).sqrt())
    return (x > 65536.0).select(x.log() + log(2.0), near)


def atanh(x: Term) -> Term:
    """log1p(2 a / (1 - a)) / 2 of a = |x|; infinite at 1, NaN beyond."""
    a = abs(x)
    return with_sign_of(log1p(a * 2.0 / (1.0 - a)) * 0.5, x)


def elu(x: Term, alpha: float, scale: float, input_scale: float) -> Term:
    """scale * x above zero, scale * alpha * expm1(input_scale * x) below."""
    below = expm1(x.min(0.0) * input_scale if input_scale != 1.0 else x.min(0.0)) * (alpha * scale)
    return (x > 0.0).select(x * scale if scale != 1.0 else x, below)
