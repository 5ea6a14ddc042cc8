"""Global memory over the launches of a program: when each buffer holds something that is still needed."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.program import Buffer
from runtime.timing.result import Timeline

HELD = {"weight": "weights", "constant": "weights", "prepared": "weights", "input": "inputs", "output": "outputs"}
"""Kind of a buffer that is held for the whole run -> what it is called."""


@dataclass(frozen=True)
class Lifetime:
    """A temporary buffer and the positions of the first launch that has it as an argument, and of the last."""

    buffer: Buffer
    first: int
    last: int


def lifetimes(timeline: Timeline) -> list[Lifetime]:
    """The lifetimes of the temporaries that launches use, by address."""
    program = timeline.program
    uses: dict[int, list[int]] = {}
    for position, launch in enumerate(program.launches):
        for number, _ in launch.arguments:
            uses.setdefault(number, []).append(position)
    found = [
        Lifetime(program.buffers[number], places[0], places[-1])
        for number, places in uses.items()
        if program.buffers[number].kind == "temporary"
    ]
    return sorted(found, key=lambda one: (one.buffer.address, one.first))


def held_bytes(timeline: Timeline) -> dict[str, int]:
    """Bytes held for the whole run, by what they are."""
    sums: dict[str, int] = {}
    for buffer in timeline.program.buffers:
        if buffer.kind in HELD:
            sums[HELD[buffer.kind]] = sums.get(HELD[buffer.kind], 0) + buffer.bytes
    return sums


def live_bytes(timeline: Timeline, found: list[Lifetime]) -> list[int]:
    """Bytes of the temporaries that are alive during each launch."""
    changes = [0] * (len(timeline.launches) + 1)
    for one in found:
        changes[one.first] += one.buffer.bytes
        changes[one.last + 1] -= one.buffer.bytes
    live: list[int] = []
    total = 0
    for change in changes[:-1]:
        total += change
        live.append(total)
    return live
