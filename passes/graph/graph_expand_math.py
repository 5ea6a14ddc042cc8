"""The pass that leaves only pointwise functions that the vector unit has instructions for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Attribute, Operation, SSAValue

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.choose import CompareOp
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import element_of
from passes.analysis.support import lacking
from passes.base import SfumatoPass
from passes.graph.expansions import power
from passes.graph.expansions.emission import emitter_for
from passes.graph.expansions.piecewise import exclusive_or
from passes.graph.expansions.table import BOOL_EXPANSIONS, FLOAT_EXPANSIONS, INTEGER_EXPANSIONS
from passes.graph.rewriting import Rewriter, rewrite, splat_of

_ROUNDINGS = (graph.FloorOp, graph.CeilOp, graph.RoundOp, graph.TruncOp)


@dataclass(frozen=True)
class GraphExpandMath(SfumatoPass):
    """Expand every pointwise function without an instruction into primitives, all from one table.

    The primitives are, for f32 and f16, add sub mul div max min neg abs relu exp log sqrt rsqrt reciprocal compare
    select cast, and for f32 floor ceil round trunc; for i32 (other integers: `graph-legalize-integers`) add sub mul max
    min and or not, shl and shr by a constant, and comparisons for equality; for i1 and or not. Functions of f16 and
    bf16, all bf16 arithmetic and rounding in f16 go through f32 and are rounded once. An f32 result is within 4 units
    in the last place; powers of integers need a constant exponent of at least 0.
    """

    name = "graph-expand-math"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, self.expand)

    def expand(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        """The primitives that compute `op`, or None if it is one."""
        if isinstance(op, CompareOp):
            return _compare(op, rewriter)
        if not isinstance(op, PointwiseOp):
            return None
        reason = lacking(op)
        if reason is not None:
            self.fail(op, f"{op.name}: {reason}")
        dtype = DType.of(element_of(op.operands[0]))
        if dtype.is_float:
            return self._expand_float(op, dtype, rewriter)
        if isinstance(op, graph.ShlOp | graph.ShrOp) and splat_of(op.rhs) in range(32):
            return None
        table = BOOL_EXPANSIONS if dtype is DType.i1 else INTEGER_EXPANSIONS
        if isinstance(op, graph.PowOp):
            return [_integer_power(op, rewriter)]
        expansion = table.get(type(op))
        if expansion is None:
            return None
        emitter = emitter_for(op.operands[0], rewriter)
        return [expansion(op, [emitter.term(operand) for operand in op.operands]).value]

    def _expand_float(self, op: PointwiseOp, dtype: DType, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        expansion = FLOAT_EXPANSIONS.get(type(op))
        if expansion is None:
            through_f32 = dtype is DType.bf16 or (dtype is DType.f16 and isinstance(op, _ROUNDINGS))
            if not through_f32:
                return None
            return [rewriter.cast(_through(op, f32, rewriter).results[0], element_of(op.results[0]))]
        emitter = emitter_for(op.operands[0], rewriter)
        operands = [emitter.term(rewriter.cast(operand, f32)) for operand in op.operands]
        exponent = splat_of(op.operands[1]) if isinstance(op, graph.PowOp) else None
        if exponent is None:
            result = expansion(op, operands)
        else:
            result = power.power_by_constant(operands[0], float(exponent))
        return [rewriter.cast(result.value, element_of(op.results[0]))]


def _integer_power(op: graph.PowOp, rewriter: Rewriter) -> SSAValue:
    exponent, base = splat_of(op.rhs), emitter_for(op.lhs, rewriter).term(op.lhs)
    assert isinstance(exponent, int)
    return (power.integer_power(base, exponent) if exponent else base.constant(1)).value


def _through(op: PointwiseOp, element: Attribute, rewriter: Rewriter) -> PointwiseOp:
    """The same op of operands converted to `element`."""
    return rewriter.insert(
        type(op).inferred([rewriter.cast(operand, element) for operand in op.operands], op.properties)
    )


def _compare(op: CompareOp, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """Comparisons in a type that has them: bf16 and small integers in f32, larger integers through their maximum."""
    dtype, predicate = DType.of(element_of(op.lhs)), op.predicate.data
    emitter = emitter_for(op.lhs, rewriter)
    lhs, rhs = emitter.term(op.lhs), emitter.term(op.rhs)
    if dtype is DType.i1:
        match predicate:
            case "ne":
                return [exclusive_or(lhs, rhs).value]
            case "eq":
                return [(~exclusive_or(lhs, rhs)).value]
            case "lt":
                return [(~lhs & rhs).value]
            case "gt":
                return [(lhs & ~rhs).value]
            case "le":
                return [(~lhs | rhs).value]
            case _:
                return [(lhs | ~rhs).value]
    if dtype in (DType.bf16, DType.i8, DType.u8, DType.i16):
        return [emitter.compare(predicate, rewriter.cast(op.lhs, f32), rewriter.cast(op.rhs, f32))]
    if dtype.is_float or predicate in ("eq", "ne"):
        return None
    return [emitter.compare(predicate, op.lhs, op.rhs)]
