"""The main loop of a launch: cores run until they have to wait, then the next transfer goes on."""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.flows import go_on, next_flow
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole
from runtime.timing.rows import core_row
from runtime.timing.scalar_unit import run_core


@hot
def run(n: Whole, x: Real) -> bool:
    """Simulate until nothing can go on any more (True), or until it is interrupted (False).

    What interrupts is a fault, the end of the budget of steps, or a trace that has no room left; but for a fault, the
    simulation can go on from there.
    """
    while True:
        while n[r.WORK_COUNT] > 0:
            c = n[n[r.WORKLIST] + n[r.WORK_HEAD]]
            run_core(n, x, c)
            if n[r.BUDGET] <= 0 or n[r.FAULT] != 0 or n[r.TRACE_FULL] != 0:
                return False  # the core stays the first of the list
            n[core_row(n, c) + r.LISTED] = 0
            n[r.WORK_HEAD] = (n[r.WORK_HEAD] + 1) % n[r.CORES]
            n[r.WORK_COUNT] -= 1
        q = next_flow(n, x)
        if q < 0:
            return True
        go_on(n, x, q)
        n[r.BUDGET] -= 1
        if n[r.FAULT] != 0:
            return False
