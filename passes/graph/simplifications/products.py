"""Identities of matrix products and reductions."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue

from dialects.graph import MatmulOp, PermuteOp, ReduceOp, ReshapeOp
from dialects.graph.operation import GraphOp, integers
from dialects.graph.types import element_of, shape_of
from passes.graph.rewriting import Rewriter, Rule, defining

Values = Sequence[SSAValue] | None


def _untransposed(value: SSAValue, rewriter: Rewriter) -> SSAValue | None:
    """The operand before a permutation that makes its innermost axis the last but one, other axes as permuted."""
    permute = defining(value, PermuteOp)
    if permute is None:
        return None
    order = list(integers(permute.properties, "order"))
    if order[-2] != len(order) - 1:
        return None
    order[-2:] = [order[-1], order[-2]]
    if order == list(range(len(order))):
        return permute.operand
    return rewriter.add(PermuteOp.make(permute.operand, order))


def matmul(op: Operation, rewriter: Rewriter) -> Values:
    """A transposed operand becomes a transposition flag; what is left of a permutation keeps rows together."""
    assert isinstance(op, MatmulOp)
    lhs, rhs = _untransposed(op.lhs, rewriter), _untransposed(op.rhs, rewriter)
    if lhs is None and rhs is None:
        return None
    product = MatmulOp.make(
        lhs or op.lhs,
        rhs or op.rhs,
        transpose_a=(op.transpose_a is not None) != (lhs is not None),
        transpose_b=(op.transpose_b is not None) != (rhs is not None),
        element=element_of(op.result),
    )
    return [rewriter.add(product)]


def reduce(op: Operation, rewriter: Rewriter) -> Values:
    """A reduction over axes of size one is a reshape."""
    shape = shape_of(op.operands[0])
    if all(shape[axis] == 1 for axis in integers(op.properties, "axes")):
        return [rewriter.add(ReshapeOp.make(op.operands[0], shape_of(op.results[0])))]
    return None


PRODUCT_RULES: dict[type[GraphOp], Rule] = {MatmulOp: matmul, ReduceOp: reduce}
"""The identities by op."""
