"""L2 during a launch: how much of each line is there, which transfer brings it, and what has to be written back.

Replacement is taken in its expected value: how much of a line is left depends on how much has been evicted since it was
touched (`launch_state.survival`). So a working set larger than L2 misses gradually, as measured chips do, and not all
at once as with LRU. All counts are in `UNIT`s of a line. Evictions begin when L2 is full; the same share of them is
dirty as of the whole cache, and written back. What is streamed is read past L2, if it is not there.
"""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole
from runtime.timing.rows import flow_row, flow_times


@hot
def surviving(n: Whole, x: Real, line: int) -> int:
    """What is left of a line, of `UNIT`."""
    age = n[r.EVICTED] - n[n[r.STAMP] + line] >> n[r.AGE_SHIFT]
    return n[n[r.SURVIVAL] + age] if age < n[r.SURVIVAL_STEPS] else 0


@hot
def touch(n: Whole, x: Real, q: int, line: int) -> int:
    """Let transfer `q` touch a line: note who brings it if it is under way. Returns the units that are missing."""
    flow = flow_row(n, q)
    mine = n[flow + r.SERIAL] * n[r.QUEUES] + q
    held = n[n[r.HOLDER] + line]
    if held == mine:
        return 0
    if held >= 0:
        other = held % n[r.QUEUES]
        if under_way(n, x, other, held // n[r.QUEUES]):
            x[flow_times(n, q) + r.SHARE] += 1.0
            if x[flow_times(n, other) + r.FILL] > 0.0 or n[flow_row(n, other) + r.WAITED] > 0:
                wait_for(n, x, q, other)
    n[n[r.HOLDER] + line] = mine
    left = surviving(n, x, line)
    dirty = n[n[r.LINE_DIRTY] + line] * left // r.UNIT
    if n[flow + r.WRITES] != 0:
        n[r.DIRTY] += r.UNIT - dirty
        dirty = r.UNIT
    n[n[r.LINE_DIRTY] + line] = dirty
    return r.UNIT - left


@hot
def wait_for(n: Whole, x: Real, q: int, other: int) -> None:
    """Note that transfer `q` needs lines that `other` is bringing."""
    flow = flow_row(n, q)
    serial = n[flow_row(n, other) + r.SERIAL]
    count = n[flow + r.WAITED]
    for number in range(min(count, r.FLOW_WAITS)):
        if n[flow + (r.FLOW_FIXED + 2 * number)] == other and n[flow + (r.FLOW_FIXED + 2 * number + 1)] == serial:
            return
    place = r.FLOW_FIXED + 2 * (count % r.FLOW_WAITS)
    n[flow + place], n[flow + (place + 1)] = other, serial
    n[flow + r.WAITED] = count + 1


@hot
def under_way(n: Whole, x: Real, q: int, serial: int) -> bool:
    """Whether queue `q` is still busy with the transfer that has this serial number."""
    return n[flow_row(n, q) + r.SERIAL] == serial and n[flow_row(n, q) + r.STATE] > r.REQUESTED


@hot
def must_wait(n: Whole, x: Real, q: int) -> bool:
    """Whether a transfer that brings lines which this one needs has not begun to move them, or not moved all.

    (Not begun: of interest before this one begins. Not all: before it ends.)
    """
    flow = flow_row(n, q)
    moved = n[flow + r.STATE] > r.MOVING
    for number in range(min(n[flow + r.WAITED], r.FLOW_WAITS)):
        place = flow + r.FLOW_FIXED + 2 * number
        other = n[place]
        state = n[flow_row(n, other) + r.STATE]
        if under_way(n, x, other, n[place + 1]) and (moved or state < r.MOVING):
            return True
    return False


@hot
def range_of(n: Whole, x: Real, first: int, last: int) -> int:
    """The range of the launch's arguments that holds both lines, or -1."""
    low, high = 0, n[r.RANGES]
    while high - low > 1:
        middle = (low + high) // 2
        if n[n[r.RANGE_FIRST] + middle] <= first:
            low = middle
        else:
            high = middle
    return low if n[n[r.RANGE_FIRST] + low] <= first and last < n[n[r.RANGE_END] + low] else -1


@hot
def look_up(n: Whole, x: Real, q: int) -> bool:
    """Find what a transfer misses (`FILL` bytes, with what has to be written back first); False if it is outside."""
    flow, size = flow_row(n, q), n[r.LINE]
    address, bursts, stride = n[flow + r.ADDRESS], n[flow + r.BURSTS], n[flow + r.STRIDE]
    end = address + (bursts - 1) * stride
    found = range_of(n, x, min(address, end) // size, (max(address, end) + n[flow + r.BURST_BYTES] - 1) // size)
    if found < 0:
        return False
    shift, missing, lines, previous = n[n[r.RANGE_SHIFT] + found], 0, 0, -1
    n[flow + r.WAITED] = 0
    x[flow_times(n, q) + r.SHARE] = 0.0
    for burst in range(bursts):
        start = address + burst * stride
        for line in range(start // size, (start + n[flow + r.BURST_BYTES] - 1) // size + 1):
            if line != previous:
                missing += touch(n, x, q, line + shift)
                lines += 1
                previous = line
    x[flow_times(n, q) + r.SHARE] /= lines
    x[flow_times(n, q) + r.ABSENT] = missing / (lines * r.UNIT)
    if n[n[r.STREAMED] + found] != 0 and n[flow + r.WRITES] == 0:
        n[r.FILL_UNITS] += missing
        x[flow_times(n, q) + r.FILL] = missing * size / r.UNIT
    else:
        bring_in(n, x, q, missing)
        stamp_lines(n, x, q, shift)
    return True


@hot
def bring_in(n: Whole, x: Real, q: int, missing: int) -> None:
    """Make room for the missing units; a read fetches them, and what was dirty of the evicted goes back first."""
    n[r.OCCUPIED] += missing
    evicted = n[r.OCCUPIED] - n[r.CAPACITY]
    back = 0
    if evicted > 0:
        n[r.OCCUPIED] = n[r.CAPACITY]
        n[r.EVICTED] += evicted
        back = min(evicted * n[r.DIRTY] // n[r.CAPACITY], n[r.DIRTY])
        n[r.DIRTY] -= back
        n[r.BACK_UNITS] += back
    fetched = 0 if n[flow_row(n, q) + r.WRITES] != 0 else missing
    n[r.FILL_UNITS] += fetched
    x[flow_times(n, q) + r.FILL] = (fetched + back) * n[r.LINE] / r.UNIT


@hot
def stamp_lines(n: Whole, x: Real, q: int, shift: int) -> None:
    """Note when the lines of a transfer were last touched."""
    flow, size, now = flow_row(n, q), n[r.LINE], n[r.EVICTED]
    for burst in range(n[flow + r.BURSTS]):
        start = n[flow + r.ADDRESS] + burst * n[flow + r.STRIDE]
        for line in range(start // size, (start + n[flow + r.BURST_BYTES] - 1) // size + 1):
            n[n[r.STAMP] + (line + shift)] = now
