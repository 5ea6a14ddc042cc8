"""The state that a launch starts from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import exp
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.machine.description import Machine
from runtime.timing import records as r
from runtime.timing.program_tables import ProgramTables
from runtime.timing.residency import LIFETIMES, CacheState, LineRange

SPANS = 4096
"""Room for spans and waits of the trace, to begin with."""
AGES = 4096
"""Steps in which the survival of lines is tabled."""


def capacity_units(machine: Machine) -> int:
    """What L2 holds, in parts of lines."""
    return machine.memory.l2_effective_bytes // machine.memory.line_bytes * r.UNIT


def age_shift(machine: Machine) -> int:
    """Ages (evicted parts of lines) are tabled in steps of 2 to the power of this."""
    return max(0, (capacity_units(machine) * LIFETIMES // AGES).bit_length())


@cache
def survival(machine_capacity: int, shift: int, sharpness: float) -> tuple[int, ...]:
    """What is left of a line, in parts of `UNIT`, by its age in steps."""
    steps = range((machine_capacity * LIFETIMES >> shift) + 1)
    return tuple(round(r.UNIT * exp(-(((step << shift) / machine_capacity) ** sharpness))) for step in steps)


def constants(machine: Machine) -> list[float]:
    """The machine's figures in the order of the columns of `constants`."""
    scalar, sync, memory = machine.scalar, machine.sync, machine.memory
    return [
        *(scalar.instruction_cycles, scalar.issue_cycles, scalar.load_gm_cycles, scalar.load_ub_cycles),
        *(sync.flag_cycles, sync.barrier_cycles, sync.handshake_cycles, machine.cube.fixpipe_elements_per_cycle),
        *(memory.fill_bytes_per_cycle, memory.miss_cycles, memory.same_address_weight, memory.atomic_weight),
        *(memory.allocate_weight, machine.vector.read_write_conflict_cycles, memory.atomic_conflict_weight),
    ]


def shared_limits(machine: Machine) -> list[list[float]]:
    """Rates that all cores share, in bytes a cycle, in the order of the resources."""
    memory = machine.memory
    rates = (memory.hbm_gb_per_s, memory.l2_read_gb_per_s, memory.l2_write_gb_per_s, memory.l2_mixed_gb_per_s)
    return [[machine.bytes_per_cycle(rate), 0.0, 0.0, 0.0] for rate in rates]


class Cores:
    """The cores of a launch: for each its program, block and number among the vector cores of its block."""

    def __init__(self, machine: Machine, tables: ProgramTables, blocks: int) -> None:
        """Place `blocks` blocks of the programs; a mixed kernel's block is its cube core, then its vector cores."""
        self.tables, self.blocks = tables, blocks
        mixed = len(tables.programs) > 1
        self.subs = machine.vector_per_cube if mixed else 0
        self.places: list[tuple[int, int, int]] = []
        for block in range(blocks):
            for number, program in enumerate(tables.programs):
                subs = self.subs if mixed and program.core == "vector" else 1
                self.places += [(number, block, sub) for sub in range(subs)]

    def kind(self, core: int) -> str:
        """The kind of a core, `cube` or `vector`."""
        return self.tables.programs[self.places[core][0]].core

    def records(self) -> list[list[int]]:
        """The cores' records of integers."""
        rows = [[0] * r.CORE_I_COLUMNS for _ in self.places]
        for row, (number, block, sub) in zip(rows, self.places, strict=True):
            row[r.PC], row[r.END] = self.tables.starts[number], self.tables.end(number)
            row[r.CORE_KIND] = int(self.tables.programs[number].core == "vector")
            row[r.BLOCK], row[r.SUB], row[r.LISTED] = block, sub, 1
        return rows

    def count(self, kind: str) -> int:
        """How many cores are of a kind."""
        return sum(self.kind(core) == kind for core in range(len(self.places)))


class State:
    """The two rows of numbers of a launch, and where they are: lists while interpreted, arrays once compiled."""

    def __init__(self, whole: Any, real: Any) -> None:
        """Take rows that are laid out as `runtime.timing.records` says."""
        self.n = whole
        self.x = real

    def table(self, row: str, place: int, columns: int, rows: int, first: int = 0) -> npt.NDArray[Any]:
        """A copy of `rows` rows of the table of `row` (`n` or `x`) that begins at `n[place]`."""
        start = int(self.n[place]) + first * columns
        numbers = (self.n if row == "n" else self.x)[start : start + rows * columns]
        return np.asarray(numbers).reshape(rows, columns)


