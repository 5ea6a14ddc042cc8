"""Conflicting accesses to one memory that nothing orders.

A clock holds, for each queue of each core of a group, how many of its instructions are known to be complete. Completion
is known for prefixes of a queue only, so an access is remembered by its bytes and queue with the *latest* sequence
number: who knows that one complete knows all earlier ones complete.

Which accesses share bytes does not change from core to core or from launch to launch of a kernel: `Overlaps` finds it
once, `AccessHistory` holds who made each access last.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runtime.memory.access import Access

Clock = list[int]


class Actor(NamedTuple):
    """Who accesses: queue, sequence number in it, core (number in the launch), and the instruction's index.

    A queue is a component of a clock: of the core's own queues in its buffers, of all cores' in global memory.
    """

    component: int
    sequence: int
    core: int
    instruction: int


class Conflict(NamedTuple):
    """The earlier of two accesses that nothing orders: whether it wrote, its bytes, and how it combines with others.

    ``combines``: both are float sums into the same bytes, whose order is free on hardware, and with it the rounding.
    """

    earlier: Actor
    earlier_writes: bool
    access: Access
    atomic: str
    combines: bool = False


class Key(NamedTuple):
    """What is remembered of an access: its queue, whether it writes, how it combines with others, and its bytes."""

    component: int
    writes: bool
    atomic: str
    access: Access


class Overlaps:
    """The distinct accesses to one memory, and for each those it can conflict with.

    Extents are found through sorted lists, one for each power of two that bounds their lengths.
    """

    def __init__(self) -> None:
        """Start without accesses."""
        self.keys: list[Key] = []
        self.rivals: list[list[int]] = []
        """For each access the others that share bytes with it, one of the two writing and not combining."""
        self.partners: list[list[int]] = []
        """For each atomic float sum the other sums of its kind that share bytes with it."""
        self._numbers: dict[Key, int] = {}
        self._levels: dict[int, tuple[list[int], list[int]]] = {}
        self._intervals: dict[int, npt.NDArray[np.int64]] = {}
        self._extents = np.zeros((64, 2), np.int64)
        self._columns = np.zeros((64, 3), np.int64)
        self._writes = np.zeros(64, np.bool_)

    def number(self, key: Key) -> int:
        """Return the position of an access among ``keys``, adding it when it is new."""
        number = self._numbers.get(key)
        return self._add(key) if number is None else number

    def _add(self, key: Key) -> int:
        number = len(self.keys)
        near = [] if 0 in key.access.shape else self._near(key)
        shared = [other for other in near if self._share_bytes(key, number, other)]
        combining = [other for other in shared if key.atomic and key.atomic == self.keys[other].atomic]
        rivals = [other for other in shared if other not in combining] if combining else shared
        self.keys.append(key)
        self._numbers[key] = number
        self.rivals.append(rivals)
        self.partners.append([])
        for other in rivals:
            self.rivals[other].append(number)
        if key.writes and not key.atomic:
            rivals.append(number)
        if key.atomic.startswith("add f") or key.atomic.startswith("add bf"):
            self.partners[number] = combining
            for other in combining:
                self.partners[other].append(number)
        self._index(key, number)
        return number

    def _index(self, key: Key, number: int) -> None:
        if number == len(self._writes):
            self._extents, self._columns, self._writes = (
                np.concatenate((one, np.zeros_like(one))) for one in (self._extents, self._columns, self._writes)
            )
        low, high = self._extents[number] = key.access.extent()
        self._columns[number] = _columns(key.access)
        self._writes[number] = key.writes
        starts, numbers = self._levels.setdefault(int(high - low).bit_length(), ([], []))
        place = bisect_left(starts, low)
        starts.insert(place, int(low))
        numbers.insert(place, number)

    def _near(self, key: Key) -> list[int]:
        """Return the accesses whose extents overlap the new one's and that may conflict with it."""
        low, high = key.access.extent()
        found: list[int] = []
        for level, (starts, numbers) in self._levels.items():
            found += numbers[bisect_left(starts, low - (1 << level)) : bisect_left(starts, high)]
        if not found:
            return found
        near = np.array(found)
        starts, ends = self._extents[near].T
        keep = (starts < high) & (ends > low)
        if not key.writes:
            keep &= self._writes[near]
        pitch, first, last = _columns(key.access)
        if pitch:  # rows of one pitch in different columns never meet, though their extents overlap
            pitches, firsts, lasts = self._columns[near].T
            keep &= (pitches != pitch) | ((firsts < last) & (lasts > first))
        return sorted(near[keep].tolist())

    def _share_bytes(self, key: Key, number: int, other: int) -> bool:
        rival = self.keys[other].access
        return key.access == rival or _intersect(self._bytes(number, key.access), self._bytes(other, rival))

    def _bytes(self, number: int, access: Access) -> npt.NDArray[np.int64]:
        found = self._intervals.get(number)
        if found is None:
            found = self._intervals[number] = access.intervals()
        return found


