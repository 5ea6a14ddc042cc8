"""Derives the polynomials of the expansions again and compares."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from numpy.polynomial import chebyshev
from scipy import special

from passes.graph.expansions import polynomials

QUARTER = (math.pi / 4 + 1e-3) ** 2


def lawson(function, low, high, degree, weight, nodes=1000, rounds=100):
    """The polynomial with the smallest largest |weight * error| on [low, high], lowest power first, and that error."""
    t = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    x = (t + 1) / 2 * (high - low) + low
    values, weights = function(x), weight(x)
    basis, emphasis = chebyshev.chebvander(t, degree), np.full(nodes, 1 / nodes)
    error = np.zeros(nodes)
    coefficients = np.zeros(degree + 1)
    for _ in range(rounds):
        scale = np.sqrt(emphasis) * weights
        coefficients = np.linalg.lstsq(basis * scale[:, None], values * scale, rcond=None)[0]
        error = np.abs((basis @ coefficients - values) * weights)
        emphasis = emphasis * error
        emphasis /= emphasis.sum()
    series = chebyshev.Chebyshev(coefficients, domain=[low, high])
    return series.convert(kind=np.polynomial.Polynomial).coef, error.max()


def exactly(function):
    """A function of arrays, computed with 40 digits (the differences cancel in double precision)."""

    def apply(x):
        with mpmath.workdps(40):
            return np.array([float(function(mpmath.mpf(float(value)))) for value in x])

    return apply


def odd(function):
    """(f(x) - x) / x**3 in z = x**2."""
    return exactly(lambda z: (function(mpmath.sqrt(z)) - mpmath.sqrt(z)) / mpmath.sqrt(z) ** 3)


def odd_weight(function):
    return lambda z: z * np.sqrt(z) / function(np.sqrt(z))


def erfcx_of(s):
    x = (1.5 + s) / (1 - s)
    return (x + 1) * special.erfcx(x)


def gelu_tail_of(u):
    x = 1.6 * u / (1 - u)
    return 0.5 * (x + 1.6) * special.erfcx(x / math.sqrt(2))


def erfinv_ratio(w):
    """erfinv(x) / x at w = -log(1 - x**2)."""
    x = np.sqrt(-np.expm1(-w))
    return np.where(w > 1, special.erfcinv(np.exp(-w) / (1 + x)), special.erfinv(x)) / x


FITS = {
    "TANH": (odd(mpmath.tanh), 1e-6, 0.36, odd_weight(np.tanh), -28),
    "EXPM1": (
        exactly(lambda x: (mpmath.expm1(x) - x) / x**2),
        -0.25,
        0.25001,
        lambda x: x * x / np.abs(np.expm1(x)),
        -28.9,
    ),
    "SINH": (odd(mpmath.sinh), 1e-6, 1.0, odd_weight(np.sinh), -34),
    "SIN": (odd(mpmath.sin), 1e-6, QUARTER, odd_weight(np.sin), -27.9),
    "COS": (
        exactly(lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2),
        1e-4,
        QUARTER,
        lambda z: z * z / np.cos(np.sqrt(z)),
        -32.9,
    ),
    "ASIN": (odd(mpmath.asin), 1e-6, 0.25, odd_weight(np.arcsin), -27.5),
    "ATAN": (odd(mpmath.atan), 1e-6, 1.0, odd_weight(np.arctan), -28.4),
    "ERF": (
        exactly(lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1),
        1e-6,
        0.93**2,
        lambda z: np.sqrt(z) / special.erf(np.sqrt(z)),
        -31,
    ),
    "LOG_ERFC": (
        exactly(lambda t: (-mpmath.log(mpmath.erfc(t)) - t) / t),
        0.9,
        4.0,
        lambda t: t * special.erfc(t) / special.erf(t),
        -28,
    ),
    "ERFCX": (erfcx_of, -1 / 1.5, 8.6 / 11.1, lambda s: 1 / erfcx_of(s), -29),
    "GELU_TAIL": (gelu_tail_of, 0.0, 14.3 / 15.9, lambda u: 1 / gelu_tail_of(u), -26),
    "ERFINV_NEAR": (lambda s: erfinv_ratio(s + 2.5), -2.5 + 1e-7, 2.5, lambda s: 1 / erfinv_ratio(s + 2.5), -27),
    "ERFINV_FAR": (
        lambda s: erfinv_ratio((s + 3) ** 2),
        math.sqrt(5) - 3,
        1.05,
        lambda s: 1 / erfinv_ratio((s + 3) ** 2),
        -26.5,
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_coefficients_are_the_minimax_fit(name):
    function, low, high, weight, bits = FITS[name]
    stored = getattr(polynomials, name)
    fitted, error = lawson(function, low, high, len(stored) - 1, weight)
    assert math.log2(error) <= bits
    x = np.linspace(low, high, 1000)
    difference = np.polynomial.polynomial.polyval(x, stored) - np.polynomial.polynomial.polyval(x, fitted)
    # Equal but for the rounding of the coefficients to f32.
    assert np.abs(difference).max() <= 2.0**-24 * np.abs(stored).sum()
    assert all(float(np.float32(value)) == value for value in stored)