def initial_state(
    machine: Machine,
    cores: Cores,
    arguments: Sequence[int],
    ranges: Sequence[LineRange],
    cache: CacheState,
    traced: bool,
) -> State:
    """Build the state as arrays: `ranges` are the lines of the arguments, `cache` what L2 has of them."""
    rows = _Rows(_single_numbers(machine, cores, len(arguments), len(ranges), cache, traced), constants(machine))
    _put_programs(rows, cores.tables, machine)
    _put_cores(rows, machine, cores)
    _put_memory(rows, machine, cores, ranges, cache)
    rows.whole(r.ARGUMENTS, arguments)
    return rows.finish(max(SPANS, 4 * r.PIPES * machine.scalar.queue_depth) if traced else 1)


class _Rows:
    """The rows of numbers while tables are appended to them."""

    def __init__(self, whole: list[int], real: list[float]) -> None:
        self._header = whole
        self._n: list[npt.NDArray[np.int64]] = []
        self._x: list[npt.NDArray[np.float64]] = [np.array(real)]
        self._ends = [r.SINGLE_WHOLES, len(real)]

    def whole(self, place: int, values: npt.ArrayLike) -> None:
        """Append a table of `n`, which begins where `n[place]` will say."""
        self._header[place] = self._ends[0]
        self._n.append(np.asarray(values, np.int64).ravel())
        self._ends[0] += self._n[-1].size

    def real(self, place: int, values: npt.ArrayLike) -> None:
        """Append a table of `x`."""
        self._header[place] = self._ends[1]
        self._x.append(np.asarray(values, np.float64).ravel())
        self._ends[1] += self._x[-1].size

    def finish(self, room: int) -> State:
        """Append the tables of the trace, for `room` spans and flags, and join everything."""
        self.whole(r.SPAN_I, np.zeros(room * r.SPAN_COLUMNS))
        self.whole(r.WAIT_I, np.zeros(room * r.WAIT_COLUMNS))
        self.real(r.SPAN_F, np.zeros(room * r.PERIOD_COLUMNS))
        self.real(r.WAIT_F, np.zeros(room * r.PERIOD_COLUMNS))
        self._header[r.SPAN_ROOM] = self._header[r.WAIT_ROOM] = room
        return State(np.concatenate([np.array(self._header, np.int64), *self._n]), np.concatenate(self._x))


def _put_programs(rows: _Rows, tables: ProgramTables, machine: Machine) -> None:
    curves = [machine.curves[name] for name in sorted(machine.curves)]
    rows.whole(r.CODE, tables.code)
    rows.whole(r.OPERAND_VALUES, tables.operands)
    rows.whole(r.FROM_REGISTER, tables.from_register)
    rows.whole(r.COST_I, tables.cost_i)
    rows.real(r.COST_F, tables.cost_f)
    rows.real(r.BUSY_OF, np.zeros(len(tables.code)))
    rows.whole(r.CURVE_POINTS, [len(curve.bytes) for curve in curves])
    rows.real(r.CURVE_BYTES, [_padded(curve.bytes) for curve in curves])
    rows.real(r.CURVE_CYCLES, [_padded(curve.cycles) for curve in curves])


def _padded(values: Sequence[float]) -> list[float]:
    return [*values, *[0.0] * (r.CURVE_LENGTH - len(values))]


