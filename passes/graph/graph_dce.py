"""The pass that removes what nothing uses."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Block

from dialects.graph.operation import GraphOp
from passes.base import SfumatoPass
from passes.graph.rewriting import blocks, functions


@dataclass(frozen=True)
class GraphDce(SfumatoPass):
    """Remove graph ops and calls whose results have no use, then private functions that nothing calls.

    Graph functions are pure, so a call whose results are unused has no effect. One backward walk a function is enough:
    an op's users come after it.
    """

    name = "graph-dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Sweep every function."""
        for function in functions(op):
            for block in reversed(list(blocks(function))):
                sweep(block)
        called = {
            call.callee.root_reference.data
            for function in functions(op)
            for call in function.body.block.ops
            if isinstance(call, CallOp)
        }
        for function in list(functions(op)):
            if _is_private(function) and function.sym_name.data not in called:
                function.detach()
                function.erase()


def _is_private(function: FuncOp) -> bool:
    return function.sym_visibility is not None and function.sym_visibility.data == "private"


def sweep(block: Block) -> None:
    """Remove the unused graph ops and calls of a block."""
    op = block.last_op
    while op is not None:
        previous = op.prev_op
        if isinstance(op, GraphOp | CallOp) and not any(result.first_use for result in op.results):
            op.detach()
            op.erase()
        op = previous
