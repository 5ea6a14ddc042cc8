"""Transfers under way and what they share: each goes on at a rate that changes when others begin or end.

A transfer that misses L2 first waits for HBM to answer; one whose lines another transfer is bringing waits for that
one, and ends no earlier. While it moves it is limited by its own path, by the port of its core to global memory, by
L2's reads or writes, alone and together, and by HBM for what it misses. Where transfers want more than a resource has,
they share it max-min fairly: all get the same rate but for those that cannot use it.
"""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.cache import look_up, must_wait
from runtime.timing.cross_core import enlist
from runtime.timing.hot import hot
from runtime.timing.queues import occupy
from runtime.timing.records import Real, Whole
from runtime.timing.rows import core_row, entry_row, flow_row, flow_times, queue_row, queue_times
from runtime.timing.sharing import change, share_rates
from runtime.timing.unit_flags import unit_end

SECTOR = 32
"""The smallest piece, in bytes, that moves between L2 and a core."""


@hot
def next_flow(n: Whole, x: Real) -> int:
    """The transfer whose state changes first, or -1; of several at the same time the one asked for first."""
    best = -1
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        if best < 0 or x[flow_times(n, q) + r.ENDS] < x[flow_times(n, best) + r.ENDS]:
            best = q
        elif (
            x[flow_times(n, q) + r.ENDS] == x[flow_times(n, best) + r.ENDS]
            and n[flow_row(n, q) + r.SERIAL] < n[flow_row(n, best) + r.SERIAL]
        ):
            best = q
    return best


@hot
def go_on(n: Whole, x: Real, q: int) -> None:
    """Take a transfer to its next state, at the time when that is due."""
    flow, times = flow_row(n, q), flow_times(n, q)
    now = x[times + r.ENDS]
    if n[flow + r.STATE] == r.REQUESTED:
        begin(n, x, q, now)
    elif n[flow + r.STATE] == r.FETCHING:
        x[n[r.SLOWED] + q * r.RESOURCES + r.HBM] += now - x[times + r.UPDATED]
        move_or_wait(n, x, q, now)
        release(n, x, now)
    else:
        change(n, x, q, -1.0)
        n[flow + r.STATE] = r.TRAILING
        x[times + r.UPDATED], x[times + r.ENDS] = now, r.FOREVER
        share_rates(n, x, -1, now)
        if not must_wait(n, x, q):
            finish(n, x, q, now)
            release(n, x, now)


