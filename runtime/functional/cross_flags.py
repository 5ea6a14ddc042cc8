"""Flags between cores: counters that a signal increments and a wait of the scalar unit takes from."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from dialects.errors import SfumatoError

Endpoint = tuple[int, int]
"""A core: (block, position in the block: 0 the cube core, 1 and 2 the vector cores)."""

CUBE = 0


def core_name(core: Endpoint) -> str:
    """Return a core in words."""
    block, position = core
    return f"block {block}, cube core" if position == CUBE else f"block {block}, vector core {position - 1}"


class CrossFlags:
    """The cross-core flags of one kernel launch.

    Mode 2 joins a cube core with the vector cores of its block; mode 0 joins all cores of a kind: the k-th signals of
    all of them together make one. Every signal carries a message; a wait returns the messages of the signals it took.
    """

    def __init__(self, cores: Sequence[Endpoint], limit: int) -> None:
        """Prepare the flags of ``cores``; a counter beyond ``limit`` is an error."""
        self._cores = cores
        self._limit = limit
        self._slots: dict[tuple[Endpoint, int, Endpoint | None], deque[list[Any]]] = {}
        self._arrived: dict[tuple[Endpoint, int], deque[Any]] = {}

    def set(self, core: Endpoint, flag: int, mode: int, message: Any) -> None:
        """Signal ``flag`` from ``core``."""
        if mode == 0:
            self._arrive(core, flag, message)
            return
        block, position = core
        if position == CUBE:
            for other in self._cores:
                if other[0] == block and other[1] != CUBE:
                    self._add(other, flag, core, [message])
        else:
            self._add((block, CUBE), flag, core, [message])

    def take(self, core: Endpoint, flag: int, mode: int) -> list[Any] | None:
        """Take one from the counter (mode 2 on a cube core: from one of each vector core); None if it is 0."""
        slots = [self._slots.get((core, flag, sender)) for sender in self._senders(core, mode)]
        if not slots or not all(slots):
            return None
        return [message for slot in slots if slot for message in slot.popleft()]

    def left(self) -> list[tuple[Endpoint, int, int]]:
        """Return (core, flag, count) of every counter that is not 0, in order."""
        counts = [(core, flag, len(slot)) for (core, flag, _), slot in self._slots.items() if slot]
        counts += [(core, flag, len(signals)) for (core, flag), signals in self._arrived.items() if signals]
        return sorted(counts)

    def _senders(self, core: Endpoint, mode: int) -> list[Endpoint | None]:
        if mode == 0:
            return [None]
        block, position = core
        if position != CUBE:
            return [(block, CUBE)]
        return [other for other in self._cores if other[0] == block and other[1] != CUBE]

    def _arrive(self, core: Endpoint, flag: int, message: Any) -> None:
        kind = [other for other in self._cores if (other[1] == CUBE) == (core[1] == CUBE)]
        self._arrived.setdefault((core, flag), deque()).append(message)
        if len(self._arrived[core, flag]) > self._limit:
            raise SfumatoError(
                f"cross-core flag {flag} is set more than {self._limit} times before the other cores arrive"
            )
        if all(self._arrived.get((other, flag)) for other in kind):
            messages = [self._arrived[other, flag].popleft() for other in kind]
            for other in kind:
                self._add(other, flag, None, messages)

    def _add(self, core: Endpoint, flag: int, sender: Endpoint | None, messages: list[Any]) -> None:
        slot = self._slots.setdefault((core, flag, sender), deque())
        slot.append(messages)
        if len(slot) > self._limit:
            raise SfumatoError(
                f"cross-core flag {flag} counts beyond {self._limit}: it is set more often than it is waited for"
            )
