"""The pass `dispatch-form-kernels`: graph ops become kernels, their functions sequences of launches."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp

from passes.analysis.refusals import Refusals
from passes.base import SfumatoPass
from passes.dispatch.distinct_kernels import DistinctKernels
from passes.dispatch.function_rewriter import FunctionRewriter
from passes.dispatch.grouping import Grouping
from passes.dispatch.separate_uses import separate_uses


@dataclass(frozen=True)
class DispatchFormKernels(SfumatoPass):
    """Group graph ops into kernels and replace them by launches.

    A kernel is a `tile.kernel` whose body is still mathematics: views of its arguments, the ops, `tile.return`. Equal
    kernels are made once. What stays in a function is weights, constants, dense reshapes (which move nothing), calls
    and launches. Ops that no kernel can hold are all reported in one error.
    """

    name = "dispatch-form-kernels"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Form the kernels of every function of the module."""
        kernels = DistinctKernels()
        refusals = Refusals(op)
        bodies: list[tuple[func.FuncOp, Grouping]] = []
        for function in list(op.body.block.ops):
            if isinstance(function, func.FuncOp):
                separate_uses(function.body.block)
                grouping = Grouping(function.body.block, lambda op, why: refusals.add(op.name, op, why))
                bodies.append((function, grouping))
        refusals.check()
        for function, grouping in bodies:
            FunctionRewriter(function, grouping, kernels).rewrite()
        block = op.body.block
        first = block.first_op
        for kernel in kernels.made:
            if first is None:
                block.add_op(kernel)
            else:
                block.insert_op_before(kernel, first)
