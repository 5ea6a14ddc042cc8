"""The timing of a whole program: its launches one after the other, with L2 kept between them.

What is modelled: see `core` (queues), `memory` (bandwidth), `residency` (L2) and the machine description (unit
costs). A launch costs `launch_cycles` before its cores start, and starts when the one before has ended. A launch whose
kernel, argument alignment and L2 contents equal those of an earlier one is not simulated again: it would run
identically. Setup launches are timed apart, and leave nothing in L2. Scalar reads of UB and of global memory see 0:
loops and addresses that depend on data are as for zeros.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from runtime.decoding import decode_program
from runtime.machine.description import Machine
from runtime.program import Kernel, Launch, Program
from runtime.timing.launch import LaunchSimulation
from runtime.timing.memory import LaunchMemory
from runtime.timing.plan import Plan, plan
from runtime.timing.residency import Residency
from runtime.timing.result import CoreTrace, LaunchUse, TimedLaunch, Timeline, gather_core_use


@dataclass(frozen=True)
class _Outcome:
    """A simulated launch and what it did to the lines that its arguments cover."""

    use: LaunchUse
    stamps: npt.NDArray[np.int64]
    written: npt.NDArray[np.bool_]
    fills: int


def simulate(program: Program, machine: Machine, record_trace: bool = False) -> Timeline:
    """Time `program` on `machine`; `record_trace` keeps every instruction's span. No weights are read."""
    simulator = _Simulator(program, machine, record_trace)
    setup = simulator.run(program.setup) if program.setup else None
    return replace(simulator.run(program.launches), setup=setup)


class _Simulator:
    def __init__(self, program: Program, machine: Machine, record_trace: bool) -> None:
        self._program = program
        self._machine = machine
        self._record_trace = record_trace
        self._residency = self._nothing_resident()
        self._plans = [self._plan(kernel) for kernel in program.kernels]
        self._known: dict[tuple[object, ...], _Outcome] = {}

    def _nothing_resident(self) -> Residency:
        line = self._machine.memory.line_bytes
        return Residency(-(-self._program.gm_bytes // line), self._machine.memory.l2_effective_bytes // line)

    def _plan(self, kernel: Kernel) -> list[Plan]:
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
        return [
            plan(decode_program(words, kernel.name, core, sources, source_of), self._machine)
            for core, words, sources, source_of in parts
            if words is not None
        ]

    def run(self, launches: Sequence[Launch]) -> Timeline:
        """Time some launches of the program, L2 being empty."""
        clock = 0.0
        timed: list[TimedLaunch] = []
        self._residency = self._nothing_resident()
        memory = self._machine.memory
        hbm = self._machine.bytes_per_cycle(memory.hbm_gb_per_s)
        for launch in launches:
            ranges = self._ranges(launch)
            lines = np.concatenate([np.arange(first, end, dtype=np.int64) for first, end in ranges])
            outcome = self._outcome(launch, ranges, lines)
            gone = self._residency.apply(lines, outcome.stamps, outcome.written, outcome.fills) * memory.line_bytes
            cycles = max(outcome.use.cycles, (outcome.use.missed_bytes + gone) / hbm)
            clock += self._machine.launch_cycles
            timed.append(TimedLaunch(launch.kernel, clock, cycles, gone, outcome.use))
            clock += cycles
        return Timeline(self._program, self._machine, tuple(timed), clock, len(self._known))

    def _ranges(self, launch: Launch) -> list[tuple[int, int]]:
        """Sorted, disjoint runs of lines (first, end) that the arguments of a launch cover."""
        size = self._machine.memory.line_bytes
        spans: set[tuple[int, int]] = set()
        for number, offset in launch.arguments:
            buffer = self._program.buffers[number]
            spans.add(((buffer.address + offset) // size, -(-(buffer.address + buffer.bytes) // size)))
        merged: list[tuple[int, int]] = []
        for first, end in sorted(spans):
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((first, end))
        return merged or [(0, 0)]

    def _outcome(self, launch: Launch, ranges: Sequence[tuple[int, int]], lines: npt.NDArray[np.int64]) -> _Outcome:
        ages = self._residency.ages(lines)
        addresses = [self._program.address(argument) for argument in launch.arguments]
        key = self._key(launch, addresses, ranges, ages)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._simulate(launch, addresses, ranges, ages)
        return known

    def _key(
        self, launch: Launch, addresses: list[int], ranges: Sequence[tuple[int, int]], ages: npt.NDArray[np.int64]
    ) -> tuple[object, ...]:
        """Everything that the launch's timing depends on: equal keys run identically."""
        size, capacity = self._machine.memory.line_bytes, self._residency.capacity
        runs: list[int] = []
        shift: list[int] = []
        position = 0
        for first, end in ranges:
            runs.append(first)
            shift.append(position - first)
            position += end - first
        places: list[int] = []
        for address in addresses:
            run = max(index for index, first in enumerate(runs) if first <= address // size)
            places.append(address + shift[run] * size)
        resident = ages < capacity
        oldest = int(ages[resident].max()) if resident.any() else 0
        state = np.packbits(resident) if oldest + len(ages) < capacity else ages
        lengths = tuple(end - first for first, end in ranges)
        return launch.kernel, tuple(places), lengths, hashlib.sha256(state.tobytes()).digest()

    def _simulate(
        self, launch: Launch, addresses: list[int], ranges: Sequence[tuple[int, int]], ages: npt.NDArray[np.int64]
    ) -> _Outcome:
        kernel, plans = self._program.kernels[launch.kernel], self._plans[launch.kernel]
        memory = LaunchMemory(self._machine, self._residency.capacity, ranges, ages)
        simulation = LaunchSimulation(self._machine, plans, kernel.blocks, addresses, memory)
        if self._record_trace:
            for core in simulation.cores:
                core.spans = []
        cycles = simulation.run()
        cores = {kind: [core for core in simulation.cores if core.kind == kind] for kind in ("cube", "vector")}
        trace = tuple(CoreTrace(core.kind, core.block, core.sub, tuple(core.spans or ())) for core in simulation.cores)
        use = LaunchUse(
            cycles=cycles,
            cores={kind: gather_core_use(members) for kind, members in cores.items() if members},
            macs=sum(core.macs for core in simulation.cores),
            ideal_mmad_cycles=sum(core.ideal_cycles for core in simulation.cores),
            gm_read_bytes=memory.read_bytes,
            gm_write_bytes=memory.write_bytes,
            missed_bytes=memory.missed_bytes,
            trace=trace if self._record_trace else (),
        )
        return _Outcome(use, memory.stamps, memory.written, memory.fills)
