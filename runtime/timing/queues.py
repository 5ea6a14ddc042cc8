"""The in-order queues of a core: what is issued waits, is executed, and holds others up through flags and barriers."""

from __future__ import annotations

from runtime.timing import kinds
from runtime.timing import records as r
from runtime.timing.cross_core import cross_set, cross_wait
from runtime.timing.hot import hot
from runtime.timing.operand_values import operand
from runtime.timing.recording import record_span, record_wait
from runtime.timing.records import Real, Whole
from runtime.timing.rows import (
    code_row,
    core_row,
    core_times,
    cost_row,
    entry_row,
    entry_times,
    flow_row,
    flow_times,
    queue_row,
    queue_times,
)
from runtime.timing.unit_costs import cost_of
from runtime.timing.unit_flags import unit_begin, unit_end, unit_least

M, FIX = 2, 6
"""Pipes that hand accumulators to each other."""


@hot
def issue(n: Whole, x: Real, c: int, pc: int) -> bool:
    """Hand the instruction at `pc` to its queue, or synchronise the scalar unit; False if that has to wait."""
    row = code_row(n, pc)
    pipe = n[row + r.PIPE]
    if pipe == 0:
        if not synchronise_scalar(n, x, c, n[row + r.KIND], n[row + r.OPERANDS]):
            return False
        spend(n, x, c, x[r.ISSUE_CYCLES])
        return True
    q = c * r.PIPES + pipe
    queue, depth = queue_row(n, q), n[r.DEPTH]
    ahead = n[queue + r.ISSUED] - depth
    if ahead >= n[queue + r.STARTED]:
        return False
    if ahead >= 0:
        pause(n, x, c, x[entry_times(n, q * depth + ahead % depth) + r.LEFT_AT], r.FULL + pipe)
    spend(n, x, c, x[r.ISSUE_CYCLES])
    slot = q * depth + n[queue + r.ISSUED] % depth
    n[entry_row(n, slot) + r.INDEX] = pc
    x[entry_times(n, slot) + r.ISSUED_AT] = x[core_times(n, c) + r.CLOCK]
    prepare(n, x, c, pc, slot)
    n[queue + r.ISSUED] += 1
    if n[queue + r.BLOCKED] == 0:
        drain(n, x, c, q)
    return True


