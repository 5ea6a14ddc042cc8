"""Replays the instruction streams of a block of a launch for the bytes that each executed instruction touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.decoding import decode_kernel
from runtime.functional.binding import HANDLERS, CoreMemory
from runtime.functional.cross_flags import CUBE, Endpoint
from runtime.functional.launch import reachable
from runtime.functional.operation import Operation
from runtime.machine.description import Machine
from runtime.memory.access import Access, Bits, Numbers
from runtime.memory.layout import Layout, nd
from runtime.memory.spaces import Space
from runtime.profile.spans import by_pipe
from runtime.program import Kernel
from runtime.sequencer import Sequencer, Step
from runtime.timing.result import CoreTrace

LONGEST_REPLAY = 40_000
"""Instructions after which a replay stops: it is a prefix of what the core does."""


class Executed(NamedTuple):
    """An instruction (`number` in its program) that a queue executed: its span and what it touches; `gm_bytes` cross
    the core's port."""

    pipe: Pipe
    start: float
    end: float
    number: int
    reads: tuple[Access, ...]
    writes: tuple[Access, ...]
    gm_bytes: int


@dataclass(frozen=True)
class Replay:
    """What a core executed, in program order; `complete` unless it was cut at `LONGEST_REPLAY`.

    `owners` tells whose each on-chip memory is that its accesses name: a position of the launch's traces, and the
    memory's name there. On some machines a core reaches memories of others.
    """

    executed: tuple[Executed, ...]
    complete: bool
    owners: Mapping[str, tuple[int, str]]


class _AbsentMemory:
    """Global memory of which nothing is there: operations can be bound to it, and must not be run."""

    def __init__(self) -> None:
        self.layout: Layout = nd

    def view(self, access: Access, dtype: npt.DTypeLike, write: bool = False) -> Numbers:
        """Return zeros that take no memory."""
        return np.broadcast_to(np.zeros((), dtype), access.shape)

    def validity(self, access: Access) -> Bits:
        """Return that no byte was ever written."""
        return np.broadcast_to(np.zeros((), np.bool_), (*access.shape, access.itemsize))


def replay_block(
    traces: Sequence[CoreTrace], positions: Sequence[int], kernel: Kernel, machine: Machine, arguments: Sequence[int]
) -> dict[int, Replay]:
    """Match the recorded spans of the cores of a block, which are at ``positions`` of a launch's traces, with the
    instructions that their programs execute.

    Scalar loads see 0, as they do when a program is timed. Accesses whose addresses are data are left out.
    """
    places = {_place(traces[position]): position for position in positions}
    memories = {place: CoreMemory(traces[at].kind, machine, tracked=False) for place, at in places.items()}
    programs = {kind: decode_kernel(kernel, kind) for kind in {traces[at].kind for at in positions}}
    result: dict[int, Replay] = {}
    for place, position in places.items():
        owners = reachable(place, tuple(places), machine)
        spaces: dict[str, Space] = {name: memories[owner].spaces[own] for name, (owner, own) in owners.items()}
        spaces["gm"] = _AbsentMemory()
        trace = traces[position]
        sequencer = Sequencer(programs[trace.kind], trace.block, kernel.blocks, trace.sub, arguments, _zero)
        executed, complete = _replay(trace, sequencer, memories[place], spaces)
        named = {name: (places[owner], own) for name, (owner, own) in owners.items()}
        result[position] = Replay(executed, complete, named)
    return result


def _place(trace: CoreTrace) -> Endpoint:
    return trace.block, CUBE if trace.kind == "cube" else 1 + trace.sub


def _replay(
    trace: CoreTrace, sequencer: Sequencer, memory: CoreMemory, spaces: Mapping[str, Space]
) -> tuple[tuple[Executed, ...], bool]:
    """What the core executed, and whether that is all of it."""
    program = sequencer.program
    spans = {pipe: iter(own.tolist()) for pipe, own in by_pipe(trace.spans).items()}
    bound: dict[tuple[int, tuple[int, ...]], tuple[tuple[Access, ...], tuple[Access, ...], int]] = {}
    executed: list[Executed] = []
    steps = iter(sequencer)
    for index, opcode, fields, _ in islice(steps, LONGEST_REPLAY):
        if opcode not in HANDLERS:
            continue
        touched = bound.get((index, fields))
        if touched is None:
            touched = bound[index, fields] = _touched(memory.bind(program, spaces, index, fields))
        pipe = Pipe[program.instructions[index].instruction.queue or "S"]
        _, start, end, recorded = next(spans[pipe])
        if recorded != index:
            raise ValueError(f"{program.describe(index)}: the trace has instruction {recorded} here")
        executed.append(Executed(pipe, start, end, index, *touched))
    more: Step | None = next(steps, None)
    return tuple(executed), more is None


def _zero(space: str, address: int, dtype: int) -> int:
    """What a scalar load sees."""
    return 0


def _touched(operation: Operation) -> tuple[tuple[Access, ...], tuple[Access, ...], int]:
    reads = (*operation.reads, *(source for _, source in operation.moves))
    writes = (*operation.writes, *(target for target, _ in operation.moves))
    return reads, writes, sum(_size(access) for access in {*reads, *writes} if access.space == "gm")


def _size(access: Access) -> int:
    size = access.itemsize
    for extent in access.shape:
        size *= extent
    return size
