"""Give every queue and buffer of a kernel its address in its memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from dialects.errors import location_text
from dialects.interned import i64_attr
from dialects.kernel.queue import InitQueueOp
from dialects.kernel.structure import InitBufferOp, KernelOp, ProgramOp
from dialects.kernel.types import ALIGNMENT, SPACES
from passes.analysis.memory_planner import Interval, plan
from passes.analysis.rounding import round_up
from passes.analysis.tensor_users import ancestor_in, users_of
from passes.base import SfumatoPass, target_of
from passes.kernel.bank_phases import BANK_PERIOD, bank_phases, period_of
from runtime.machine.description import Machine, load

LARGE_SLOT = 2048
"""Bytes from which a slot is large: what rounding adds is then at most a quarter."""


@dataclass(frozen=True)
class KernelPlanMemory(SfumatoPass):
    """Set ``address`` on every ``kernel.init_queue`` and ``kernel.init_buffer``, per program and memory.

    A queue is alive throughout its program, a buffer from its first to its last use; one used in a loop that its
    ``init_buffer`` stands outside of is alive during the whole loop. Buffers alive at different times share addresses.
    Buffers of channels come first, at the same address in both programs, alive throughout. Addresses are multiples of
    the memory's alignment; in UB, buffers that a vector instruction reads or writes together lie in different bank
    groups, unless that would take more than there is. Where the target (module attribute ``sfumato.target``) has too
    little, queues give up their second slots, those with the largest slots first: loads and stores then wait for the
    computation instead of running beside it. If that is not enough, an error prints the memory map.
    """

    name = "kernel-plan-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Plan every program of the module."""
        machine = load(target_of(op))
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp):
                reserved = _place_channels(kernel)
                for program in kernel.programs:
                    self._plan_program(machine, kernel, program, reserved)

    def _plan_program(self, machine: Machine, kernel: KernelOp, program: ProgramOp, reserved: dict[str, int]) -> None:
        clock = _Clock(program.body.block)
        by_space: dict[str, list[InitQueueOp | InitBufferOp]] = {}
        for op in program.walk():
            if isinstance(op, InitQueueOp | InitBufferOp) and op.address is None:
                by_space.setdefault(SPACES[op.position.data], []).append(op)
        for space, ops in by_space.items():
            start = round_up(reserved.get(space, 0), BANK_PERIOD)
            capacity = capacity_of(machine, space) - start
            phases = bank_phases(program, machine.vector) if space == "ub" else None
            entries, offsets, peak = _place(ops, space, clock, phases, period_of(machine.vector))
            if phases and peak > capacity:
                entries, offsets, peak = _place(ops, space, clock)
            while peak > capacity and _give_up_slots(ops):
                entries, offsets, peak = _place(ops, space, clock)
            if peak > capacity:
                last = max(range(len(entries)), key=lambda index: offsets[index] + entries[index].bytes)
                table = _memory_map(entries, offsets, clock.end)
                self.fail(
                    entries[last].op,
                    f"kernel '{kernel.sym_name.data}' needs {peak} bytes of {space} on the {program.core.data} core, "
                    f"{machine.name} has {capacity}{' besides its channels' if start else ''}\n{table}\n"
                    "  choose smaller tiles or fewer slots for this kernel, or a target with more of this memory",
                )
            for entry, offset in zip(entries, offsets, strict=True):
                entry.op.properties["address"] = i64_attr(start + offset)


def _place_channels(kernel: KernelOp) -> dict[str, int]:
    """Give the buffers of channels their addresses, from 0 on; return the bytes that they take of each memory."""
    taken: dict[str, int] = {}
    placed: dict[int, int] = {}
    for op in kernel.walk():
        if isinstance(op, InitBufferOp) and op.channel is not None:
            space, channel = SPACES[op.position.data], op.channel.value.data
            if channel not in placed:
                placed[channel] = taken.get(space, 0)
                taken[space] = placed[channel] + round_up(op.bytes.value.data, ALIGNMENT[space])
            op.properties["address"] = i64_attr(placed[channel])
    return taken


