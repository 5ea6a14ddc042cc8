"""The timing of a whole program: its launches one after the other, with L2 kept between them.

What is modelled: see `queues`, `flows` and `sharing` (transfers), `cache` (L2) and the machine description (unit
costs). Starting a launch takes cycles before its cores start, and begins when the launch before has ended. A launch
whose kernel, argument alignment and L2 contents equal those of an earlier one is replayed, not simulated again: it
would run identically. Setup launches are timed apart, and leave nothing in L2. Scalar reads of UB and of global memory
see 0: loops and addresses that depend on data are as for zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from runtime.decoding import decode_program
from runtime.machine.description import Machine
from runtime.program import Kernel, Launch, Program
from runtime.timing.collect import cache_change, launch_use
from runtime.timing.compiled import is_cached
from runtime.timing.launch import Effort, LaunchSimulation
from runtime.timing.launch_state import capacity_units
from runtime.timing.program_tables import ProgramTables, program_tables
from runtime.timing.residency import CacheChange, CacheState, LineRange, Residency
from runtime.timing.result import LaunchUse, TimedLaunch, Timeline

INTERPRETED_STEPS = 20_000
"""Steps after which loading the compiled core pays: about half a second of interpreting."""
INTERPRETED_STEPS_UNCACHED = 500_000
"""The same where it has to be compiled first."""

Outcome = tuple[LaunchUse, CacheChange]


def simulate(
    program: Program,
    machine: Machine,
    record_trace: bool = False,
    interpreted_steps: int | None = None,
    replay: bool = True,
) -> Timeline:
    """Time `program` on `machine`; no weights are read.

    `record_trace` keeps every instruction's span. The first `interpreted_steps` steps are interpreted (`None`: as many
    as loading compiled code would take), the others compiled, with the same result. Without `replay` every launch is
    simulated, to the same result.
    """
    if interpreted_steps is None:
        interpreted_steps = INTERPRETED_STEPS if is_cached() else INTERPRETED_STEPS_UNCACHED
    simulator = _Simulator(program, machine, record_trace, Effort(interpreted_steps), replay)
    setup = simulator.run(program.setup) if program.setup else None
    return replace(simulator.run(program.launches), setup=setup)


@dataclass(frozen=True)
class _Lines:
    """The lines that the arguments of a launch cover: sorted, disjoint runs, and all their numbers."""

    ranges: tuple[LineRange, ...]
    numbers: npt.NDArray[np.int64]


class _Simulator:
    def __init__(self, program: Program, machine: Machine, record_trace: bool, effort: Effort, replay: bool) -> None:
        self._program = program
        self._machine = machine
        self._record_trace = record_trace
        self._effort = effort
        self._replay = replay
        self._tables = [self._kernel_tables(kernel) for kernel in program.kernels]
        self._known: dict[tuple[object, ...], Outcome] = {}
        self._simulated = 0

    def _kernel_tables(self, kernel: Kernel) -> ProgramTables:
        limit = self._machine.cores(kernel.kind)
        if not 1 <= kernel.blocks <= limit:
            target = self._machine.name
            raise SfumatoError(
                f"kernel '{kernel.name}' starts {kernel.blocks} blocks, but {target} runs 1 to {limit} "
                f"of kind {kernel.kind} at a time; compile it for {target}"
            )
        parts = (
            ("cube", kernel.cube, kernel.cube_sources, kernel.cube_source_of),
            ("vector", kernel.vector, kernel.vector_sources, kernel.vector_source_of),
        )
        return program_tables(
            [
                decode_program(words, kernel.name, core, sources, source_of)
                for core, words, sources, source_of in parts
                if words is not None
            ],
            self._machine,
        )

    def run(self, launches: Sequence[Launch]) -> Timeline:
        """Time some launches of the program, L2 being empty."""
        clock = 0.0
        timed: list[TimedLaunch] = []
        line = self._machine.memory.line_bytes
        residency = Residency(-(-self._program.gm_bytes // line), capacity_units(self._machine))
        for launch in launches:
            lines = self._lines(launch)
            use, change = self._outcome(launch, lines, residency.state(lines.numbers))
            residency.apply(lines.numbers, change)
            starting = self._machine.launch_cycles(self._program.kernels[launch.kernel].kind)
            timed.append(TimedLaunch(launch.kernel, clock + starting, starting, use))
            clock += starting + use.cycles
        return Timeline(self._program, self._machine, tuple(timed), clock, self._simulated)

    def _lines(self, launch: Launch) -> _Lines:
        size = self._machine.memory.line_bytes
        kernel = self._program.kernels[launch.kernel]
        spans: set[LineRange] = set()
        for (number, offset), argument in zip(launch.arguments, kernel.arguments, strict=True):
            buffer = self._program.buffers[number]
            first, end = (buffer.address + offset) // size, -(-(buffer.address + buffer.bytes) // size)
            spans.add(LineRange(first, end, argument.direction == "stream"))
        merged: list[LineRange] = []
        for span in sorted(spans):
            last = merged[-1] if merged else LineRange(-1, -1)
            if span.first < last.end or (span.first == last.end and span.streamed == last.streamed):
                merged[-1] = LineRange(last.first, max(last.end, span.end), last.streamed and span.streamed)
            else:
                merged.append(span)
        ranges = tuple(merged) or (LineRange(0, 0),)
        return _Lines(ranges, np.concatenate([np.arange(one.first, one.end, dtype=np.int64) for one in ranges]))

    def _outcome(self, launch: Launch, lines: _Lines, state: CacheState) -> Outcome:
        addresses = [self._program.address(argument) for argument in launch.arguments]
        key = self._key(launch, addresses, lines, state)
        known = self._known.get(key) if self._replay else None
        if known is None:
            known = self._known[key] = self._simulate(launch, addresses, lines, state)
            self._simulated += 1
        return known

    def _key(self, launch: Launch, addresses: list[int], lines: _Lines, state: CacheState) -> tuple[object, ...]:
        """Everything that the launch's timing depends on: equal keys run identically."""
        size = self._machine.memory.line_bytes
        shift: list[int] = []
        position = 0
        for first, end, _ in lines.ranges:
            shift.append(position - first)
            position += end - first
        places: list[int] = []
        for address in addresses:
            run = max(index for index, one in enumerate(lines.ranges) if one.first <= address // size)
            places.append(address + shift[run] * size)
        lengths = tuple(one.end - one.first for one in lines.ranges)
        return launch.kernel, tuple(places), lengths, state.digest()

    def _simulate(self, launch: Launch, addresses: list[int], lines: _Lines, state: CacheState) -> Outcome:
        simulation = LaunchSimulation(
            self._machine,
            self._tables[launch.kernel],
            self._program.kernels[launch.kernel].blocks,
            addresses,
            lines.ranges,
            state,
            self._record_trace,
        )
        simulation.run(self._effort)
        return launch_use(simulation, self._record_trace), cache_change(simulation, state)
