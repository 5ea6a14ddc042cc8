"""Tensors without elements, which no kernel computes: they are constants, and what is made of them is known."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import GraphOp
from dialects.graph.types import shape_of, type_of
from passes.graph.rewriting import Rewriter

_NEUTRAL = {"add": 0, "or": 0, "mul": 1, "and": -1}
"""What a reduction of nothing gives (of bits, all set for ``and``); largest and smallest have no such value."""


def is_empty(value: SSAValue) -> bool:
    """Whether a tensor has no elements."""
    return 0 in shape_of(value)


def without_elements(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """A result without elements is a constant; sums, products and writes of nothing leave what was there before."""
    if not isinstance(op, GraphOp) or isinstance(op, graph.ConstantOp) or not op.results:
        return None
    if all(is_empty(result) for result in op.results):
        return [rewriter.splat(0, type_of(result)) for result in op.results]
    if not any(is_empty(operand) for operand in op.operands):
        return None
    result = type_of(op.results[0])
    match op:
        case graph.ReduceOp() if op.kind.data in _NEUTRAL:
            return [rewriter.splat(_NEUTRAL[op.kind.data], result)]
        case graph.MatmulOp():
            return [rewriter.splat(0, result)]
        case graph.ScatterOp() | graph.IndexPutOp():
            return [op.operand]
        case graph.PadOp(value=FloatAttr() | IntegerAttr() as fill):
            return [rewriter.splat(fill.value.data, result)]
        case _:
            return None
