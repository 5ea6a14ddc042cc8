"""Flags between cores: mode 2 between a cube core and its vector cores, mode 0 among all cores of a kind."""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.recording import record_wait
from runtime.timing.records import Real, Whole
from runtime.timing.rows import core_row, core_times

FLAGS = 16
"""Room for the flags of a core (ids are below 16)."""


@hot
def cross_set(n: Whole, x: Real, c: int, number: int, mode: int, time: float) -> None:
    """Set flag `number` at `time`; it arrives a handshake later."""
    arrival = time + x[r.HANDSHAKE_CYCLES]
    core = core_row(n, c)
    if mode == 0:
        arrive(n, x, c, number, arrival)
    elif n[core + r.CORE_KIND] == 0:
        for sub in range(n[r.SUBS]):
            deliver(n, x, c, c + 1 + sub, number, 0, arrival)
    elif n[r.SUBS] > 0:
        deliver(n, x, c, c - 1 - n[core + r.SUB], number, n[core + r.SUB], arrival)


@hot
def deliver(n: Whole, x: Real, source: int, target: int, number: int, slot: int, arrival: float) -> None:
    """Bring a flag to a core that may be waiting for it."""
    place = (target * r.FLAGS + number) * max(1, n[r.SUBS]) + slot
    turns = n[r.FLAG_COUNTS] + place * r.FLAG_COLUMNS
    if n[turns + r.SETTINGS] - n[turns + r.TAKEN] >= r.FLAG_TURNS:
        n[r.FAULT], n[r.FAULT_CORE], n[r.FAULT_INDEX] = r.FLAG_OVERFLOW, source, number
        return
    x[n[r.FLAG_TIMES] + place * r.FLAG_TURNS + n[turns + r.SETTINGS] % r.FLAG_TURNS] = arrival
    n[n[r.FLAG_SOURCES] + place * r.FLAG_TURNS + n[turns + r.SETTINGS] % r.FLAG_TURNS] = source
    n[turns + r.SETTINGS] += 1
    enlist(n, x, target)


@hot
def arrive(n: Whole, x: Real, c: int, number: int, arrival: float) -> None:
    """Note that a core came to a meeting of all cores of its kind."""
    kind = n[core_row(n, c) + r.CORE_KIND]
    turn = n[n[r.MET] + c * r.MET_COLUMNS + number]
    n[n[r.MET] + c * r.MET_COLUMNS + number] += 1
    place = (kind * r.FLAGS + number) * r.FLAG_TURNS + turn % r.FLAG_TURNS
    count = n[r.MEETINGS] + place * r.MEETING_COLUMNS
    if n[count + r.MEETING] != turn:
        n[count + r.CAME], n[count + r.MEETING] = 0, turn
        x[n[r.MEETING_TIMES] + place] = 0.0
    n[count + r.CAME] += 1
    x[n[r.MEETING_TIMES] + place] = max(x[n[r.MEETING_TIMES] + place], arrival)
    if n[count + r.CAME] == n[r.VECTOR_CORES if kind == 1 else r.CUBE_CORES]:
        for other in range(n[r.CORES]):
            if n[core_row(n, other) + r.CORE_KIND] == kind:
                enlist(n, x, other)


@hot
def cross_wait(n: Whole, x: Real, c: int, number: int, mode: int) -> float:
    """When flag `number` arrived, or -1 if it has not; a cube core takes it from all its vector cores together."""
    kind = n[core_row(n, c) + r.CORE_KIND]
    if mode == 0:
        turn = n[n[r.MET] + c * r.MET_COLUMNS + r.FLAGS + number]
        place = (kind * r.FLAGS + number) * r.FLAG_TURNS + turn % r.FLAG_TURNS
        count = n[r.MEETINGS] + place * r.MEETING_COLUMNS
        if n[count + r.MEETING] != turn or n[count + r.CAME] < n[r.VECTOR_CORES if kind == 1 else r.CUBE_CORES]:
            return -1.0
        n[n[r.MET] + c * r.MET_COLUMNS + r.FLAGS + number] += 1
        return x[n[r.MEETING_TIMES] + place]
    slots = max(1, n[r.SUBS])
    needed = slots if kind == 0 else 1
    first = (c * r.FLAGS + number) * slots
    for place in range(first, first + needed):
        if (
            n[n[r.FLAG_COUNTS] + place * r.FLAG_COLUMNS + r.TAKEN]
            >= n[n[r.FLAG_COUNTS] + place * r.FLAG_COLUMNS + r.SETTINGS]
        ):
            return -1.0
    latest, source = -1.0, 0
    for place in range(first, first + needed):
        turns = n[r.FLAG_COUNTS] + place * r.FLAG_COLUMNS
        time = x[n[r.FLAG_TIMES] + place * r.FLAG_TURNS + n[turns + r.TAKEN] % r.FLAG_TURNS]
        if time > latest:
            latest, source = time, n[n[r.FLAG_SOURCES] + place * r.FLAG_TURNS + n[turns + r.TAKEN] % r.FLAG_TURNS]
        n[turns + r.TAKEN] += 1
    now = max(latest, x[core_times(n, c) + r.CLOCK])
    record_wait(n, x, c * r.PIPES, source * r.PIPES, number, latest - x[r.HANDSHAKE_CYCLES], now)
    return latest


@hot
def enlist(n: Whole, x: Real, c: int) -> None:
    """Let a core run again before time goes on."""
    core = core_row(n, c)
    if n[core + r.LISTED] == 0:
        n[core + r.LISTED] = 1
        count = n[r.WORK_COUNT]
        n[n[r.WORKLIST] + (n[r.WORK_HEAD] + count) % n[r.CORES]] = c
        n[r.WORK_COUNT] = count + 1
