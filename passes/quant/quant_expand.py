"""The pass that writes quant ops as graph primitives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32, i8
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.types import shape_of, type_of
from dialects.quant import LARGEST_CODE, SMALLEST_SCALE, DequantizeOp, QuantizeOp, ScaleOp
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite


@dataclass(frozen=True)
class QuantExpand(SfumatoPass):
    """Expand quant.scale, quant.quantize and quant.dequantize into reductions and pointwise ops on f32.

    Scales divide, they are not inverted: the codes are those of the correctly rounded quotient. Codes are whole
    numbers before their conversion to i8, which is therefore exact.
    """

    name = "quant-expand"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, _expand)


def _expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    match op:
        case ScaleOp():
            return [_scale(op, rewriter)]
        case QuantizeOp():
            return [_quantize(op, rewriter)]
        case DequantizeOp():
            return [_dequantize(op, rewriter)]
        case _:
            return None


def _scale(op: ScaleOp, rewriter: Rewriter) -> SSAValue:
    axes = [integer(op.properties, "axis")]
    largest = rewriter.add(graph.ReduceOp.make(rewriter.add(graph.AbsOp.make(op.operand)), "max", axes))
    kind = type_of(op.result)
    largest = rewriter.add(graph.MaxOp.make(largest, rewriter.splat(LARGEST_CODE * SMALLEST_SCALE, kind)))
    return rewriter.add(graph.DivOp.make(largest, rewriter.splat(float(LARGEST_CODE), kind)))


def _quantize(op: QuantizeOp, rewriter: Rewriter) -> SSAValue:
    kind, axis = type_of(op.operand), integer(op.properties, "axis")
    kept = [dim for dim in range(len(shape_of(op.operand))) if dim != axis]
    scale = rewriter.add(graph.BroadcastOp.make(op.scale, shape_of(op.operand), kept))
    code = rewriter.add(graph.RoundOp.make(rewriter.add(graph.DivOp.make(op.operand, scale))))
    code = rewriter.add(graph.MaxOp.make(code, rewriter.splat(-float(LARGEST_CODE), kind)))
    code = rewriter.add(graph.MinOp.make(code, rewriter.splat(float(LARGEST_CODE), kind)))
    return rewriter.add(graph.CastOp.make(code, i8))


def _dequantize(op: DequantizeOp, rewriter: Rewriter) -> SSAValue:
    shape = shape_of(op.sums)
    rank = len(shape)
    value = rewriter.cast(op.sums, f32)
    for scale, missing in ((op.row_scale, rank - 1), (op.column_scale, rank - 2)):
        kept = [dim for dim in range(rank) if dim != missing]
        value = rewriter.add(graph.MulOp.make(value, rewriter.add(graph.BroadcastOp.make(scale, shape, kept))))
    return value
