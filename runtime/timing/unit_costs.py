"""What instructions cost, from the figures that `runtime.timing.costs` put into the rows of their cost.

Every function fills the entry of a queue: the cycles that the unit is occupied, the cycles until the result is complete
and, for a transfer, the global memory that it touches.
"""

from __future__ import annotations

from runtime.timing import kinds
from runtime.timing import records as r
from runtime.timing.banks import repeat_cycles
from runtime.timing.hot import hot
from runtime.timing.operand_values import operand
from runtime.timing.records import Real, Whole
from runtime.timing.rows import code_row, core_row, core_times, cost_rates, cost_row, entry_row, entry_times

ALIGNMENT = 32
"""Bytes that rows of a transfer are aligned to, or cost more."""
VECTOR_OPERANDS = 14
"""Amount, mask, then base, block stride and repeat stride of three sources and of the target."""


@hot
def cost_of(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Fill a queue's entry with the cost of the instruction at `pc`."""
    kind = n[code_row(n, pc) + r.KIND]
    if kind == kinds.mmad:
        mmad_cost(n, x, c, pc, slot)
    elif kind == kinds.vector:
        vector_cost(n, x, c, pc, slot)
    elif kind >= kinds.FIRST_TRANSFER:
        transfer_cost(n, x, c, pc, slot)
    else:
        local_cost(n, x, c, pc, slot)


@hot
def path_cycles(n: Whole, x: Real, row: int, size: float) -> float:
    """Cycles of `size` bytes on the path of cost row `row` when nothing else moves: a measured curve, or a line."""
    figures, curve = cost_rates(n, row), n[cost_row(n, row) + r.CURVE]
    if curve < 0:
        return x[figures + r.HEAD] + size / x[figures + r.SPEED]
    sizes, cycles, points = (
        n[r.CURVE_BYTES] + curve * r.CURVE_LENGTH,
        n[r.CURVE_CYCLES] + curve * r.CURVE_LENGTH,
        n[n[r.CURVE_POINTS] + curve],
    )
    if size >= x[sizes + (points - 1)]:
        return x[cycles + (points - 1)] * size / x[sizes + (points - 1)]
    right = 1
    while right < points - 1 and size > x[sizes + right]:
        right += 1
    slope = (x[cycles + right] - x[cycles + (right - 1)]) / (x[sizes + right] - x[sizes + (right - 1)])
    return x[cycles + (right - 1)] + slope * (size - x[sizes + (right - 1)])


@hot
def up(value: int, unit: int) -> int:
    """How many whole units `value` takes."""
    return (value + unit - 1) // unit


@hot
def mmad_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Head + blocks of the unit's m, n and k; figures: head, cycles a block, more when idle, peak rate in macs."""
    at, row = n[code_row(n, pc) + r.OPERANDS], n[code_row(n, pc) + r.COST]
    rows, columns, depth = operand(n, x, c, at), operand(n, x, c, at + 1), operand(n, x, c, at + 2)
    block, figures, entry = cost_row(n, row), cost_rates(n, row), entry_times(n, slot)
    blocks = up(rows, n[block + r.BLOCK_ROWS]) * up(columns, n[block + r.BLOCK_COLUMNS])
    cycles = x[figures + r.HEAD] + blocks * up(depth, n[block + r.BLOCK_DEPTH]) * x[figures + r.BLOCK_CYCLES]
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = cycles, cycles, x[figures + r.IDLE_HEAD]
    n[core_row(n, c) + r.MACS] += rows * columns * depth
    x[core_times(n, c) + r.IDEAL] += rows * columns * depth / x[figures + r.PEAK]


@hot
def local_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Copies between on-chip memories: whole fractals, plain bytes, or the elements that a fixpipe converts."""
    code = code_row(n, pc)
    kind, at, row = n[code + r.KIND], n[code + r.OPERANDS], n[code + r.COST]
    sizes, first = cost_row(n, row), operand(n, x, c, at)
    if kind == kinds.load_fractals:
        fractals = up(first, n[sizes + r.BLOCK_ROWS]) * up(operand(n, x, c, at + 1), n[sizes + r.BLOCK_COLUMNS])
        cycles = path_cycles(n, x, row, n[sizes + r.SIZE] * fractals)
    elif kind == kinds.load_bytes:
        cycles = path_cycles(n, x, row, first)
    else:
        if kind == kinds.fixpipe_shared:  # the vector cores are written at the same time
            first = min(first, operand(n, x, c, at + 2))
        elements = first * operand(n, x, c, at + 1)
        head = x[cost_rates(n, row) + r.HEAD]
        cycles = max(path_cycles(n, x, row, elements * n[sizes + r.SIZE]), head + elements / x[r.FIX_RATE])
    entry = entry_times(n, slot)
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = cycles, cycles, 0.0


@hot
def transfer_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Copies to and from global memory, alone and with everything in L2: the path's time, or that of its rows."""
    code = code_row(n, pc)
    kind, at, row = n[code + r.KIND], n[code + r.OPERANDS], n[code + r.COST]
    figures, size = cost_rates(n, row), n[cost_row(n, row) + r.SIZE]
    address, rows = operand(n, x, c, at), operand(n, x, c, at + 1)
    columns, stride = operand(n, x, c, at + 2), operand(n, x, c, at + 3)
    row_cycles = x[figures + r.ROW_CYCLES]
    if (address | stride) % ALIGNMENT != 0:
        row_cycles += x[figures + r.MISALIGNED_CYCLES]
    cycles = path_cycles(n, x, row, rows * columns * size)
    if kind == kinds.fixpipe:
        converted = max(rows * row_cycles, rows * columns / x[r.FIX_RATE])
        cycles = max(cycles, x[figures + r.HEAD] + converted)
    else:
        cycles = max(cycles, rows * row_cycles)
    entry = entry_row(n, slot)
    n[entry + r.A], n[entry + r.B], n[entry + r.C], n[entry + r.D] = address, rows, columns * size, stride
    costs = entry_times(n, slot)
    x[costs + r.OCCUPANCY], x[costs + r.LATENCY], x[costs + r.IDLE] = cycles, cycles, 0.0
    if rows <= 0 or columns <= 0:
        x[costs + r.OCCUPANCY] = x[costs + r.LATENCY] = 1.0


@hot
def vector_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Overhead + repeats, each at the instruction's rate or the banks' if slower; remembered by operands."""
    at, row = n[code_row(n, pc) + r.OPERANDS], n[code_row(n, pc) + r.COST]
    key = pc
    for position in range(VECTOR_OPERANDS):
        key = (key * 1000003 ^ operand(n, x, c, at + position)) & 9223372036854775807
    place = key % r.MEMO
    known, entry = n[r.MEMO_F] + place * r.MEMO_COLUMNS, entry_times(n, slot)
    if n[n[r.MEMO_KEY] + place] != key:
        n[n[r.MEMO_KEY] + place] = key
        x[known], x[known + 1], x[known + 2] = 1.0, 1.0, 0.0
        repeats = repeats_of(n, x, row, operand(n, x, c, at), operand(n, x, c, at + 1))
        if repeats > 0:
            figures = cost_rates(n, row)
            work = repeats * x[figures + r.REPEAT_CYCLES]
            if n[cost_row(n, row) + r.BANKED] != 0:
                work = repeat_cycles(n, x, c, at, row, repeats)
            x[known], x[known + 1] = work + x[figures + r.OVERHEAD], work + x[figures + r.TAIL]
            x[known + 2] = x[figures + r.FILL_CYCLES]
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = x[known], x[known + 1], x[known + 2]


@hot
def repeats_of(n: Whole, x: Real, row: int, amount: int, mask: int) -> int:
    """Repeats of a vector instruction: as it says, by its mask, by its bytes, or one."""
    rule = n[cost_row(n, row) + r.REPEAT_RULE]
    if rule == 0:
        return amount
    if rule == 1:
        return up(amount, mask) if amount > 0 else 0
    if rule == 2:
        return up(amount * n[cost_row(n, row) + r.ELEMENT_BYTES], n[cost_row(n, row) + r.REPEAT_BYTES])
    return 1