def _place(
    ops: Sequence[InitQueueOp | InitBufferOp],
    space: str,
    clock: _Clock,
    phases: Mapping[InitQueueOp | InitBufferOp, int] | None = None,
    period: int = 1,
) -> tuple[list[_Entry], list[int], int]:
    """Return the entries of one memory, their offsets and the bytes needed; ``phases`` are bytes from whole periods."""
    entries: list[_Entry] = []
    intervals: list[Interval] = []
    for op in ops:
        if isinstance(op, InitQueueOp):
            size = op.depth.value.data * slot_bytes(op)
            entries.append(_Entry(op, op.position.data, size, (0, clock.end), op.queue.name_hint))
        else:
            life = clock.life(op.buffer)
            entries.append(_Entry(op, op.position.data, op.bytes.value.data, life, op.buffer.name_hint))
    for entry in entries:
        phase = None if phases is None else phases.get(entry.op)
        grid = (ALIGNMENT[space], 0) if phase is None else (period, phase)
        intervals.append(Interval(*entry.life, entry.bytes, *grid))
    offsets, peak = plan(intervals)
    return entries, offsets, peak


def _give_up_slots(ops: Sequence[InitQueueOp | InitBufferOp]) -> bool:
    """Let the queue with the largest slots do with one slot; false when all have but one."""
    queues = [op for op in ops if isinstance(op, InitQueueOp) and op.depth.value.data > 1 and op.overlapping is None]
    if not queues:
        return False
    max(queues, key=slot_bytes).properties["depth"] = i64_attr(1)
    return True


def capacity_of(machine: Machine, space: str) -> int:
    """Bytes of a local memory on one core of the machine."""
    capacities = {
        "ub": machine.ub_bytes,
        "l1": machine.l1_bytes,
        "l0a": machine.l0a_bytes,
        "l0b": machine.l0b_bytes,
        "l0c": machine.l0c_bytes,
        "bt": machine.bt_bytes,
    }
    return capacities[space]


def slot_bytes(queue: InitQueueOp) -> int:
    """The distance between the slots of a queue: its bytes rounded up to the memory's alignment.

    Large slots of UB are whole periods of its bank groups, so that what is true of one slot is true of all.
    """
    bytes, space = queue.bytes.value.data, SPACES[queue.position.data]
    large = space == "ub" and bytes >= LARGE_SLOT
    return round_up(bytes, BANK_PERIOD if large else ALIGNMENT[space])


@dataclass(frozen=True)
class _Entry:
    """A queue or buffer to place: its op, position, total size, life on the program's clock and printed name."""

    op: InitQueueOp | InitBufferOp
    position: str
    bytes: int
    life: tuple[int, int]
    name: str | None


class _Clock:
    """Numbers the ops of a program in textual order, so that an op with a body spans the numbers of its body."""

    def __init__(self, block: Block) -> None:
        self._spans: dict[Operation, tuple[int, int]] = {}
        self.end = self._number(block, 0)

    def _number(self, block: Block, time: int) -> int:
        for op in block.ops:
            start = time
            time += 1
            for region in op.regions:
                for inner in region.blocks:
                    time = self._number(inner, time)
            self._spans[op] = (start, time)
        return time

    def life(self, buffer: SSAValue) -> tuple[int, int]:
        """First and last time of a buffer's uses, as seen from the block that declares it."""
        home = buffer.owner if isinstance(buffer.owner, Block) else buffer.owner.parent
        assert home is not None
        spans = [self._spans[ancestor_in(home, user)] for user in users_of(buffer)]
        if not spans:
            owner = buffer.owner
            assert isinstance(owner, Operation)
            return self._spans[owner]
        return min(start for start, _ in spans), max(end for _, end in spans)


def _memory_map(entries: list[_Entry], offsets: list[int], end: int) -> str:
    """One line a buffer, by address: address, bytes, life, what it is and where it comes from."""
    lines = ["  address   bytes     alive         buffer"]
    for offset, entry in sorted(zip(offsets, entries, strict=True), key=lambda pair: pair[0]):
        life = "always" if entry.life == (0, end) else f"{entry.life[0]}..{entry.life[1]}"
        what = f"buffer {entry.position}"
        if isinstance(entry.op, InitQueueOp):
            depth = entry.op.depth.value.data
            what = f"queue {entry.position}, {depth} x {entry.bytes // depth} bytes"
        name = f"%{entry.name} " if entry.name else ""
        where = location_text(entry.op.location)
        lines.append(f"  {offset:<9} {entry.bytes:<9} {life:<13} {name}({what})" + (f" from {where}" if where else ""))
    return "\n".join(lines)
