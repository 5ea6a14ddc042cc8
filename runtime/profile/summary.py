"""Sums a timeline up by kernel: cycles, how busy each pipe was, what bounds it, bytes, source lines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dialects.dtypes import DType
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

NAMES = {queue: name for name, queue in PIPES.items()}
"""Queue -> name in a profile."""

UNKNOWN_LINE = "(unknown)"
"""What stands for the source line of an instruction that has none."""


@dataclass(frozen=True)
class SourceLine:
    """A source line: cycles that its instructions kept a pipe busy, mean over the cores of the kind, all launches."""

    source: str
    core: str
    pipe: str
    cycles: float


@dataclass(frozen=True)
class QueueSummary:
    """One queue of one kind of core, cycles over all launches: `slowest` sums the busiest core of each launch, the
    others are means over the cores. `stalls` come on top of `busy`; `slowed` are a part of it, in which transfers
    went on longer than they would alone, by what was short."""

    core: str
    pipe: str
    busy: float
    slowest: float
    stalls: dict[str, float]
    slowed: dict[str, float]

    @property
    def imbalance(self) -> float:
        """How much busier the busiest core is than the mean: 1 when the work is spread evenly (or there is none)."""
        return self.slowest / self.busy if self.busy else 1.0


@dataclass(frozen=True)
class KernelSummary:
    """All launches of one kernel together.

    `cycles` includes `launch_cycles`. `ideal_mmad_cycles` is summed over cores. `missed_bytes` of what was read came
    from HBM (whole L2 lines); `hbm_bytes` also has what L2 wrote back.
    """

    kernel: Kernel
    cores: dict[str, int]
    launches: int
    cycles: float
    launch_cycles: float
    queues: tuple[QueueSummary, ...]
    executed: int
    macs: int
    ideal_mmad_cycles: float
    gm_read_bytes: int
    gm_write_bytes: int
    missed_bytes: int
    hbm_bytes: int
    lines: tuple[SourceLine, ...]

    @property
    def run_cycles(self) -> float:
        """Cycles that its cores run: without what launching costs."""
        return self.cycles - self.launch_cycles

    def busiest(self, name: str) -> QueueSummary | None:
        """The queue of a pipe by its name in a profile; of one that both kinds of core have, the busier kind's."""
        found = [queue for queue in self.queues if queue.pipe == PIPES[name]]
        return max(found, key=lambda queue: queue.busy, default=None)

    @property
    def bound(self) -> str:
        """What took most of the time: a pipe's name, or `launch`."""
        busy = ((NAMES[queue.pipe], queue.busy) for queue in self.queues)
        return max([("launch", self.launch_cycles), *busy], key=lambda item: item[1])[0]

    @property
    def limiting(self) -> QueueSummary:
        """The queue that is busy longest."""
        return max(self.queues, key=lambda queue: queue.busy)

    @property
    def l2_hit(self) -> float:
        """Share of the bytes read that were in L2 (a line is fetched whole, so it counts whole)."""
        return max(0.0, 1.0 - self.missed_bytes / self.gm_read_bytes) if self.gm_read_bytes else 1.0

    @property
    def argument_bytes(self) -> int:
        """Bytes of all arguments that are read, over all launches: what would have to be read if nothing were twice."""
        return self.launches * sum(
            DType.parse(argument.dtype).size * math.prod(argument.shape)
            for argument in self.kernel.arguments
            if argument.is_read
        )

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


def _summary(kernel: Kernel, group: Sequence[TimedLaunch], machine: Machine) -> KernelSummary:
    launch_cycles = sum(launch.launch_cycles for launch in group)
    cores = group[0].use.cores
    uses = [launch.use for launch in group]
    return KernelSummary(
        kernel=kernel,
        cores={kind: used.cores for kind, used in cores.items()},
        launches=len(group),
        cycles=launch_cycles + sum(launch.cycles for launch in group),
        launch_cycles=launch_cycles,
        queues=tuple(_queue(group, kind, pipe) for kind, used in cores.items() for pipe in used.queues),
        executed=sum(used.executed for use in uses for used in use.cores.values()),
        macs=sum(use.macs for use in uses),
        ideal_mmad_cycles=sum(use.ideal_mmad_cycles for use in uses),
        gm_read_bytes=sum(use.gm_read_bytes for use in uses),
        gm_write_bytes=sum(use.gm_write_bytes for use in uses),
        missed_bytes=sum(use.missed_bytes for use in uses),
        hbm_bytes=sum(launch.use.missed_bytes + launch.use.written_back_bytes for launch in group),
        lines=tuple(_lines(kernel, group)),
    )


def _queue(group: Sequence[TimedLaunch], kind: str, pipe: str) -> QueueSummary:
    cores = group[0].use.cores[kind].cores
    queues = [launch.use.cores[kind].queues[pipe] for launch in group]
    return QueueSummary(
        core=kind,
        pipe=pipe,
        busy=sum(queue.busy for queue in queues) / cores,
        slowest=sum(queue.busiest for queue in queues),
        stalls=_mean([queue.stalls for queue in queues], cores),
        slowed=_mean([queue.slowed for queue in queues], cores),
    )


def _mean(parts: Sequence[dict[str, float]], cores: int) -> dict[str, float]:
    """Sums by reason, divided by the number of cores."""
    result: dict[str, float] = {}
    for part in parts:
        for reason, cycles in part.items():
            result[reason] = result.get(reason, 0.0) + cycles / cores
    return result


def _lines(kernel: Kernel, group: Sequence[TimedLaunch]) -> Iterable[SourceLine]:
    """Source lines, the costliest first."""
    found: dict[tuple[str, str, str], float] = {}
    for kind, used in group[0].use.cores.items():
        words = kernel.code(kind)
        assert words is not None
        sources, source_of = kernel.lines(kind)
        cycles = np.sum([launch.use.cores[kind].by_instruction for launch in group], axis=0) / used.cores
        for index in np.flatnonzero(cycles).tolist():
            queue = BY_OPCODE[int(words["opcode"][index])].queue or "S"
            number = int(source_of[index]) if index < len(source_of) else -1
            place = (sources[number] if number >= 0 else UNKNOWN_LINE, kind, queue)
            found[place] = found.get(place, 0.0) + float(cycles[index])
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return (SourceLine(*place, cycles) for place, cycles in ordered)
