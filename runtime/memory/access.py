"""A strided set of bytes in one memory space: what an instruction reads or writes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


class Access(NamedTuple):
    """``shape`` elements of ``itemsize`` bytes at ``offset`` of ``space``; ``strides`` in bytes, one a dimension.

    ``space`` is "gm" (offset = address) or the name of an on-chip buffer.
    """

    space: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    def extent(self) -> tuple[int, int]:
        """Return the first byte and the byte after the last one; (offset, offset) when there are no elements."""
        if 0 in self.shape:
            return self.offset, self.offset
        low = high = self.offset
        for size, stride in zip(self.shape, self.strides, strict=True):
            reach = (size - 1) * stride
            if reach < 0:
                low += reach
            else:
                high += reach
        return low, high + self.itemsize

    def intervals(self) -> npt.NDArray[np.int64]:
        """Return the bytes as sorted, merged intervals, shape (count, 2): the first byte and the one after the last."""
        if 0 in self.shape:
            return np.zeros((0, 2), np.int64)
        run, outer = self.runs()
        starts = np.array([self.offset], np.int64)
        for size, stride in outer:
            starts = (starts[:, None] + np.arange(size, dtype=np.int64) * stride).reshape(-1)
        starts = np.unique(starts)
        heads = np.flatnonzero(np.concatenate(([True], starts[1:] > np.maximum.accumulate(starts[:-1] + run))))
        lasts = np.append(heads[1:], len(starts)) - 1
        return np.stack((starts[heads], starts[lasts] + run), axis=1)

    def runs(self) -> tuple[int, list[tuple[int, int]]]:
        """Return the length of the contiguous runs and the (size, stride) of the dimensions they repeat over."""
        run = self.itemsize
        outer: list[tuple[int, int]] = []
        for size, stride in sorted(zip(self.shape, self.strides, strict=True), key=lambda pair: abs(pair[1])):
            if size == 1 or stride == 0:
                continue
            if not outer and stride == run:
                run *= size
            else:
                outer.append((size, stride))
        return run, outer
