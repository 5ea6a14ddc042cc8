"""The state of a launch: two long rows of numbers, whole (`n`) and real (`x`), and what stands where in them.

Interpreted they are lists, compiled they are arrays. Both begin with single numbers. `n` goes on with the places where
the tables begin: `n[n[CODE] + row * CODE_COLUMNS + KIND]` is the kind of an instruction. (Two rows, and not a structure
of many arrays, because compiled functions get every array they are given as seven arguments.) Times are cycles since
the launch's start. Queue `q` belongs to core `q // PIPES` and is its pipe `q % PIPES`.
"""

from __future__ import annotations

from collections.abc import MutableSequence

Whole = MutableSequence[int]
Real = MutableSequence[float]

PIPES = 7
"""Pipes of a core: the values of `dialects.isa.fields.Pipe` but `ALL`."""
REGISTERS_EACH = 256
"""Registers of a core."""
LOOP_COLUMNS = 2 * 16
"""Upper bound and step of each loop that a core is in; loops and branches are nested at most 16 deep."""
EVENTS_EACH = 8 * 8 * 8
"""Flags of a core: (source pipe * 8 + target pipe) * 8 + id."""
FLAGS = 16
"""Room for the cross-core flags of a core (ids are below 16)."""
FLAG_TURNS = 16
"""Settings of a cross-core flag that may be outstanding: its counter has 4 bits."""
CURVE_LENGTH = 64
"""Points of a measured curve at the most."""
MEMO = 1024
"""Costs of vector instructions that are remembered."""
UNIT = 1024
"""L2 lines are counted in this many parts, since what is left of a line there is an expected value."""
FOREVER = 1e300
"""A time that never comes."""


# code: one row an instruction
KIND, PIPE, OPERANDS, PARTNER, LEVEL, COST, CODE_COLUMNS = range(7)

# cost_i, cost_f: one row an instruction that has a cost; which columns count depends on the kind
TO_MEMORY, ATOMIC_KIND, CURVE, SIZE, BLOCK_ROWS, BLOCK_COLUMNS, BLOCK_DEPTH, UNIT_OPERANDS, COST_I_COLUMNS = (
    *range(7),
    15,
    16,
)
HEAD, SPEED, ROW_CYCLES, MISALIGNED_CYCLES, COST_F_COLUMNS = range(5)
# of mmad: cycles a block, more cycles when the unit stood still, peak rate
BLOCK_CYCLES, IDLE_HEAD, PEAK = range(1, 4)
# of vector instructions
BANKED, REPEAT_RULE, ELEMENT_BYTES, REPEAT_BYTES, SOURCES, HAS_TARGET, OPERAND_BYTES = range(3, 10)
REPEAT_CYCLES, OVERHEAD, TAIL, FILL_CYCLES = range(4)

# core_i
PC, END, CORE_KIND, BLOCK, SUB, FINISHED, WOKEN, LISTED, EXECUTED, MACS, CORE_I_COLUMNS = range(11)
# core_f
CLOCK, SCALAR_BUSY, IDEAL, CORE_F_COLUMNS = range(4)

# queue_i
ISSUED, STARTED, BLOCKED, WAITS_FOR, STOOD_STILL, QUEUE_I_COLUMNS = range(6)
# queue_f: when the unit takes its next instruction, when everything before is complete, cycles at work
FREE, DONE, BUSY, QUEUE_F_COLUMNS = range(4)

# ring_i, ring_f: the entries of the queues, `depth` a queue
INDEX, A, B, C, D, ACCUMULATOR, UNIT_FLAG, RING_I_COLUMNS = range(8)
ISSUED_AT, OCCUPANCY, LATENCY, IDLE, LEFT_AT, RING_F_COLUMNS = range(6)

# flow_i, flow_f: the transfer that a queue makes, if any
STATE, SERIAL, WRITES, FLOW_INDEX, LIMIT, ADDRESS, BURSTS, BURST_BYTES, STRIDE, ATOMIC, WAITED, FLOW_FIXED = range(12)
FLOW_WAITS = 8
"""Transfers under way whose lines one transfer can wait for; with more, those that began last count."""
FLOW_I_COLUMNS = FLOW_FIXED + 2 * FLOW_WAITS
FILL, MOVE, CAP, L2_WEIGHT, HBM_WEIGHT, RATE, UPDATED, ENDS, ALONE, SHARE, ABSENT, LEVEL_OF = range(12)
LAST_ENDED, LAST_CYCLES, FLOW_F_COLUMNS = range(12, 15)

# flow states
NONE, REQUESTED, FETCHING, AWAITING, MOVING, TRAILING = range(6)

