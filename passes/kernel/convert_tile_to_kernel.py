"""The pass `convert-tile-to-kernel`: programs on tiles become AscendC-like kernels on buffers and queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute, Block, Operation

from dialects.kernel.structure import KernelOp as AscendKernelOp
from dialects.kernel.structure import ProgramOp as AscendProgramOp
from dialects.kernel.types import GlobalType
from dialects.tile.structure import KernelOp, ProgramOp
from passes.base import SfumatoPass, target_of
from passes.kernel.program_builder import ProgramBuilder
from runtime.machine.description import Machine, load


@dataclass(frozen=True)
class ConvertTileToKernel(SfumatoPass):
    """Lower each `tile.kernel` with its programs to a `kernel.kernel`.

    Tiles made by one pipe and read by others get queues (`passes.kernel.queue_groups`), tiles that stay on the vector
    pipe get buffers, values carried around loops get buffers that outlive the loop. Loops and index arithmetic stay
    symbolic.
    """

    name = "convert-tile-to-kernel"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace every tile kernel of the module."""
        machine = load(target_of(op))
        for kernel in list(op.body.block.ops):
            if isinstance(kernel, KernelOp):
                made = _convert(kernel, machine)
                op.body.block.insert_op_before(made, kernel)
                kernel.detach()
                kernel.erase()


def _convert(kernel: KernelOp, machine: Machine) -> AscendKernelOp:
    programs: list[Operation] = []
    assert kernel.kind is not None
    assert kernel.blocks is not None
    assert kernel.arguments is not None
    entries: list[DictionaryAttr] = []
    for program in kernel.body.block.ops:
        assert isinstance(program, ProgramOp)
        types = [cast("TensorType[Attribute]", argument.type) for argument in program.body.block.args]
        made = AscendProgramOp(program.core.data, [GlobalType(type_.element_type) for type_ in types])
        made.location = kernel.location
        builder = ProgramBuilder(made, kernel.blocks.value.data, machine)
        builder.build(program)
        programs.append(made)
        if not entries:
            directions = cast("ArrayAttr[StringAttr]", kernel.arguments.data["directions"])
            entries = [
                DictionaryAttr({"name": StringAttr(f"{direction.data}{i}"), "type": type_, "direction": direction})
                for i, (type_, direction) in enumerate(zip(types, directions, strict=True))
            ]
    made_kernel = AscendKernelOp.create(
        properties={
            "sym_name": kernel.sym_name,
            "kind": kernel.kind,
            "blocks": kernel.blocks,
            "arguments": ArrayAttr(entries),
        },
        attributes=dict(kernel.attributes),
        regions=[kernel.body.__class__(Block(programs))],
    )
    made_kernel.location = kernel.location
    return made_kernel
