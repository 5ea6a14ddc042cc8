"""Replays the instruction stream of one core of a launch for the bytes that each executed instruction touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.binding import HANDLERS, CoreMemory
from runtime.functional.operation import Operation
from runtime.machine.description import Machine
from runtime.memory.access import Access, Bits, Numbers
from runtime.memory.layout import Layout, nd
from runtime.memory.spaces import Space
from runtime.profile.spans import by_pipe
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
    """What a core executed, in program order; `complete` unless it was cut at `LONGEST_REPLAY`."""

    executed: tuple[Executed, ...]
    complete: bool


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


def replay(trace: CoreTrace, program: CoreProgram, machine: Machine, blocks: int, arguments: Sequence[int]) -> Replay:
    """Match the recorded spans of a core with the instructions that its program executes.

    Scalar loads see 0, as they do when a program is timed. Accesses whose addresses are data are left out.
    """
    sequencer = Sequencer(program, trace.block, blocks, trace.sub, arguments, _zero)
    memory = CoreMemory(trace.kind, machine, tracked=False)
    spaces: Mapping[str, Space] = {**memory.spaces, "gm": _AbsentMemory()}
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
    return Replay(tuple(executed), more is None)


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
