"""Sums a timeline up by kernel: cycles, how busy each pipe was, what bounds it, bytes, source lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dialects.isa import BY_OPCODE
from runtime.machine.description import Machine
from runtime.program import Kernel
from runtime.timing.result import TimedLaunch, Timeline

PIPES = {
    "cube": "M",
    "vector": "V",
    "mte1": "MTE1",
    "mte2": "MTE2",
    "mte3": "MTE3",
    "fixpipe": "FIX",
    "scalar": "S",
}
"""Name in a profile -> queue."""

_UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class SourceLine:
    """A source line: cycles that its instructions kept a pipe busy, mean over the cores of the kind, all launches."""

    source: str
    core: str
    pipe: str
    cycles: float


@dataclass(frozen=True)
class KernelSummary:
    """All launches of one kernel together.

    `cycles` includes `launch_cycles`. `busy` and `stalls` are cycles of a pipe, mean over its cores; a pipe that both
    kinds of core have shows the busier kind. `ideal_mmad_cycles` is summed over cores.
    """

    kernel: Kernel
    cores: int
    launches: int
    cycles: float
    launch_cycles: float
    busy: dict[str, float]
    stalls: dict[str, dict[str, float]]
    macs: int
    ideal_mmad_cycles: float
    gm_read_bytes: int
    gm_write_bytes: int
    hbm_bytes: int
    lines: tuple[SourceLine, ...]

    @property
    def bound(self) -> str:
        """What took most of the time: a pipe's name, or `launch`."""
        return max([("launch", self.launch_cycles), *self.busy.items()], key=lambda item: item[1])[0]

    def utilization(self, machine: Machine) -> float:
        """Share of the chip's peak multiplications, at the operand types used."""
        return self.ideal_mmad_cycles / (machine.cube_cores * self.cycles) if self.cycles else 0.0


def summarize(timeline: Timeline) -> list[KernelSummary]:
    """One summary a kernel that was launched, in the order of first launch."""
    groups: dict[int, list[TimedLaunch]] = {}
    for launch in timeline.launches:
        groups.setdefault(launch.kernel, []).append(launch)
    kernels = timeline.program.kernels
    return [_summary(kernels[number], group, timeline.machine) for number, group in groups.items()]


def _summary(kernel: Kernel, group: list[TimedLaunch], machine: Machine) -> KernelSummary:
    launch_cycles = machine.launch_cycles * len(group)
    first = group[0].use
    busy: dict[str, float] = {}
    stalls: dict[str, dict[str, float]] = {}
    for name, queue in PIPES.items():
        means = {
            kind: sum(launch.use.cores[kind].queues[queue].busy for launch in group) / used.cores
            for kind, used in first.cores.items()
            if queue in used.queues
        }
        busy[name] = max(means.values(), default=0.0)
        if means:
            kind = max(means, key=lambda kind: means[kind])
            stalls[name] = _stalls(group, kind, queue)
    return KernelSummary(
        kernel=kernel,
        cores=sum(used.cores for used in first.cores.values()),
        launches=len(group),
        cycles=launch_cycles + sum(launch.cycles for launch in group),
        launch_cycles=launch_cycles,
        busy=busy,
        stalls=stalls,
        macs=sum(launch.use.macs for launch in group),
        ideal_mmad_cycles=sum(launch.use.ideal_mmad_cycles for launch in group),
        gm_read_bytes=sum(launch.use.gm_read_bytes for launch in group),
        gm_write_bytes=sum(launch.use.gm_write_bytes for launch in group),
        hbm_bytes=sum(launch.use.missed_bytes + launch.written_back_bytes for launch in group),
        lines=tuple(_lines(kernel, group)),
    )


def _stalls(group: list[TimedLaunch], kind: str, queue: str) -> dict[str, float]:
    result: dict[str, float] = {}
    for launch in group:
        used = launch.use.cores[kind]
        for reason, cycles in used.queues[queue].stalls.items():
            result[reason] = result.get(reason, 0.0) + cycles / used.cores
    return result


def _lines(kernel: Kernel, group: list[TimedLaunch]) -> Iterable[SourceLine]:
    """Source lines, the costliest first."""
    found: dict[tuple[str, str, str], float] = {}
    programs = {
        "cube": (kernel.cube, kernel.cube_sources, kernel.cube_source_of),
        "vector": (kernel.vector, kernel.vector_sources, kernel.vector_source_of),
    }
    for kind, used in group[0].use.cores.items():
        words, sources, source_of = programs[kind]
        assert words is not None
        cycles = np.sum([launch.use.cores[kind].by_instruction for launch in group], axis=0) / used.cores
        for index in np.flatnonzero(cycles).tolist():
            queue = BY_OPCODE[int(words["opcode"][index])].queue or "S"
            number = int(source_of[index]) if index < len(source_of) else -1
            source = sources[number] if number >= 0 else _UNKNOWN
            found[source, kind, queue] = found.get((source, kind, queue), 0.0) + float(cycles[index])
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return (SourceLine(*place, cycles) for place, cycles in ordered)
