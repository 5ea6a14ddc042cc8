"""Where the buffers of UB should lie relative to each other, so that vector instructions meet no bank conflicts.

The bank groups of UB take turns every 32 bytes: a repeat of contiguous elements covers some of them, and which ones
follows from its address within the period of all groups. Two tensors that an instruction reads should lie in different
phases of that period, and so should what it writes and what it reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from xdsl.ir import Operation, SSAValue

from dialects.isa.mte import BLOCK
from dialects.kernel.buffer import InitBufferOp, SliceOp
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.queue import AllocTensorOp, DequeOp, InitQueueOp
from dialects.kernel.structure import ProgramOp
from runtime.machine.description import Vector

Memory = InitQueueOp | InitBufferOp

BANK_PERIOD = 512
"""Bytes that large slots of a queue keep to, and half of which large tiles in a slot are apart: the period, or a
multiple of it, of the bank groups of the known machines (`period_of`). What one slot avoids, all avoid."""

_SOURCES = ("src", "src0", "src1")
_TRIPS = 8
"""How often a loop is taken to run, when instructions inside it are weighed against others."""


class _Place(NamedTuple):
    """Where a contiguous operand lies: its memory and the bytes from that one's start."""

    memory: Memory
    offset: int


def period_of(vector: Vector) -> int:
    """Bytes after which the bank groups come round again."""
    return vector.bank_groups * BLOCK


def bank_phases(program: ProgramOp, vector: Vector) -> Mapping[Memory, int]:
    """For each memory of UB that takes part in conflicts: the bytes that it should lie from a multiple of the period.

    Greedy: the memories that the most bytes go through first, each where it costs the least beside those before it. An
    offset that is not known is taken as whole periods.
    """
    costs = _conflicts(program, vector)
    involved: dict[Memory, float] = {}
    for (first, second, _), cost in costs.items():
        involved[first] = involved.get(first, 0.0) + cost
        involved[second] = involved.get(second, 0.0) + cost
    phases: dict[Memory, int] = {}
    period, step = period_of(vector), vector.repeat_bytes
    for memory in sorted(involved, key=lambda each: -involved[each]):  # stable: equal ones in program order
        paid = {
            phase: sum(
                cost
                for (first, second, apart), cost in costs.items()
                if _meets(memory, phase, first, second, apart, phases, period)
            )
            for phase in range(0, period, step)
        }
        phases[memory] = min(paid, key=lambda phase: (paid[phase], phase))
    return phases


def _meets(
    memory: Memory, phase: int, first: Memory, second: Memory, apart: int, phases: Mapping[Memory, int], period: int
) -> bool:
    """Whether ``memory`` in ``phase`` and a placed one, as ``first`` and ``second``, put operands in equal phases."""
    if first is memory and second in phases:
        return (phases[second] - phase + apart) % period == 0
    if second is memory and first in phases:
        return (phase - phases[first] + apart) % period == 0
    return False


def _conflicts(program: ProgramOp, vector: Vector) -> dict[tuple[Memory, Memory, int], float]:
    """(memory, memory, bytes that the second operand is further on) -> cycles lost if they are in equal phases."""
    costs: dict[tuple[Memory, Memory, int], float] = {}
    period = period_of(vector)
    for op in program.walk():
        if not isinstance(op, Intrinsic) or op.instruction.queue != "V":
            continue
        places = _contiguous(op)
        sources = [places[name] for name in _SOURCES if name in places]
        pairs = [(first, second, 1.0) for first, second in pairwise(sources)]
        if "dst" in places:
            lost = vector.read_write_conflict_cycles - 1.0
            pairs += [(source, places["dst"], lost) for source in sources]
        for first, second, cycles in pairs:
            if first.memory is not second.memory:
                key = (first.memory, second.memory, (second.offset - first.offset) % period)
                costs[key] = costs.get(key, 0.0) + cycles * _weight(op, (first.memory, second.memory))
    return costs


def _contiguous(op: Intrinsic) -> dict[str, _Place]:
    """The operands of an instruction that go through memory without gaps, by name."""
    integers = op.integers
    found: dict[str, _Place] = {}
    for field, tensor in zip(op.tensor_fields, op.tensors, strict=False):
        dense = integers.get(f"{field.name}_blk") == 1 and integers.get(f"{field.name}_rep") == 8
        place = _place_of(tensor)
        if dense and place is not None:
            found[field.name] = place
    return found


def _place_of(tensor: SSAValue) -> _Place | None:
    offset = 0
    owner = tensor.owner
    while isinstance(owner, SliceOp):
        offset += owner.offset.value.data
        owner = owner.tensor.owner
    if isinstance(owner, AllocTensorOp | DequeOp):
        owner = owner.queue.owner
    return _Place(owner, offset) if isinstance(owner, Memory) else None


def _weight(op: Operation, memories: Sequence[Memory]) -> float:
    """Bytes that an instruction goes through, as far as is known, times how often it is taken to run."""
    weight = float(min(memory.bytes.value.data for memory in memories))
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ProgramOp):
        weight *= _TRIPS if parent.name == "scf.for" else 1
        parent = parent.parent_op()
    return weight
