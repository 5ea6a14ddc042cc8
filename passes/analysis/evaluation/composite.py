"""Composite ops: softmax, normalisations; float64 inside, rounded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dialects import graph
from dialects.graph.composite import LayerNormOp, RmsNormOp
from dialects.graph.operation import GraphOp, integer, number
from passes.analysis.evaluation.array import Array, Meaning, only


def _exponentials(x: Array, axis: int) -> Array:
    return np.exp(x - x.max(axis=axis, keepdims=True))


def _softmax(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    axis = integer(op.properties, "axis")
    e = _exponentials(operands[0].astype(np.float64), axis)
    return only(op, e / e.sum(axis=axis, keepdims=True))


def _log_softmax(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    axis = integer(op.properties, "axis")
    x = operands[0].astype(np.float64)
    centred = x - x.max(axis=axis, keepdims=True)
    return only(op, centred - np.log(np.exp(centred).sum(axis=axis, keepdims=True)))


def _layer_norm(op: LayerNormOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    x, *parameters = (operand.astype(np.float64) for operand in operands)
    axes = tuple(range(x.ndim - integer(op.properties, "axes"), x.ndim))
    centred = x - x.mean(axis=axes, keepdims=True)
    variance = np.square(centred).mean(axis=axes, keepdims=True)
    result = centred / np.sqrt(variance + number(op.properties, "epsilon"))
    result = result * parameters[0] if parameters else result
    return only(op, result + parameters[1] if len(parameters) > 1 else result)


def _rms_norm(op: RmsNormOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    x, *parameters = (operand.astype(np.float64) for operand in operands)
    axes = tuple(range(x.ndim - integer(op.properties, "axes"), x.ndim))
    result = x / np.sqrt(np.square(x).mean(axis=axes, keepdims=True) + number(op.properties, "epsilon"))
    return only(op, result * parameters[0] if parameters else result)


COMPOSITES: dict[type[GraphOp], Meaning] = {
    graph.SoftmaxOp: _softmax,
    graph.LogSoftmaxOp: _log_softmax,
    graph.LayerNormOp: _layer_norm,
    graph.RmsNormOp: _rms_norm,
}
"""What each composite op computes."""
