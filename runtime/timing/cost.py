"""What the cost of an instruction is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dialects.isa.instruction import Instruction
from runtime.machine.description import Machine


class Cost(NamedTuple):
    """Figures of one instruction: whole numbers and rates, in the columns of `cost_i` and `cost_f`."""

    whole: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()


Values = Sequence[int]
Rule = Callable[[Machine, type[Instruction], Values], Cost]
