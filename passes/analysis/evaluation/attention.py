"""Attention: float64 inside but for its region, whose scores are f32; rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.ir import Operation, SSAValue

from dialects.attn import AttentionOp, YieldOp
from dialects.graph.operation import number
from passes.analysis.evaluation.array import Array, only

Evaluate = Callable[[Operation, Sequence[Array]], tuple[Array, ...]]
"""The meaning of an operation of the region."""


def attend(op: AttentionOp, operands: Sequence[Array], evaluate_op: Evaluate) -> tuple[Array, ...]:
    """softmax(score(scale q k^T)) v by its definition."""
    query, key, value = (operand.astype(np.float64) for operand in operands[:3])
    extras = list(operands[3:])
    sinks = extras.pop() if op.sinks is not None else None
    scores = np.matmul(query, key.swapaxes(-1, -2)) * number(op.properties, "scale")
    if op.body is not None:
        scores = _scored(op, scores.astype(np.float32), extras, evaluate_op).astype(np.float64)
    rows, cols = scores.shape[-2:]
    for bound, kept in zip(op.band, (np.triu, np.tril), strict=True):
        if bound is not None:
            scores = np.where(kept(np.ones((rows, cols), np.bool_), bound), scores, -np.inf)
    if sinks is not None:
        column = np.broadcast_to(sinks.astype(np.float64), (*scores.shape[:-1], 1))
        scores = np.concatenate([scores, column], -1)
    top = scores.max(axis=-1, keepdims=True, initial=np.finfo(np.float64).min)
    e = np.exp(scores - top)
    total = e.sum(axis=-1, keepdims=True)
    weights = e[..., : key.shape[-2]]
    empty = (total == 0.0) & (op.guarded is not None)
    return only(op, np.matmul(weights / (total + empty), value))


def _scored(op: AttentionOp, scores: Array, extras: Sequence[Array], evaluate_op: Evaluate) -> Array:
    assert op.body is not None
    values: dict[SSAValue, Array] = dict(zip(op.body.args, (scores, *extras), strict=True))
    for inner in op.body.ops:
        found = [values[operand] for operand in inner.operands]
        if isinstance(inner, YieldOp):
            return found[0]
        values.update(zip(inner.results, evaluate_op(inner, found), strict=True))
    raise AssertionError("a region ends with its yield")
