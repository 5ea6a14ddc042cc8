"""The pass that writes standard attention as matrix products and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.reduce import ReduceOp
from dialects.graph.types import element_of, shape_of, type_of
from passes.attn.score_region import inlined_scores
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite

LOWEST = -3.4028234663852886e38
"""The smallest finite f32."""


@dataclass(frozen=True)
class AttnExpandAttention(SfumatoPass):
    """Expand attn.attention whose algorithm is `standard`: scores in f32, its region, softmax, product with the values.

    Queries that share a key head become rows of one product, so that keys and values are never repeated. A band is two
    comparisons of iotas. A guarded row that keeps nothing gives zeros: its maximum is held finite and its sum at least
    1 (the largest exponential of any other row is 1). Sinks take part in the maximum and in the sum.
    """

    name = "attn-expand-attention"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The products and the softmax of one attention."""
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "standard":
        return None
    query = _with_rows(op.query, op, rewriter)
    product = graph.MatmulOp.make(query, _as_shared(op.key, op, rewriter), transpose_b=True, element=f32)
    scores = rewriter.reshape(rewriter.add(product), op.scores.get_shape())
    scale = op.scale.value.data
    if scale != 1.0:
        scores = rewriter.add(graph.MulOp.make(scores, rewriter.splat(scale, type_of(scores))))
    scores = inlined_scores(op, scores, op.extras, rewriter.append)
    plain = op.guarded is None and op.sinks is None
    last = len(shape_of(scores)) - 1
    weights = rewriter.add(graph.SoftmaxOp.make(scores, last)) if plain else _softmax(op, scores, rewriter)
    weights = _with_rows(rewriter.cast(weights, element_of(op.query)), op, rewriter)
    result = rewriter.add(graph.MatmulOp.make(weights, _as_shared(op.value, op, rewriter)))
    return [rewriter.reshape(result, shape_of(op.result))]


def _sharing(op: AttentionOp) -> int:
    """How many of the innermost leading axes share both keys and values."""
    lead = len(shape_of(op.query)) - 2
    count = 0
    while count < lead and shape_of(op.key)[lead - 1 - count] == shape_of(op.value)[lead - 1 - count] == 1:
        count += 1
    return count


def _with_rows(value: SSAValue, op: AttentionOp, rewriter: Rewriter) -> SSAValue:
    """Queries or weights with the axes that share keys as rows."""
    shape, end = shape_of(value), len(shape_of(value)) - 2 - _sharing(op)
    return rewriter.reshape(value, (*shape[:end], -1, shape[-1]))


def _as_shared(value: SSAValue, op: AttentionOp, rewriter: Rewriter) -> SSAValue:
    """Keys or values without the axes that share them, other axes spread to the queries'."""
    end = len(shape_of(value)) - 2 - _sharing(op)
    tail = shape_of(value)[-2:]
    return rewriter.spread(rewriter.reshape(value, (*shape_of(value)[:end], *tail)), (*shape_of(op.query)[:end], *tail))


def _softmax(op: AttentionOp, scores: SSAValue, rewriter: Rewriter) -> SSAValue:
    """Softmax along the last axis, with sinks, that may give zeros for a row of minus infinities."""
    shape = shape_of(scores)
    axes = range(len(shape) - 1)
    top = rewriter.add(ReduceOp.make(scores, "max", (len(axes),)))
    sinks = sink_rows(op, rewriter)
    if sinks is not None:
        top = rewriter.add(graph.MaxOp.make(top, sinks))
    if op.guarded is not None:
        top = rewriter.add(graph.MaxOp.make(top, rewriter.splat(LOWEST, type_of(top))))
    spread = rewriter.add(graph.BroadcastOp.make(top, shape, axes))
    e = rewriter.add(graph.ExpOp.make(rewriter.add(graph.SubOp.make(scores, spread))))
    total = rewriter.add(ReduceOp.make(e, "add", (len(axes),)))
    if sinks is not None:
        sink = rewriter.add(graph.ExpOp.make(rewriter.add(graph.SubOp.make(sinks, top))))
        total = rewriter.add(graph.AddOp.make(total, sink))
    if op.guarded is not None:
        total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(1.0, type_of(total))))
    return rewriter.add(graph.DivOp.make(e, rewriter.add(graph.BroadcastOp.make(total, shape, axes))))


def sink_rows(op: AttentionOp, rewriter: Rewriter) -> SSAValue | None:
    """The score of each query's sink, f32 [L.., Sq]."""
    if op.sink_scores is None:
        return None
    shape = shape_of(op.sink_scores)
    return rewriter.spread(rewriter.reshape(rewriter.cast(op.sink_scores, f32), shape[:-1]), shape_of(op.query)[:-1])
