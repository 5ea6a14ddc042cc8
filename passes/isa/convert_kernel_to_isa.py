"""Turn kernels into instructions: addresses, flags, scalar code and registers."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Region

from dialects.isa.structure import ProgramOp as IsaProgramOp
from dialects.isa.structure import kernel_op, program_op
from dialects.kernel.structure import KernelOp, ProgramOp
from passes.base import SfumatoPass, target_of
from passes.isa.origin_names import OriginNames
from passes.isa.program_lowering import ProgramLowering
from runtime.machine.description import load


@dataclass(frozen=True)
class ConvertKernelToIsa(SfumatoPass):
    """Replace each ``kernel.kernel`` by an ``isa.kernel`` of the same name, one instruction an intrinsic.

    Queues become flags (a queue of depth d takes d event ids between its producer and each consumer), loops stay loops,
    index arithmetic becomes scalar instructions: folded, shared, and in front of the loops in which it does not change.
    Every instruction keeps the location of the op it came from; which op that was, and the buffers' names, are the
    program's ``origins``. Needs the addresses that ``kernel-plan-memory`` sets. Loops that carry values, branches that
    give values and floating-point arithmetic of ``arith`` are errors, and so are more event ids or scalar registers
    than there are.
    """

    name = "convert-kernel-to-isa"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert every kernel of the module in place."""
        event_ids = load(target_of(op)).event_ids
        for kernel in list(op.body.block.ops):
            if isinstance(kernel, KernelOp):
                self._convert(kernel, event_ids)

    def _convert(self, kernel: KernelOp, event_ids: int) -> None:
        programs = Block([self._program(kernel, program, event_ids) for program in kernel.programs])
        converted = kernel_op(
            kernel.sym_name.data,
            kernel.kind.data,
            kernel.blocks.value.data,
            list(kernel.parameters),
            Region(programs),
        )
        converted.location = kernel.location
        for name, value in kernel.attributes.items():
            converted.attributes[name] = value
        block = kernel.parent
        assert block is not None
        block.insert_op_before(converted, kernel)
        kernel.detach()
        kernel.erase()

    def _program(self, kernel: KernelOp, program: ProgramOp, event_ids: int) -> IsaProgramOp:
        where = f"kernel '{kernel.sym_name.data}', {program.core.data} program"
        lowered = ProgramLowering(program, event_ids, where).run()
        origins = OriginNames(kernel, program).origins(op for _, op in lowered)
        converted = program_op(program.core.data, Region(Block([one for one, _ in lowered])), origins)
        converted.location = program.location
        return converted
