"""The pass that computes what is known while compiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects.graph import BroadcastOp, ConstantOp, IotaOp, WeightOp
from dialects.graph.operation import GraphOp
from dialects.graph.types import shape_of, type_of
from passes.analysis.evaluate import MEANINGS, evaluate_op
from passes.analysis.evaluation.array import Array
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, functions, rewrite_block


@dataclass(frozen=True)
class GraphFoldConstants(SfumatoPass):
    """Replace ops whose operands are all known (constants, iotas and what is made of them) by constants.

    Results with equal elements become splats of any size. Other results become listed elements up to `maximum_bytes`,
    but for broadcasts and truth values: an iota and a comparison cost less than a mask that has to be loaded.
    Nothing of more than `maximum_elements` is computed to find out.
    """

    name = "graph-fold-constants"
    maximum_bytes: int = 65536
    maximum_elements: int = 1 << 22

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Fold in every function."""
        for function in functions(op):
            folding = _Folding(self)
            rewrite_block(function.body.block, folding.fold)


class _Folding:
    """One walk over a function, with the elements of every value known so far."""

    def __init__(self, limits: GraphFoldConstants) -> None:
        self.limits = limits
        self.known: dict[SSAValue, Array] = {}

    def fold(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        """The constants that replace the results of an op."""
        if not isinstance(op, GraphOp) or isinstance(op, WeightOp) or type(op) not in MEANINGS:
            return None
        operands = [self.known.get(operand) for operand in op.operands]
        if any(operand is None for operand in operands) or not self._is_small(op):
            return None
        results = evaluate_op(op, [operand for operand in operands if operand is not None])
        if isinstance(op, ConstantOp | IotaOp):
            self.known[op.results[0]] = results[0]
            return None
        if not all(_is_splat(array) or self._is_worth_listing(op, array) for array in results):
            self.known.update(zip(op.results, results, strict=True))
            return None
        values: list[SSAValue] = []
        for array, result in zip(results, op.results, strict=True):
            value = rewriter.add(ConstantOp.from_array(array, type_of(result)))
            self.known[value] = array
            values.append(value)
        return values

    def _is_small(self, op: GraphOp) -> bool:
        sizes = [prod(shape_of(value)) for value in (*op.operands, *op.results)]
        return isinstance(op, ConstantOp) or all(0 < size <= self.limits.maximum_elements for size in sizes)

    def _is_worth_listing(self, op: GraphOp, array: Array) -> bool:
        stays = isinstance(op, BroadcastOp) or array.dtype == np.bool_
        return not stays and array.nbytes <= self.limits.maximum_bytes


def _is_splat(array: Array) -> bool:
    first = array.reshape(-1)[:1]
    raw = np.ascontiguousarray(first).view(np.uint8)
    if not bool((array == first).all()):
        return False
    return bool((np.ascontiguousarray(array).view(np.uint8).reshape(-1, raw.size) == raw).all())