def _put_cores(rows: _Rows, machine: Machine, cores: Cores) -> None:
    count = len(cores.places)
    queues, slots = count * r.PIPES, count * r.FLAGS * max(1, cores.subs)
    entries = queues * machine.scalar.queue_depth
    rows.whole(r.CORE_I, cores.records())
    rows.real(r.CORE_F, np.zeros(count * r.CORE_F_COLUMNS))
    rows.whole(r.REGISTERS, np.zeros(count * r.REGISTERS_EACH))
    rows.whole(r.LOOPS, np.zeros(count * r.LOOP_COLUMNS))
    queue = [0] * r.QUEUE_I_COLUMNS
    queue[r.WAITS_FOR], queue[r.STOOD_STILL] = -1, 1
    rows.whole(r.QUEUE_I, np.tile(queue, queues))
    rows.real(r.QUEUE_F, np.zeros(queues * r.QUEUE_F_COLUMNS))
    rows.whole(r.RING_I, np.zeros(entries * r.RING_I_COLUMNS))
    rows.real(r.RING_F, np.zeros(entries * r.RING_F_COLUMNS))
    rows.real(r.EVENTS, np.full(count * r.EVENTS_EACH, -1.0))
    rows.whole(r.FLAG_COUNTS, np.zeros(slots * r.FLAG_COLUMNS))
    rows.real(r.FLAG_TIMES, np.zeros(slots * r.FLAG_TURNS))
    rows.whole(r.FLAG_SOURCES, np.zeros(slots * r.FLAG_TURNS))
    rows.whole(r.MEETINGS, np.full(2 * r.FLAGS * r.FLAG_TURNS * r.MEETING_COLUMNS, -1))
    rows.real(r.MEETING_TIMES, np.zeros(2 * r.FLAGS * r.FLAG_TURNS))
    rows.whole(r.MET, np.zeros(count * r.MET_COLUMNS))
    rows.whole(r.UNIT_I, np.zeros(count * r.ACCUMULATORS))
    rows.real(r.UNIT_F, np.zeros(count * r.ACCUMULATORS * r.UNIT_COLUMNS))
    rows.real(r.STALLS, np.zeros(queues * r.REASONS))
    rows.real(r.SLOWED, np.zeros(queues * r.RESOURCES))
    rows.whole(r.WORKLIST, np.arange(count))
    rows.whole(r.MEMO_KEY, np.full(r.MEMO, -1))
    rows.real(r.MEMO_F, np.zeros(r.MEMO * r.MEMO_COLUMNS))
    rows.whole(r.SCRATCH, np.zeros(machine.vector.bank_groups + 32))


def _put_memory(rows: _Rows, machine: Machine, cores: Cores, ranges: Sequence[LineRange], cache: CacheState) -> None:
    queues = len(cores.places) * r.PIPES
    memory = machine.memory
    ports = {"cube": memory.cube_port_bytes_per_cycle, "vector": memory.vector_port_bytes_per_cycle}
    firsts, ends, streamed = np.array(ranges, np.int64).reshape(-1, 3).T
    lengths = ends - firsts
    rows.whole(r.FLOW_I, np.zeros(queues * r.FLOW_I_COLUMNS))
    rows.real(r.FLOW_F, np.zeros(queues * r.FLOW_F_COLUMNS))
    rows.whole(r.ACTIVE, np.zeros(queues))
    rows.whole(r.RANGE_FIRST, firsts)
    rows.whole(r.RANGE_END, ends)
    rows.whole(r.RANGE_SHIFT, np.cumsum(lengths) - lengths - firsts)
    rows.whole(r.STREAMED, streamed)
    rows.whole(r.STAMP, -cache.ages)
    rows.whole(r.HOLDER, np.full(len(cache.ages), -1))
    rows.whole(r.LINE_DIRTY, cache.dirty)
    rows.whole(r.SURVIVAL, survival(capacity_units(machine), age_shift(machine), machine.memory.l2_sharpness))
    rows.real(r.SHARED, shared_limits(machine))
    rows.real(r.PORTS, [[ports[cores.kind(core)], 0.0, 0.0, 0.0] for core in range(len(cores.places))])


def _single_numbers(
    machine: Machine, cores: Cores, arguments: int, ranges: int, cache: CacheState, traced: bool
) -> list[int]:
    n = [0] * r.SINGLE_WHOLES
    n[r.WORK_COUNT] = n[r.CORES] = len(cores.places)
    n[r.QUEUES], n[r.BLOCKS], n[r.DEPTH] = len(cores.places) * r.PIPES, cores.blocks, machine.scalar.queue_depth
    n[r.SUBS], n[r.VECTOR_CORES], n[r.CUBE_CORES] = cores.subs, cores.count("vector"), cores.count("cube")
    n[r.ARGUMENT_COUNT], n[r.RANGES] = arguments, ranges
    n[r.LINE], n[r.CAPACITY] = machine.memory.line_bytes, capacity_units(machine)
    n[r.OCCUPIED], n[r.DIRTY], n[r.AGE_SHIFT] = cache.occupied, cache.dirty_units, age_shift(machine)
    n[r.SURVIVAL_STEPS] = len(survival(capacity_units(machine), age_shift(machine), machine.memory.l2_sharpness))
    n[r.GROUPS], n[r.GROUP_ROWS] = machine.vector.bank_groups, machine.vector.bank_rows
    n[r.TRACING] = int(traced)
    return n
