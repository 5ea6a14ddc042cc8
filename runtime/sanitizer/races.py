"""Conflicting accesses to one memory that nothing orders.

A clock holds, for each component (a queue of a core), how many of its instructions are known to be complete. Completion
is known for prefixes of a queue only, so an access is remembered by its bytes and component with the *latest* sequence
number: who knows that one complete knows all earlier ones complete. Which remembered accesses can conflict is found
once for each pair.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runtime.memory.access import Access

Clock = list[int]


class Actor(NamedTuple):
    """Who accesses: component, sequence number in it, core (number in the launch) and the instruction's index."""

    component: int
    sequence: int
    core: int
    instruction: int


class Conflict(NamedTuple):
    """Two accesses of which at least one writes: the earlier actor, whether it wrote, and its bytes."""

    earlier: Actor
    earlier_writes: bool
    access: Access


class _Key(NamedTuple):
    component: int
    writes: bool
    atomic: str
    access: Access


class AccessHistory:
    """The accesses made to one memory (a core's buffer, or GM) during one kernel launch."""

    def __init__(self, interlocked: bool = False) -> None:
        """Start empty; ``interlocked``: hardware orders the accesses of one component (mmads on L0C)."""
        self._interlocked = interlocked
        self._numbers: dict[_Key, int] = {}
        self._keys: list[_Key] = []
        self._actors: list[Actor] = []
        self._rivals: list[list[int]] = []
        self._intervals: dict[int, npt.NDArray[np.int64]] = {}
        self._bounds = np.zeros((2, 64), np.int64)
        self._writing = np.zeros(64, np.bool_)
        self._columns = np.zeros((3, 64), np.int64)

    def record(self, actor: Actor, access: Access, writes: bool, atomic: str, clock: Clock) -> Conflict | None:
        """Remember an access; return an earlier one that conflicts with it and is not known complete in ``clock``."""
        key = _Key(actor.component, writes, atomic, access)
        number = self._numbers.get(key)
        if number is None:
            number = self._add(key)
        conflict = None
        for rival in self._rivals[number]:
            other = self._actors[rival]
            if other.sequence > clock[other.component] and other[:2] != actor[:2]:
                if self._interlocked and other.component == actor.component:
                    continue
                conflict = Conflict(other, self._keys[rival].writes, self._keys[rival].access)
                break
        self._actors[number] = actor
        return conflict

    def _add(self, key: _Key) -> int:
        number = len(self._keys)
        if number == len(self._writing):
            self._bounds = np.concatenate((self._bounds, np.zeros_like(self._bounds)), axis=1)
            self._columns = np.concatenate((self._columns, np.zeros_like(self._columns)), axis=1)
            self._writing = np.concatenate((self._writing, np.zeros_like(self._writing)))
        low, high = key.access.extent()
        starts, ends = self._bounds[:, :number]
        near = (starts < high) & (ends > low)
        if not key.writes:
            near &= self._writing[:number]
        pitch, first, last = columns = _columns(key.access)
        if pitch:  # rows of one pitch in different columns never meet, though their extents overlap
            pitches, firsts, lasts = self._columns[:, :number]
            near &= (pitches != pitch) | ((firsts < last) & (lasts > first))
        rivals = [int(other) for other in np.flatnonzero(near) if self._conflicts(key, number, int(other))]
        self._numbers[key] = number
        self._keys.append(key)
        self._actors.append(Actor(key.component, 0, 0, 0))
        self._rivals.append(rivals)
        self._bounds[:, number] = low, high
        self._columns[:, number] = columns
        self._writing[number] = key.writes
        for other in rivals:
            self._rivals[other].append(number)
        if key.writes and not key.atomic:
            self._rivals[number].append(number)
        return number

    def _conflicts(self, key: _Key, number: int, other: int) -> bool:
        rival = self._keys[other]
        if key.atomic and key.atomic == rival.atomic:
            return False
        if key.access == rival.access:
            return True
        return _intersect(self._bytes(number, key.access), self._bytes(other, rival.access))

    def _bytes(self, number: int, access: Access) -> npt.NDArray[np.int64]:
        found = self._intervals.get(number)
        if found is None:
            found = self._intervals[number] = access.intervals()
        return found


def _columns(access: Access) -> tuple[int, int, int]:
    """Return (pitch, first column, column after the last), in bytes, of rows that stay in their columns; else zeros."""
    run, outer = access.runs()
    if len(outer) != 1 or outer[0][1] <= 0:
        return 0, 0, 0
    pitch = outer[0][1]
    first = access.offset % pitch
    return (pitch, first, first + run) if first + run <= pitch else (0, 0, 0)


def _intersect(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> bool:
    """Whether two sets of sorted, disjoint intervals share a byte."""
    if len(a) > len(b):
        a, b = b, a
    position = np.searchsorted(b[:, 1], a[:, 0], side="right")  # the first interval of b that ends after a's begins
    inside = position < len(b)
    return bool(np.any(b[position[inside], 0] < a[inside, 1]))
