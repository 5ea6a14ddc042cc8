"""Offline placement of buffers whose lives are known: used for UB and the cube's buffers, and for global memory.

Largest first, each into the smallest gap that holds it among the buffers alive at the same time (the "best-fit by size"
heuristic); ties go to the earlier interval, so that equal input gives equal addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Interval(NamedTuple):
    """A buffer that is alive from ``start`` to ``end``, both included, on any integer clock.

    Its offset is ``phase`` more than a multiple of ``alignment``.
    """

    start: int
    end: int
    bytes: int
    alignment: int
    phase: int = 0


class Plan(NamedTuple):
    """The byte offset of every interval, and the bytes that all of them together need."""

    offsets: list[int]
    peak: int


def plan(intervals: Sequence[Interval | tuple[int, int, int, int]], base: int = 0) -> Plan:
    """Place intervals (start, end, bytes, alignment) at offsets from ``base`` on; those alive at once never overlap.

    ``peak`` is the end of the highest buffer. Raises ValueError for a negative size, a reversed life, an alignment
    below 1 or a phase that is not below the alignment.
    """
    count = len(intervals)
    checked = [_checked(Interval(*interval)) for interval in intervals]
    order = sorted(range(count), key=lambda index: (-checked[index].bytes, index))
    starts, ends, lows, highs = (np.zeros(count, np.int64) for _ in range(4))
    offsets = [base] * count
    for placed, index in enumerate(order):
        start, end, bytes, alignment, phase = checked[index]
        alive = (starts[:placed] <= end) & (ends[:placed] >= start)
        offset = _best_gap(lows[:placed][alive], highs[:placed][alive], bytes, (alignment, phase), base)
        offsets[index] = offset
        starts[placed], ends[placed], lows[placed], highs[placed] = start, end, offset, offset + bytes
    return Plan(
        offsets, max((offset + interval.bytes for offset, interval in zip(offsets, checked, strict=True)), default=base)
    )


def _checked(interval: Interval) -> Interval:
    phased = 0 <= interval.phase < interval.alignment
    if interval.bytes < 0 or interval.end < interval.start or not phased:
        raise ValueError(f"not a buffer's life: {interval}")
    return interval


def _best_gap(
    lows: npt.NDArray[np.int64], highs: npt.NDArray[np.int64], bytes: int, grid: tuple[int, int], base: int
) -> int:
    """The start of the smallest gap between occupied ranges that holds ``bytes``, else the aligned end of the last."""
    order = np.argsort(lows, kind="stable")
    best: int | None = None
    best_slack = 0
    end = base
    for low, high in zip(lows[order].tolist(), highs[order].tolist(), strict=True):
        start = _aligned(end, *grid)
        slack = low - (start + bytes)
        if slack >= 0 and (best is None or slack < best_slack):
            best, best_slack = start, slack
        end = max(end, high)
    return _aligned(end, *grid) if best is None else best


def _aligned(offset: int, alignment: int, phase: int) -> int:
    """The lowest offset from ``offset`` on that is ``phase`` more than a multiple of ``alignment``."""
    return -(-(offset - phase) // alignment) * alignment + phase
