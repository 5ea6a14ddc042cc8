"""Global memory during one launch: L2 hits and misses, and the bandwidths that all cores share.

Each shared resource (L2 reads, L2 writes, both together, HBM, and the GM port of each core) is a server that hands out
its bytes in order of arrival: a transfer of n bytes that arrives at t is through at max(t, free) + n / rate, and free
moves there. A transfer ends when the slowest of its core's own path and of these servers lets it. So no resource ever
exceeds its rate, and cores that want more than there is share it in the order they ask.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from runtime.machine.description import Machine
from runtime.timing.cost import Transfer

SECTOR = 32
"""The smallest piece that moves between L2 and a core."""


@lru_cache(maxsize=65536)
def _pattern(
    offset: int, bursts: int, burst_bytes: int, stride: int, line: int
) -> tuple[int, int, npt.NDArray[np.int64]]:
    """Lines of a transfer relative to the line `offset` is in: (first, end, all of them or empty if without a gap)."""
    starts = offset + np.arange(bursts, dtype=np.int64) * stride
    first, last = starts // line, (starts + burst_bytes - 1) // line
    width = int((last - first).max()) + 1
    grid = np.minimum(first[:, None] + np.arange(width), last[:, None])
    lines = np.unique(grid)
    low, end = int(lines[0]), int(lines[-1]) + 1
    return low, end, lines if len(lines) < end - low else np.empty(0, np.int64)


class LaunchMemory:
    """The part of global memory that a launch's arguments cover, as a run of lines, and the shared servers.

    `ranges` are sorted, disjoint (first line, end line); `ages` has each covered line's age at the start (1 or more).
    `stamps` counts, for each line, the fills of this launch when it was last touched; negative: not yet.
    """

    def __init__(
        self, machine: Machine, capacity: int, ranges: Sequence[tuple[int, int]], ages: npt.NDArray[np.int64]
    ) -> None:
        """Start a launch at time 0."""
        memory = machine.memory
        self._line = memory.line_bytes
        self._capacity = capacity
        self._slowdown = memory.miss_slowdown - 1.0
        self._firsts = [first for first, _ in ranges]
        self._ends = [end for _, end in ranges]
        self._shifts: list[int] = []
        position = 0
        for first, end in ranges:
            self._shifts.append(position - first)
            position += end - first
        self.stamps = -ages
        self.written = np.zeros(position, np.bool_)
        self._ready = np.zeros(position, np.float64)
        self._read_rate = machine.bytes_per_cycle(memory.l2_read_gb_per_s)
        self._write_rate = machine.bytes_per_cycle(memory.l2_write_gb_per_s)
        self._mixed_rate = machine.bytes_per_cycle(memory.l2_mixed_gb_per_s)
        self._hbm_rate = machine.bytes_per_cycle(memory.hbm_gb_per_s)
        self._read_free = self._write_free = self._mixed_free = self._hbm_free = 0.0
        self.fills = 0
        self.read_bytes = 0
        self.write_bytes = 0
        self.missed_bytes = 0

    def access(self, start: float, transfer: Transfer, port_free: float) -> float:
        """End of a transfer that starts at `start`; `port_free` is when its core's port has passed it on.

        Raise `IndexError` when the transfer leaves the launch's arguments.
        """
        lines, count = self._lines(transfer)
        traffic = transfer.bursts * -(-transfer.burst_bytes // SECTOR) * SECTOR
        self._mixed_free = max(self._mixed_free, start) + traffic / self._mixed_rate
        absent = self.fills - self.stamps[lines] >= self._capacity
        missing = int(np.count_nonzero(absent))
        self.fills += missing
        self.stamps[lines] = self.fills
        if transfer.write:
            self.write_bytes += transfer.bursts * transfer.burst_bytes
            self.written[lines] = True
            self._write_free = max(self._write_free, start) + traffic / self._write_rate
            return max(start + transfer.cycles, port_free, self._mixed_free, self._write_free)
        self.read_bytes += transfer.bursts * transfer.burst_bytes
        self._read_free = max(self._read_free, start) + traffic / self._read_rate
        end = max(start + transfer.cycles, port_free, self._mixed_free, self._read_free)
        if missing:
            self.missed_bytes += missing * self._line
            self._hbm_free = max(self._hbm_free, start) + missing * self._line / self._hbm_rate
            alone = start + transfer.cycles * (1.0 + self._slowdown * missing / count)
            self._fetched(lines, absent, missing == count, self._hbm_free)
            end = max(end, alone)
        return max(end, float(self._ready[lines].max()))

    def _fetched(
        self, lines: slice | npt.NDArray[np.int64], absent: npt.NDArray[np.bool_], whole: bool, time: float
    ) -> None:
        """Note when the missing lines are in L2: other cores that ask for them before wait until then."""
        if whole:
            self._ready[lines] = time
        else:
            ready = self._ready[lines]
            ready[absent] = time
            self._ready[lines] = ready

    def _lines(self, transfer: Transfer) -> tuple[slice | npt.NDArray[np.int64], int]:
        base, offset = divmod(transfer.address, self._line)
        low, end, lines = _pattern(offset, transfer.bursts, transfer.burst_bytes, transfer.stride, self._line)
        place = bisect_right(self._firsts, base) - 1
        if place < 0 or base + low < self._firsts[place] or base + end > self._ends[place]:
            raise IndexError
        shift = base + self._shifts[place]
        if len(lines):
            return lines + shift, len(lines)
        return slice(low + shift, end + shift), end - low
