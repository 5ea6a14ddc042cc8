"""The pass that finds attention in graph ops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph import MatmulOp
from dialects.graph.operation import integers
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.analysis.evaluation.array import Array
from passes.attn.masks import known, meaning
from passes.attn.matching import (
    Scores,
    match_scores,
    shared_heads,
    softmax_operand,
    without_casts,
    without_factor,
)
from passes.base import SfumatoPass
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import Rewriter, defining, functions, rewrite_block


@dataclass(frozen=True)
class AttnFuseAttention(SfumatoPass):
    """Turn matmul, scale, mask, softmax, matmul into attn.attention, and simplify the attention there is.

    The scores may be multiplied or divided by constants (also query and key before the product), have a mask added or
    be selected by one, and be converted between float types. Softmax may be one op or exp(x - max) / sum. Keys and
    values that repeat the heads of a smaller tensor (grouped queries) are taken before the repetition. A mask known
    while compiling that keeps everything, or the causal triangle, becomes the flag.
    Left alone: products of rank above 4, masks of another element type than the query's, scores used elsewhere too
    (they would be computed twice).
    """

    name = "attn-fuse-attention"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Fuse in every function."""
        for function in functions(op):
            block = function.body.block
            fusion = _Fusion()
            rewrite_block(block, fusion.fuse)
            sweep(block)


class _Fusion:
    """One walk over a function; remembers the masks that were computed."""

    def __init__(self) -> None:
        self.masks: dict[SSAValue, Array | None] = {}

    def fuse(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        if isinstance(op, AttentionOp):
            parts = (op.query, op.key, op.value)
            scale, causal = op.scale.value.data, op.causal is not None
            fused = self._attention(rewriter, parts, op.mask, False, scale, causal)
            same = tuple(fused.operands) == tuple(op.operands) and fused.properties == op.properties
            if same:
                fused.detach()
                fused.erase()
            return None if same else [fused.result]
        if not isinstance(op, MatmulOp) or not 2 <= len(shape_of(op.result)) <= 4 or op.transpose_a is not None:
            return None
        scores = self._scores_of(op)
        return None if scores is None else self._fuse_product(op, scores, rewriter)

    def _scores_of(self, op: MatmulOp) -> Scores | None:
        weights = without_casts(op.lhs)
        operand = softmax_operand(weights)
        scores = None if operand is None else match_scores(operand)
        if scores is None or not is_float(element_of(op.rhs)):
            return None
        elements = {element_of(scores.product.lhs), element_of(scores.product.rhs), element_of(op.rhs)}
        if len(elements) != 1 or _has_other_uses(op.lhs):
            return None
        mask = scores.mask
        if mask is not None and not is_bool(element_of(mask)) and element_of(mask) not in elements:
            return None
        return scores

    def _fuse_product(self, op: MatmulOp, scores: Scores, rewriter: Rewriter) -> Sequence[SSAValue]:
        product = scores.product
        query, query_scale = _scaled(product.lhs)
        key, key_scale = _scaled(product.rhs)
        parts = (
            _four_axes(_oriented(query, product.transpose_a is not None, rewriter), rewriter),
            _four_axes(_oriented(key, product.transpose_b is None, rewriter), rewriter),
            _four_axes(_oriented(op.rhs, op.transpose_b is not None, rewriter), rewriter),
        )
        scale = scores.scale * query_scale * key_scale
        fused = self._attention(rewriter, parts, scores.mask, scores.mask_is_negated, scale, causal=False)
        shape, result = shape_of(op.result), fused.result
        result = result if shape_of(result) == shape else rewriter.add(graph.ReshapeOp.make(result, shape))
        return [rewriter.cast(result, element_of(op.result))]

    def _attention(
        self,
        rewriter: Rewriter,
        parts: tuple[SSAValue, SSAValue, SSAValue],
        mask: SSAValue | None,
        negated: bool,
        scale: float,
        causal: bool,
    ) -> AttentionOp:
        query, key, value = parts
        rows, columns = shape_of(query)[2], shape_of(key)[2]
        elements = None if mask is None else known(mask, self.masks)
        if elements is not None:
            found = meaning(elements, negated, rows, columns)
            mask = mask if found == "other" else None
            causal = causal or found == "causal"
        if mask is not None:
            mask = _fitting_mask(mask, columns, rewriter)
            mask = rewriter.add(graph.NotOp.make(mask)) if negated else mask
        small_key, small_value = shared_heads(key), shared_heads(value)
        if small_key is not None and small_value is not None and small_key[1][1] == small_value[1][1]:
            key, value = (
                source if shape_of(source) == shape else rewriter.add(graph.ReshapeOp.make(source, shape))
                for source, shape in (small_key, small_value)
            )
        return rewriter.insert(AttentionOp.make(query, key, value, mask, scale=scale, causal=causal))


def _has_other_uses(weights: SSAValue) -> bool:
    return not weights.has_one_use()


def _scaled(value: SSAValue) -> tuple[SSAValue, float]:
    source, factor = without_factor(value)
    return (source, factor) if factor is not None else (value, 1.0)


def _oriented(value: SSAValue, transposed: bool, rewriter: Rewriter) -> SSAValue:
    """The value with its last two axes swapped if it is stored transposed."""
    if not transposed:
        return value
    rank = len(shape_of(value))
    return rewriter.add(graph.PermuteOp.make(value, [*range(rank - 2), rank - 1, rank - 2]))


def _four_axes(value: SSAValue, rewriter: Rewriter) -> SSAValue:
    shape = shape_of(value)
    return value if len(shape) == 4 else rewriter.add(graph.ReshapeOp.make(value, (1,) * (4 - len(shape)) + shape))


def _fitting_mask(mask: SSAValue, columns: int, rewriter: Rewriter) -> SSAValue:
    """The mask with four axes, before it was repeated over batch, heads or rows."""
    broadcast = defining(mask, graph.BroadcastOp)
    rank = len(shape_of(mask))
    if broadcast is not None:
        sizes = dict(zip(integers(broadcast.properties, "dims"), shape_of(broadcast.operand), strict=True))
        if sizes.get(rank - 1) == columns:
            mask = broadcast.operand
            shape = (1,) * (4 - rank) + tuple(sizes.get(axis, 1) for axis in range(rank))
            return mask if shape_of(mask) == shape else rewriter.add(graph.ReshapeOp.make(mask, shape))
    return _four_axes(mask, rewriter)
