"""Put barriers where an instruction depends on an earlier one of its own pipe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation

from dialects.isa.fields import Pipe
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.structure import InitBufferOp, KernelOp, ProgramOp
from dialects.kernel.sync import PipeBarrierOp
from passes.analysis.footprint import Footprints
from passes.analysis.hazards import Access, access_of, after_loop, conflicts, in_next_iteration
from passes.analysis.index_range import IndexRanges
from passes.base import SfumatoPass

PIPES = ("V", "MTE2")
"""Pipes whose instructions may overlap in local memory. Matrix products into one accumulator are ordered by the
hardware, and what other pipes read and write is ordered by queues."""

Pending = dict[str, dict[Access, None]]
"""Pipe -> accesses since its last barrier (an ordered set)."""


@dataclass(frozen=True)
class KernelInsertSync(SfumatoPass):
    """Insert ``kernel.pipe_barrier`` before an instruction that reads or writes bytes an earlier one of its pipe wrote,
    or writes bytes an earlier one reads, when no barrier is between them.

    Bytes are compared by buffer and offset; offsets that differ by something unknown count as overlapping. Iterations
    of a loop are followed too: an access at a multiple of the loop counter is known to move on. Different turns of a
    queue never need a barrier, since its flags order them. Needs the addresses that ``kernel-plan-memory`` sets, as
    buffers may share memory.
    """

    name = "kernel-insert-sync"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Insert the barriers of every program of the module."""
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp):
                for program in kernel.programs:
                    self._synchronise(program)

    def _synchronise(self, program: ProgramOp) -> None:
        for op in program.walk():
            if isinstance(op, InitBufferOp) and op.address is None:
                self.fail(op, "buffer without address: run kernel-plan-memory first")
        marks: dict[Operation, None] = {}
        _Scan().block(program.body.block, {pipe: {} for pipe in PIPES}, marks)
        for op in marks:
            assert isinstance(op, Intrinsic)
            assert op.instruction.queue is not None
            assert op.parent is not None
            barrier = PipeBarrierOp.make(op.instruction.queue)
            barrier.location = op.location
            op.parent.insert_op_before(barrier, op)


class _Scan:
    """Follows a program in order with what is pending, marking the ops that need a barrier before them."""

    def __init__(self) -> None:
        self._ranges = IndexRanges()
        self._footprints = Footprints(self._ranges)
        self._accesses: dict[Operation, list[Access]] = {}

    def block(self, block: Block, pending: Pending, marks: dict[Operation, None] | None) -> Pending:
        """Pending accesses after a block, from those before it; ``marks`` is None while a loop is being explored."""
        for op in block.ops:
            match op:
                case Intrinsic():
                    self._intrinsic(op, pending, marks)
                case PipeBarrierOp():
                    for pipe in PIPES:
                        if op.pipe.data in (pipe, Pipe.ALL.name):
                            pending[pipe] = {}
                case scf.ForOp():
                    pending = self._loop(op, pending, marks)
                case scf.IfOp():
                    arms = [self.block(region.block, _copy(pending), marks) for region in op.regions if region.blocks]
                    pending = _union([*arms, pending] if len(arms) < 2 else arms)
                case _:
                    pass
        return pending

    def _intrinsic(self, op: Intrinsic, pending: Pending, marks: dict[Operation, None] | None) -> None:
        pipe = op.instruction.queue
        if pipe not in pending:
            return
        accesses = self._accesses.get(op)
        if accesses is None:
            accesses = self._accesses[op] = [access_of(use) for use in self._footprints.of(op)]
        earlier = pending[pipe]
        if any(conflicts(one, access) for access in accesses for one in earlier):
            if marks is not None:
                marks[op] = None
            earlier = pending[pipe] = {}
        earlier.update(dict.fromkeys(accesses))

    def _loop(self, loop: scf.ForOp, pending: Pending, marks: dict[Operation, None] | None) -> Pending:
        """The body sees what was pending before the loop and at the end of any earlier iteration."""
        incoming = _copy(pending)
        while True:
            known = sum(len(accesses) for accesses in incoming.values())
            left = self.block(loop.body.block, _copy(incoming), None)
            for pipe, accesses in left.items():
                later = (in_next_iteration(access, loop, self._ranges) for access in accesses)
                incoming[pipe].update(dict.fromkeys(access for access in later if access is not None))
            if sum(len(accesses) for accesses in incoming.values()) == known:
                break
        left = self.block(loop.body.block, _copy(incoming), marks)
        result: Pending = {}
        for pipe, accesses in left.items():
            outside = (after_loop(access, loop) for access in accesses)
            result[pipe] = dict.fromkeys(access for access in outside if access is not None)
        return result if self._runs(loop) else _union([result, pending])

    def _runs(self, loop: scf.ForOp) -> bool:
        """Whether the body certainly runs at least once."""
        lower, upper = self._ranges.of(loop.lb).high, self._ranges.of(loop.ub).low
        return lower is not None and upper is not None and lower < upper


def _copy(pending: Pending) -> Pending:
    return {pipe: dict(accesses) for pipe, accesses in pending.items()}


def _union(parts: Iterable[Pending]) -> Pending:
    result: Pending = {pipe: {} for pipe in PIPES}
    for part in parts:
        for pipe, accesses in part.items():
            result[pipe].update(accesses)
    return result