@hot
def begin(n: Whole, x: Real, q: int, now: float) -> None:
    """Begin a transfer that was asked for."""
    flow, times = flow_row(n, q), flow_times(n, q)
    if not look_up(n, x, q):
        n[r.FAULT], n[r.FAULT_CORE] = r.OUTSIDE, q // r.PIPES
        n[r.FAULT_INDEX] = n[flow + r.FLOW_INDEX]
        return
    traffic = n[flow + r.BURSTS] * ((n[flow + r.BURST_BYTES] + SECTOR - 1) // SECTOR * SECTOR)
    n[r.WRITE_BYTES if n[flow + r.WRITES] != 0 else r.READ_BYTES] += n[flow + r.BURSTS] * n[flow + r.BURST_BYTES]
    weigh(n, x, q, traffic)
    if n[flow + r.WRITES] == 0 and x[times + r.FILL] > 0.0:
        n[flow + r.STATE] = r.FETCHING
        x[times + r.UPDATED], x[times + r.ENDS] = now, now + answer_cycles(n, x, q, now)
    else:
        move_or_wait(n, x, q, now)


@hot
def answer_cycles(n: Whole, x: Real, q: int, now: float) -> float:
    """How long HBM still takes to answer: a queue that does not stand still asks while the transfer before moves."""
    times = flow_times(n, q)
    asked = x[times + r.LAST_CYCLES] - (now - x[times + r.LAST_ENDED])
    return max(0.0, x[r.MISS_CYCLES] * x[times + r.ABSENT] - max(0.0, asked))


@hot
def weigh(n: Whole, x: Real, q: int, traffic: int) -> None:
    """Say what a transfer needs of what is shared: its bytes, the rate it could have, and what a byte counts for."""
    flow, times = flow_row(n, q), flow_times(n, q)
    x[times + r.MOVE] = traffic
    x[times + r.CAP] = traffic / x[times + r.ALONE]
    x[times + r.HBM_WEIGHT] = x[times + r.FILL] / traffic
    if x[times + r.FILL] > 0.0:
        x[times + r.CAP] = min(x[times + r.CAP], x[r.FILL_RATE] / x[times + r.HBM_WEIGHT])
        x[n[r.SLOWED] + q * r.RESOURCES + r.HBM] += traffic / x[times + r.CAP] - x[times + r.ALONE]
    x[times + r.L2_WEIGHT] = 1.0 + (x[r.SAME_ADDRESS_WEIGHT] - 1.0) * x[times + r.SHARE]
    if n[flow + r.WRITES] != 0:
        x[times + r.L2_WEIGHT] *= 1.0 + (x[r.ALLOCATE_WEIGHT] - 1.0) * x[times + r.ABSENT]
    if n[flow + r.ATOMIC] != 0:
        conflict = 1.0 + (x[r.ATOMIC_CONFLICT_WEIGHT] - 1.0) * x[times + r.SHARE]
        x[times + r.L2_WEIGHT] *= x[r.ATOMIC_WEIGHT] * conflict


@hot
def move_or_wait(n: Whole, x: Real, q: int, now: float) -> None:
    """Begin to move the bytes of a transfer, unless lines that it needs have not begun to come."""
    flow, times = flow_row(n, q), flow_times(n, q)
    n[flow + r.STATE] = r.AWAITING
    if must_wait(n, x, q):
        x[times + r.UPDATED], x[times + r.ENDS] = now, r.FOREVER
    else:
        n[flow + r.STATE] = r.MOVING
        change(n, x, q, 1.0)
        share_rates(n, x, q, now)


@hot
def release(n: Whole, x: Real, now: float) -> None:
    """Let the transfers go on, or end, that waited only for lines which have come."""
    place = 0
    while place < n[r.FLOWS]:
        q = n[n[r.ACTIVE] + place]
        state = n[flow_row(n, q) + r.STATE]
        if (state == r.AWAITING or state == r.TRAILING) and not must_wait(n, x, q):
            x[n[r.SLOWED] + q * r.RESOURCES + r.FETCH] += now - x[flow_times(n, q) + r.UPDATED]
            if state == r.AWAITING:
                move_or_wait(n, x, q, now)
            else:
                finish(n, x, q, now)
            place = -1  # another one may have waited for this one
        place += 1


@hot
def finish(n: Whole, x: Real, q: int, now: float) -> None:
    """End a transfer: its queue takes the next instruction."""
    flow, queue = flow_row(n, q), queue_row(n, q)
    n[flow + r.STATE] = r.NONE
    place = 0
    while n[n[r.ACTIVE] + place] != q:
        place += 1
    n[r.FLOWS] -= 1
    n[n[r.ACTIVE] + place] = n[n[r.ACTIVE] + n[r.FLOWS]]
    start = x[queue_times(n, q) + r.FREE]
    occupy(n, x, q, n[flow + r.FLOW_INDEX], start, now - start, now - start)
    x[flow_times(n, q) + r.LAST_ENDED], x[flow_times(n, q) + r.LAST_CYCLES] = now, now - start
    slot = q * n[r.DEPTH] + (n[queue + r.STARTED] - 1) % n[r.DEPTH]
    if n[entry_row(n, slot) + r.UNIT_FLAG] != 0:
        unit_end(n, x, q // r.PIPES, q, slot, start)
    n[queue + r.BLOCKED] = 0
    n[core_row(n, q // r.PIPES) + r.WOKEN] |= 1 << q % r.PIPES
    enlist(n, x, q // r.PIPES)
