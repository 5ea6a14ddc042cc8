"""The rates of the transfers under way, given what they want and what there is: max-min fair sharing."""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole
from runtime.timing.rows import flow_row, flow_times, port_rates, shared_rates

LEAST = 1e-09
"""Bytes a cycle that rounding leaves at the least."""
TOLERANCE = 1.0 + 1e-09
"""Sums of rates are exact to rounding only."""


@hot
def weight(n: Whole, x: Real, q: int, resource: int) -> float:
    """What a byte of a transfer counts for in a resource."""
    if resource == r.HBM:
        return x[flow_times(n, q) + r.HBM_WEIGHT]
    if resource == r.L2_MIXED or resource == (r.L2_WRITE if n[flow_row(n, q) + r.WRITES] != 0 else r.L2_READ):
        return x[flow_times(n, q) + r.L2_WEIGHT]
    return 0.0


@hot
def change(n: Whole, x: Real, q: int, sign: float) -> None:
    """Add what a transfer that begins to move wants to the sums (or take it out: `sign` -1)."""
    wanted = sign * x[flow_times(n, q) + r.CAP]
    for resource in range(r.PORT):
        x[shared_rates(n, resource) + r.WANTED] += wanted * weight(n, x, q, resource)
    port = port_rates(n, q)
    over = x[port + r.WANTED] > x[port + r.RATE_LIMIT] * TOLERANCE
    x[port + r.WANTED] += wanted
    now_over = x[port + r.WANTED] > x[port + r.RATE_LIMIT] * TOLERANCE
    if over != now_over:
        n[r.FULL_PORTS] += 1 if now_over else -1


@hot
def short(n: Whole, x: Real) -> bool:
    """Whether a resource has less than what is wanted of it."""
    if n[r.FULL_PORTS] > 0:
        return True
    for resource in range(r.PORT):
        if x[shared_rates(n, resource) + r.WANTED] > x[shared_rates(n, resource) + r.RATE_LIMIT] * TOLERANCE:
            return True
    return False


@hot
def share_rates(n: Whole, x: Real, q: int, now: float) -> None:
    """Give all transfers their rates from `now` on, transfer `q` (if not -1) having begun to move.

    While nothing is short, neither before nor after the change, only the one that changed needs a rate.
    """
    was_short = n[r.CONTENDED] != 0
    n[r.CONTENDED] = 1 if short(n, x) else 0
    if q >= 0:
        x[flow_times(n, q) + r.UPDATED], x[flow_times(n, q) + r.RATE] = now, 0.0
    if was_short or n[r.CONTENDED] != 0:
        progress(n, x, now)
        divide(n, x)
        for place in range(n[r.FLOWS]):
            set_end(n, x, n[n[r.ACTIVE] + place])
    elif q >= 0:
        x[flow_times(n, q) + r.RATE], n[flow_row(n, q) + r.LIMIT] = x[flow_times(n, q) + r.CAP], -1
        set_end(n, x, q)


@hot
def set_end(n: Whole, x: Real, q: int) -> None:
    """Say when a transfer that moves will be through at its present rate."""
    times = flow_times(n, q)
    if n[flow_row(n, q) + r.STATE] == r.MOVING:
        x[times + r.ENDS] = x[times + r.UPDATED] + x[times + r.MOVE] / x[times + r.RATE]


@hot
def progress(n: Whole, x: Real, now: float) -> None:
    """Take all transfers that move to `now` at the rates that they had."""
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        if n[flow_row(n, q) + r.STATE] == r.MOVING:
            limit, times = n[flow_row(n, q) + r.LIMIT], flow_times(n, q)
            past = now - x[times + r.UPDATED]
            x[times + r.MOVE] = max(0.0, x[times + r.MOVE] - x[times + r.RATE] * past)
            if limit >= 0:
                lost = 1.0 - x[times + r.RATE] / x[times + r.CAP]
                x[n[r.SLOWED] + q * r.RESOURCES + limit] += past * lost
            x[times + r.UPDATED] = now


@hot
def divide(n: Whole, x: Real) -> None:
    """Fix all rates: again and again those that their own path limits, else those of the scarcest resource."""
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        x[flow_times(n, q) + r.RATE] = 0.0
        x[port_rates(n, q) + r.HEADROOM] = x[port_rates(n, q) + r.RATE_LIMIT]
        x[port_rates(n, q) + r.LOAD] = 0.0
    for resource in range(r.PORT):
        (
            x[shared_rates(n, resource) + r.HEADROOM],
            x[shared_rates(n, resource) + r.LOAD],
        ) = x[shared_rates(n, resource) + r.RATE_LIMIT], 0.0
    left = 0
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        if n[flow_row(n, q) + r.STATE] == r.MOVING:
            load(n, x, q, 1.0)
            left += 1
    while left > 0:
        left -= fix_some(n, x)


@hot
def load(n: Whole, x: Real, q: int, sign: float) -> None:
    """Count a transfer among those that share (or no longer: `sign` -1, its rate being taken off)."""
    rate = x[flow_times(n, q) + r.RATE]
    for resource in range(r.PORT):
        heavy = weight(n, x, q, resource)
        x[shared_rates(n, resource) + r.LOAD] += sign * heavy
        x[shared_rates(n, resource) + r.HEADROOM] -= rate * heavy
    port = port_rates(n, q)
    x[port + r.LOAD] += sign
    x[port + r.HEADROOM] -= rate


@hot
def scarcest(n: Whole, x: Real, q: int) -> int:
    """The resource that leaves a transfer the lowest rate."""
    best = r.PORT
    lowest = level(n, x, q, r.PORT)
    for resource in range(r.PORT):
        if weight(n, x, q, resource) > 0.0 and level(n, x, q, resource) < lowest:
            best, lowest = resource, level(n, x, q, resource)
    return best


@hot
def level(n: Whole, x: Real, q: int, resource: int) -> float:
    """The rate that each of those who still share a resource would get of it."""
    row = port_rates(n, q) if resource == r.PORT else shared_rates(n, resource)
    return max(LEAST, x[row + r.HEADROOM]) / x[row + r.LOAD]


@hot
def fix_some(n: Whole, x: Real) -> int:
    """Fix the rate of some transfers whose rate is still 0; returns how many."""
    lowest, fixed, capped = r.FOREVER, 0, False
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        times = flow_times(n, q)
        if n[flow_row(n, q) + r.STATE] == r.MOVING and x[times + r.RATE] == 0.0:
            resource = scarcest(n, x, q)
            n[flow_row(n, q) + r.LIMIT], x[times + r.LEVEL_OF] = resource, level(n, x, q, resource)
            lowest = min(lowest, x[times + r.LEVEL_OF])
            capped = capped or x[times + r.CAP] <= x[times + r.LEVEL_OF]
    for place in range(n[r.FLOWS]):
        q = n[n[r.ACTIVE] + place]
        times = flow_times(n, q)
        if n[flow_row(n, q) + r.STATE] == r.MOVING and x[times + r.RATE] == 0.0:
            if capped and x[times + r.CAP] <= x[times + r.LEVEL_OF]:
                x[times + r.RATE], n[flow_row(n, q) + r.LIMIT] = x[times + r.CAP], -1
            elif not capped and x[times + r.LEVEL_OF] <= lowest * TOLERANCE:
                x[times + r.RATE] = x[times + r.LEVEL_OF]
            if x[times + r.RATE] > 0.0:
                load(n, x, q, -1.0)
                fixed += 1
    return fixed
