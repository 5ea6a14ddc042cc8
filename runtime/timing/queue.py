"""One in-order queue of a core, with what it did and what it waited for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from dialects.isa.fields import Pipe

Event = tuple[int, int, int]
"""(source queue, destination queue, id) of a flag."""

Entry = tuple[int, tuple[int, ...], float]
"""(instruction index, resolved fields, time of issue) of an instruction that waits in a queue."""


@dataclass
class Queue:
    """Times are cycles since the launch's start.

    `free`: when the unit takes its next instruction; `done`: when everything before is complete. `starts` holds, by
    instruction number modulo the depth, when an instruction left the queue.
    """

    pipe: Pipe
    depth: int
    free: float = 0.0
    done: float = 0.0
    stood_still: bool = True
    issued: int = 0
    started: int = 0
    pending: deque[Entry] = field(default_factory=deque[Entry])
    blocked: bool = False
    waits_for: Event | None = None
    busy: float = 0.0
    stalls: dict[str, float] = field(default_factory=dict[str, float])
    starts: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        """Make the ring of start times."""
        self.starts = [0.0] * self.depth

    def leave(self, time: float) -> None:
        """Note that the next instruction leaves the queue at `time`."""
        self.starts[self.started % self.depth] = time
        self.started += 1

    def advance(self, time: float, reason: str) -> None:
        """Let the unit stand still until `time` for `reason`, if that is later than `free`."""
        if time > self.free:
            self.stalls[reason] = self.stalls.get(reason, 0.0) + time - self.free
            self.free = time
            self.stood_still = True
