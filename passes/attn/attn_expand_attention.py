"""The pass that writes standard attention as matrix products and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.reduce import ReduceOp
from dialects.graph.types import element_of, is_bool, shape_of, tensor, type_of
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite

LOWEST = -3.4028234663852886e38
"""The smallest finite f32."""


@dataclass(frozen=True)
class AttnExpandAttention(SfumatoPass):
    """Expand attn.attention whose algorithm is `standard`: scores in f32, mask, softmax, product with the values.

    Query heads that share a key head become rows of one product, so that keys and values are never repeated. A causal
    mask is a comparison of two iotas. With a mask, a row that keeps nothing gives zeros: its maximum is held finite and
    its sum at least 1 (the largest exponential of any other row is 1).
    """

    name = "attn-expand-attention"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The products and the softmax of one attention."""
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "standard":
        return None
    query, key, value = op.query, op.key, op.value
    element = element_of(query)
    batch, heads, rows, depth = shape_of(query)
    shared, columns = shape_of(key)[1:3]
    folded = (batch, shared, heads // shared * rows)
    scores = rewriter.add(
        graph.MatmulOp.make(_shaped(query, (*folded, depth), rewriter), key, transpose_b=True, element=f32)
    )
    scores = _shaped(scores, (batch, heads, rows, columns), rewriter)
    scale = op.scale.value.data
    if scale != 1.0:
        scores = rewriter.add(graph.MulOp.make(scores, rewriter.splat(scale, type_of(scores))))
    scores = _masked(op, scores, rewriter)
    weights = rewriter.add(graph.SoftmaxOp.make(scores, 3)) if op.mask is None else _guarded_softmax(scores, rewriter)
    weights = _shaped(rewriter.cast(weights, element), (*folded, columns), rewriter)
    result = rewriter.add(graph.MatmulOp.make(weights, value))
    return [_shaped(result, shape_of(op.result), rewriter)]


def _shaped(value: SSAValue, shape: Sequence[int], rewriter: Rewriter) -> SSAValue:
    return value if shape_of(value) == tuple(shape) else rewriter.add(graph.ReshapeOp.make(value, shape))


def _masked(op: AttentionOp, scores: SSAValue, rewriter: Rewriter) -> SSAValue:
    shape = shape_of(scores)
    hidden = rewriter.splat(-inf, type_of(scores)) if op.causal is not None or op.mask is not None else scores
    if op.mask is not None:
        mask = op.mask if is_bool(element_of(op.mask)) else rewriter.cast(op.mask, f32)
        spread = mask if shape_of(mask) == shape else rewriter.add(graph.BroadcastOp.make(mask, shape, range(4)))
        if is_bool(element_of(mask)):
            scores = rewriter.add(graph.SelectOp.make(spread, scores, hidden))
        else:
            scores = rewriter.add(graph.AddOp.make(scores, spread))
    if op.causal is not None:
        square = tensor(shape[2:], f32)
        row, column = (rewriter.add(graph.IotaOp.make(square, axis)) for axis in (0, 1))
        keeps = rewriter.add(graph.CompareOp.make(column, row, "le"))
        if shape[:2] == (1, 1):
            keeps = rewriter.add(graph.ReshapeOp.make(keeps, shape))
        else:
            keeps = rewriter.add(graph.BroadcastOp.make(keeps, shape, (2, 3)))
        scores = rewriter.add(graph.SelectOp.make(keeps, scores, hidden))
    return scores


def _guarded_softmax(scores: SSAValue, rewriter: Rewriter) -> SSAValue:
    """Softmax along the last axis that gives zeros for a row of minus infinities."""
    shape = shape_of(scores)

    def spread(row: SSAValue) -> SSAValue:
        return rewriter.add(graph.BroadcastOp.make(row, shape, (0, 1, 2)))

    top = rewriter.add(ReduceOp.make(scores, "max", (3,)))
    top = rewriter.add(graph.MaxOp.make(top, rewriter.splat(LOWEST, type_of(top))))
    e = rewriter.add(graph.ExpOp.make(rewriter.add(graph.SubOp.make(scores, spread(top)))))
    total = rewriter.add(ReduceOp.make(e, "add", (3,)))
    total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(1.0, type_of(total))))
    return rewriter.add(graph.DivOp.make(e, spread(total)))
