"""Arithmetic of complex numbers, in their real and imaginary parts."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    AndOp,
    Atan2Op,
    CosOp,
    DivOp,
    ExpOp,
    LogOp,
    MulOp,
    NegOp,
    OrOp,
    ReciprocalOp,
    SinOp,
    SubOp,
)
from passes.aten.builder import GraphBuilder
from passes.aten.complex_call import IMAGINARY, REAL, ComplexCall
from passes.aten.families.binary import magnitude
from passes.aten.promotion import computation_type
from passes.aten.registry import handlers, handles_complex


@handles_complex("_conj", "conj", "_conj_physical", "conj_physical")
def conjugate(call: ComplexCall) -> Sequence[SSAValue]:
    """The imaginary part negated."""
    real, imaginary = call.pair("self")
    return [real, call.build.apply(NegOp, imaginary)]


@handles_complex("polar")
def polar(call: ComplexCall) -> Sequence[SSAValue]:
    """A magnitude and an angle."""
    build, shape, element = call.build, call.result_shape, call.result_element
    size, angle = (build.spread(call.tensor(name), shape, element) for name in ("abs", "angle"))
    return [build.combine(MulOp, size, build.apply(function, angle)) for function in (CosOp, SinOp)]


@handles_complex("abs", "angle")
def size_or_angle(call: ComplexCall) -> Sequence[SSAValue]:
    """The distance from zero, or the angle with the real axis in (-pi, pi]."""
    real, imaginary = call.pair("self")
    if ".abs." in call.op.overload.data:
        return [magnitude(call.build, real, imaginary)]
    return [call.build.combine(Atan2Op, imaginary, real)]


@handles_complex("exp")
def exponential(call: ComplexCall) -> Sequence[SSAValue]:
    """The exponential of the real part, turned by the imaginary part."""
    build, (real, angle) = call.build, call.pair("self")
    size = build.apply(ExpOp, real)
    return [build.combine(MulOp, size, build.apply(function, angle)) for function in (CosOp, SinOp)]


@handles_complex("log")
def logarithm(call: ComplexCall) -> Sequence[SSAValue]:
    """The logarithm of the distance from zero, and the angle."""
    build, (real, imaginary) = call.build, call.pair("self")
    return [build.apply(LogOp, magnitude(build, real, imaginary)), build.combine(Atan2Op, imaginary, real)]


@handles_complex(
    "mul.Tensor",
    "mul.Scalar",
    "multiply.Tensor",
    "mm",
    "bmm",
    "matmul",
    "linalg_matmul",
    "dot",
    "mv",
    "inner",
    "outer",
    "ger",
)
def product(call: ComplexCall) -> Sequence[SSAValue]:
    """A product of any kind: (a + bi)(c + di) = (ac - bd) + (ad + bc)i."""
    first, second = (name for name, _ in call.op.arguments.data[:2])
    handler = handlers()[call.op.overload.data]

    def times(left: int, right: int) -> SSAValue:
        result = handler(call.with_parts(lambda name: left if name == first else right))
        assert isinstance(result, SSAValue)
        return result

    if call.is_real(first):
        return [times(REAL, REAL), times(REAL, IMAGINARY)]
    if call.is_real(second):
        return [times(REAL, REAL), times(IMAGINARY, REAL)]
    build = call.build
    return [
        build.combine(SubOp, times(REAL, REAL), times(IMAGINARY, IMAGINARY)),
        build.combine(AddOp, times(REAL, IMAGINARY), times(IMAGINARY, REAL)),
    ]


@handles_complex("square")
def square(call: ComplexCall) -> Sequence[SSAValue]:
    """The product with itself."""
    build, (real, imaginary) = call.build, call.pair("self")
    mixed = build.combine(MulOp, real, imaginary)
    squares = [build.combine(MulOp, part, part) for part in (real, imaginary)]
    return [build.combine(SubOp, *squares), build.combine(AddOp, mixed, mixed)]


@handles_complex("div.Tensor", "div.Scalar", "divide.Tensor", "true_divide.Tensor")
def quotient(call: ComplexCall) -> Sequence[SSAValue]:
    """Both parts divided by a real number, or the quotient of two complex ones."""
    build, (real, imaginary) = call.build, call.pair("self")
    divisor = call.pair("other")
    if call.is_real("other"):
        return [build.combine(DivOp, part, divisor[REAL]) for part in (real, imaginary)]
    return _divided(build, (real, imaginary), divisor)


@handles_complex("reciprocal")
def inverse(call: ComplexCall) -> Sequence[SSAValue]:
    """One divided by a complex number."""
    build, divisor = call.build, call.pair("self")
    return _divided(build, (build.full_like(1, divisor[REAL]), build.full_like(0, divisor[REAL])), divisor)


def _divided(
    build: GraphBuilder, number: tuple[SSAValue, SSAValue], divisor: tuple[SSAValue, SSAValue]
) -> Sequence[SSAValue]:
    """(a + bi) / (c + di), all scaled by the larger of |c| and |d|, so that squares do not overflow (R. L. Smith)."""
    (a, b), (c, d) = number, divisor
    upright = build.compare(build.apply(AbsOp, c), build.apply(AbsOp, d), "ge")
    large, small = build.select(upright, c, d), build.select(upright, d, c)
    first, second = build.select(upright, a, b), build.select(upright, b, a)
    ratio = build.combine(DivOp, small, large)
    scale = build.apply(ReciprocalOp, build.combine(AddOp, large, build.combine(MulOp, small, ratio)))
    real = build.combine(AddOp, first, build.combine(MulOp, second, ratio))
    turned = build.combine(SubOp, second, build.combine(MulOp, first, ratio))
    imaginary = build.select(upright, turned, build.apply(NegOp, turned))
    return [build.combine(MulOp, part, scale) for part in (real, imaginary)]


@handles_complex("eq.Tensor", "eq.Scalar", "ne.Tensor", "ne.Scalar")
def equal(call: ComplexCall) -> Sequence[SSAValue]:
    """Whether both parts are equal, or one of them differs."""
    predicate, op = ("eq", AndOp) if ".eq." in call.op.overload.data else ("ne", OrOp)
    build, shape = call.build, call.result_shape

    def compared(part: int) -> SSAValue:
        pair = [call.part(part).operand(name) for name in ("self", "other")]
        element = computation_type(pair)
        lhs, rhs = (build.spread(value, shape, element) for value in pair)
        return build.compare(lhs, rhs, predicate)

    return [build.combine(op, compared(REAL), compared(IMAGINARY))]
