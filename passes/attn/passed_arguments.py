"""What the arguments of private functions stand for."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import BlockArgument, SSAValue

from passes.graph.rewriting import functions


class PassedArguments:
    """The calls of each private function, and the one value that all of them pass for an argument."""

    def __init__(self, module: ModuleOp) -> None:
        """Find all calls of ``module``."""
        self.calls: dict[str, list[CallOp]] = {}
        for function in functions(module):
            for op in function.body.block.ops:
                if isinstance(op, CallOp):
                    self.calls.setdefault(op.callee.root_reference.data, []).append(op)

    def value(self, argument: BlockArgument) -> SSAValue | None:
        """The value that every call passes; None if they differ, or if others may call the function."""
        function = argument.owner.parent_op()
        if not isinstance(function, FuncOp) or not is_private(function):
            return None
        values = [call.operands[argument.index] for call in self.calls.get(function.sym_name.data, ())]
        return values[0] if values and all(value is values[0] for value in values) else None


def is_private(function: FuncOp) -> bool:
    """Whether only functions of the module call this one."""
    return function.sym_visibility is not None and function.sym_visibility.data == "private"
