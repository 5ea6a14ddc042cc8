"""Slots of an on-chip buffer that one queue fills and another one empties, kept apart by flags."""

from __future__ import annotations

from assembly_writer import CoreProgram, Number, Scalar


class Ring:
    """Slots that are used by turns; a slot is a number, where it lies is the user's to say.

    A slot goes through `acquire` (the filling queue waits until it is empty), `fill` (it is full), `take` (the emptying
    queue waits until it is full) and `release` (it is empty). Filling may run ahead of emptying by as many slots as
    there are. Slot i uses event ``first_event`` + i in both directions.
    """

    def __init__(
        self, program: CoreProgram, filler: str, emptier: str, slots: int, first_event: int = 0, *, flags: bool = True
    ) -> None:
        """Start with all slots empty. Without ``flags`` the queues keep to the order by themselves."""
        self.program = program
        self.slots = slots
        self.filling: Number = 0 if slots == 1 else program.variable(0)
        """The slot to be filled, or being filled."""
        self.emptying: Number = 0 if slots == 1 else program.variable(0)
        """The slot to be emptied, or being emptied."""
        self._filler, self._emptier, self._first_event, self._flags = filler, emptier, first_event, flags
        for slot in range(slots):
            self._set(emptier, filler, slot)

    def acquire(self) -> Number:
        """Let the filling queue wait for the next slot, and return it."""
        self._wait(self._emptier, self._filler, self.filling)
        return self.filling

    def fill(self) -> None:
        """Say that the slot last acquired is full."""
        self._set(self._filler, self._emptier, self.filling)
        self._advance(self.filling)

    def take(self) -> Number:
        """Let the emptying queue wait for the next full slot, and return it."""
        self._wait(self._filler, self._emptier, self.emptying)
        return self.emptying

    def release(self) -> None:
        """Say that the slot last taken is empty."""
        self._set(self._emptier, self._filler, self.emptying)
        self._advance(self.emptying)

    def drain(self) -> None:
        """Take back the flags that say all slots are empty: every flag that is set is waited for."""
        for slot in range(self.slots):
            self._wait(self._emptier, self._filler, slot)

    def _set(self, source: str, target: str, slot: Number) -> None:
        if self._flags:
            self.program.set_flag(source, target, slot + self._first_event)

    def _wait(self, source: str, target: str, slot: Number) -> None:
        if self._flags:
            self.program.wait_flag(source, target, slot + self._first_event)

    def _advance(self, slot: Number) -> None:
        if isinstance(slot, Scalar):
            if self.slots == 2:
                self.program.emit("sub", rd=slot, a=1, b=slot)
            else:
                self.program.emit("mod", rd=slot, a=slot + 1, b=self.slots)
