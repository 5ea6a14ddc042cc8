"""Pointwise operators of one tensor. A new one that has a graph op is one line of the table."""

from __future__ import annotations

from math import inf, pi

from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AcoshOp,
    AcosOp,
    AsinhOp,
    AsinOp,
    AtanhOp,
    AtanOp,
    CeilOp,
    CoshOp,
    CosOp,
    DivOp,
    ErfcOp,
    ErfinvOp,
    ErfOp,
    Exp2Op,
    Expm1Op,
    ExpOp,
    FloorOp,
    IsInfOp,
    IsNanOp,
    Log1pOp,
    Log2Op,
    Log10Op,
    LogOp,
    MaxOp,
    MinOp,
    MulOp,
    NegOp,
    NotOp,
    OrOp,
    ReciprocalOp,
    RoundOp,
    RsqrtOp,
    SigmoidOp,
    SignOp,
    SinhOp,
    SinOp,
    SqrtOp,
    SubOp,
    TanhOp,
    TanOp,
    TruncOp,
)
from dialects.graph.pointwise import UnaryOp
from dialects.graph.types import element_of, is_bool, is_float
from passes.aten.call import Call
from passes.aten.registry import Handler, add_handler, handles

FLOAT_FUNCTIONS: dict[str, type[UnaryOp]] = {
    "acos": AcosOp,
    "acosh": AcoshOp,
    "asin": AsinOp,
    "asinh": AsinhOp,
    "atan": AtanOp,
    "atanh": AtanhOp,
    "cos": CosOp,
    "cosh": CoshOp,
    "erf": ErfOp,
    "erfc": ErfcOp,
    "erfinv": ErfinvOp,
    "exp": ExpOp,
    "exp2": Exp2Op,
    "expm1": Expm1Op,
    "log": LogOp,
    "log10": Log10Op,
    "log1p": Log1pOp,
    "log2": Log2Op,
    "reciprocal": ReciprocalOp,
    "rsqrt": RsqrtOp,
    "sigmoid": SigmoidOp,
    "sin": SinOp,
    "sinh": SinhOp,
    "special_erf": ErfOp,
    "special_erfc": ErfcOp,
    "special_erfinv": ErfinvOp,
    "special_exp2": Exp2Op,
    "special_expit": SigmoidOp,
    "special_expm1": Expm1Op,
    "special_log1p": Log1pOp,
    "sqrt": SqrtOp,
    "tan": TanOp,
    "tanh": TanhOp,
}
"""Functions whose result is a float: integers are cast first."""

KEPT_INTEGERS: dict[str, type[UnaryOp]] = {
    "ceil": CeilOp,
    "fix": TruncOp,
    "floor": FloorOp,
    "round": RoundOp,
    "trunc": TruncOp,
}
"""Functions that leave integers as they are."""

NUMBER_FUNCTIONS: dict[str, type[UnaryOp]] = {"abs": AbsOp, "neg": NegOp, "sgn": SignOp, "sign": SignOp}
"""Functions of integers and floats; abs and sign of a bool are the bool."""


def _float_function(op: type[UnaryOp]) -> Handler:
    def convert(call: Call) -> SSAValue:
        return call.build.apply(op, call.build.cast(call.tensor("self"), call.result_element))

    return convert


def _kept_integer(op: type[UnaryOp]) -> Handler:
    def convert(call: Call) -> SSAValue:
        value = call.tensor("self")
        return call.build.apply(op, value) if is_float(element_of(value)) else value

    return convert


def _number_function(op: type[UnaryOp]) -> Handler:
    def convert(call: Call) -> SSAValue:
        value = call.tensor("self")
        return value if is_bool(element_of(value)) else call.build.apply(op, value)

    return convert


for _name, _op in FLOAT_FUNCTIONS.items():
    add_handler(_name, _float_function(_op))
for _name, _op in KEPT_INTEGERS.items():
    add_handler(_name, _kept_integer(_op))
for _name, _op in NUMBER_FUNCTIONS.items():
    add_handler(_name, _number_function(_op))


@handles("round.decimals")
def round_decimals(call: Call) -> SSAValue:
    """Round to ``decimals`` places: scale, round, scale back, as torch computes it."""
    value, decimals = call.tensor("self"), call.integer("decimals")
    if not is_float(element_of(value)):
        return value
    scale = float(10 ** abs(decimals))
    first, second = (MulOp, DivOp) if decimals >= 0 else (DivOp, MulOp)
    rounded = call.build.apply(RoundOp, call.build.combine(first, value, scale))
    return call.build.combine(second, rounded, scale)


