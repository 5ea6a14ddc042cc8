"""One launch of a kernel: all its cores, from its start to the end of the slowest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dialects.errors import SfumatoError
from runtime.machine.description import Machine
from runtime.timing import engine
from runtime.timing import records as r
from runtime.timing.compiled import compiled_run
from runtime.timing.launch_state import Cores, State, initial_state
from runtime.timing.program_tables import ProgramTables
from runtime.timing.residency import CacheState, LineRange

BUDGET = 1 << 30
"""Steps that the compiled core takes before it comes back."""


class Effort:
    """How many steps of the simulation are interpreted; from then on it is compiled, until the program's end."""

    def __init__(self, steps: int) -> None:
        """Interpret up to `steps` steps."""
        self.steps = steps


class LaunchSimulation:
    """The cores of one launch, advanced together in the order in which their transfers begin and end."""

    def __init__(
        self,
        machine: Machine,
        tables: ProgramTables,
        blocks: int,
        arguments: Sequence[int],
        ranges: Sequence[LineRange],
        cache: CacheState,
        traced: bool = False,
    ) -> None:
        """Prepare the launch; see `launch_state.initial_state`."""
        self.cores = Cores(machine, tables, blocks)
        self.tables = tables
        self.state = initial_state(machine, self.cores, arguments, ranges, cache, traced)
        self._compiled = False

    def run(self, effort: Effort) -> None:
        """Run to the end; `SfumatoError` on a deadlock or an instruction at fault."""
        if effort.steps > 0:
            self.state = State(self.state.n.tolist(), self.state.x.tolist())
        done = False
        while not done:
            done = self._go_on(effort)
            if self.state.n[r.FAULT]:
                raise self._fault()
            if self.state.n[r.TRACE_FULL]:
                self._make_room()
        self.state = State(np.asarray(self.state.n), np.asarray(self.state.x))
        self._check_ended()

    def _go_on(self, effort: Effort) -> bool:
        if effort.steps > 0:
            self.state.n[r.BUDGET] = effort.steps
            done = engine.run(self.state.n, self.state.x)
            effort.steps = max(0, self.state.n[r.BUDGET])
            return done
        self.state = State(np.asarray(self.state.n), np.asarray(self.state.x))
        self.state.n[r.BUDGET] = BUDGET
        return compiled_run()(self.state.n, self.state.x)

    def _make_room(self) -> None:
        """Double the room for the trace, whose tables are the last of both rows."""
        n, x = np.asarray(self.state.n), np.asarray(self.state.x)
        rooms = int(n[r.SPAN_ROOM])
        tables = (
            *((r.SPAN_I, r.SPAN_COLUMNS, n), (r.WAIT_I, r.WAIT_COLUMNS, n)),
            *((r.SPAN_F, r.PERIOD_COLUMNS, x), (r.WAIT_F, r.PERIOD_COLUMNS, x)),
        )
        parts = {id(n): [n[: n[r.SPAN_I]]], id(x): [x[: n[r.SPAN_F]]]}
        places: dict[int, int] = {}
        for place, columns, row in tables:
            places[place] = sum(len(part) for part in parts[id(row)])
            kept = row[n[place] : n[place] + rooms * columns]
            parts[id(row)] += [kept, np.zeros_like(kept)]
        grown = np.concatenate(parts[id(n)]), np.concatenate(parts[id(x)])
        for place, start in places.items():
            grown[0][place] = start
        grown[0][r.SPAN_ROOM] = grown[0][r.WAIT_ROOM] = 2 * rooms
        grown[0][r.TRACE_FULL] = 0
        interpreted = isinstance(self.state.n, list)
        self.state = State(grown[0].tolist(), grown[1].tolist()) if interpreted else State(*grown)

    def end(self) -> float:
        """The cycle in which the slowest core is through."""
        cores, queues = len(self.cores.places), len(self.cores.places) * r.PIPES
        clocks = self.state.table("x", r.CORE_F, r.CORE_F_COLUMNS, cores)[:, r.CLOCK]
        times = self.state.table("x", r.QUEUE_F, r.QUEUE_F_COLUMNS, queues)[:, [r.FREE, r.DONE]]
        return float(max(clocks.max(), times.max()))

    def _fault(self) -> SfumatoError:
        core, index, kind = (int(self.state.n[at]) for at in (r.FAULT_CORE, r.FAULT_INDEX, r.FAULT))
        block = self.cores.places[core][1]
        if kind == r.FLAG_OVERFLOW:
            where = f"{self.cores.kind(core)} core of block {block}"
            return SfumatoError(f"cross-core flag {index} is set {r.FLAG_TURNS} times ahead of its waits by {where}")
        program, place = self.tables.decoded(index)
        if kind == r.ZERO_DIVISION:
            return program.error(place, "division by zero")
        if kind == r.BAD_STEP:
            return program.error(place, "the step of a loop must be positive")
        if kind == r.NO_ARGUMENT:
            return program.error(place, f"the kernel has only {int(self.state.n[r.ARGUMENT_COUNT])} arguments")
        flows = self.state.table("n", r.FLOW_I, r.FLOW_I_COLUMNS, r.PIPES, core * r.PIPES)
        flow = next(row for row in flows if row[r.STATE] == r.REQUESTED and row[r.FLOW_INDEX] == index)
        first = int(flow[r.ADDRESS])
        end = first + int((flow[r.BURSTS] - 1) * flow[r.STRIDE] + flow[r.BURST_BYTES])
        text = f"block {block} moves GM bytes {first} to {end}, which no argument of the launch covers"
        return program.error(place, text)

    def _check_ended(self) -> None:
        depth = int(self.state.n[r.DEPTH])
        rows = self.state.table("n", r.CORE_I, r.CORE_I_COLUMNS, len(self.cores.places))
        for core, row in enumerate(rows):
            index = None if row[r.FINISHED] else int(row[r.PC])
            queues = self.state.table("n", r.QUEUE_I, r.QUEUE_I_COLUMNS, r.PIPES, core * r.PIPES)
            for pipe, queue in enumerate(queues):
                if index is None and queue[r.STARTED] < queue[r.ISSUED]:
                    slot = (core * r.PIPES + pipe) * depth + int(queue[r.STARTED]) % depth
                    index = int(self.state.table("n", r.RING_I, r.RING_I_COLUMNS, 1, slot)[0, r.INDEX])
            if index is not None:
                program, place = self.tables.decoded(index)
                text = f"{self.cores.kind(core)} core of block {self.cores.places[core][1]}"
                raise SfumatoError(f"deadlock: {text} waits for ever at {program.describe(place)}")
