"""Which lines of global memory are in L2, across the launches of a program.

Replacement is LRU in the measure of fills: a line is gone once `capacity` lines have been brought in since it was last
touched (a launch counts as one more). Written lines are brought in without a read, and are written back when they go.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Lines = npt.NDArray[np.int64]


class Residency:
    """The state of L2 between launches. Lines count from GM address 0; `capacity` is in lines."""

    def __init__(self, gm_lines: int, capacity: int) -> None:
        """Start with an empty cache."""
        self.capacity = capacity
        self._clock = capacity
        self._stamp: Lines = np.zeros(gm_lines, np.int64)
        self._writer: npt.NDArray[np.int32] = np.zeros(gm_lines, np.int32)
        self._dirty: deque[tuple[int, int, Lines]] = deque()
        self._launches = 0

    def ages(self, lines: Lines) -> Lines:
        """Fills since each line was last touched, at least 1; `capacity` or more means that it is not in L2."""
        return np.minimum(self._clock - self._stamp[lines], self.capacity)

    def apply(self, lines: Lines, stamps: Lines, written: npt.NDArray[np.bool_], fills: int) -> int:
        """Account for a launch that brought in `fills` lines; return how many written lines had to go to HBM.

        `stamps[i]` is the count of fills of the launch when `lines[i]` was last touched, negative if it was not.
        """
        self._launches += 1
        touched = stamps >= 0
        self._stamp[lines[touched]] = self._clock + stamps[touched]
        self._clock += fills + 1
        dirty = lines[written]
        self._writer[dirty] = self._launches
        self._dirty.append((self._clock, self._launches, dirty))
        gone = 0
        while self._dirty and self._clock - self._dirty[0][0] >= self.capacity:
            _, launch, old = self._dirty.popleft()
            still = old[self._writer[old] == launch]
            self._writer[still] = 0
            gone += len(still)
        return gone + max(0, len(dirty) - self.capacity)