class AccessHistory:
    """The accesses made to one memory (a core's buffer, or global memory) during one kernel launch."""

    def __init__(self, overlaps: Overlaps, interlocked: bool = False) -> None:
        """Start empty; ``interlocked``: hardware orders the accesses of one queue (mmads on L0C)."""
        self._overlaps = overlaps
        self._interlocked = interlocked
        self._last: dict[int, Actor] = {}

    def number(self, key: Key) -> int:
        """Return the number by which ``conflict`` and ``remember`` know an access."""
        return self._overlaps.number(key)

    def remember(self, number: int, actor: Actor) -> None:
        """Remember that an access was made. An instruction's accesses are remembered after all of them were looked at:
        one that reads and writes the same bytes would hide the last reader from its own write otherwise."""
        self._last[number] = actor

    def conflict(self, number: int, actor: Actor, clock: Clock, base: int = 0) -> Conflict | None:
        """Return an earlier access that conflicts with one by ``actor`` and is not known complete in ``clock``.

        The clock's first component is number ``base`` here; of components outside of it nothing is known.
        """
        for rival in self._overlaps.rivals[number]:
            other = self._last.get(rival)
            if other is None or _known(other, clock, base):
                continue
            if not (self._interlocked and other.component == actor.component):
                return self._conflict(rival, other)
        for partner in self._overlaps.partners[number]:
            other = self._last.get(partner)
            if other is not None and other.core != actor.core and not _known(other, clock, base):
                return self._conflict(partner, other)._replace(combines=True)
        return None

    def _conflict(self, number: int, actor: Actor) -> Conflict:
        key = self._overlaps.keys[number]
        return Conflict(actor, key.writes, key.access, key.atomic)


def _known(actor: Actor, clock: Clock, base: int) -> bool:
    place = actor.component - base
    return 0 <= place < len(clock) and actor.sequence <= clock[place]


def _columns(access: Access) -> tuple[int, int, int]:
    """Return (pitch, first column, column after the last), in bytes, of rows that stay in their columns; else zeros."""
    run, outer = access.runs()
    if len(outer) != 1 or outer[0][1] <= 0:
        return 0, 0, 0
    pitch = outer[0][1]
    first = access.offset % pitch
    return (pitch, first, first + run) if first + run <= pitch else (0, 0, 0)


def shared_bytes(a: Access, b: Access) -> tuple[int, int, int]:
    """Return the first byte that two accesses share, the byte after the last one, and how many they share."""
    ours, theirs = a.intervals(), b.intervals()
    first = count = end = 0
    for low, high in ours:
        starts, ends = np.maximum(theirs[:, 0], low), np.minimum(theirs[:, 1], high)
        inside = starts < ends
        if inside.any():
            first = first if count else int(starts[inside].min())
            end = int(ends[inside].max())
            count += int((ends - starts)[inside].sum())
    return first, end, count


def _intersect(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> bool:
    """Whether two sets of sorted, disjoint intervals share a byte."""
    if len(a) > len(b):
        a, b = b, a
    position = np.searchsorted(b[:, 1], a[:, 0], side="right")  # the first interval of b that ends after a's begins
    inside = position < len(b)
    return bool(np.any(b[position[inside], 0] < a[inside, 1]))
