"""Attention as a recurrence over its keys: what the algorithms that carry a softmax along them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import DenseArrayBase, f32, i32
from xdsl.ir import Block, Operation, Region, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.recurrence import RecurrenceOp, YieldOp
from dialects.graph.types import shape_of, type_of
from dialects.interned import i64_array, i64_attr
from passes.attn.score_region import inlined_scores
from passes.graph.rewriting import Rewriter

Append = Callable[[Operation], SSAValue]
"""Adds an op of one result and returns that."""

Step = Callable[[Sequence[SSAValue], Append], Sequence[SSAValue]]
"""Writes one chunk of keys: from the carried values and the inputs, the values that are carried on."""


def walked_inputs(
    op: AttentionOp, key: SSAValue, rewriter: Rewriter, more: Sequence[SSAValue] = ()
) -> tuple[list[SSAValue], list[int]]:
    """What a walk over the keys reads, and the axis of each that is walked (-1: none).

    These are the query, ``key`` (which stands for the attention's), the values, what the region reads, and ``more``,
    laid out as the region's operands are. Keys and values that queries share are repeated, which copies nothing.
    """
    *lead, rows, columns = op.scores.get_shape()
    rank = len(lead) + 2
    inputs = [op.query, *(rewriter.spread(value, (*lead, *shape_of(value)[-2:])) for value in (key, op.value))]
    axes = [-1, rank - 2, rank - 2]
    for extra in (*op.extras, *more):
        walked = shape_of(extra)[-1] == columns
        inputs.append(rewriter.spread(extra, (*lead, rows, columns if walked else 1)))
        axes.append(rank - 1 if walked else -1)
    return inputs, axes


def walk_keys(
    op: AttentionOp,
    starts: Sequence[SSAValue],
    inputs: Sequence[SSAValue],
    axes: Sequence[int],
    step: Step,
    rewriter: Rewriter,
    chunk: int | None = None,
) -> Sequence[SSAValue]:
    """Carry ``starts`` along the keys by ``step``; return what comes out of the last chunk.

    ``chunk`` fixes how many keys a chunk has. A walk along one key is that step. The band is handed on, since keys
    outside it change nothing.
    """
    if op.scores.get_shape()[-1] == 1:
        return step((*starts, *inputs), rewriter.append)
    block = Block(arg_types=[value.type for value in (*starts, *inputs)])

    def append(inner: Operation) -> SSAValue:
        inner.location = op.location
        block.add_op(inner)
        return inner.results[0]

    block.add_op(YieldOp.create(operands=step(block.args, append)))
    properties = {name: op.properties[name] for name in ("lower", "upper") if name in op.properties}
    if chunk is not None:
        properties["chunk"] = i64_attr(chunk)
    made = RecurrenceOp.create(
        operands=[*starts, *inputs],
        result_types=[start.type for start in starts],
        properties={
            "axes": i64_array(axes),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, [len(starts), len(inputs)]),
            **properties,
        },
        regions=[Region(block)],
    )
    return rewriter.insert(made).results


def scores_of(op: AttentionOp, query: SSAValue, key: SSAValue, extras: Sequence[SSAValue], add: Append) -> SSAValue:
    """The scores of a chunk in f32: the product, scaled, as the attention's region and band leave it."""
    scores = add(graph.MatmulOp.make(query, key, transpose_b=True, element=f32))
    scale = op.scale.value.data
    if scale != 1.0:
        scores = add(graph.MulOp.make(scores, add(graph.ConstantOp.make(scale, type_of(scores)))))
    return inlined_scores(op, scores, extras, add)
