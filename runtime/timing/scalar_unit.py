"""The scalar unit of a core: it runs loops and integer arithmetic, and hands everything else to the queues."""

from __future__ import annotations

from runtime.timing import kinds
from runtime.timing import records as r
from runtime.timing.hot import hot, wrapped
from runtime.timing.operand_values import operand
from runtime.timing.queues import drain, issue
from runtime.timing.recording import no_room_to_trace
from runtime.timing.records import Real, Whole
from runtime.timing.rows import code_row, core_row, core_times


@hot
def run_core(n: Whole, x: Real, c: int) -> None:
    """Go on until the program ends, something is awaited that has not happened yet, or the budget is used up."""
    core = core_row(n, c)
    while True:
        while n[core + r.WOKEN] != 0:
            pipe = 0
            while n[core + r.WOKEN] >> pipe & 1 == 0:
                pipe += 1
            n[core + r.WOKEN] &= ~(1 << pipe)
            drain(n, x, c, c * r.PIPES + pipe)
        if n[core + r.FINISHED] != 0 or n[r.BUDGET] <= 0 or n[r.FAULT] != 0:
            return
        if n[r.TRACING] != 0 and no_room_to_trace(n, x):
            n[r.TRACE_FULL] = 1
            return
        pc = n[core + r.PC]
        if pc == n[core + r.END]:
            n[core + r.FINISHED] = 1
            return
        n[r.BUDGET] -= 1
        if n[code_row(n, pc) + r.KIND] < kinds.FIRST_QUEUED:
            step(n, x, c, pc)
        elif issue(n, x, c, pc):
            n[core + r.PC] = pc + 1
            n[core + r.EXECUTED] += 1
        elif n[core + r.WOKEN] == 0:
            return


@hot
def step(n: Whole, x: Real, c: int, pc: int) -> None:
    """Execute one instruction of the scalar unit's own."""
    row = code_row(n, pc)
    kind, at = n[row + r.KIND], n[row + r.OPERANDS]
    core, registers, times = (
        core_row(n, c),
        n[r.REGISTERS] + c * r.REGISTERS_EACH,
        core_times(n, c),
    )
    cycles = x[r.SCALAR_CYCLES]
    x[times + r.CLOCK] += cycles
    x[times + r.SCALAR_BUSY] += cycles
    n[core + r.PC] = pc + 1
    if kind <= kinds.ne:
        a = operand(n, x, c, at + 1)
        n[registers + n[n[r.OPERAND_VALUES] + at]] = (
            a if kind == kinds.li else calculate(n, x, c, pc, kind, a, operand(n, x, c, at + 2))
        )
    elif kind >= kinds.loop:
        branch(n, x, c, pc, kind, at)
    elif kind == kinds.block_idx:
        n[registers + n[n[r.OPERAND_VALUES] + at]] = n[core + r.BLOCK]
    elif kind == kinds.block_num:
        n[registers + n[n[r.OPERAND_VALUES] + at]] = n[r.BLOCKS]
    elif kind == kinds.sub_idx:
        n[registers + n[n[r.OPERAND_VALUES] + at]] = n[core + r.SUB]
    elif kind == kinds.arg:
        number = operand(n, x, c, at + 1)
        if 0 <= number < n[r.ARGUMENT_COUNT]:
            n[registers + n[n[r.OPERAND_VALUES] + at]] = n[n[r.ARGUMENTS] + number]
        else:
            fault(n, x, c, pc, r.NO_ARGUMENT)
    else:
        n[registers + n[n[r.OPERAND_VALUES] + at]] = 0
        cycles = x[r.LOAD_GM_CYCLES if kind == kinds.load_gm else r.LOAD_UB_CYCLES]
        x[times + r.CLOCK] += cycles
        x[times + r.SCALAR_BUSY] += cycles


@hot
def calculate(n: Whole, x: Real, c: int, pc: int, kind: int, a: int, b: int) -> int:
    """The result of an arithmetic instruction or a comparison."""
    if kind == kinds.add:
        return wrapped(a + b)
    if kind == kinds.sub:
        return wrapped(a - b)
    if kind == kinds.mul:
        return wrapped(a * b)
    if kind == kinds.smaller:
        return min(a, b)
    if kind == kinds.larger:
        return max(a, b)
    if kind == kinds.lt:
        return 1 if a < b else 0
    if kind == kinds.le:
        return 1 if a <= b else 0
    if kind == kinds.eq:
        return 1 if a == b else 0
    if kind == kinds.ne:
        return 1 if a != b else 0
    if b == 0:
        fault(n, x, c, pc, r.ZERO_DIVISION)
        return 0
    return wrapped(a // b) if kind == kinds.div else a % b


@hot
def branch(n: Whole, x: Real, c: int, pc: int, kind: int, at: int) -> None:
    """Execute the head or the end of a loop or branch."""
    core, row = core_row(n, c), code_row(n, pc)
    registers, bounds = n[r.REGISTERS] + c * r.REGISTERS_EACH, n[r.LOOPS] + c * r.LOOP_COLUMNS
    level, partner = 2 * n[row + r.LEVEL], n[row + r.PARTNER]
    if kind == kinds.loop:
        counter = n[n[r.OPERAND_VALUES] + at]
        n[registers + counter] = operand(n, x, c, at + 1)
        n[bounds + level], n[bounds + (level + 1)] = operand(n, x, c, at + 2), operand(n, x, c, at + 3)
        if n[bounds + (level + 1)] <= 0:
            fault(n, x, c, pc, r.BAD_STEP)
        elif n[registers + counter] >= n[bounds + level]:
            n[core + r.PC] = partner + 1
    elif kind == kinds.end_loop:
        counter = n[n[r.OPERAND_VALUES] + at]
        n[registers + counter] += n[bounds + (level + 1)]
        if n[registers + counter] < n[bounds + level]:
            n[core + r.PC] = partner + 1
    elif kind == kinds.branch and operand(n, x, c, at) == 0:
        n[core + r.PC] = partner + 1


@hot
def fault(n: Whole, x: Real, c: int, pc: int, number: int) -> None:
    """Stop the simulation: the instruction is at fault."""
    if n[r.FAULT] == 0:
        n[r.FAULT] = number
        n[r.FAULT_CORE] = c
        n[r.FAULT_INDEX] = pc
