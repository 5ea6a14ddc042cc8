"""The pass that writes flash attention as its recurrence over the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.types import element_of, shape_of, tensor, type_of
from passes.attn.attn_expand_attention import LOWEST, sink_rows
from passes.attn.key_splits import choose_parts, combine, split_keys
from passes.attn.key_walk import Append, scores_of, walk_keys, walked_inputs
from passes.base import SfumatoPass, target_of
from passes.graph.rewriting import Rewriter, rewrite
from runtime.machine.description import load


@dataclass(frozen=True)
class AttnExpandFlash(SfumatoPass):
    """Expand attn.attention whose algorithm is `flash` into a recurrence that carries (m, l, O) over chunks of keys.

    m is the largest score so far, l the sum of exp(score - m), O the weighted sum of values, both rescaled by
    exp(m_before - m) when m grows (Dao et al., FlashAttention; online softmax of Milakov and Gimelshein). m starts at
    the lowest finite f32, so that a query which keeps no key ends with l = 0 and O = 0, which divide to NaN; a guarded
    one gives zeros, divided by max(l, 1): for any other query l is at least 1, the term of its largest score. With
    sinks, m starts at the sink's score and l at 1, its term. The band is handed on, since keys outside it change
    nothing.

    Where there are fewer tiles of queries than cores, the keys are divided (flash-decoding): each part has a recurrence
    of its own, whose m, l and O are combined afterwards. `parts` says into how many parts; 0 means as many as cost the
    fewest cycles on the module's target.
    """

    name = "attn-expand-flash"
    parts: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        machine = load(target_of(op))

        def expand(attention: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
            if not isinstance(attention, AttentionOp):
                return None
            if attention.algorithm is None or attention.algorithm.data != "flash":
                return None
            keys = attention.scores.get_shape()[-1]
            parts = min(self.parts, keys) or choose_parts(attention, machine)
            return [_attended(attention, parts, rewriter)]

        rewrite(op, expand)


def _attended(op: AttentionOp, parts: int, rewriter: Rewriter) -> SSAValue:
    """The recurrence of one attention, or those of its parts, and the division after them."""
    if parts == 1:
        _, total, out = _carried_out(op, rewriter)
    else:
        part = split_keys(op, parts, rewriter)
        carried = _carried_out(part, rewriter)
        part.erase()
        total, out = combine(carried, sink_rows(op, rewriter), rewriter)
    if op.guarded is not None:
        total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(1.0, type_of(total))))
    spread = rewriter.add(graph.BroadcastOp.make(total, shape_of(out), range(len(shape_of(total)))))
    return rewriter.cast(rewriter.add(graph.DivOp.make(out, spread)), element_of(op.query))


def _carried_out(op: AttentionOp, rewriter: Rewriter) -> Sequence[SSAValue]:
    """What the last chunk of keys carries out: m, l, O."""
    *lead, rows, _ = op.scores.get_shape()
    column, whole = tensor((*lead, rows), f32), tensor((*lead, rows, shape_of(op.value)[-1]), f32)
    inputs, axes = walked_inputs(op, op.key, rewriter)
    sinks = sink_rows(op, rewriter)
    largest = rewriter.splat(LOWEST, column) if sinks is None else sinks
    total = rewriter.splat(0.0 if sinks is None else 1.0, column)
    starts = [largest, total, rewriter.splat(0.0, whole)]
    return walk_keys(op, starts, inputs, axes, partial(_chunk, op), rewriter)


def _chunk(op: AttentionOp, values: Sequence[SSAValue], add: Append) -> list[SSAValue]:
    """One chunk of keys and values: what it carries on, given what it was handed and the inputs."""
    largest, before, mixed, query, key, value, *extras = values
    axis = len(shape_of(query)) - 1

    def spread(column: SSAValue, like: SSAValue) -> SSAValue:
        return add(graph.BroadcastOp.make(column, shape_of(like), range(axis)))

    scores = scores_of(op, query, key, extras, add)
    top = add(graph.MaxOp.make(largest, add(graph.ReduceOp.make(scores, "max", (axis,)))))
    weights = add(graph.ExpOp.make(add(graph.SubOp.make(scores, spread(top, scores)))))
    shrink = add(graph.ExpOp.make(add(graph.SubOp.make(largest, top))))
    part = add(graph.ReduceOp.make(weights, "add", (axis,)))
    total = add(graph.AddOp.make(add(graph.MulOp.make(before, shrink)), part))
    element = element_of(value)
    narrow = weights if element == f32 else add(graph.CastOp.make(weights, element))
    product = add(graph.MatmulOp.make(narrow, value, element=f32))
    out = add(graph.AddOp.make(add(graph.MulOp.make(mixed, spread(shrink, mixed))), product))
    return [top, total, out]
