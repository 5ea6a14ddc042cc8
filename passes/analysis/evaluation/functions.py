"""Functions of one float tensor, computed in float64 and rounded once."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import cast

import numpy as np

from dialects import graph
from dialects.graph.activation import EluOp, GeluOp, LeakyReluOp, SoftplusOp
from dialects.graph.operation import GraphOp
from passes.analysis.evaluation.array import Array

_NORMAL = NormalDist()


def _each(function: Callable[[float], float]) -> Callable[[Array], Array]:
    mapped = np.frompyfunc(function, 1, 1)

    def apply(x: Array) -> Array:
        return cast("Array", np.asarray(mapped(x), dtype=np.float64))

    return apply


erf, erfc = _each(math.erf), _each(math.erfc)


def _erfinv_of(x: float) -> float:
    """The quantile of the normal distribution, then two Newton steps on the complement, which stays accurate near 1."""
    if math.isnan(x) or abs(x) > 1.0:
        return math.nan
    if abs(x) == 1.0 or x == 0.0:
        return math.copysign(math.inf, x) if x else x
    size = abs(x)
    y = -_NORMAL.inv_cdf((1.0 - size) / 2.0) / math.sqrt(2.0)
    for _ in range(2):
        error = math.erf(y) - size if size < 0.5 else (1.0 - size) - math.erfc(y)
        y -= error / (2.0 / math.sqrt(math.pi) * math.exp(-y * y))
    return math.copysign(y, x)


erfinv = _each(_erfinv_of)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)


def softplus(x: Array) -> Array:
    """log(1 + exp(x))."""
    return np.logaddexp(0.0, x)


def mish(x: Array) -> Array:
    """x tanh(softplus(x)) as x n / (n + 2) with n = e (e + 2), e = exp(x), and its mirror for positive x."""
    e = np.exp(-np.abs(x))
    numerator = np.where(x < 0, e * (e + 2.0), 1.0 + 2.0 * e)
    return x * numerator / (numerator + np.where(x < 0, 2.0, 2.0 * e * e))


def gelu(x: Array) -> Array:
    """x Phi(x)."""
    return x * 0.5 * erfc(-x / math.sqrt(2.0))


def gelu_tanh(x: Array) -> Array:
    """x / 2 (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x**3), as x sigmoid(2 u)."""
    return x * sigmoid(2.0 * math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))


def _elu(op: EluOp, x: Array) -> Array:
    alpha, scale, inner = (value.value.data for value in (op.alpha, op.scale, op.input_scale))
    return scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) * inner))


def _softplus(op: SoftplusOp, x: Array) -> Array:
    beta, threshold = op.beta.value.data, op.threshold.value.data
    return np.where(x * beta > threshold, x, softplus(x * beta) / beta)


def _leaky_relu(op: LeakyReluOp, x: Array) -> Array:
    return np.where(x > 0, x, x * op.slope.value.data)


def _gelu(op: GeluOp, x: Array) -> Array:
    return gelu_tanh(x) if op.approximate.data == "tanh" else gelu(x)


PLAIN: dict[type[GraphOp], Callable[[Array], Array]] = {
    graph.ExpOp: np.exp,
    graph.LogOp: np.log,
    graph.SqrtOp: np.sqrt,
    graph.RsqrtOp: lambda x: 1.0 / np.sqrt(x),
    graph.ReciprocalOp: lambda x: 1.0 / x,
    graph.Exp2Op: np.exp2,
    graph.Expm1Op: np.expm1,
    graph.Log1pOp: np.log1p,
    graph.Log2Op: np.log2,
    graph.Log10Op: np.log10,
    graph.SinOp: np.sin,
    graph.CosOp: np.cos,
    graph.TanOp: np.tan,
    graph.AsinOp: np.arcsin,
    graph.AcosOp: np.arccos,
    graph.AtanOp: np.arctan,
    graph.SinhOp: np.sinh,
    graph.CoshOp: np.cosh,
    graph.TanhOp: np.tanh,
    graph.AsinhOp: np.arcsinh,
    graph.AcoshOp: np.arccosh,
    graph.AtanhOp: np.arctanh,
    graph.ErfOp: erf,
    graph.ErfcOp: erfc,
    graph.ErfinvOp: erfinv,
    graph.SigmoidOp: sigmoid,
    graph.SiluOp: lambda x: x * sigmoid(x),
    graph.MishOp: mish,
    graph.HardswishOp: lambda x: x * np.clip(x + 3.0, 0.0, 6.0) / 6.0,
    graph.HardsigmoidOp: lambda x: np.clip(x + 3.0, 0.0, 6.0) / 6.0,
}
"""Functions without parameters."""

WITH_PARAMETERS: dict[type[GraphOp], Callable[[GraphOp, Array], Array]] = {
    GeluOp: lambda op, x: _gelu(cast("GeluOp", op), x),
    SoftplusOp: lambda op, x: _softplus(cast("SoftplusOp", op), x),
    EluOp: lambda op, x: _elu(cast("EluOp", op), x),
    LeakyReluOp: lambda op, x: _leaky_relu(cast("LeakyReluOp", op), x),
}
"""Functions whose op has properties."""
