"""The pass that writes AMLA: attention whose sum of values is rescaled by adding integers to its exponents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.dtypes import DType
from dialects.graph.types import element_of, shape_of, tensor
from passes.attn.attn_expand_attention import LOWEST, sink_rows
from passes.attn.key_walk import Append, scores_of, walk_keys, walked_inputs
from passes.base import SfumatoPass
from passes.graph.expansions.emission import GraphEmitter
from passes.graph.expansions.term import Term
from passes.graph.rewriting import Appender, Rewriter, rewrite

EXPONENT = 2.0**23
"""One in the exponent field of an f32."""

LEAST_SHIFT = -30.0
"""The largest step down of an exponent: what is left of the sum then is 2^-30 of it, which no f32 result shows."""

FARTHEST = -1000.0
"""The least difference of two maxima, in powers of two, that is told apart; it keeps minus infinity out."""

MEAN_MANTISSA = 1.5
"""An addition to the mantissa's field changes a number by 1 to 1/2 of what it adds, for mantissas from 1 to 2."""

SEED = 2.0**-60
"""What the sum starts from instead of 0, whose bits are no number to add a negative integer to."""

GARBLED = 2.0**64
"""Sizes from which a sum is no sum: the bits of one that left the exponent's range at its lower end."""


SIGNIFICANT = {DType.f32: 24, DType.f16: 11, DType.bf16: 8}
"""Significant bits of a number."""


@dataclass(frozen=True)
class AttnExpandAmla(SfumatoPass):
    """Expand attn.attention whose algorithm is `amla` into a recurrence that rescales its sum by integer additions.

    AMLA (arXiv 2509.25224; the published vendor kernel is more exact than the paper) uses x 2^n = AS_F32(AS_I32(x) +
    n 2^23): where flash attention multiplies O by exp(m_before - m), it adds an integer to the bits of O, so that both
    that and the product of weights and values are additions to memory, which the memory system makes without O ever
    passing through a core. Weights are exp(s - m) r with r = 2^f, f within +-1/2, such that each rescaling of O is a
    whole power of two, 2^n. r is rounded to the type of the values (r16); the error that this leaves in O, the change
    of c = r / r16, is compensated in the mantissa: 1.5 (c_before / c - 1) 2^23 is added too, 1.5 for the mean mantissa.
    `compensate=false` leaves that out, to measure what it is worth.

    Carried are m, l (both as in flash attention), f, c and O. The kernel finds n as a difference of roundings of -m /
    ln 2; here f is carried instead, so that only differences of maxima are rounded and scores may be of any size. O
    starts from 2^-60 instead of 0, which no exponent can be taken from, and is not shifted until a key has been seen
    (l > 0). Rows that keep no key end as in flash attention: 0 / 0, with a guard 0.

    A limit of the algorithm: a sum of nothing but zeros leaves the exponents' range when m grows by more than 46 after
    the first chunk. Its bits are then those of a huge number or NaN, which become 0, as they should, until m has grown
    by 88 more.
    """

    name = "attn-expand-amla"
    compensate: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, lambda one, rewriter: _expand(one, rewriter, self.compensate))


def _expand(op: Operation, rewriter: Rewriter, compensate: bool) -> Sequence[SSAValue] | None:
    """The recurrence of one attention, and the division after it."""
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "amla":
        return None
    *lead, rows, _ = op.scores.get_shape()
    column, whole = tensor((*lead, rows), f32), tensor((*lead, rows, shape_of(op.value)[-1]), f32)
    sinks = sink_rows(op, rewriter)
    starts = [
        rewriter.splat(LOWEST, column) if sinks is None else sinks,
        rewriter.splat(0.0 if sinks is None else 1.0, column),
        rewriter.splat(0.0, column),
        rewriter.splat(0.0, column),
        rewriter.splat(SEED, whole),
    ]
    inputs, axes = walked_inputs(op, op.key, rewriter)
    step = partial(_chunk, op, compensate)
    _, total, fraction, _, mixed = walk_keys(op, starts, inputs, axes, step, rewriter)
    columns = GraphEmitter(rewriter, column.get_shape())
    seen = columns.term(total).max(1.0) if op.guarded is not None else columns.term(total)
    divisor = (seen * _rounded(columns.term(fraction), op)[1]).value
    spread = rewriter.add(graph.BroadcastOp.make(divisor, shape_of(mixed), range(len(lead) + 1)))
    sum_ = GraphEmitter(rewriter, whole.get_shape()).term(mixed) - SEED
    result = (abs(sum_) < GARBLED).select(sum_, 0.0).apply("div", Term(sum_.emit, spread, "f32"))
    return [rewriter.cast(result.value, element_of(op.query))]


def _rounded(fraction: Term, op: AttentionOp) -> tuple[Term, Term]:
    """2^f, and the same rounded to the precision of the values, by splitting (Veltkamp): a - (a - x), a = (2^s + 1) x.

    bf16 is computed in f32, so that a conversion to it and back would be none.
    """
    exact = (fraction * log(2)).exp()
    element = DType.of(element_of(op.value))
    if element is DType.f32:
        return exact, exact
    larger = exact * (2.0 ** (SIGNIFICANT[DType.f32] - SIGNIFICANT[element]) + 1.0)
    return exact, larger - (larger - exact)


def _chunk(op: AttentionOp, compensate: bool, values: Sequence[SSAValue], add: Append) -> list[SSAValue]:
    """One chunk of keys and values: what it carries on, given what it was handed and the inputs."""
    largest, before, fraction, error, mixed, query, key, value, *extras = values
    axis = len(shape_of(query)) - 1
    rewriter = Appender(add)
    columns = GraphEmitter(rewriter, shape_of(largest))

    def spread(column: SSAValue, like: SSAValue) -> SSAValue:
        return add(graph.BroadcastOp.make(column, shape_of(like), range(axis)))

    scores = scores_of(op, query, key, extras, add)
    top = add(graph.MaxOp.make(largest, add(graph.ReduceOp.make(scores, "max", (axis,)))))
    seen = columns.term(before)
    grown = columns.term(largest) - columns.term(top)
    wanted = (grown * (1 / log(2))).max(FARTHEST) - columns.term(fraction)
    steps = wanted.round()
    fraction_now = steps - wanted
    exact, narrow = _rounded(fraction_now, op)
    shift = steps.max(LEAST_SHIFT)
    error_now = (exact - narrow) / narrow * MEAN_MANTISSA
    if compensate:
        shift = shift + (columns.term(error) - error_now)
    shift = (shift * EXPONENT * seen.min(1.0)).cast("i32")
    # exp(s - m) r is exp(s - (m - ln r)); m - ln r is rounded as the sums that scores are, f32 is spared that.
    lowered = [columns.term(top) - narrow.log()] if element_of(value) != f32 else [columns.term(top), narrow.log()]
    for amount, kind in zip(lowered, (graph.SubOp, graph.AddOp), strict=False):
        scores = add(kind.make(scores, spread(amount.value, scores)))
    weights = add(graph.ExpOp.make(scores))
    part = columns.term(add(graph.ReduceOp.make(weights, "add", (axis,)))) / narrow
    product = add(graph.MatmulOp.make(rewriter.cast(weights, element_of(value)), value, element=f32))
    shifted = add(graph.AddBitsOp.make(mixed, spread(shift.value, mixed)))
    out = add(graph.AddOp.make(shifted, product))
    return [top, (seen * grown.exp() + part).value, fraction_now.value, error_now.value, out]
