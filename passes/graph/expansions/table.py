"""The one table of the functions without an instruction: how each is computed from primitives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from dialects import graph
from dialects.graph.activation import EluOp, GeluOp, LeakyReluOp, SoftplusOp
from dialects.graph.operation import GraphOp
from passes.graph.expansions import (
    division,
    element_shifts,
    error_function,
    exponential,
    integer_division,
    piecewise,
    power,
    trigonometric,
)
from passes.graph.expansions.term import Term

Expansion: TypeAlias = Callable[[GraphOp, Sequence[Term]], Term]
"""Computes an op from its operands; floats come in f32."""


def _plain(function: Callable[..., Term]) -> Expansion:
    return lambda op, operands: function(*operands)


def _gelu(op: GraphOp, operands: Sequence[Term]) -> Term:
    approximate = cast("GeluOp", op).approximate.data
    return (error_function.gelu_tanh if approximate == "tanh" else error_function.gelu)(operands[0])


def _softplus(op: GraphOp, operands: Sequence[Term]) -> Term:
    """Torch returns x above a threshold; from 20 on the two differ by less than f32 shows."""
    (x,) = operands
    softplus = cast("SoftplusOp", op)
    beta, threshold = softplus.beta.value.data, softplus.threshold.value.data
    scaled = x if beta == 1.0 else x * beta
    result = exponential.softplus(scaled)
    result = result if beta == 1.0 else result / beta
    return result if threshold >= 20.0 else (scaled > threshold).select(x, result)


def _elu(op: GraphOp, operands: Sequence[Term]) -> Term:
    elu = cast("EluOp", op)
    return exponential.elu(operands[0], elu.alpha.value.data, elu.scale.value.data, elu.input_scale.value.data)


def _leaky_relu(op: GraphOp, operands: Sequence[Term]) -> Term:
    return piecewise.leaky_relu(operands[0], cast("LeakyReluOp", op).slope.value.data)


FLOAT_EXPANSIONS: dict[type[GraphOp], Expansion] = {
    graph.Exp2Op: _plain(exponential.exp2),
    graph.Expm1Op: _plain(exponential.expm1),
    graph.Log1pOp: _plain(exponential.log1p),
    graph.Log2Op: _plain(exponential.log2),
    graph.Log10Op: _plain(exponential.log10),
    graph.SinhOp: _plain(exponential.sinh),
    graph.CoshOp: _plain(exponential.cosh),
    graph.TanhOp: _plain(exponential.tanh),
    graph.AsinhOp: _plain(exponential.asinh),
    graph.AcoshOp: _plain(exponential.acosh),
    graph.AtanhOp: _plain(exponential.atanh),
    graph.SigmoidOp: _plain(exponential.sigmoid),
    graph.SiluOp: _plain(exponential.silu),
    graph.MishOp: _plain(exponential.mish),
    SoftplusOp: _softplus,
    EluOp: _elu,
    graph.ErfOp: _plain(error_function.erf),
    graph.ErfcOp: _plain(error_function.erfc),
    graph.ErfinvOp: _plain(error_function.erfinv),
    GeluOp: _gelu,
    graph.SinOp: _plain(trigonometric.sin),
    graph.CosOp: _plain(trigonometric.cos),
    graph.TanOp: _plain(trigonometric.tan),
    graph.AsinOp: _plain(trigonometric.asin),
    graph.AcosOp: _plain(trigonometric.acos),
    graph.AtanOp: _plain(trigonometric.atan),
    graph.Atan2Op: _plain(trigonometric.atan2),
    graph.PowOp: _plain(power.power),
    graph.RemOp: _plain(division.rem),
    graph.FmodOp: _plain(division.fmod),
    graph.FloorDivOp: _plain(division.floor_div),
    graph.SignOp: _plain(piecewise.sign),
    graph.IsNanOp: _plain(piecewise.is_nan),
    graph.IsInfOp: _plain(piecewise.is_inf),
    graph.HardswishOp: _plain(piecewise.hardswish),
    graph.HardsigmoidOp: _plain(piecewise.hardsigmoid),
    LeakyReluOp: _leaky_relu,
}
"""Functions of floats: at most 4 units in the last place off (their files state limits of the range)."""

INTEGER_EXPANSIONS: dict[type[GraphOp], Expansion] = {
    graph.DivOp: _plain(integer_division.division),
    graph.RemOp: _plain(integer_division.rem),
    graph.FmodOp: _plain(integer_division.fmod),
    graph.FloorDivOp: _plain(integer_division.floor_div),
    graph.ShlOp: _plain(element_shifts.shifted_left),
    graph.ShrOp: _plain(element_shifts.shifted_right),
    graph.SignOp: _plain(piecewise.sign),
    graph.XorOp: _plain(piecewise.exclusive_or),
    graph.AbsOp: _plain(piecewise.integer_abs),
    graph.NegOp: _plain(piecewise.integer_neg),
    graph.ReluOp: _plain(piecewise.integer_relu),
}
"""Functions of i32, exact over its whole range."""

BOOL_EXPANSIONS: dict[type[GraphOp], Expansion] = {
    graph.XorOp: _plain(piecewise.exclusive_or),
    graph.MaxOp: _plain(piecewise.either),
    graph.MinOp: _plain(piecewise.both),
}
"""Functions of truth values."""
