"""The pass that writes softmax and normalisations as reductions and pointwise ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, bf16, f16, f32
from xdsl.ir import Attribute, Operation, SSAValue

from dialects import graph
from dialects.graph.composite import LayerNormOp, NormOp, RmsNormOp
from dialects.graph.operation import GraphOp, integer
from dialects.graph.reduce import ReduceOp, ScanOp
from dialects.graph.types import element_of, shape_of, type_of
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite


@dataclass(frozen=True)
class GraphExpandComposites(SfumatoPass):
    """Expand softmax, log-softmax, layer norm and RMS norm; let narrow reductions accumulate in f32.

    Everything is computed in f32 and rounded once to the result's type, as torch does. The variance is the mean of
    squared distances from the mean (two passes over the data); means multiply by 1 / N, exact for powers of two and
    within half a unit otherwise. Sums, products and scans of f16 and bf16, and bf16 extremes, are cast to f32 and back.
    """

    name = "graph-expand-composites"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The primitives of a composite op."""
    expansion = EXPANSIONS.get(cast("type[GraphOp]", type(op)))
    return None if expansion is None else expansion(op, rewriter)


class _Rows:
    """Arithmetic over the reduced axes of one tensor, in f32."""

    def __init__(self, like: SSAValue, axes: Sequence[int], rewriter: Rewriter) -> None:
        self.shape, self.axes, self.rewriter = shape_of(like), tuple(axes), rewriter
        self.kept = [axis for axis in range(len(self.shape)) if axis not in self.axes]

    def reduce(self, kind: str, x: SSAValue) -> SSAValue:
        return self.rewriter.add(ReduceOp.make(x, kind, self.axes))

    def mean(self, x: SSAValue) -> SSAValue:
        total = self.reduce("add", x)
        factor = self.rewriter.splat(1.0 / prod(self.shape[axis] for axis in self.axes), type_of(total))
        return self.rewriter.add(graph.MulOp.make(total, factor))

    def spread(self, row: SSAValue) -> SSAValue:
        return self.rewriter.add(graph.BroadcastOp.make(row, self.shape, self.kept))

    def inverse_root(self, mean_square: SSAValue, epsilon: float) -> SSAValue:
        offset = self.rewriter.splat(epsilon, type_of(mean_square))
        return self.rewriter.add(graph.RsqrtOp.make(self.rewriter.add(graph.AddOp.make(mean_square, offset))))


def _wide(value: SSAValue, rewriter: Rewriter) -> SSAValue:
    return rewriter.cast(value, f32) if element_of(value) in (f16, bf16) else value


def _softmax(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue]:
    x = _wide(op.operands[0], rewriter)
    rows = _Rows(x, [integer(op.properties, "axis")], rewriter)
    centred = rewriter.add(graph.SubOp.make(x, rows.spread(rows.reduce("max", x))))
    e = rewriter.add(graph.ExpOp.make(centred))
    total = rows.reduce("add", e)
    result = rewriter.add(graph.DivOp.make(e, rows.spread(total)))
    return [rewriter.cast(result, element_of(op.results[0]))]


def _log_softmax(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue]:
    x = _wide(op.operands[0], rewriter)
    rows = _Rows(x, [integer(op.properties, "axis")], rewriter)
    centred = rewriter.add(graph.SubOp.make(x, rows.spread(rows.reduce("max", x))))
    total = rows.reduce("add", rewriter.add(graph.ExpOp.make(centred)))
    log_total = rewriter.add(graph.LogOp.make(total))
    result = rewriter.add(graph.SubOp.make(centred, rows.spread(log_total)))
    return [rewriter.cast(result, element_of(op.results[0]))]


def _last_axes(op: Operation) -> list[int]:
    rank = len(shape_of(op.operands[0]))
    return list(range(rank - integer(op.properties, "axes"), rank))


def _with_parameters(op: NormOp, x: SSAValue, rewriter: Rewriter) -> SSAValue:
    """x * weight + bias, as far as they are given, rounded to the result's type."""
    shape, axes = shape_of(x), _last_axes(op)
    for parameter, combine in zip(op.parameters, (graph.MulOp, graph.AddOp), strict=False):
        spread = rewriter.add(graph.BroadcastOp.make(_wide(parameter, rewriter), shape, axes))
        x = rewriter.add(combine.make(x, spread))
    return rewriter.cast(x, element_of(op.results[0]))


def _layer_norm(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue]:
    assert isinstance(op, LayerNormOp)
    x = _wide(op.operand, rewriter)
    rows = _Rows(x, _last_axes(op), rewriter)
    centred = rewriter.add(graph.SubOp.make(x, rows.spread(rows.mean(x))))
    variance = rows.mean(rewriter.add(graph.MulOp.make(centred, centred)))
    scale = rows.inverse_root(variance, op.epsilon.value.data)
    normal = rewriter.add(graph.MulOp.make(centred, rows.spread(scale)))
    return [_with_parameters(op, normal, rewriter)]


def _rms_norm(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue]:
    assert isinstance(op, RmsNormOp)
    x = _wide(op.operand, rewriter)
    rows = _Rows(x, _last_axes(op), rewriter)
    scale = rows.inverse_root(rows.mean(rewriter.add(graph.MulOp.make(x, x))), op.epsilon.value.data)
    normal = rewriter.add(graph.MulOp.make(x, rows.spread(scale)))
    return [_with_parameters(op, normal, rewriter)]


def _accumulation(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    assert isinstance(op, ReduceOp | ScanOp)
    element: Attribute = element_of(op.operand)
    narrow = element == bf16 or (element == f16 and op.kind.data in ("add", "mul"))
    if not narrow:
        return None
    wide = type(op).inferred([rewriter.cast(op.operand, f32)], op.properties)
    return [rewriter.cast(rewriter.add(wide), element)]


EXPANSIONS: dict[type[GraphOp], Callable[[Operation, Rewriter], Sequence[SSAValue] | None]] = {
    graph.SoftmaxOp: _softmax,
    graph.LogSoftmaxOp: _log_softmax,
    LayerNormOp: _layer_norm,
    RmsNormOp: _rms_norm,
    ReduceOp: _accumulation,
    ScanOp: _accumulation,
}
"""How each composite op is computed."""
