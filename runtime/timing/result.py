"""What a timing simulation finds out: counters for each launch, and the order in which launches took place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runtime.machine.description import Machine
from runtime.program import Program
from runtime.timing.core import Core, Span


@dataclass(frozen=True)
class QueueUse:
    """One queue over the cores of a kind: sums of cycles over them; `busiest` is that of one core."""

    busy: float
    busiest: float
    stalls: dict[str, float]


@dataclass(frozen=True)
class CoreUse:
    """The cores of one kind (`cube`, `vector`) in a launch, by queue name; `S` is the scalar unit.

    `by_instruction` has the busy cycles of each instruction of the program, summed over these cores.
    """

    cores: int
    executed: int
    queues: dict[str, QueueUse]
    by_instruction: tuple[float, ...]


WAIT = np.dtype(
    [
        *(("source_core", "i4"), ("source_pipe", "u1"), ("target_pipe", "u1"), ("number", "u1")),
        *(("set", "f8"), ("taken", "f8")),
    ]
)
"""A flag that a queue took: who set it (the core's position in the launch's traces) and when, and when it was taken."""


@dataclass(frozen=True)
class CoreTrace:
    """What one core did: its name, its spans, and the flags it took, an array of `WAIT`."""

    kind: str
    block: int
    sub: int
    spans: tuple[Span, ...]
    waits: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, WAIT))


@dataclass(frozen=True)
class LaunchUse:
    """One launch. `cycles` leaves out the cost of launching; bytes are those that instructions ask for.

    `missed_bytes` came from HBM (whole L2 lines), the rest of the reads from L2.
    """

    cycles: float
    cores: dict[str, CoreUse]
    macs: int
    ideal_mmad_cycles: float
    gm_read_bytes: int
    gm_write_bytes: int
    missed_bytes: int
    trace: tuple[CoreTrace, ...] = ()


@dataclass(frozen=True)
class TimedLaunch:
    """A launch in its place: `start` is when its cores start; `written_back_bytes` left L2 for HBM meanwhile.

    `cycles` is at least what HBM needs for misses and write-backs together.
    """

    kernel: int
    start: float
    cycles: float
    written_back_bytes: int
    use: LaunchUse


@dataclass(frozen=True)
class Timeline:
    """A whole run, launches one after the other; `cycles` includes the cost of every launch.

    `setup` is the timeline of the setup launches, which run once a program is loaded; nothing of it counts here.
    """

    program: Program
    machine: Machine
    launches: tuple[TimedLaunch, ...]
    cycles: float
    simulated: int = field(default=0)
    """Launches that were simulated; the others had the same kernel and the same lines in L2 as one of these."""
    setup: Timeline | None = None


def gather_core_use(cores: list[Core]) -> CoreUse:
    """Sum up the queues of cores that ran the same program."""
    queues: dict[str, QueueUse] = {"S": _sum([(core.scalar_busy, core.scalar_stalls) for core in cores])}
    for pipe in cores[0].queues:
        used = [core.queues[pipe] for core in cores]
        queues[pipe.name] = _sum([(queue.busy, queue.stalls) for queue in used])
    by_instruction = tuple(map(sum, zip(*(core.busy_of for core in cores), strict=True)))
    return CoreUse(len(cores), sum(core.executed for core in cores), queues, by_instruction)


def _sum(parts: list[tuple[float, dict[str, float]]]) -> QueueUse:
    stalls: dict[str, float] = {}
    for _, reasons in parts:
        for reason, cycles in reasons.items():
            stalls[reason] = stalls.get(reason, 0.0) + cycles
    busy = [cycles for cycles, _ in parts]
    return QueueUse(sum(busy), max(busy), dict(sorted(stalls.items())))
