"""Conflicts of a vector instruction's operands in the banks of UB.

A byte address is {bank, row, bank group, byte in a 32-byte block}. In one cycle a group serves one read (of any of its
banks); a write and a read clash only in the same bank of the same group. Blocks read at the same address count once.
"""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.operand_values import operand
from runtime.timing.records import Real, Whole
from runtime.timing.rows import cost_rates, cost_row

PERIOD = 16
"""Repeats after which the pattern of groups comes back, whatever the repeat strides."""
BLOCKS = 8
"""Blocks of one repeat at the most."""


@hot
def repeat_cycles(n: Whole, x: Real, c: int, at: int, row: int, repeats: int) -> float:
    """Cycles of all repeats of a vector instruction: each its rate, or what the banks need for it if that is more.

    Where several repeats take one cycle, the banks too serve as many in it, conflicts aside. Operands whose repeat
    strides are alike meet in the same way in every repeat; else a period of them is looked at.
    """
    rate = x[cost_rates(n, row) + r.REPEAT_CYCLES]
    alike = True
    for place in range(1, 4):
        if used(n, x, row, place) and stride_of(n, x, c, at, row, place) != stride_of(n, x, c, at, row, 0):
            alike = False
    period = min(repeats, 1 if alike else PERIOD)
    total, rest, whole = 0.0, 0.0, repeats // period
    for repeat in range(period):
        cycles = max(rate, min(rate, 1.0) * bank_cycles(n, x, c, at, row, repeat))
        total += cycles
        if repeat < repeats - whole * period:
            rest += cycles
    return whole * total + rest


@hot
def used(n: Whole, x: Real, row: int, place: int) -> bool:
    """Whether a source (0 to 2) or the target (3) takes part."""
    return place < n[cost_row(n, row) + r.SOURCES] or (place == 3 and n[cost_row(n, row) + r.HAS_TARGET] != 0)


@hot
def blocks_of(n: Whole, x: Real, c: int, at: int, row: int, place: int) -> int:
    """Blocks of one repeat of a source or the target."""
    mask = operand(n, x, c, at + 1)
    if mask < 0:
        return BLOCKS if place == 3 else 1
    return min(BLOCKS, (mask * n[cost_row(n, row) + r.OPERAND_BYTES + place] + 31) // 32)


@hot
def stride_of(n: Whole, x: Real, c: int, at: int, row: int, place: int) -> int:
    """Blocks from one repeat to the next."""
    stride = operand(n, x, c, at + 4 + 3 * place)
    return blocks_of(n, x, c, at, row, place) if stride < 0 else stride


@hot
def bank_cycles(n: Whole, x: Real, c: int, at: int, row: int, repeat: int) -> float:
    """Cycles that the banks need for one repeat: reads of the busiest group, or more if the write meets a read."""
    groups, rows = n[r.GROUPS], n[r.GROUP_ROWS]
    scratch = n[r.SCRATCH]
    for group in range(groups):
        n[scratch + group] = 0
    count, busiest = groups, 0
    for place in range(n[cost_row(n, row) + r.SOURCES]):
        first = operand(n, x, c, at + 2 + 3 * place) // 32 + repeat * stride_of(n, x, c, at, row, place)
        step = operand(n, x, c, at + 3 + 3 * place)
        for number in range(blocks_of(n, x, c, at, row, place)):
            block = first + number * step
            known = False
            for other in range(groups, count):
                if n[scratch + other] == block:
                    known = True
            if not known:
                n[scratch + count] = block
                count += 1
                n[scratch + block % groups] += 1
                busiest = max(busiest, n[scratch + block % groups])
    if n[cost_row(n, row) + r.HAS_TARGET] != 0:
        first = operand(n, x, c, at + 11) // 32 + repeat * stride_of(n, x, c, at, row, 3)
        step = operand(n, x, c, at + 12)
        for number in range(blocks_of(n, x, c, at, row, 3)):
            block = first + number * step
            for other in range(groups, count):
                read = n[scratch + other]
                if block % groups == read % groups and block // (groups * rows) == read // (groups * rows):
                    return max(float(busiest), x[r.READ_WRITE_CONFLICT])
    return float(busiest)
