"""Matrix products of integers that the cube does not multiply: all products of elements, summed on the vector cores."""

from __future__ import annotations

from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.types import shape_of
from passes.graph.rewriting import Rewriter
from passes.graph.structured.steps import Steps


def factors(op: graph.MatmulOp, lhs: SSAValue, rhs: SSAValue, rewriter: Rewriter) -> tuple[SSAValue, SSAValue]:
    """Two values in the layout of the operands of ``op``, both as [batch..., M, N, K]."""
    steps = Steps(rewriter)
    last = len(shape_of(lhs)) - 1
    batch = range(last - 1)
    if op.transpose_a is not None:
        lhs = steps.move(lhs, last - 1, last)
    if op.transpose_b is None:
        rhs = steps.move(rhs, last - 1, last)
    shape = (*shape_of(op.result), shape_of(lhs)[-1])
    return steps.place(lhs, shape, [*batch, last - 1, last + 1]), steps.place(rhs, shape, [*batch, last, last + 1])
