"""What the trace remembers: instructions on queues, and flags that were taken."""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole


@hot
def record_span(n: Whole, x: Real, q: int, index: int, start: float, end: float) -> None:
    """Note that queue `q` executed the instruction at `index`."""
    if n[r.TRACING] != 0:
        place = n[r.SPANS]
        row, period = n[r.SPAN_I] + place * r.SPAN_COLUMNS, n[r.SPAN_F] + place * r.PERIOD_COLUMNS
        n[row + r.SPAN_QUEUE], n[row + r.SPAN_INDEX] = q, index
        x[period], x[period + 1] = start, end
        n[r.SPANS] = place + 1


@hot
def record_wait(n: Whole, x: Real, target: int, source: int, number: int, time: float, taken: float) -> None:
    """Note that queue `target` took a flag which queue `source` set at `time`."""
    if n[r.TRACING] != 0:
        place = n[r.WAITS]
        row, period = n[r.WAIT_I] + place * r.WAIT_COLUMNS, n[r.WAIT_F] + place * r.PERIOD_COLUMNS
        n[row + r.WAIT_TARGET], n[row + r.WAIT_SOURCE], n[row + r.WAIT_NUMBER] = target, source, number
        x[period], x[period + 1] = time, taken
        n[r.WAITS] = place + 1


@hot
def no_room_to_trace(n: Whole, x: Real) -> bool:
    """Whether the trace could fill up while one instruction is issued and what it wakes drains."""
    room = 2 * r.PIPES * n[r.DEPTH]
    return n[r.SPANS] + room > n[r.SPAN_ROOM] or n[r.WAITS] + room > n[r.WAIT_ROOM]
