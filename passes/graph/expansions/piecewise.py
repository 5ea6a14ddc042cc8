"""Expansions of functions made of comparisons and straight lines."""

from __future__ import annotations

from math import inf

from passes.graph.expansions.term import Term


def sign(x: Term) -> Term:
    """-1, 0 or 1; 0 for NaN, as torch."""
    if x.dtype == "f32":
        return (x > 0.0).select(1.0, (x < 0.0).select(x.constant(-1.0), 0.0))
    return x.max(-1).min(1)


def is_nan(x: Term) -> Term:
    """NaN alone differs from itself."""
    return x.differs(x)


def is_inf(x: Term) -> Term:
    """Whether the size is infinite."""
    return abs(x).equal(inf)


def hardsigmoid(x: Term) -> Term:
    """min(max(x + 3, 0), 6) / 6."""
    return (x + 3.0).max(0.0).min(6.0) / 6.0


def hardswish(x: Term) -> Term:
    """x hardsigmoid(x), which does not overflow as the product with up to 6 would."""
    return x * hardsigmoid(x)


def leaky_relu(x: Term, slope: float) -> Term:
    """x above zero, slope * x below."""
    return (x > 0.0).select(x, x * slope)


def exclusive_or(x: Term, y: Term) -> Term:
    """Of truth values (x or y) and not (x and y); of integers the difference of or and and."""
    both = x & y
    return ((x | y) & ~both) if x.dtype == "i1" else (x | y) - both


def integer_abs(x: Term) -> Term:
    """max(x, -x); the smallest integer stays itself, as in torch."""
    return x.max(0 - x)


def integer_neg(x: Term) -> Term:
    """0 - x."""
    return 0 - x


def integer_relu(x: Term) -> Term:
    """max(x, 0)."""
    return x.max(0)


def either(x: Term, y: Term) -> Term:
    """The larger of two truth values."""
    return x | y


def both(x: Term, y: Term) -> Term:
    """The smaller of two truth values."""
    return x & y
