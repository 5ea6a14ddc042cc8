"""The pass that turns matmuls with constant weights into products of integer codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, bf16, f16, f32, i32
from xdsl.ir import Operation, SSAValue

from dialects.graph import MatmulOp
from dialects.graph.types import element_of, shape_of
from dialects.quant import LARGEST_CODE, DequantizeOp, QuantizeOp, ScaleOp
from passes.analysis.weight_values import Origin, WeightValues
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, functions, rewrite_block
from passes.quant.language_head import language_heads

SCHEMES = ("none", "w8a8")
"""The schemes that are supported."""
UNSUPPORTED_SCHEMES = ("w4a8", "w4a16", "hif4", "hif8", "mxfp4", "nvfp4", "fp8")
"""The schemes that are known by name and not supported yet."""

MAX_INNER = (2**31 - 1) // LARGEST_CODE**2
"""The longest sum of products of two codes that fits into an i32."""


@dataclass(frozen=True)
class QuantQuantizeMatmuls(SfumatoPass):
    """Compute matmuls with constant weights on integer codes. Scheme `w8a8`: 8-bit weights, 8-bit activations.

    Both operands are scaled symmetrically along the summed axis: a weight has a scale an output channel, an activation
    a scale a token (row), found while the model runs. The codes' products are summed in i32; the sums are multiplied
    by the row's, then by the channel's scale in f32 and rounded once to the matmul's element type. What follows (the
    bias) is untouched. A weight is what depends on weights of the model and constants alone, also through the
    arguments of outlined layers; its codes are made from nothing else.
    Left alone: the language-model head (a matmul in `main` that no other matmul or layer depends on and whose weight
    has the size of an embedding table that inputs index), products of two activations, bodies of recurrences, f64,
    sums of one term, and sums of more than 133144 terms, which could overflow an i32. Fails for a scheme that is not
    supported.
    """

    name = "quant-quantize-matmuls"

    scheme: str = "none"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Quantise in every function."""
        if self.scheme in UNSUPPORTED_SCHEMES:
            self.fail(op, f"quantisation scheme {self.scheme} is not supported yet (supported: {', '.join(SCHEMES)})")
        if self.scheme not in SCHEMES:
            supported, unsupported = ", ".join(SCHEMES), ", ".join(UNSUPPORTED_SCHEMES)
            known = f"supported are {supported}; not supported yet: {unsupported}"
            self.fail(op, f"unknown quantisation scheme {self.scheme}: {known}")
        if self.scheme == "none":
            return
        origins = WeightValues(op)
        heads = language_heads(op, origins)
        for function in functions(op):
            block = function.body.block
            chosen = frozenset(one for one in block.ops if _is_wanted(one, origins) and one not in heads)
            rewrite_block(block, _Quantization(chosen).rewrite)


def _is_wanted(op: Operation, origins: WeightValues) -> bool:
    """Whether ``op`` multiplies an activation and a weight in a way that codes can hold."""
    if not isinstance(op, MatmulOp) or element_of(op.lhs) not in (f32, f16, bf16):
        return False
    kinds = sorted((origins.origin(op.lhs), origins.origin(op.rhs)))
    return kinds == [Origin.INPUT, Origin.WEIGHT] and 1 < shape_of(op.lhs)[_inner_axis(op, 0)] <= MAX_INNER


def _inner_axis(op: MatmulOp, side: int) -> int:
    """Return the summed axis of the left (0) or right (1) operand."""
    rank = len(shape_of(op.operands[side]))
    flag = (op.transpose_a, op.transpose_b)[side]
    return rank - 1 if (flag is None) == (side == 0) else rank - 2


class _Quantization:
    """One walk over a function; a tensor that several matmuls read is quantised once."""

    def __init__(self, chosen: frozenset[Operation]) -> None:
        self.chosen = chosen
        self.known: dict[tuple[SSAValue, int], tuple[SSAValue, SSAValue]] = {}

    def rewrite(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        if not isinstance(op, MatmulOp) or op not in self.chosen:
            return None
        codes, row_scale = self._quantized(op.lhs, _inner_axis(op, 0), rewriter)
        weight_codes, column_scale = self._quantized(op.rhs, _inner_axis(op, 1), rewriter)
        flags = {"transpose_a": op.transpose_a is not None, "transpose_b": op.transpose_b is not None}
        sums = rewriter.add(MatmulOp.make(codes, weight_codes, **flags, element=i32))
        value = rewriter.add(DequantizeOp.make(sums, row_scale, column_scale))
        return [rewriter.cast(value, element_of(op.result))]

    def _quantized(self, value: SSAValue, axis: int, rewriter: Rewriter) -> tuple[SSAValue, SSAValue]:
        """Return the codes and the scales of ``value``."""
        found = self.known.get((value, axis))
        if found is None:
            wide = rewriter.cast(value, f32)
            scale = rewriter.add(ScaleOp.make(wide, axis))
            found = self.known[value, axis] = rewriter.add(QuantizeOp.make(wide, scale, axis)), scale
        return found
