"""Operands of instructions that are about to be executed."""

from __future__ import annotations

from runtime.timing import records as r
from runtime.timing.hot import hot
from runtime.timing.records import Real, Whole


@hot
def operand(n: Whole, x: Real, c: int, position: int) -> int:
    """The value of an operand: what it says, or what the register that it names holds."""
    value = n[n[r.OPERAND_VALUES] + position]
    if n[n[r.FROM_REGISTER] + position] != 0:
        return n[n[r.REGISTERS] + c * r.REGISTERS_EACH + value]
    return value
