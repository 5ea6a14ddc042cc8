"""Launches: what the host does with kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, DenseArrayBase, StringAttr, SymbolRefAttr, i64
from xdsl.ir import Attribute, Operation
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import SymbolTable, SymbolUserOpInterface
from xdsl.utils.exceptions import VerifyException

from dialects.tile.structure import KernelOp, ProgramOp, ReturnOp

KERNELS = ("tile.kernel", "kernel.kernel", "isa.kernel")
"""What a launch may name: a kernel at any level, as the host's code stays while kernels are lowered."""


class LaunchesKernel(SymbolUserOpInterface):
    """A launch names a kernel and fits it; a kernel that is not in the module is not looked into."""

    def verify(self, op: Operation) -> None:
        """Check the kernel's kind of op, and, of a `tile.kernel`, the types of what it takes and gives."""
        assert isinstance(op, LaunchOp)
        callee = SymbolTable.lookup_symbol(op, op.kernel)
        if callee is None:
            return
        name = op.kernel.root_reference.data
        if callee.name not in KERNELS:
            raise VerifyException(f"@{name} is a {callee.name}, not a kernel")
        if isinstance(callee, KernelOp):
            expected, given = _signature(callee), [*op.arguments.types, *op.results_.types]
            if given != expected:
                raise VerifyException(f"@{name} takes and gives ({_listed(expected)}), not ({_listed(given)})")


def _signature(kernel: KernelOp) -> list[Attribute]:
    """Return the types of a kernel's arguments without workspaces: those of its inputs, then those of its results."""
    block = kernel.body.block
    if isinstance(block.last_op, ReturnOp):
        return [*block.arg_types, *block.last_op.values.types]
    if isinstance(block.first_op, ProgramOp):
        block = block.first_op.body.block
    if kernel.arguments is None:
        return list(block.arg_types)
    directions = cast("ArrayAttr[StringAttr]", kernel.arguments.data["directions"])
    if len(directions) != len(block.args):
        raise VerifyException(
            f"@{kernel.sym_name.data} has {len(block.args)} arguments and {len(directions)} directions"
        )
    pairs = zip(block.arg_types, directions, strict=True)
    return [type_ for type_, direction in pairs if direction.data != "workspace"]


def _listed(types: Sequence[Attribute]) -> str:
    return ", ".join(str(type_) for type_ in types)


@irdl_op_definition
class LaunchOp(IRDLOperation):
    """Run a kernel on whole tensors.

    ```mlir
    %x = "test.op"() : () -> tensor<4x8xf32>
    %y = tile.launch @relu(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
    """

    name = "tile.launch"
    kernel = prop_def(SymbolRefAttr)
    workspace = opt_prop_def(DenseArrayBase.constr(i64))
    arguments = var_operand_def()
    results_ = var_result_def()
    traits = traits_def(LaunchesKernel())
    assembly_format = (
        "$kernel `(` $arguments `)` (`workspace` $workspace^)? attr-dict `:` functional-type($arguments, $results_)"
    )
