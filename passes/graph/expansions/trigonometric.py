"""Expansions of the trigonometric functions and their inverses; all in f32, errors below 4 ulp.

Sine, cosine and tangent are accurate for absolute values up to 102943 (65536 quarter turns), over which the products
of the reduction are exact; beyond, no digit of the result is promised. Infinities give NaN.
"""

from __future__ import annotations

from math import pi

from passes.graph.expansions.polynomials import ASIN, ATAN, COS, SIN
from passes.graph.expansions.term import Term, polynomial, with_sign_of

QUARTER_TURN = (
    float.fromhex("0x1.921ep+0"),
    float.fromhex("0x1.b544p-16"),
    float.fromhex("0x1.0b44p-34"),
    float.fromhex("0x1.08d314p-49"),
)
"""pi / 2 in three parts of at most 16 significant bits, whose products with 8-bit integers are exact, and a rest."""


def reduce(x: Term) -> tuple[Term, Term]:
    """Cody and Waite's reduction: the nearest number of quarter turns n and x - n pi / 2, correct to f32.

    n is split into a multiple of 256 and a remainder of 8 bits so that every product with a part of pi / 2 is exact;
    what the subtractions round off is collected in a tail.
    """
    n = (x * (2.0 / pi)).round()
    coarse = (n * (1.0 / 256.0)).round() * 256.0
    fine = n - coarse
    first, second, third, rest = QUARTER_TURN
    r = (x - coarse * first) - fine * first - coarse * second
    r, tail = _difference(r, fine * second)
    r, error = _difference(r, coarse * third)
    tail = tail + error
    r, error = _difference(r, fine * third)
    return n, r + (tail + error - n * rest)


def _difference(r: Term, product: Term) -> tuple[Term, Term]:
    """The rounded difference and what the rounding lost; exact, as either r is the larger or nothing is lost."""
    high = r - product
    return high, (r - high) - product


def _sine_and_cosine(r: Term) -> tuple[Term, Term]:
    z = r * r
    sine = r + r * z * polynomial(z, SIN)
    cosine = z * (z * polynomial(z, COS) - 0.5) + 1.0
    return sine, cosine


def _in_quadrant(sine: Term, cosine: Term, n: Term) -> Term:
    """The sine after n quarter turns more: the cosine for odd n, negated for n mod 4 >= 2."""
    quadrant = n - (n * 0.25).floor() * 4.0
    odd = (quadrant - (quadrant * 0.5).floor() * 2.0) > 0.5
    result = odd.select(cosine, sine)
    return (quadrant > 1.5).select(-result, result)


def sin(x: Term) -> Term:
    """The polynomial of the reduced argument's quadrant."""
    n, r = reduce(x)
    sine, cosine = _sine_and_cosine(r)
    return _in_quadrant(sine, cosine, n)


def cos(x: Term) -> Term:
    """The sine a quarter turn on."""
    n, r = reduce(x)
    sine, cosine = _sine_and_cosine(r)
    return _in_quadrant(sine, cosine, n + 1.0)


def tan(x: Term) -> Term:
    """sin / cos of the reduced argument, or -cos / sin after an odd number of quarter turns."""
    n, r = reduce(x)
    sine, cosine = _sine_and_cosine(r)
    odd = (n - (n * 0.5).floor() * 2.0) > 0.5
    return odd.select(-cosine, sine) / odd.select(sine, cosine)


PI_HIGH, PI_LOW = 3.1415927410125732, -8.742278000372475e-08
"""pi as the sum of two floats."""


def _arcsine_parts(x: Term) -> tuple[Term, Term]:
    """Whether |x| <= 0.5, and asin of |x| there; of sqrt((1 - |x|) / 2) where it is not."""
    a = abs(x)
    near = a <= 0.5
    half = (1.0 - a) * 0.5
    z = near.select(a * a, half)
    s = near.select(a, half.sqrt())
    return near, s + s * z * polynomial(z, ASIN)


def asin(x: Term) -> Term:
    """A polynomial up to a half, pi / 2 - 2 asin(sqrt((1 - |x|) / 2)) beyond; NaN outside [-1, 1]."""
    near, part = _arcsine_parts(x)
    return with_sign_of(near.select(part, PI_HIGH / 2 - (part * 2.0 - PI_LOW / 2)), x)


def acos(x: Term) -> Term:
    """pi / 2 - asin(x) up to a half, 2 asin(sqrt((1 - |x|) / 2)) or pi minus it beyond; NaN outside [-1, 1]."""
    near, part = _arcsine_parts(x)
    negative = x < 0.0
    middle = PI_HIGH / 2 - (with_sign_of(part, x) - PI_LOW / 2)
    twice = part * 2.0
    return near.select(middle, negative.select(PI_HIGH - (twice - PI_LOW), twice))


def _arctangent_of_ratio(smaller: Term, larger: Term) -> Term:
    t = smaller / larger
    z = t * t
    return t + t * z * polynomial(z, ATAN)


def atan(x: Term) -> Term:
    """A polynomial of |x| or of 1 / |x|."""
    a = abs(x)
    r = _arctangent_of_ratio(a.min(1.0), a.max(1.0))
    return with_sign_of((a > 1.0).select(PI_HIGH / 2 - (r - PI_LOW / 2), r), x)


def _is_negative(x: Term) -> Term:
    """Below zero, or minus zero."""
    return (x < 0.0) | (x.apply("reciprocal") < 0.0)


def atan2(y: Term, x: Term) -> Term:
    """The angle of the point (x, y), signs of zeros and infinities as in C."""
    a, b = abs(y), abs(x)
    smaller, larger = a.min(b), a.max(b)
    same = smaller.equal(larger)  # 0 / 0 and inf / inf have a meaning here
    zero = larger.equal(0.0)
    ratio = _arctangent_of_ratio(same.select(1.0, smaller), same.select(1.0, larger))
    r = zero.select(0.0, ratio)
    r = (a > b).select(PI_HIGH / 2 - (r - PI_LOW / 2), r)
    r = _is_negative(x).select(PI_HIGH - (r - PI_LOW), r)
    return _is_negative(y).select(-r, r)