@handles("square")
def square(call: Call) -> SSAValue:
    """Square each element."""
    value = call.build.cast(call.tensor("self"), call.result_element)
    return call.build.combine(MulOp, value, value)


@handles("frac")
def frac(call: Call) -> SSAValue:
    """Take the fraction, with the sign of x."""
    value = call.tensor("self")
    return call.build.combine(SubOp, value, call.build.apply(TruncOp, value))


@handles("deg2rad", "rad2deg")
def degrees(call: Call) -> SSAValue:
    """Convert between degrees and radians."""
    factor = pi / 180 if "deg2rad" in call.op.overload.data else 180 / pi
    return call.build.combine(MulOp, call.build.cast(call.tensor("self"), call.result_element), factor)


@handles("logical_not")
def logical_not(call: Call) -> SSAValue:
    """Tell where elements are zero."""
    value = call.tensor("self")
    if is_bool(element_of(value)):
        return call.build.apply(NotOp, value)
    return call.build.compare(value, 0, "eq")


@handles("bitwise_not")
def bitwise_not(call: Call) -> SSAValue:
    """Flip every bit."""
    return call.build.apply(NotOp, call.tensor("self"))


@handles("isnan", "isinf", "isfinite", "isposinf", "isneginf")
def classify(call: Call) -> SSAValue:
    """Tell what kind of float each element is; integers are all finite."""
    value, build = call.tensor("self"), call.build
    name = call.op.overload.data.split(".")[1]
    if not is_float(element_of(value)):
        return build.full(name == "isfinite", call.result_shape, call.result_element)
    match name:
        case "isnan":
            return build.apply(IsNanOp, value)
        case "isinf":
            return build.apply(IsInfOp, value)
        case "isfinite":
            return build.compare(build.apply(AbsOp, value), inf, "lt")
        case _:
            return build.compare(value, inf if name == "isposinf" else -inf, "eq")


@handles("signbit")
def signbit(call: Call) -> SSAValue:
    """Tell where elements are negative (NaN counts as positive); 1 / x tells minus zero from zero."""
    value, build = call.tensor("self"), call.build
    if is_bool(element_of(value)):
        return build.full(False, call.result_shape, call.result_element)
    below = build.compare(value, 0, "lt")
    if not is_float(element_of(value)):
        return below
    minus_zero = build.compare(build.apply(ReciprocalOp, value), -inf, "eq")
    return build.combine(OrOp, below, minus_zero)


@handles("nan_to_num")
def nan_to_num(call: Call) -> SSAValue:
    """Replace NaN and infinities, by default by 0 and the largest finite values."""
    value, build = call.tensor("self"), call.build
    element = element_of(value)
    if not is_float(element):
        return value
    largest = FINITE_MAX[str(element)]
    top = call.number("posinf", largest)
    bottom = call.number("neginf", -largest)
    result = build.select(build.compare(value, inf, "eq"), build.full_like(top, value), value)
    result = build.select(build.compare(value, -inf, "eq"), build.full_like(bottom, value), result)
    return build.select(build.apply(IsNanOp, value), build.full_like(call.number("nan", 0.0), value), result)


FINITE_MAX: dict[str, float] = {
    "f16": 65504.0,
    "bf16": 3.3895313892515355e38,
    "f32": 3.4028234663852886e38,
    "f64": 1.7976931348623157e308,
}
"""The largest finite value of each float type (IEEE 754; bfloat16 as f32 cut to 16 bits)."""


@handles("logit", "special_logit")
def logit(call: Call) -> SSAValue:
    """log(x / (1 - x)), x kept ``eps`` away from 0 and 1 where that is given."""
    build = call.build
    value = build.cast(call.tensor("self"), call.result_element)
    if call.has("eps"):
        eps = call.number("eps")
        value = build.combine(MinOp, build.combine(MaxOp, value, eps), 1 - eps)
    rest = build.combine(SubOp, build.full_like(1, value), value)
    return build.apply(LogOp, build.combine(DivOp, value, rest))


@handles("sinc", "special_sinc")
def sinc(call: Call) -> SSAValue:
    """sin(pi x) / (pi x), 1 at 0."""
    build = call.build
    angle = build.combine(MulOp, build.cast(call.tensor("self"), call.result_element), pi)
    ratio = build.combine(DivOp, build.apply(SinOp, angle), angle)
    return build.select(build.compare(angle, 0, "eq"), build.full_like(1, angle), ratio)
