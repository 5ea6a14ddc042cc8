"""What a timing simulation finds out: counters for each launch, and the order in which launches took place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.machine.description import Machine
from runtime.program import Program

SPAN = np.dtype([("pipe", "u1"), ("start", "f8"), ("end", "f8"), ("index", "i4")])
"""One instruction on a queue: the pipe, the instruction's index in its program, cycles since the launch's start."""
WAIT = np.dtype(
    [
        ("source_core", "i4"),
        ("source_pipe", "u1"),
        ("target_pipe", "u1"),
        ("number", "u1"),
        ("set", "f8"),
        ("taken", "f8"),
    ]
)
"""A flag that a queue took: which core (position among the launch's) and pipe set it, and when."""

QUEUES = {
    "cube": (Pipe.M, Pipe.MTE1, Pipe.MTE2, Pipe.MTE3, Pipe.FIX),
    "vector": (Pipe.V, Pipe.MTE2, Pipe.MTE3),
}
"""The queues that a kind of core has besides the scalar unit."""


@dataclass(frozen=True)
class QueueUse:
    """One queue over the cores of a kind: sums of cycles over them; `busiest` is that of one core.

    `stalls` are cycles in which the queue stood still, by what it waited for. `slowed` are those of its `busy` cycles
    that transfers took longer than alone with everything in L2, by what was short (see `RESOURCE_NAMES`).
    """

    busy: float
    busiest: float
    stalls: dict[str, float]
    slowed: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class CoreUse:
    """The cores of one kind (`cube`, `vector`) in a launch, by queue name; `S` is the scalar unit.

    `by_instruction` has the busy cycles of each instruction of the program, summed over these cores.
    """

    cores: int
    executed: int
    queues: dict[str, QueueUse]
    by_instruction: tuple[float, ...]


@dataclass(frozen=True)
class CoreTrace:
    """What one core did: its name, its instructions (`SPAN`, by queue in order of time) and the flags it took
    (`WAIT`)."""

    kind: str
    block: int
    sub: int
    spans: npt.NDArray[Any]
    waits: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(0, WAIT))


@dataclass(frozen=True)
class LaunchUse:
    """One launch. `cycles` leaves out the cost of launching; bytes are those that instructions ask for.

    `missed_bytes` came from HBM (whole L2 lines), the rest of the reads from L2; `written_back_bytes` left L2 for HBM.
    """

    cycles: float
    cores: dict[str, CoreUse]
    macs: int
    ideal_mmad_cycles: float
    gm_read_bytes: int
    gm_write_bytes: int
    missed_bytes: int
    written_back_bytes: int
    trace: tuple[CoreTrace, ...] = ()


@dataclass(frozen=True)
class TimedLaunch:
    """A launch in its place: `start` is when its cores start, after the `launch_cycles` that starting them took."""

    kernel: int
    start: float
    launch_cycles: float
    use: LaunchUse

    @property
    def cycles(self) -> float:
        """Cycles from the start of its cores to the end of the slowest."""
        return self.use.cycles


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
