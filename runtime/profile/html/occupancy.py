"""How full the on-chip buffers of a block are: a byte is occupied from the write of a value to its last read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.machine.description import Machine
from runtime.memory.access import Access
from runtime.profile.html.replay import Replay

GRAIN = 32
"""Bytes that are counted together: the smallest piece that instructions address in every buffer."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Occupancy:
    """Bytes in use of one buffer of the core at a position of the launch's traces: `bytes[i]` from `times[i]` on;
    `peak` is the largest, of `capacity`."""

    core: int
    space: str
    capacity: int
    times: Floats
    bytes: npt.NDArray[np.int64]

    @property
    def peak(self) -> int:
        """The most bytes in use at any time."""
        return int(self.bytes.max(initial=0))


def occupancies(replays: Mapping[int, Replay], machine: Machine) -> list[Occupancy]:
    """The buffers of a block's cores that are used at all; whoever accesses one, it is its owner's."""
    buffers: dict[tuple[int, str], _Buffer] = {}
    for replay in replays.values():
        for core, space in replay.owners.values():
            buffers.setdefault((core, space), _Buffer(int(getattr(machine, f"{space}_bytes"))))
    executed = ((one, replay.owners) for replay in replays.values() for one in replay.executed)
    for one, owners in sorted(executed, key=lambda pair: (pair[0].start, pair[0].end)):
        for access in one.reads:
            if access.space in owners:
                buffers[owners[access.space]].read(access, one.end)
        for access in one.writes:
            if access.space in owners:
                buffers[owners[access.space]].write(access, one.start, one.end)
    found = [buffers[core, space].occupancy(core, space) for core, space in sorted(buffers)]
    return [one for one in found if one.peak]


class _Buffer:
    """The lifetimes of the grains of one buffer: the value a grain holds lives from `_first` to `_last`."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        count = -(-capacity // GRAIN)
        self._first = np.full(count, np.nan)
        self._last = np.full(count, np.nan)
        self._was_read = np.zeros(count, np.bool_)
        self._ended: list[tuple[Floats, Floats]] = []
        self._grains: dict[Access, npt.NDArray[np.int64]] = {}

    def read(self, access: Access, time: float) -> None:
        grains = self._grains_of(access)
        self._last[grains] = np.maximum(self._last[grains], time)
        self._was_read[grains] = True

    def write(self, access: Access, start: float, end: float) -> None:
        """A grain that was read since it was written holds a new value from here on; else the value grows."""
        grains = self._grains_of(access)
        fresh = grains[self._was_read[grains] | np.isnan(self._first[grains])]
        self._end(fresh, start)
        self._first[fresh] = start
        self._was_read[fresh] = False
        self._last[grains] = np.fmax(self._last[grains], end)

    def _end(self, grains: npt.NDArray[np.int64], before: float = np.inf) -> None:
        """Values end, at the latest when others take their place (an mmad writes the sums that it reads)."""
        held = grains[~np.isnan(self._first[grains])]
        if len(held):
            self._ended.append((self._first[held], np.minimum(self._last[held], before)))
        self._last[grains] = np.nan

    def _grains_of(self, access: Access) -> npt.NDArray[np.int64]:
        found = self._grains.get(access)
        if found is None:
            intervals = access.intervals()
            first, end = intervals[:, 0] // GRAIN, -(-intervals[:, 1] // GRAIN)
            pieces = [np.arange(low, high, dtype=np.int64) for low, high in zip(first, end, strict=True)]
            found = np.unique(np.concatenate(pieces)) if pieces else np.zeros(0, np.int64)
            self._grains[access] = found
        return found

    def occupancy(self, core: int, space: str) -> Occupancy:
        self._end(np.arange(len(self._first)))
        if not self._ended:
            return Occupancy(core, space, self._capacity, np.zeros(0), np.zeros(0, np.int64))
        begins, ends = (np.concatenate(parts) for parts in zip(*self._ended, strict=True))
        times, order = np.unique(np.concatenate((begins, ends)), return_inverse=True)
        changes = np.zeros(len(times), np.int64)
        np.add.at(changes, order[: len(begins)], GRAIN)
        np.add.at(changes, order[len(begins) :], -GRAIN)
        return Occupancy(core, space, self._capacity, times, np.cumsum(changes))
