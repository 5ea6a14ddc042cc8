"""The pass that writes flash attention as its recurrence over the keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, ModuleOp, f32, i32
from xdsl.ir import Block, Operation, Region, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.recurrence import RecurrenceOp, YieldOp
from dialects.graph.types import element_of, is_bool, shape_of, tensor, type_of
from dialects.interned import i64_array
from passes.attn.attn_expand_attention import LOWEST
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite


@dataclass(frozen=True)
class AttnExpandFlash(SfumatoPass):
    """Expand attn.attention whose algorithm is `flash` into a recurrence that carries (m, l, O) over chunks of keys.

    m is the largest score so far, l the sum of exp(score - m), O the weighted sum of values, both rescaled by
    exp(m_before - m) when m grows (Dao et al., FlashAttention; online softmax of Milakov and Gimelshein). m starts at
    the lowest finite f32, so that a query which keeps no key ends with l = 0 and O = 0, hence zeros after the division
    by max(l, 1): for any other query l is at least 1, the term of its largest score.
    """

    name = "attn-expand-flash"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The recurrence of one attention, and the division after it."""
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "flash":
        return None
    element = element_of(op.query)
    batch, heads, rows, depth = shape_of(op.query)
    shared, columns = shape_of(op.key)[1:3]
    width = shape_of(op.value)[3]
    lead = (batch, heads) if heads == shared else (batch, shared, heads // shared)
    query = _grouped(op.query, (*lead, rows, depth), rewriter)
    key = _spread(op.key, lead, rewriter)
    value = _spread(op.value, lead, rewriter)
    inputs = [query, key, value]
    axes = [-1, len(lead), len(lead)]
    if op.mask is not None:
        inputs.append(_mask(op.mask, lead, rows, columns, rewriter))
        axes.append(len(lead) + 1)
    column, whole = tensor((*lead, rows), f32), tensor((*lead, rows, width), f32)
    starts = [rewriter.splat(LOWEST, column), rewriter.splat(0.0, column), rewriter.splat(0.0, whole)]
    block = Block(arg_types=[value.type for value in (*starts, *inputs)])
    _Chunk(op, block, len(lead)).build()
    made = RecurrenceOp.create(
        operands=[*starts, *inputs],
        result_types=[start.type for start in starts],
        properties={
            "axes": i64_array(axes),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, [len(starts), len(inputs)]),
        },
        regions=[Region(block)],
    )
    rewriter.insert(made)
    _, total, out = made.results
    total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(1.0, column)))
    spread = rewriter.add(graph.BroadcastOp.make(total, shape_of(out), range(len(lead) + 1)))
    result = rewriter.cast(rewriter.add(graph.DivOp.make(out, spread)), element)
    return [_grouped(result, shape_of(op.result), rewriter)]


class _Chunk:
    """The body of the recurrence: one chunk of keys and values."""

    def __init__(self, op: AttentionOp, block: Block, lead: int) -> None:
        self.op = op
        self.block = block
        self.lead = lead

    def add(self, op: Operation) -> SSAValue:
        op.location = self.op.location
        self.block.add_op(op)
        return op.results[0]

    def splat(self, number: float, like: SSAValue) -> SSAValue:
        return self.add(graph.ConstantOp.make(number, type_of(like)))

    def spread(self, column: SSAValue, like: SSAValue) -> SSAValue:
        return self.add(graph.BroadcastOp.make(column, shape_of(like), range(self.lead + 1)))

    def build(self) -> None:
        largest, before, mixed, query, key, value, *mask = self.block.args
        scores = self.add(graph.MatmulOp.make(query, key, transpose_b=True, element=f32))
        if self.op.scale.value.data != 1.0:
            scores = self.add(graph.MulOp.make(scores, self.splat(self.op.scale.value.data, scores)))
        scores = self.masked(scores, mask[0] if mask else None)
        axis = self.lead + 1
        top = self.add(graph.MaxOp.make(largest, self.add(graph.ReduceOp.make(scores, "max", (axis,)))))
        weights = self.add(graph.ExpOp.make(self.add(graph.SubOp.make(scores, self.spread(top, scores)))))
        scale = self.add(graph.ExpOp.make(self.add(graph.SubOp.make(largest, top))))
        part = self.add(graph.ReduceOp.make(weights, "add", (axis,)))
        total = self.add(graph.AddOp.make(self.add(graph.MulOp.make(before, scale)), part))
        element = element_of(value)
        narrow = weights if element == f32 else self.add(graph.CastOp.make(weights, element))
        product = self.add(graph.MatmulOp.make(narrow, value, element=f32))
        out = self.add(graph.AddOp.make(self.add(graph.MulOp.make(mixed, self.spread(scale, mixed))), product))
        self.block.add_op(YieldOp.create(operands=[top, total, out]))

    def masked(self, scores: SSAValue, mask: SSAValue | None) -> SSAValue:
        shape = shape_of(scores)
        if mask is not None:
            spread = self.add(graph.BroadcastOp.make(mask, shape, range(len(shape))))
            if is_bool(element_of(mask)):
                scores = self.add(graph.SelectOp.make(spread, scores, self.splat(-inf, scores)))
            else:
                wide = spread if element_of(mask) == f32 else self.add(graph.CastOp.make(spread, f32))
                scores = self.add(graph.AddOp.make(scores, wide))
        if self.op.causal is not None:
            row = self.add(graph.IotaOp.make(tensor(shape, f32), self.lead))
            column = self.add(graph.IotaOp.make(tensor(shape, f32), self.lead + 1))
            keeps = self.add(graph.CompareOp.make(column, row, "le"))
            scores = self.add(graph.SelectOp.make(keeps, scores, self.splat(-inf, scores)))
        return scores


def _grouped(value: SSAValue, shape: Sequence[int], rewriter: Rewriter) -> SSAValue:
    """Split (or join) the heads into groups that share a key head."""
    return value if shape_of(value) == tuple(shape) else rewriter.add(graph.ReshapeOp.make(value, shape))


def _spread(value: SSAValue, lead: Sequence[int], rewriter: Rewriter) -> SSAValue:
    """Let all query heads of a group see the one key (or value) head."""
    if len(lead) == 2:
        return value
    shape = (*lead, *shape_of(value)[2:])
    return rewriter.add(graph.BroadcastOp.make(value, shape, (0, 1, 3, 4)))


def _mask(mask: SSAValue, lead: Sequence[int], rows: int, columns: int, rewriter: Rewriter) -> SSAValue:
    """The mask with the leading axes of the scores, broadcast along those it lacks."""
    shape = shape_of(mask)
    heads = lead[1] if len(lead) == 2 else lead[1] * lead[2]
    if len(lead) == 3:
        split = (shape[0], *((1, 1) if shape[1] == 1 else lead[1:]), *shape[2:])
        mask = rewriter.add(graph.ReshapeOp.make(mask, split))
    assert shape[1] in (1, heads)
    full = (*lead, rows, columns)
    return mask if shape_of(mask) == full else rewriter.add(graph.BroadcastOp.make(mask, full, range(len(full))))
