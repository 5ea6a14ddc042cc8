"""Unit flags: the fixpipe drains an accumulator while the matrix unit still forms its last product.

The fixpipe begins with that product and ends no earlier than it; the matrix unit uses the accumulator again when it is
drained. (Hardware may begin again behind the fixpipe.)
"""

from __future__ import annotations

from runtime.timing import kinds
from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole
from runtime.timing.rows import code_row, core_row, entry_row, entry_times, queue_row, queue_times

LAST = 3
"""The unit flag of the product that ends a sum, and of the fixpipe that drains it."""


@hot
def accumulator_place(n: Whole, c: int, address: int) -> int:
    """The number of an accumulator among those of all cores."""
    return c * r.ACCUMULATORS + address // 1024 % r.ACCUMULATORS


@hot
def unit_begin(n: Whole, x: Real, c: int, slot: int) -> float:
    """When the instruction in a queue's entry may begin as far as its unit flag says; -1: not known yet."""
    entry = entry_row(n, slot)
    place = accumulator_place(n, c, n[entry + r.ACCUMULATOR])
    state, times = n[n[r.UNIT_I] + place], n[r.UNIT_F] + place * r.UNIT_COLUMNS
    if n[code_row(n, n[entry + r.INDEX]) + r.KIND] == kinds.mmad:
        return x[times + r.UNIT_DRAINED] if state == r.OPEN else -1.0
    if state != r.HANDED_OVER:
        return -1.0
    n[n[r.UNIT_I] + place] = r.DRAINING
    return x[times + r.UNIT_BEGAN]


@hot
def unit_least(n: Whole, x: Real, c: int, slot: int, start: float) -> None:
    """Let a fixpipe that begins at `start` take at least until the product that it drains has ended."""
    entry, costs = entry_row(n, slot), entry_times(n, slot)
    place = accumulator_place(n, c, n[entry + r.ACCUMULATOR])
    left = x[n[r.UNIT_F] + place * r.UNIT_COLUMNS + r.UNIT_ENDED] - start
    x[costs + r.OCCUPANCY] = max(x[costs + r.OCCUPANCY], left)
    x[costs + r.LATENCY] = max(x[costs + r.LATENCY], left)


@hot
def unit_end(n: Whole, x: Real, c: int, q: int, slot: int, start: float) -> None:
    """Note that a product or a fixpipe with a unit flag, begun at `start`, ends when its queue is free again."""
    entry, end = entry_row(n, slot), x[queue_times(n, q) + r.FREE]
    place = accumulator_place(n, c, n[entry + r.ACCUMULATOR])
    times = n[r.UNIT_F] + place * r.UNIT_COLUMNS
    product = n[code_row(n, n[entry + r.INDEX]) + r.KIND] == kinds.mmad
    if product and n[entry + r.UNIT_FLAG] == LAST:
        n[n[r.UNIT_I] + place] = r.HANDED_OVER
        x[times + r.UNIT_BEGAN], x[times + r.UNIT_ENDED] = start, end
        wake(n, x, c)
    elif not product:
        n[n[r.UNIT_I] + place] = r.OPEN
        x[times + r.UNIT_DRAINED] = end
        wake(n, x, c)


@hot
def wake(n: Whole, x: Real, c: int) -> None:
    """Wake the queues of a core that wait for a unit flag."""
    for pipe in range(r.PIPES):
        queue = queue_row(n, c * r.PIPES + pipe)
        if n[queue + r.WAITS_FOR] == r.UNIT_EVENT:
            n[queue + r.BLOCKED], n[queue + r.WAITS_FOR] = 0, -1
            n[core_row(n, c) + r.WOKEN] |= 1 << pipe
