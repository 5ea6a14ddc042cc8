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


@hot
def cost_of(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Fill a queue's entry with the cost of the instruction at `pc`."""
    kind = n[n[r.CODE] + pc * r.CODE_COLUMNS + r.KIND]
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
    figures, curve = n[r.COST_F] + row * r.COST_F_COLUMNS, n[n[r.COST_I] + row * r.COST_I_COLUMNS + 2]
    if curve < 0:
        return x[figures + 0] + size / x[figures + 1]
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
    at, row = n[n[r.CODE] + pc * r.CODE_COLUMNS + r.OPERANDS], n[n[r.CODE] + pc * r.CODE_COLUMNS + r.COST]
    rows, columns, depth = operand(n, x, c, at), operand(n, x, c, at + 1), operand(n, x, c, at + 2)
    block, figures, entry = (
        n[r.COST_I] + row * r.COST_I_COLUMNS,
        n[r.COST_F] + row * r.COST_F_COLUMNS,
        n[r.RING_F] + slot * r.RING_F_COLUMNS,
    )
    cycles = (
        x[figures + 0] + up(rows, n[block + 3]) * up(columns, n[block + 4]) * up(depth, n[block + 5]) * x[figures + 1]
    )
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = cycles, cycles, x[figures + 2]
    n[n[r.CORE_I] + c * r.CORE_I_COLUMNS + r.MACS] += rows * columns * depth
    x[n[r.CORE_F] + c * r.CORE_F_COLUMNS + r.IDEAL] += rows * columns * depth / x[figures + 3]


@hot
def local_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Copies between on-chip memories: whole fractals, plain bytes, or the elements that a fixpipe converts."""
    kind, at, row = (
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.KIND],
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.OPERANDS],
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.COST],
    )
    sizes, first = n[r.COST_I] + row * r.COST_I_COLUMNS, operand(n, x, c, at)
    if kind == kinds.load_fractals:
        cycles = path_cycles(
            n, x, row, n[sizes + 3] * up(first, n[sizes + 4]) * up(operand(n, x, c, at + 1), n[sizes + 5])
        )
    elif kind == kinds.load_bytes:
        cycles = path_cycles(n, x, row, first)
    else:
        elements = first * operand(n, x, c, at + 1)
        head = x[n[r.COST_F] + row * r.COST_F_COLUMNS + 0]
        cycles = max(path_cycles(n, x, row, elements * n[sizes + 3]), head + elements / x[r.FIX_RATE])
    entry = n[r.RING_F] + slot * r.RING_F_COLUMNS
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = cycles, cycles, 0.0


@hot
def transfer_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Copies to and from global memory, alone and with everything in L2: the path's time, or that of its rows."""
    kind, at, row = (
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.KIND],
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.OPERANDS],
        n[n[r.CODE] + pc * r.CODE_COLUMNS + r.COST],
    )
    sizes, figures, entry = (
        n[r.COST_I] + row * r.COST_I_COLUMNS,
        n[r.COST_F] + row * r.COST_F_COLUMNS,
        n[r.RING_I] + slot * r.RING_I_COLUMNS,
    )
    address, rows, columns, stride = (
        operand(n, x, c, at),
        operand(n, x, c, at + 1),
        operand(n, x, c, at + 2),
        operand(n, x, c, at + 3),
    )
    size = n[sizes + 3]
    row_cycles = x[figures + 2] + (x[figures + 3] if (address | stride) % 32 != 0 else 0.0)
    cycles = path_cycles(n, x, row, rows * columns * size)
    if kind == kinds.fixpipe:
        converted = max(rows * row_cycles, rows * columns / x[r.FIX_RATE])
        cycles = max(cycles, x[figures + 0] + converted)
    else:
        cycles = max(cycles, rows * row_cycles)
    n[entry + r.A], n[entry + r.B], n[entry + r.C], n[entry + r.D] = address, rows, columns * size, stride
    costs = n[r.RING_F] + slot * r.RING_F_COLUMNS
    x[costs + r.OCCUPANCY], x[costs + r.LATENCY], x[costs + r.IDLE] = cycles, cycles, 0.0
    if rows <= 0 or columns <= 0:
        x[costs + r.OCCUPANCY] = x[costs + r.LATENCY] = 1.0


VECTOR_OPERANDS = 14
"Amount, mask, then base, block stride and repeat stride of three sources and of the target."


@hot
def vector_cost(n: Whole, x: Real, c: int, pc: int, slot: int) -> None:
    """Overhead + repeats, each at the instruction's rate or the banks' if slower; remembered by operands."""
    at, row = n[n[r.CODE] + pc * r.CODE_COLUMNS + r.OPERANDS], n[n[r.CODE] + pc * r.CODE_COLUMNS + r.COST]
    key = pc
    for position in range(VECTOR_OPERANDS):
        key = (key * 1000003 ^ operand(n, x, c, at + position)) & 9223372036854775807
    place = key % r.MEMO
    known, entry = n[r.MEMO_F] + place * r.MEMO_COLUMNS, n[r.RING_F] + slot * r.RING_F_COLUMNS
    if n[n[r.MEMO_KEY] + place] != key:
        n[n[r.MEMO_KEY] + place] = key
        x[known + 0], x[known + 1], x[known + 2] = 1.0, 1.0, 0.0
        repeats = repeats_of(n, x, row, operand(n, x, c, at), operand(n, x, c, at + 1))
        if repeats > 0:
            figures = n[r.COST_F] + row * r.COST_F_COLUMNS
            work = repeats * x[figures + 0]
            if n[n[r.COST_I] + row * r.COST_I_COLUMNS + 3] != 0:
                work = repeat_cycles(n, x, c, at, row, repeats)
            x[known + 0], x[known + 1], x[known + 2] = work + x[figures + 1], work + x[figures + 2], x[figures + 3]
    x[entry + r.OCCUPANCY], x[entry + r.LATENCY], x[entry + r.IDLE] = x[known + 0], x[known + 1], x[known + 2]


@hot
def repeats_of(n: Whole, x: Real, row: int, amount: int, mask: int) -> int:
    """Repeats of a vector instruction: as it says, by its mask, by its bytes, or one."""
    rule = n[n[r.COST_I] + row * r.COST_I_COLUMNS + 4]
    if rule == 0:
        return amount
    if rule == 1:
        return up(amount, mask) if amount > 0 else 0
    if rule == 2:
        return up(amount * n[n[r.COST_I] + row * r.COST_I_COLUMNS + 5], n[n[r.COST_I] + row * r.COST_I_COLUMNS + 6])
    return 1
