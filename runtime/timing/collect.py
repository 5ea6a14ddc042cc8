"""Turns the final state of a launch into counters and traces."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.timing import records as r
from runtime.timing.launch import LaunchSimulation
from runtime.timing.launch_state import Cores, State
from runtime.timing.residency import CacheChange, CacheState
from runtime.timing.result import QUEUES, SPAN, WAIT, CoreTrace, CoreUse, LaunchUse, QueueUse

_REASONS = (
    *("issue", "barrier", "wait cross-core"),
    *(f"wait {Pipe(number).name}" for number in range(r.PIPES)),
    *(f"{Pipe(number).name} queue full" for number in range(r.PIPES)),
)


def launch_use(simulation: LaunchSimulation, traced: bool) -> LaunchUse:
    """The counters of a launch that has run to its end."""
    state, cores = simulation.state, simulation.cores
    n, count = state.n, len(cores.places)
    kinds = [kind for kind in ("cube", "vector") if cores.count(kind)]
    return LaunchUse(
        cycles=simulation.end(),
        cores={kind: _core_use(simulation, kind) for kind in kinds},
        macs=int(state.table("n", r.CORE_I, r.CORE_I_COLUMNS, count)[:, r.MACS].sum()),
        ideal_mmad_cycles=float(state.table("x", r.CORE_F, r.CORE_F_COLUMNS, count)[:, r.IDEAL].sum()),
        gm_read_bytes=int(n[r.READ_BYTES]),
        gm_write_bytes=int(n[r.WRITE_BYTES]),
        missed_bytes=round(int(n[r.FILL_UNITS]) * int(n[r.LINE]) / r.UNIT),
        written_back_bytes=round(int(n[r.BACK_UNITS]) * int(n[r.LINE]) / r.UNIT),
        trace=_traces(state, cores) if traced else (),
    )


def cache_change(simulation: LaunchSimulation, before: CacheState) -> CacheChange:
    """What a launch that has run to its end did to L2."""
    state, lines = simulation.state, len(before.ages)
    touched = state.table("n", r.HOLDER, lines, 1)[0] >= 0
    evicted = int(state.n[r.EVICTED])
    return CacheChange(
        stamps=np.where(touched, state.table("n", r.STAMP, lines, 1)[0], -1),
        dirty=state.table("n", r.LINE_DIRTY, lines, 1)[0].copy(),
        brought=int(state.n[r.OCCUPIED]) - before.occupied + evicted,
        evicted=evicted,
        dirty_units=int(state.n[r.DIRTY]) - before.dirty_units,
    )


def _core_use(simulation: LaunchSimulation, kind: str) -> CoreUse:
    state, cores = simulation.state, simulation.cores
    count = len(cores.places)
    members = [core for core in range(count) if cores.kind(core) == kind]
    scalar = state.table("x", r.CORE_F, r.CORE_F_COLUMNS, count)[members, r.SCALAR_BUSY]
    busy = state.table("x", r.QUEUE_F, r.QUEUE_F_COLUMNS, count * r.PIPES)[:, r.BUSY].reshape(count, r.PIPES)[members]
    queues = {"S": _queue_use(state, count, members, 0, scalar)}
    for pipe in QUEUES[kind]:
        queues[pipe.name] = _queue_use(state, count, members, pipe, busy[:, pipe])
    number = cores.places[members[0]][0]
    first, end = simulation.tables.starts[number], simulation.tables.end(number)
    by_instruction = state.table("x", r.BUSY_OF, 1, len(simulation.tables.code))[first:end, 0]
    executed = state.table("n", r.CORE_I, r.CORE_I_COLUMNS, count)[members, r.EXECUTED]
    return CoreUse(len(members), int(executed.sum()), queues, tuple(by_instruction.tolist()))


def _queue_use(state: State, count: int, members: list[int], pipe: int, busy: npt.NDArray[Any]) -> QueueUse:
    rows = [core * r.PIPES + pipe for core in members]
    stalls = state.table("x", r.STALLS, r.REASONS, count * r.PIPES)[rows].sum(axis=0)
    slowed = state.table("x", r.SLOWED, r.RESOURCES, count * r.PIPES)[rows].sum(axis=0)
    return QueueUse(float(busy.sum()), float(busy.max()), _named(stalls, _REASONS), _named(slowed, r.RESOURCE_NAMES))


def _named(cycles: npt.NDArray[Any], names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(total) for name, total in sorted(zip(names, cycles, strict=True)) if total > 0.0}


def _traces(state: State, cores: Cores) -> tuple[CoreTrace, ...]:
    count = int(state.n[r.SPANS])
    spans, periods = (
        state.table("n", r.SPAN_I, r.SPAN_COLUMNS, count), state.table("x", r.SPAN_F, r.PERIOD_COLUMNS, count)
    )  # fmt: skip
    count = int(state.n[r.WAITS])
    waits, taken = (
        state.table("n", r.WAIT_I, r.WAIT_COLUMNS, count), state.table("x", r.WAIT_F, r.PERIOD_COLUMNS, count)
    )  # fmt: skip
    traces: list[CoreTrace] = []
    for core, (number, block, sub) in enumerate(cores.places):
        own = spans[:, r.SPAN_QUEUE] // r.PIPES == core
        table = np.zeros(int(own.sum()), SPAN)
        table["pipe"] = spans[own, r.SPAN_QUEUE] % r.PIPES
        table["index"] = spans[own, r.SPAN_INDEX] - cores.tables.starts[number]
        table["start"], table["end"] = periods[own].T
        own = waits[:, r.WAIT_TARGET] // r.PIPES == core
        flags = np.zeros(int(own.sum()), WAIT)
        flags["source_core"] = waits[own, r.WAIT_SOURCE] // r.PIPES
        flags["source_pipe"] = waits[own, r.WAIT_SOURCE] % r.PIPES
        flags["target_pipe"] = waits[own, r.WAIT_TARGET] % r.PIPES
        flags["number"] = waits[own, r.WAIT_NUMBER]
        flags["set"], flags["taken"] = taken[own].T
        order = np.lexsort((table["start"], table["pipe"]))
        traces.append(CoreTrace(cores.kind(core), block, sub, table[order], flags))
    return tuple(traces)