@hot
def prepare(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Put into a queue's entry what executing it takes: the operands of a synchronisation, or the cost."""
    row = code_row(n, pc)
    kind, at = n[row + r.KIND], n[row + r.OPERANDS]
    entry = entry_row(n, slot)
    if kind == kinds.set_flag or kind == kinds.wait_flag:
        n[entry + r.A] = (operand(n, x, c, at) * 8 + operand(n, x, c, at + 1)) * 8 + operand(n, x, c, at + 2)
    elif kind == kinds.cross_set:
        n[entry + r.A], n[entry + r.B] = operand(n, x, c, at), operand(n, x, c, at + 1)
    elif kind != kinds.barrier:
        cost_of(n, x, c, pc, slot)
        unit = n[cost_row(n, n[row + r.COST]) + r.UNIT_OPERANDS]
        n[entry + r.UNIT_FLAG] = operand(n, x, c, at + unit + 1) if unit > 0 else 0
        if n[entry + r.UNIT_FLAG] != 0:
            n[entry + r.ACCUMULATOR] = operand(n, x, c, at + unit)


@hot
def spend(n: Whole, x: Real, c: int, cycles: float) -> None:
    """Let the scalar unit work."""
    times = core_times(n, c)
    x[times + r.CLOCK] += cycles
    x[times + r.SCALAR_BUSY] += cycles


@hot
def pause(n: Whole, x: Real, c: int, time: float, reason: int) -> None:
    """Let the scalar unit stand still until `time`, if that is later than now."""
    times = core_times(n, c)
    if time > x[times + r.CLOCK]:
        x[n[r.STALLS] + c * r.PIPES * r.REASONS + reason] += time - x[times + r.CLOCK]
        x[times + r.CLOCK] = time


@hot
def synchronise_scalar(n: Whole, x: Real, c: int, kind: int, at: int) -> bool:
    """Execute a synchronisation of the scalar unit itself; False if it has to wait."""
    now = x[core_times(n, c) + r.CLOCK]
    if kind == kinds.cross_wait:
        time = cross_wait(n, x, c, operand(n, x, c, at), operand(n, x, c, at + 1))
        if time < 0.0:
            return False
        pause(n, x, c, time, r.CROSS)
    elif kind == kinds.cross_set:
        cross_set(n, x, c, operand(n, x, c, at), operand(n, x, c, at + 1), now)
    elif kind == kinds.barrier:
        return barrier_all(n, x, c)
    else:
        event = (operand(n, x, c, at) * 8 + operand(n, x, c, at + 1)) * 8 + operand(n, x, c, at + 2)
        if kind == kinds.set_flag:
            set_event(n, x, c, event, now)
        else:
            time = x[n[r.EVENTS] + c * r.EVENTS_EACH + event]
            if time < 0.0:
                return False
            x[n[r.EVENTS] + c * r.EVENTS_EACH + event] = -1.0
            record_wait(n, x, c * r.PIPES, c * r.PIPES + (event >> 6), event & 7, time, max(time, now))
            pause(n, x, c, time, r.WAIT + (event >> 6))
    return True


@hot
def barrier_all(n: Whole, x: Real, c: int) -> bool:
    """Wait for every queue to drain; False while one cannot."""
    latest = x[core_times(n, c) + r.CLOCK]
    for q in range(c * r.PIPES + 1, (c + 1) * r.PIPES):
        if n[queue_row(n, q) + r.BLOCKED] != 0 or n[queue_row(n, q) + r.STARTED] < n[queue_row(n, q) + r.ISSUED]:
            return False
        latest = max(latest, x[queue_times(n, q) + r.FREE], x[queue_times(n, q) + r.DONE])
    pause(n, x, c, latest, r.BARRIER)
    spend(n, x, c, x[r.BARRIER_CYCLES])
    return True


@hot
def drain(n: Whole, x: Real, c: int, q: int) -> None:
    """Execute what waits in a queue, until one of them has to wait itself."""
    queue = queue_row(n, q)
    while n[queue + r.BLOCKED] == 0 and n[queue + r.STARTED] < n[queue + r.ISSUED]:
        execute(n, x, c, q, q * n[r.DEPTH] + n[queue + r.STARTED] % n[r.DEPTH])


@hot
def execute(n: Whole, x: Real, c: int, q: int, slot: int) -> None:
    """Execute the instruction at the head of a queue, or block the queue on what it has to wait for."""
    queue, times = queue_row(n, q), queue_times(n, q)
    entry, costs = entry_row(n, slot), entry_times(n, slot)
    kind = n[code_row(n, n[entry + r.INDEX]) + r.KIND]
    advance(n, x, q, x[costs + r.ISSUED_AT], r.ISSUE)
    if kind == kinds.wait_flag:
        time = x[n[r.EVENTS] + c * r.EVENTS_EACH + n[entry + r.A]]
        if time < 0.0:
            n[queue + r.BLOCKED], n[queue + r.WAITS_FOR] = 1, n[entry + r.A]
            return
        x[n[r.EVENTS] + c * r.EVENTS_EACH + n[entry + r.A]] = -1.0
        record_wait(
            n, x, q, c * r.PIPES + (n[entry + r.A] >> 6), n[entry + r.A] & 7, time, max(time, x[times + r.FREE])
        )
        advance(n, x, q, time, r.WAIT + (n[entry + r.A] >> 6))
    flagged = kind >= kinds.FIRST_WORK and n[entry + r.UNIT_FLAG] != 0
    if flagged:
        time = unit_begin(n, x, c, slot)
        if time < 0.0:
            n[queue + r.BLOCKED], n[queue + r.WAITS_FOR] = 1, r.UNIT_EVENT
            return
        advance(n, x, q, time, r.WAIT + (FIX if kind == kinds.mmad else M))
        if kind != kinds.mmad:
            unit_least(n, x, c, slot, x[times + r.FREE])
    n[queue + r.STARTED] += 1
    x[costs + r.LEFT_AT] = x[times + r.FREE]
    if kind >= kinds.FIRST_TRANSFER and n[entry + r.B] > 0 and (n[entry + r.C] > 0):
        n[queue + r.BLOCKED] = 1
        ask(n, x, q, slot)
    elif kind >= kinds.FIRST_WORK:
        start = x[times + r.FREE]
        idle = x[costs + r.IDLE] if n[queue + r.STOOD_STILL] != 0 else 0.0
        occupy(
            n, x, q, n[entry + r.INDEX], x[times + r.FREE], x[costs + r.OCCUPANCY] + idle, x[costs + r.LATENCY] + idle
        )
        if flagged:
            unit_end(n, x, c, q, slot, start)
    elif kind == kinds.barrier:
        advance(n, x, q, x[times + r.DONE], r.BARRIER)
        advance(n, x, q, x[times + r.FREE] + x[r.BARRIER_CYCLES], r.BARRIER)
        n[queue + r.STOOD_STILL] = 0
    else:
        x[times + r.FREE] += x[r.FLAG_CYCLES]
        if kind == kinds.set_flag:
            set_event(n, x, c, n[entry + r.A], max(x[times + r.DONE], x[times + r.FREE]))
        elif kind == kinds.cross_set:
            cross_set(n, x, c, n[entry + r.A], n[entry + r.B], max(x[times + r.DONE], x[times + r.FREE]))


@hot
def advance(n: Whole, x: Real, q: int, time: float, reason: int) -> None:
    """Let a unit stand still until `time`, if that is later than it is free."""
    times = queue_times(n, q)
    if time > x[times + r.FREE]:
        x[n[r.STALLS] + q * r.REASONS + reason] += time - x[times + r.FREE]
        x[times + r.FREE] = time
        n[queue_row(n, q) + r.STOOD_STILL] = 1


@hot
def occupy(n: Whole, x: Real, q: int, index: int, start: float, occupancy: float, latency: float) -> None:
    """Let a unit work from `start`; the result is complete after `latency`."""
    times = queue_times(n, q)
    x[times + r.FREE] = start + occupancy
    x[times + r.DONE] = max(x[times + r.DONE], start + latency)
    x[times + r.BUSY] += occupancy
    n[queue_row(n, q) + r.STOOD_STILL] = 0
    x[n[r.BUSY_OF] + index] += occupancy
    record_span(n, x, q, index, start, x[times + r.FREE])


@hot
def set_event(n: Whole, x: Real, c: int, event: int, time: float) -> None:
    """Set a flag of a core at `time`, and wake the queue that waits for it."""
    x[n[r.EVENTS] + c * r.EVENTS_EACH + event] = max(time, x[n[r.EVENTS] + c * r.EVENTS_EACH + event])
    target = event >> 3 & 7
    queue = queue_row(n, c * r.PIPES + target)
    if n[queue + r.WAITS_FOR] == event:
        n[queue + r.BLOCKED], n[queue + r.WAITS_FOR] = 0, -1
        n[core_row(n, c) + r.WOKEN] |= 1 << target


@hot
def ask(n: Whole, x: Real, q: int, slot: int) -> None:
    """Ask for the transfer of a queue's entry, to begin when the unit is free."""
    entry, flow, times = entry_row(n, slot), flow_row(n, q), flow_times(n, q)
    cost = cost_row(n, n[code_row(n, n[entry + r.INDEX]) + r.COST])
    n[r.SERIALS] += 1
    n[flow + r.STATE], n[flow + r.SERIAL] = r.REQUESTED, n[r.SERIALS]
    n[flow + r.FLOW_INDEX] = n[entry + r.INDEX]
    n[flow + r.WRITES], n[flow + r.ATOMIC] = n[cost + r.TO_MEMORY], n[cost + r.ATOMIC_KIND]
    n[flow + r.ADDRESS], n[flow + r.BURSTS] = n[entry + r.A], n[entry + r.B]
    n[flow + r.BURST_BYTES], n[flow + r.STRIDE] = n[entry + r.C], n[entry + r.D]
    x[times + r.ENDS] = x[queue_times(n, q) + r.FREE]
    x[times + r.ALONE] = x[entry_times(n, slot) + r.OCCUPANCY]
    n[n[r.ACTIVE] + n[r.FLOWS]] = q
    n[r.FLOWS] += 1
