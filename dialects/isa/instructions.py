"""The instruction set as tables: every instruction class by mnemonic and by opcode."""

from __future__ import annotations

from types import ModuleType

from dialects.isa import cube, mte, scalar, sync, vector_arithmetic, vector_move, vector_select, vector_unary
from dialects.isa.instruction import Instruction


def _instructions(*modules: ModuleType) -> dict[str, type[Instruction]]:
    table: dict[str, type[Instruction]] = {}
    for module in modules:
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, Instruction) and member.mnemonic:
                table[member.mnemonic] = member
    return table


INSTRUCTIONS: dict[str, type[Instruction]] = _instructions(
    scalar, sync, mte, cube, vector_unary, vector_arithmetic, vector_select, vector_move
)
"""Mnemonic -> class, in order of definition."""

BY_OPCODE: dict[int, type[Instruction]] = {instruction.opcode: instruction for instruction in INSTRUCTIONS.values()}
"""Opcode -> class."""
