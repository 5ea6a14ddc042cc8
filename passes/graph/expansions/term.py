"""Terms: graph values with Python's operators, in which the expansions of mathematical functions are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Emitter(Protocol):
    """What makes the operations; every value it makes has the shape of the expanded operation.

    Values are opaque to the expansions. `dtype` is a short name of an element type: "f32", "i32" or "i1".
    """

    def constant(self, value: float, dtype: str) -> Any:
        """A splat of `value`."""
        ...

    def apply(self, name: str, operands: Sequence[Any], dtype: str) -> Any:
        """The pointwise primitive `name` of the operands, its result in `dtype`."""
        ...

    def compare(self, predicate: str, lhs: Any, rhs: Any) -> Any:
        """The comparison of two values, a truth value ("i1") each element."""
        ...


@dataclass(frozen=True, eq=False)
class Term:
    """One value in an expansion; numbers on the other side of an operator become splats of the term's own type."""

    emit: Emitter
    value: Any
    dtype: str

    def constant(self, value: float) -> Term:
        """A splat of the same type and shape as this term."""
        return Term(self.emit, self.emit.constant(value, self.dtype), self.dtype)

    def apply(self, name: str, *others: Term | float) -> Term:
        """The primitive `name` of this term and the others; the result has this term's type."""
        operands = [self.value, *(self._value(other) for other in others)]
        return Term(self.emit, self.emit.apply(name, operands, self.dtype), self.dtype)

    def cast(self, dtype: str) -> Term:
        """Converted to another element type; float to integer truncates."""
        return Term(self.emit, self.emit.apply("cast", [self.value], dtype), dtype)

    def _value(self, other: Term | float) -> Any:
        return other.value if isinstance(other, Term) else self.emit.constant(other, self.dtype)

    def _compare(self, predicate: str, other: Term | float) -> Term:
        return Term(self.emit, self.emit.compare(predicate, self.value, self._value(other)), "i1")

    def __add__(self, other: Term | float) -> Term:
        """The sum."""
        return self.apply("add", other)

    def __radd__(self, other: float) -> Term:
        """The sum with a number."""
        return self.constant(other).apply("add", self)

    def __sub__(self, other: Term | float) -> Term:
        """The difference."""
        return self.apply("sub", other)

    def __rsub__(self, other: float) -> Term:
        """The difference from a number."""
        return self.constant(other).apply("sub", self)

    def __mul__(self, other: Term | float) -> Term:
        """The product."""
        return self.apply("mul", other)

    def __rmul__(self, other: float) -> Term:
        """The product with a number."""
        return self.apply("mul", other)

    def __truediv__(self, other: Term | float) -> Term:
        """The quotient."""
        return self.apply("div", other)

    def __rtruediv__(self, other: float) -> Term:
        """The quotient of a number; of 1, an instruction of its own."""
        return self.apply("reciprocal") if other == 1.0 else self.constant(other).apply("div", self)

    def __neg__(self) -> Term:
        """The negation."""
        return self.apply("neg")

    def __abs__(self) -> Term:
        """The size."""
        return self.apply("abs")

    def __lt__(self, other: Term | float) -> Term:
        """Where it is less."""
        return self._compare("lt", other)

    def __le__(self, other: Term | float) -> Term:
        """Where it is less or equal."""
        return self._compare("le", other)

    def __gt__(self, other: Term | float) -> Term:
        """Where it is greater."""
        return self._compare("gt", other)

    def __ge__(self, other: Term | float) -> Term:
        """Where it is greater or equal."""
        return self._compare("ge", other)

    def equal(self, other: Term | float) -> Term:
        """Where both are equal (a truth value each element; never for NaN)."""
        return self._compare("eq", other)

    def differs(self, other: Term | float) -> Term:
        """Where they differ (a truth value each element; always for NaN)."""
        return self._compare("ne", other)

    def __and__(self, other: Term) -> Term:
        """Both (bitwise of integers)."""
        return self.apply("and", other)

    def __or__(self, other: Term) -> Term:
        """Either (bitwise of integers)."""
        return self.apply("or", other)

    def __invert__(self) -> Term:
        """The complement."""
        return self.apply("not")

    def select(self, positive: Term | float, negative: Term | float) -> Term:
        """`positive` where this truth value holds, else `negative`; one of them must be a term."""
        like = positive if isinstance(positive, Term) else negative
        if not isinstance(like, Term):
            raise TypeError("select needs at least one term to know its element type")
        operands = [self.value] + [
            side.value if isinstance(side, Term) else self.emit.constant(side, like.dtype)
            for side in (positive, negative)
        ]
        return Term(self.emit, self.emit.apply("select", operands, like.dtype), like.dtype)

    def exp(self) -> Term:
        """e to the power of the term (an instruction, correctly rounded)."""
        return self.apply("exp")

    def log(self) -> Term:
        """The natural logarithm (an instruction, correctly rounded)."""
        return self.apply("log")

    def sqrt(self) -> Term:
        """The square root (an instruction, correctly rounded)."""
        return self.apply("sqrt")

    def floor(self) -> Term:
        """Rounded towards minus infinity, still a float."""
        return self.apply("floor")

    def round(self) -> Term:
        """Rounded to the nearest integer, ties to even, still a float."""
        return self.apply("round")

    def trunc(self) -> Term:
        """Rounded towards zero, still a float."""
        return self.apply("trunc")

    def max(self, other: Term | float) -> Term:
        """The larger one; NaN if either is."""
        return self.apply("max", other)

    def min(self, other: Term | float) -> Term:
        """The smaller one; NaN if either is."""
        return self.apply("min", other)


def polynomial(x: Term, coefficients: Sequence[float]) -> Term:
    """The value at x of the polynomial with these coefficients, lowest power first, by Horner's rule."""
    result = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        result = result * x + coefficient
    return result


def with_sign_of(magnitude: Term, x: Term) -> Term:
    """`magnitude`, negated where x is below zero."""
    return (x < 0.0).select(-magnitude, magnitude)


def split(x: Term) -> tuple[Term, Term]:
    """Veltkamp's splitting: x = high + low exactly, each of at most 12 significant bits; |x| below 2**115."""
    scaled = x * 4097.0
    high = scaled - (scaled - x)
    return high, x - high


def exact_product(x: Term, y: Term) -> tuple[Term, Term]:
    """Dekker's product: x * y = high + low exactly, high being the rounded product (no overflow, no underflow)."""
    x_high, x_low = split(x)
    y_high, y_low = split(y)
    high = x * y
    return high, ((x_high * y_high - high) + x_high * y_low + x_low * y_high) + x_low * y_low


def exact_square(x: Term) -> tuple[Term, Term]:
    """x * x = high + low exactly, high being the rounded square (no overflow, no underflow)."""
    x_high, x_low = split(x)
    high = x * x
    return high, (x_high * x_high - high) + (x_high * 2.0) * x_low + x_low * x_low


def exact_sum(x: Term, y: Term) -> tuple[Term, Term]:
    """Knuth's sum: x + y = high + low exactly, whatever their magnitudes."""
    high = x + y
    virtual = high - x
    return high, (x - (high - virtual)) + (y - virtual)


def ordered_sum(larger: Term, smaller: Term) -> tuple[Term, Term]:
    """Dekker's sum: larger + smaller = high + low exactly if |larger| >= |smaller|."""
    high = larger + smaller
    return high, smaller - (high - larger)