# what can slow a transfer down: columns of `slowed`, and (up to PORT) rows of `shared`
HBM, L2_READ, L2_WRITE, L2_MIXED, PORT, FETCH, RESOURCES = range(7)
RESOURCE_NAMES = ("hbm", "l2 read", "l2 write", "l2", "port", "fetch")
# shared, ports: rate; sum of the rates that its transfers could have; scratch of the sharing
RATE_LIMIT, WANTED, HEADROOM, LOAD, SHARED_COLUMNS = range(5)

# stalls of a queue: `ISSUE`, `BARRIER`, `CROSS`, or one of these plus a pipe
ISSUE, BARRIER, CROSS, WAIT, FULL = 0, 1, 2, 3, 3 + PIPES
REASONS = FULL + PIPES

# single numbers of x: the machine's figures
SCALAR_CYCLES, ISSUE_CYCLES, LOAD_GM_CYCLES, LOAD_UB_CYCLES, FLAG_CYCLES, BARRIER_CYCLES, HANDSHAKE_CYCLES = range(7)
FIX_RATE, FILL_RATE, MISS_CYCLES, SAME_ADDRESS_WEIGHT, ATOMIC_WEIGHT, ALLOCATE_WEIGHT = range(7, 13)
READ_WRITE_CONFLICT, ATOMIC_CONFLICT_WEIGHT, SINGLE_REALS = range(13, 16)

# single numbers of n: the simulation; the launch; L2; the trace
BUDGET, FAULT, FAULT_CORE, FAULT_INDEX, FLOWS, SERIALS, WORK_HEAD, WORK_COUNT, CONTENDED, FULL_PORTS = range(10)
CORES, QUEUES, BLOCKS, DEPTH, SUBS, VECTOR_CORES, CUBE_CORES, ARGUMENT_COUNT, RANGES = range(10, 19)
GROUPS, GROUP_ROWS, LINE, CAPACITY, OCCUPIED, EVICTED, DIRTY, AGE_SHIFT, SURVIVAL_STEPS = range(19, 28)
READ_BYTES, WRITE_BYTES, FILL_UNITS, BACK_UNITS, TRACING, TRACE_FULL, SPANS, WAITS, SPAN_ROOM, WAIT_ROOM = range(28, 38)

# where the tables of n begin
CODE, OPERAND_VALUES, FROM_REGISTER, COST_I, CURVE_POINTS, ARGUMENTS, CORE_I, REGISTERS, LOOPS = range(38, 47)
QUEUE_I, RING_I, FLAG_COUNTS, FLAG_SOURCES, MEETINGS, MET, FLOW_I, ACTIVE, WORKLIST = range(47, 56)
RANGE_FIRST, RANGE_END, RANGE_SHIFT, STREAMED, STAMP, HOLDER, LINE_DIRTY, SURVIVAL, MEMO_KEY = range(56, 65)
SCRATCH, SPAN_I, WAIT_I = range(65, 68)
# where the tables of x begin
COST_F, CURVE_BYTES, CURVE_CYCLES, CORE_F, QUEUE_F, RING_F, EVENTS, FLAG_TIMES, MEETING_TIMES = range(68, 77)
STALLS, SLOWED, BUSY_OF, FLOW_F, SHARED, PORTS, MEMO_F, SPAN_F, WAIT_F = range(77, 86)
# unit flags: states in n, times in x
UNIT_I, UNIT_F, SINGLE_WHOLES = range(86, 89)

# accumulators with unit flags: what they are, when the matrix unit began and ended its last product, when drained
OPEN, HANDED_OVER, DRAINING = range(3)
UNIT_BEGAN, UNIT_ENDED, UNIT_DRAINED, UNIT_COLUMNS = range(4)
ACCUMULATORS = 256
"""Accumulators that a core may have: one a KiB of its L0C."""
UNIT_EVENT = EVENTS_EACH
"""What a queue waits for that waits for a unit flag."""

# flag counts, meetings of all cores of a kind
SETTINGS, TAKEN, FLAG_COLUMNS = range(3)
CAME, MEETING, MEETING_COLUMNS = range(3)
MET_COLUMNS = 2 * FLAGS
"""Meetings that a core has come to, and those that it has waited for, by flag."""
MEMO_COLUMNS = 3

# faults
OK, ZERO_DIVISION, BAD_STEP, NO_ARGUMENT, OUTSIDE, FLAG_OVERFLOW = range(6)

# trace
SPAN_QUEUE, SPAN_INDEX, SPAN_COLUMNS = range(3)
WAIT_TARGET, WAIT_SOURCE, WAIT_NUMBER, WAIT_COLUMNS = range(4)
PERIOD_COLUMNS = 2
