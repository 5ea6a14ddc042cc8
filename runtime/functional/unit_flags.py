"""Unit flags of accumulators, as the flags between the matrix unit and the fixpipe that they stand for."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import Pipe
from dialects.isa.sync import EVENT_IDS
from runtime.functional.monitor import Event
from runtime.functional.operation import Fields

_MMAD = INSTRUCTIONS["mmad"]
_DRAINS = {op.opcode: op.positions["src"] for op in INSTRUCTIONS.values() if op.queue == "FIX"}
FLAGGED = frozenset({_MMAD.opcode, *_DRAINS})
"""Opcodes whose last field is a unit flag."""

LAST = 3
"""The unit flag of an mmad that ends a sum."""


def is_returned(event: Event) -> bool:
    """Whether an event only says that an accumulator is free again: at the end of a program nobody need wait for it."""
    return event[1] == Pipe.M and event[2] >= EVENT_IDS


class UnitFlags:
    """The accumulators of one core that the matrix unit has handed over.

    Event ids from `EVENT_IDS` on are unit flags: the accumulator's address in L0C plus that.
    """

    def __init__(self) -> None:
        """Start with every accumulator free."""
        self._handed_over: set[int] = set()

    def events(self, opcode: int, fields: Fields) -> tuple[Event | None, Event | None]:
        """Return what an instruction waits for before, and what it sets after; to be asked in program order."""
        to_fixpipe, to_matrix_unit = (int(Pipe.M), int(Pipe.FIX)), (int(Pipe.FIX), int(Pipe.M))
        if opcode != _MMAD.opcode:
            number = EVENT_IDS + fields[_DRAINS[opcode]]
            return (*to_fixpipe, number), (*to_matrix_unit, number)
        number = EVENT_IDS + fields[_MMAD.positions["dst"]]
        before = (*to_matrix_unit, number) if number in self._handed_over else None
        self._handed_over.discard(number)
        if fields[-1] != LAST:
            return before, None
        self._handed_over.add(number)
        return before, (*to_fixpipe, number)
