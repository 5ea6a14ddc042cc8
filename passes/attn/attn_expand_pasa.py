"""The pass that writes PASA: attention in f16 whose scores are shifted so that they do not overflow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, bf16, f16, f32
from xdsl.ir import Attribute, Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.errors import SfumatoError
from dialects.graph.types import element_of, shape_of, tensor, type_of
from passes.attn.attn_expand_attention import sink_rows
from passes.attn.key_walk import Append, walk_keys, walked_inputs
from passes.attn.pseudo_average import Shift
from passes.attn.shifted_keys import Blocks
from passes.attn.shifted_scores import HIDDEN, obstacle, shifted_region
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite

BLOCK = 128
"""Keys of a block, which share a shift: the authors' n, and the length of the recurrence's chunks."""

GUESSES: dict[Attribute, float] = {f16: 1 - 2**-4, bf16: 1 - 2**-5}
"""Element type -> where the search for beta begins; the authors' figures. bf16 comes from models of larger numbers."""

LOWEST = -65504.0
"""The smallest finite f16."""

SMALLEST = 2.0**-24
"""The smallest f16 above zero: a sum of weights that is less is zero."""


@dataclass(frozen=True)
class AttnExpandPasa(SfumatoPass):
    """Expand attn.attention whose algorithm is `pasa` into products and a recurrence over blocks of keys, in f16.

    PASA (Cheng et al., arXiv 2503.01873): keys are multiplied with M (see `pseudo_average`), once, so that the scores S
    of a block lack beta times their mean and fit f16; the unit that multiplies sums in f32. Scores, weights, products
    and their weighted sum O are f16. The recurrence carries, for each query, the running average A of the blocks' means
    of S (taken before masks), and (m, l, O) as flash attention does, relative to A: a block's scores are Inv (mean - A)
    above what S says, and what was carried is Inv (A before - A) above what it was. Any A gives the same result; one
    near the means keeps all numbers small.

    Otherwise than published: the few numbers a query (A, m, l) are f32, since Inv multiplies their rounding errors,
    which makes results about five times as exact at the price of two conversions of a column. What a block adds is
    divided by (about) its length, because sums over many keys would overflow. The last block, if shorter, has a matrix
    of its own, whose other Inv counts as a weight of its mean.

    Finite numbers that hide scores count as `HIDDEN`; a query hidden from all keys by them gives a mean of values, one
    hidden by minus infinity NaN, or zeros if guarded. f32 is refused, bf16 converted to f16.
    """

    name = "attn-expand-pasa"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, self._expand)

    def _expand(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        """The recurrence of one attention, and the division after it."""
        if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data != "pasa":
            return None
        reason = why_not(op)
        if reason is not None:
            self.fail(op, reason)
        try:
            return [rewriter.cast(_attention(op, rewriter), element_of(op.result))]
        except SfumatoError as error:
            self.fail(op, f"{error}; use another algorithm, such as --attention flash")


def why_not(op: AttentionOp) -> str | None:
    """Why an attention cannot be computed by PASA; None if it can."""
    element = element_of(op.query)
    if element not in GUESSES:
        return (
            f"attention algorithm 'pasa' computes in f16, and this attention's operands are {element}: compile with"
            " --precision fp16, or with another algorithm, such as --attention flash"
        )
    reason = obstacle(op)
    if reason is not None:
        return (
            "attention algorithm 'pasa' shifts scores, which this attention's do not survive:"
            f" {reason}; use another algorithm, such as --attention flash"
        )
    return None


def _attention(op: AttentionOp, rewriter: Rewriter) -> SSAValue:
    """The attention in f16: the recurrence, and the division after it."""
    *lead, rows, columns = op.scores.get_shape()
    blocks = Blocks.of(columns, BLOCK, op.scale.value.data, GUESSES[element_of(op.query)])
    for position in range(3):
        op.operands[position] = rewriter.cast(op.operands[position], f16)
    shares = blocks.shares(len(lead) + 2, rewriter)
    inputs, axes = walked_inputs(op, blocks.shifted(op.key, rewriter), rewriter, shares)
    column, whole = tensor((*lead, rows), f32), tensor((*lead, rows, shape_of(op.value)[-1]), f16)
    zero, sinks = rewriter.splat(0.0, column), sink_rows(op, rewriter)
    if sinks is None:
        largest, total = rewriter.splat(float("-inf"), column), zero
    else:
        largest, total = sinks, rewriter.splat(_share(blocks.shift), column)
    starts = [zero, zero, largest, total, rewriter.splat(0.0, whole)]
    step = partial(_block, op, blocks.shift)
    *_, total, out = walk_keys(op, starts, inputs, axes, step, rewriter, blocks.shift.keys)
    if op.guarded is not None:
        total = rewriter.add(graph.MaxOp.make(total, rewriter.splat(SMALLEST, column)))
    spread = rewriter.add(graph.BroadcastOp.make(total, shape_of(out), range(len(lead) + 1)))
    return rewriter.add(graph.DivOp.make(rewriter.cast(out, f32), spread))


def _share(shift: Shift) -> float:
    """What the sums of a block are multiplied with, so that they are at most one of its terms; a power of two."""
    return 0.5 ** (shift.keys - 1).bit_length()


def _block(op: AttentionOp, shift: Shift, values: Sequence[SSAValue], add: Append) -> list[SSAValue]:
    """One block of shifted keys, and values: what it carries on, given what it was handed and the inputs."""
    count, average, largest, total, mixed, query, key, value, *extras = values
    write = Columns(add, largest)
    shares = extras.pop() if len(extras) > len(op.extras) else None
    scores = add(graph.MatmulOp.make(query, key, transpose_b=True, element=f16))
    mean = write.mean(scores, shift.keys if shares is None else shares)
    count = write.sum(count, write.number(1.0))
    moved = write.sum(average, add(graph.DivOp.make(write.difference(mean, average), count)))
    recovery = write.number(shift.recovery)
    above, risen = (write.product(write.difference(one, moved), recovery) for one in (mean, average))
    scores = shifted_region(op, scores, extras, add)
    hides = op.body is not None or op.band != (None, None)
    top = add(graph.ReduceOp.make(scores, "max", (write.axis,)))
    top = write.larger(top, LOWEST) if hides else top
    weights = add(graph.ExpOp.make(write.difference(scores, write.spread(top, scores))))
    part = write.total(weights)
    product = add(graph.MatmulOp.make(weights, value, element=f16))
    top = write.cast(top, f32)
    top = write.larger(top, HIDDEN) if hides else top
    after = add(graph.MaxOp.make(write.sum(top, above), write.sum(largest, risen)))
    new, old = (
        add(graph.ExpOp.make(write.sum(write.difference(one, after), by)))
        for one, by in ((top, above), (largest, risen))
    )
    new = write.product(new, write.number(_share(shift)))
    total = write.sum(write.product(total, old), write.product(part, new))
    kept, added = (
        write.product(one, write.spread(write.cast(by, f16), one)) for one, by in ((mixed, old), (product, new))
    )
    return [count, moved, after, total, write.sum(kept, added)]


@dataclass(frozen=True)
class Columns:
    """Writes arithmetic on one number a query, f32 like ``like`` unless said otherwise."""

    add: Append
    like: SSAValue

    @property
    def axis(self) -> int:
        """The axis behind the queries."""
        return len(shape_of(self.like))

    def number(self, value: float, like: SSAValue | None = None) -> SSAValue:
        """The same number for each query."""
        return self.add(graph.ConstantOp.make(value, type_of(self.like if like is None else like)))

    def cast(self, value: SSAValue, element: Attribute) -> SSAValue:
        """``value`` in another type."""
        return self.add(graph.CastOp.make(value, element))

    def sum(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """``a + b``."""
        return self.add(graph.AddOp.make(a, b))

    def difference(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """``a - b``."""
        return self.add(graph.SubOp.make(a, b))

    def product(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """``a * b``."""
        return self.add(graph.MulOp.make(a, b))

    def larger(self, a: SSAValue, least: float) -> SSAValue:
        """``a``, at least ``least``."""
        return self.add(graph.MaxOp.make(a, self.number(least, a)))

    def spread(self, column: SSAValue, like: SSAValue) -> SSAValue:
        """The number of its query at each place of ``like``."""
        return self.add(graph.BroadcastOp.make(column, shape_of(like), range(self.axis)))

    def total(self, values: SSAValue) -> SSAValue:
        """The sum of the f16 ``values`` of each query."""
        return self.add(graph.ReduceOp.make(self.cast(values, f32), "add", (self.axis,)))

    def mean(self, scores: SSAValue, shares: SSAValue | int) -> SSAValue:
        """The mean of each query's scores.

        ``shares``: how many scores there are, or what their sum is multiplied with, given for each key.
        """
        total = self.total(scores)
        if isinstance(shares, int):
            share = self.add(graph.ConstantOp.make(1 / shares, type_of(total)))
        else:
            share = self.add(graph.ReduceOp.make(shares, "max", (self.axis,)))
        return self.product(total, share)
