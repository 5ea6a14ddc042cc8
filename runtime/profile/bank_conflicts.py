"""What bank conflicts in UB cost a kernel, found by timing it once more on a machine without any."""

from __future__ import annotations

from dataclasses import replace

from runtime.machine.description import Machine
from runtime.program import Program
from runtime.timing.result import TimedLaunch, Timeline
from runtime.timing.simulator import simulate

BLOCK = 32
"""Bytes of UB that lie in one bank group."""


def conflict_share(timeline: Timeline, launch: int) -> float:
    """Share of the busy vector cycles of launch number ``launch`` that its operands' bank conflicts cost."""
    timed = timeline.launches[launch]
    program = timeline.program
    alone = replace(program, launches=[program.launches[launch]], setup=[])
    busy = _vector_busy(timed)
    return 1.0 - _vector_busy(_without_conflicts(alone, timeline.machine)) / busy if busy else 0.0


def _vector_busy(launch: TimedLaunch) -> float:
    return launch.use.cores["vector"].queues["V"].busy


def _without_conflicts(program: Program, machine: Machine) -> TimedLaunch:
    """Time a program of one launch when every 32-byte block of UB is a bank group of its own."""
    groups = machine.ub_bytes // BLOCK
    vector = replace(machine.vector, bank_groups=groups, read_write_conflict_cycles=0.0)
    return simulate(program, replace(machine, vector=vector)).launches[0]
