"""Activation functions."""

from __future__ import annotations

from math import log

from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    DivOp,
    EluOp,
    Exp2Op,
    ExpOp,
    GeluOp,
    HardsigmoidOp,
    HardswishOp,
    LeakyReluOp,
    Log1pOp,
    MaxOp,
    MinOp,
    MishOp,
    MulOp,
    NegOp,
    ReluOp,
    SigmoidOp,
    SiluOp,
    SoftplusOp,
    SubOp,
    TanhOp,
)
from dialects.graph.pointwise import UnaryOp
from dialects.graph.types import shape_of
from passes.aten.call import Call
from passes.aten.registry import Handler, add_handler, handles

ACTIVATIONS: dict[str, type[UnaryOp]] = {
    "hardsigmoid": HardsigmoidOp,
    "hardswish": HardswishOp,
    "mish": MishOp,
    "relu": ReluOp,
    "silu": SiluOp,
}
"""Activations without parameters."""


def _activation(op: type[UnaryOp]) -> Handler:
    return lambda call: call.build.apply(op, call.tensor("self"))


for _name, _op in ACTIVATIONS.items():
    add_handler(_name, _activation(_op))


@handles("gelu")
def gelu(call: Call) -> SSAValue:
    """x Phi(x), exact or by the tanh formula."""
    return call.build.emit(GeluOp.make(call.tensor("self"), call.text("approximate", "none")))


@handles("softplus")
def softplus(call: Call) -> SSAValue:
    """log(1 + exp(beta x)) / beta."""
    beta, threshold = float(call.number("beta", 1)), float(call.number("threshold", 20))
    return call.build.emit(SoftplusOp.make(call.tensor("self"), beta, threshold))


@handles("elu")
def elu(call: Call) -> SSAValue:
    """Exponential below zero, linear above."""
    names = ("alpha", "scale", "input_scale")
    return call.build.emit(EluOp.make(call.tensor("self"), *(float(call.number(name, 1)) for name in names)))


@handles("selu")
def selu(call: Call) -> SSAValue:
    """ELU with the constants of self-normalising networks (Klambauer et al., 2017)."""
    return call.build.emit(EluOp.make(call.tensor("self"), 1.6732632423543772, 1.0507009873554805))


@handles("celu")
def celu(call: Call) -> SSAValue:
    """ELU made smooth for every alpha."""
    alpha = float(call.number("alpha", 1))
    return call.build.emit(EluOp.make(call.tensor("self"), alpha, 1.0, 1.0 / alpha))


@handles("leaky_relu")
def leaky_relu(call: Call) -> SSAValue:
    """x, scaled below zero."""
    return call.build.emit(LeakyReluOp.make(call.tensor("self"), float(call.number("negative_slope", 0.01))))


@handles("prelu", "_prelu_kernel")
def prelu(call: Call) -> SSAValue:
    """x, scaled below zero by one learnt slope a channel (axis 1)."""
    build, value, slope = call.build, call.tensor("self"), call.tensor("weight")
    shape = shape_of(value)
    if "_prelu_kernel" in call.op.overload.data or len(shape) < 2 or shape_of(slope) in ((), (1,)):
        slope = build.expand(slope, shape)
    else:
        slope = build.place(slope, shape, (1,))
    return build.select(build.compare(value, 0, "gt"), value, build.combine(MulOp, value, slope))


@handles("threshold")
def threshold(call: Call) -> SSAValue:
    """x where it is above the threshold, else a value."""
    build, value = call.build, call.tensor("self")
    below = build.compare(value, call.number("threshold"), "le")
    return build.select(below, build.full_like(call.number("value"), value), value)


@handles("hardshrink", "softshrink", "tanhshrink")
def shrink(call: Call) -> SSAValue:
    """x outside a band around zero (hard), moved toward zero by the band (soft), or less its tanh."""
    build, value, name = call.build, call.tensor("self"), call.op.overload.data
    if "tanhshrink" in name:
        return build.combine(SubOp, value, build.apply(TanhOp, value))
    band = call.number("lambd", 0.5)
    if "softshrink" in name:
        kept = build.combine(MinOp, build.combine(MaxOp, value, -band), band)
        return build.combine(SubOp, value, kept)
    inside = build.compare(build.apply(AbsOp, value), band, "le")
    return build.select(inside, build.full_like(0, value), value)


@handles("softsign")
def softsign(call: Call) -> SSAValue:
    """x / (1 + |x|)."""
    build, value = call.build, call.tensor("self")
    return build.combine(DivOp, value, build.combine(AddOp, build.apply(AbsOp, value), 1))


@handles("log_sigmoid", "log_sigmoid_forward")
def log_sigmoid(call: Call) -> SSAValue | tuple[SSAValue, ...]:
    """min(x, 0) - log(1 + exp(-|x|)), which neither overflows nor loses small values."""
    build, value = call.build, call.tensor("self")
    small = build.apply(ExpOp, build.apply(NegOp, build.apply(AbsOp, value)))
    result = build.combine(SubOp, build.combine(MinOp, value, 0), build.apply(Log1pOp, small))
    return result if len(call.op.outputs) == 1 else (result, call.unneeded(1, "buffer"))


@handles("logaddexp", "logaddexp2")
def logaddexp(call: Call) -> SSAValue:
    """log(exp(a) + exp(b)) around the larger, to base e or 2; equal infinities stay themselves."""
    build, shape, two = call.build, call.result_shape, "logaddexp2" in call.op.overload.data
    lhs, rhs = (build.spread(call.tensor(name), shape, call.result_element) for name in ("self", "other"))
    large, small = build.combine(MaxOp, lhs, rhs), build.combine(MinOp, lhs, rhs)
    same = build.compare(large, small, "eq")
    gap = build.select(same, build.full_like(0, large), build.combine(SubOp, small, large))
    grown = build.apply(Log1pOp, build.apply(Exp2Op if two else ExpOp, gap))
    if two:
        grown = build.combine(MulOp, grown, 1 / log(2))
    infinite = build.compare(build.apply(AbsOp, large), float("inf"), "eq")
    return build.select(infinite, large, build.combine(AddOp, large, grown))


@handles("glu")
def glu(call: Call) -> SSAValue:
    """The first half of an axis times the sigmoid of the second."""
    build, value = call.build, call.tensor("self")
    axis = call.axis("dim", len(shape_of(value)), -1)
    half = shape_of(value)[axis] // 2
    first, second = build.slice(value, axis, 0, half), build.slice(value, axis, half, 2 * half)
    return build.combine(MulOp, first, build.apply(SigmoidOp, second))
