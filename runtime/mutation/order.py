"""Which steps of a trace are ordered, from the definition: for each step the set of those complete before it starts.

Sets are integers with a bit for each step. Nothing here is shared with the sanitizer, which keeps a number a queue and
compares each access with the last ones only: the two must agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.memory.access import Access
from runtime.mutation.trace import NEVER, Step, Touch, Trace


@dataclass(frozen=True)
class Hazard:
    """Two steps of a trace that nothing orders though they must be: why, and their positions."""

    why: str
    first: int
    then: int


def complete_before(steps: Sequence[Step]) -> list[int]:
    """Return, for each step, the set of steps that are certainly complete when it starts (its message, for a set or a
    signal: when it takes effect)."""
    before: list[int] = []
    done: list[int] = []
    known: dict[tuple[int, int], int] = defaultdict(int)
    finished: dict[tuple[int, int], int] = defaultdict(int)
    for number, step in enumerate(steps):
        queue = (step.core, step.queue)
        start = known[queue] | (done[step.issued_after] if step.issued_after != NEVER else 0)
        known[queue] = start
        match step.kind:
            case "set" | "signal":
                start |= finished[queue]
            case "barrier":
                every = [(step.core, pipe) for pipe in Pipe] if step.queue == Pipe.ALL else [queue]
                for one in every:
                    start |= finished[one]
            case _:
                pass
        end = start | 1 << number
        for taken in step.takes:
            end |= done[taken]
        if step.kind in ("wait", "barrier", "meet", "load"):
            known[queue] |= end
        before.append(start)
        done.append(end)
        finished[queue] |= end
    return before


def hazards(launch: Sequence[Trace]) -> Iterator[Hazard]:
    """Yield the unordered conflicts and the flags used again too early, of the groups of one launch."""
    shared: dict[tuple[Touch, int], None] = {}
    for group, trace in enumerate(launch):
        before = complete_before(trace.steps)
        yield from _flags(trace.steps, before)
        local: dict[tuple[int, str], list[tuple[int, Touch]]] = defaultdict(list)
        for number, step in enumerate(trace.steps):
            for touch in step.touches:
                name = touch.access.space
                memory = (NEVER, name) if name == "gm" else trace.memory(step.core, name)
                local[memory].append((number, touch))
        for (_, space), touches in local.items():
            yield from _conflicts(trace.steps, before, space, touches)
        shared.update(dict.fromkeys((touch, group) for _, touch in local[NEVER, "gm"]))
    yield from _between_groups(list(shared))


def _flags(steps: Sequence[Step], before: Sequence[int]) -> Iterator[Hazard]:
    """Events set again though the last wait may not be over; signals of one flag that may overtake each other."""
    waited: dict[tuple[int, object], int] = {}
    signalled: dict[tuple[int, int], int] = {}
    for number, step in enumerate(steps):
        if step.kind == "set":
            last = waited.get((step.core, step.event))
            if last is not None and not before[number] >> last & 1:
                yield Hazard("event set again", last, number)
        elif step.kind == "wait":
            waited[step.core, step.event] = number
        elif step.kind == "signal":
            last = signalled.get((step.core, step.flag))
            if last is not None and not before[number] >> last & 1:
                yield Hazard("signals overtake", last, number)
            signalled[step.core, step.flag] = number


def _conflicts(
    steps: Sequence[Step], before: Sequence[int], space: str, touches: Sequence[tuple[int, Touch]]
) -> Iterator[Hazard]:
    """Pairs of one memory, compared touch by touch with the set of all earlier steps that touched the same bytes."""
    members: dict[tuple[Touch, int], int] = defaultdict(int)
    rivals: dict[tuple[Touch, int], list[tuple[Touch, int]]] = {}
    for number, touch in touches:
        queue = steps[number].queue
        group = (touch, queue)
        if group not in rivals:
            rivals[group] = []
            for other in rivals:
                same_queue_of_cube = space == "l0c" and other[1] == queue == Pipe.M
                if not same_queue_of_cube and _conflict(touch, other[0]):
                    rivals[other].append(group)
                    if other != group:
                        rivals[group].append(other)
        for other in rivals[group]:
            loose = members[other] & ~before[number] & ~(1 << number)
            if loose:
                yield Hazard(f"unordered accesses to {space}", loose.bit_length() - 1, number)
        members[group] |= 1 << number


def _between_groups(touches: Sequence[tuple[Touch, int]]) -> Iterator[Hazard]:
    """Groups of cores never wait for each other: any conflict between them is unordered."""
    for touch, group in touches:
        if touch.writes and any(group != rival and _conflict(touch, other) for other, rival in touches):
            yield Hazard("unordered accesses to gm by cores that run side by side", NEVER, NEVER)


def _conflict(one: Touch, other: Touch) -> bool:
    if not (one.writes or other.writes) or (one.atomic and one.atomic == other.atomic):
        return False
    return one.access == other.access or _share_a_byte(one.access, other.access)


@lru_cache(maxsize=1 << 20)
def _share_a_byte(one: Access, other: Access) -> bool:
    (low, end), (start, stop) = one.extent(), other.extent()
    if low >= stop or start >= end:
        return False
    return len(np.intersect1d(_bytes(one), _bytes(other))) > 0


@lru_cache(maxsize=1 << 14)
def _bytes(access: Access) -> npt.NDArray[np.int64]:
    """Every byte of an access by its address, element by element."""
    found = np.array([access.offset], np.int64)
    for size, stride in (*zip(access.shape, access.strides, strict=True), (access.itemsize, 1)):
        found = np.add.outer(found, np.arange(size, dtype=np.int64) * stride).reshape(-1)
    return np.unique(found)
