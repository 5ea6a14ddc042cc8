"""The programs of a kernel as the tables that the timing core reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dialects.isa.fields import Pipe
from runtime.control_flow import control_flow
from runtime.decoding import CoreProgram, Decoded
from runtime.machine.description import Machine
from runtime.timing import kinds
from runtime.timing import records as r
from runtime.timing.costs import COSTS, SYNC

_SCALAR: dict[str, int] = {
    **dict(add=kinds.add, sub=kinds.sub, mul=kinds.mul, div=kinds.div, mod=kinds.mod, min=kinds.smaller),
    **dict(max=kinds.larger, lt=kinds.lt, le=kinds.le, eq=kinds.eq, ne=kinds.ne, block_idx=kinds.block_idx),
    **dict(block_num=kinds.block_num, sub_idx=kinds.sub_idx, arg=kinds.arg, load_gm=kinds.load_gm),
    **dict(load_ub=kinds.load_ub, loop=kinds.loop),
}
"""Scalar instructions whose operands are read as they stand."""


@dataclass
class ProgramTables:
    """Tables of all programs of a kernel, one after the other; `starts` has the first instruction of each program."""

    programs: tuple[CoreProgram, ...]
    starts: list[int] = field(default_factory=list[int])
    code: list[list[int]] = field(default_factory=list[list[int]])
    operands: list[int] = field(default_factory=list[int])
    from_register: list[int] = field(default_factory=list[int])
    cost_i: list[list[int]] = field(default_factory=list[list[int]])
    cost_f: list[list[float]] = field(default_factory=list[list[float]])

    def end(self, number: int) -> int:
        """The position after the last instruction of program `number`."""
        return self.starts[number] + len(self.programs[number].instructions)

    def decoded(self, index: int) -> tuple[CoreProgram, int]:
        """The program that the instruction at a position of the tables belongs to, and its index there."""
        number = max(number for number, start in enumerate(self.starts) if start <= index)
        return self.programs[number], index - self.starts[number]


def program_tables(programs: Sequence[CoreProgram], machine: Machine) -> ProgramTables:
    """Build the tables of the programs of a kernel (one, or a cube and a vector program)."""
    tables = ProgramTables(tuple(programs))
    for program in programs:
        start = len(tables.code)
        tables.starts.append(start)
        flow = control_flow(program)
        for decoded, partner, level in zip(program.instructions, flow.partner, flow.level, strict=True):
            tables.code.append(_row(tables, program, decoded, machine, start + partner, level))
    return tables


def _row(
    tables: ProgramTables, program: CoreProgram, decoded: Decoded, machine: Machine, partner: int, level: int
) -> list[int]:
    name = decoded.mnemonic
    queue = decoded.instruction.executing_queue(decoded.values)
    pipe = 0 if queue is None or queue == "ALL" else int(Pipe[queue])
    at = len(tables.operands)
    cost = 0
    if name in COSTS:
        kind, names, rule = COSTS[name]
        cost = len(tables.cost_i)
        figures = rule(machine, decoded.instruction, decoded.values)
        tables.cost_i.append([*figures.whole, *[0] * (r.COST_I_COLUMNS - len(figures.whole))])
        if "unit_flag" in decoded.instruction.positions:
            tables.cost_i[-1][r.UNIT_OPERANDS] = len(names)
            names = (*names, "dst" if name == "mmad" else "src", "unit_flag")
        tables.cost_f.append([*map(float, figures.rates), *[0.0] * (r.COST_F_COLUMNS - len(figures.rates))])
        _operands(tables, decoded, names)
    elif name in SYNC:
        kind, names = SYNC[name]
        _operands(tables, decoded, names)
    elif name == "li":
        kind = kinds.li
        low, high = decoded.values[1:3]
        tables.operands += [decoded.values[0], (high << 32) | (low & 0xFFFFFFFF)]
        tables.from_register += [0, 0]
    elif name == "end":
        head = program.instructions[partner - tables.starts[-1]]
        kind = kinds.end_loop if head.mnemonic == "loop" else kinds.end_branch
        tables.operands.append(head.values[0])
        tables.from_register.append(0)
    else:
        kind = kinds.branch if name == "if" else _SCALAR[name]
        _operands(tables, decoded, tuple(decoded.instruction.positions))
    return [kind, pipe, at, partner, level, cost]


def _operands(tables: ProgramTables, decoded: Decoded, names: Sequence[str]) -> None:
    """Append operands by the names of their fields; a number stands for itself."""
    positions = decoded.instruction.positions
    for name in names:
        position = positions.get(name)
        tables.operands.append(int(name) if position is None else decoded.values[position])
        tables.from_register.append(0 if position is None else decoded.registers >> position & 1)
