"""The pass that writes flash attention as its recurrence over the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, f32, i32
from xdsl.ir import Block, Operation, Region, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.recurrence import RecurrenceOp, YieldOp
from dialects.graph.types import element_of, shape_of, tensor, type_of
from dialects.interned import i64_array
from passes.attn.attn_expand_attention import LOWEST, sink_rows
from passes.attn.score_region import inlined_scores
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite


@dataclass(frozen=True)
class AttnExpandFlash(SfumatoPass):
    """Expand attn.attention whose algorithm is `flash` into a recurrence that carries (m, l, O) over chunks of keys.

    m is the largest score so far, l the sum of exp(score - m), O the weighted sum of values, both rescaled by
    exp(m_before - m) when m grows (Dao et al., FlashAttention; online softmax of Milakov and Gimelshein). m starts at
    the lowest finite f32, so that a query which keeps no key ends with l = 0 and O = 0, which divide to NaN; a guarded
    one gives zeros, divided by max(l, 1): for any other query l is at least 1, the term of its largest score. With
    sinks, m starts at the sink's score and l at 1, its term. The band is handed on, since keys outside it change
    nothing.
    """

    name = "attn-expand-flash"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The recurrence of one attention, and the division after it."""
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "flash":
        return None
    *lead, rows, columns = op.scores.get_shape()
    width = shape_of(op.value)[-1]
    rank = len(lead) + 2
    inputs = [op.query, *(rewriter.spread(value, (*lead, *shape_of(value)[-2:])) for value in (op.key, op.value))]
    axes = [-1, rank - 2, rank - 2]
    for extra in op.extras:
        walked = shape_of(extra)[-1] == columns
        inputs.append(rewriter.spread(extra, (*lead, rows, columns if walked else 1)))
        axes.append(rank - 1 if walked else -1)
    column, whole = tensor((*lead, rows), f32), tensor((*lead, rows, width), f32)
    sinks = sink_rows(op, rewriter)
    largest = rewriter.splat(LOWEST, column) if sinks is None else sinks
    total = rewriter.splat(0.0 if sinks is None else 1.0, column)
    starts = [largest, total, rewriter.splat(0.0, whole)]
    if columns == 1:
        _, total, out = _chunk(op, [*starts, *inputs], rewriter.append)  # a walk of one step is that step
    else:
        _, total, out = _walk(op, starts, inputs, axes, rewriter)
    if op.guarded is not None:
        total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(1.0, column)))
    spread = rewriter.add(graph.BroadcastOp.make(total, shape_of(out), range(rank - 1)))
    return [rewriter.cast(rewriter.add(graph.DivOp.make(out, spread)), element_of(op.query))]


def _walk(
    op: AttentionOp, starts: Sequence[SSAValue], inputs: Sequence[SSAValue], axes: Sequence[int], rewriter: Rewriter
) -> Sequence[SSAValue]:
    """The recurrence over chunks of keys, and what it carries out of the last one."""
    block = Block(arg_types=[value.type for value in (*starts, *inputs)])

    def append(inner: Operation) -> SSAValue:
        inner.location = op.location
        block.add_op(inner)
        return inner.results[0]

    block.add_op(YieldOp.create(operands=_chunk(op, block.args, append)))
    made = RecurrenceOp.create(
        operands=[*starts, *inputs],
        result_types=[start.type for start in starts],
        properties={
            "axes": i64_array(axes),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, [len(starts), len(inputs)]),
            **{name: op.properties[name] for name in ("lower", "upper") if name in op.properties},
        },
        regions=[Region(block)],
    )
    return rewriter.insert(made).results


def _chunk(op: AttentionOp, values: Sequence[SSAValue], add: Callable[[Operation], SSAValue]) -> list[SSAValue]:
    """One chunk of keys and values: what it carries on, given what it was handed and the inputs."""
    largest, before, mixed, query, key, value, *extras = values
    axis = len(shape_of(query)) - 1

    def spread(column: SSAValue, like: SSAValue) -> SSAValue:
        return add(graph.BroadcastOp.make(column, shape_of(like), range(axis)))

    scores = add(graph.MatmulOp.make(query, key, transpose_b=True, element=f32))
    scale = op.scale.value.data
    if scale != 1.0:
        scores = add(graph.MulOp.make(scores, add(graph.ConstantOp.make(scale, type_of(scores)))))
    scores = inlined_scores(op, scores, extras, add)
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
