"""What of global memory is in L2, across the launches of a program.

See `runtime.timing.cache` for the model of replacement. Between launches the state is rounded (`GRAINS` steps of the
capacity), so that launches that meet nearly the same L2 meet exactly the same one, and need to be simulated only once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runtime.timing import records as r

Lines = npt.NDArray[np.int64]

LIFETIMES = 16
"""Capacities that may be brought in before nothing of a line is expected to be left."""
GRAINS = 64
"""Steps of L2's capacity in which ages and sums are rounded at a launch's start."""


class LineRange(NamedTuple):
    """Lines of global memory from `first` to before `end`; those of a `streamed` one are not kept in L2 when read."""

    first: int
    end: int
    streamed: bool = False


@dataclass(frozen=True)
class CacheState:
    """L2 as a launch meets it: of each line of its arguments the age (evicted units since it was touched) and what of
    it is dirty; units that are occupied and that are dirty in all."""

    ages: Lines
    dirty: Lines
    occupied: int
    dirty_units: int

    def digest(self) -> bytes:
        """A digest of everything in the state."""
        parts = hashlib.sha256(self.ages.tobytes())
        parts.update(self.dirty.tobytes())
        parts.update(f"{self.occupied} {self.dirty_units}".encode())
        return parts.digest()


@dataclass(frozen=True)
class CacheChange:
    """What a launch did to L2: when each line was touched (evicted units since its start; negative: not at all), what
    of it is dirty, and the changes of the sums."""

    stamps: Lines
    dirty: Lines
    brought: int
    evicted: int
    dirty_units: int


class Residency:
    """L2 between launches. Lines count from GM address 0; `capacity` is in units."""

    def __init__(self, gm_lines: int, capacity: int) -> None:
        """Start with an empty cache."""
        self._capacity = capacity
        self._grain = max(1, capacity // GRAINS)
        self._oldest = -(-capacity * LIFETIMES // self._grain + 1) * self._grain
        self._stamp: Lines = np.full(gm_lines, -(1 << 60), np.int64)
        self._dirty: Lines = np.zeros(gm_lines, np.int64)
        self._evicted = 0
        self._occupied = 0
        self._dirty_units = 0

    def state(self, lines: Lines) -> CacheState:
        """What a launch meets whose arguments cover `lines`."""
        ages = np.minimum(self._evicted - self._stamp[lines], self._oldest) // self._grain * self._grain
        step = r.UNIT // 8
        dirty = (self._dirty[lines] + step // 2) // step * step
        if self._occupied + len(lines) * r.UNIT <= self._capacity:
            return CacheState(ages, dirty, 0, 0)  # nothing can be evicted: the sums do not matter
        full = self._occupied >= self._capacity
        occupied = self._capacity if full else self._occupied // self._grain * self._grain
        return CacheState(ages, dirty, occupied, self._dirty_units // self._grain * self._grain)

    def apply(self, lines: Lines, change: CacheChange) -> None:
        """Account for a launch."""
        touched = change.stamps >= 0
        self._stamp[lines[touched]] = self._evicted + change.stamps[touched]
        self._dirty[lines[touched]] = change.dirty[touched]
        self._evicted += change.evicted
        self._occupied = min(self._capacity, self._occupied + change.brought - change.evicted)
        self._dirty_units = min(self._capacity, max(0, self._dirty_units + change.dirty_units))
