"""The sanitizer of one core: vector clocks of its queues, validity of its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.operation import Operation
from runtime.memory.access import Access
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space
from runtime.sanitizer.findings import Findings
from runtime.sanitizer.races import AccessHistory, Actor, Clock

COMPONENTS = int(Pipe.ALL)
"""Components of a clock a core has: its queues."""

Event = tuple[int, int, int]


class Shared(NamedTuple):
    """What the cores of a launch share: the length of a clock, accesses to GM, findings, programs by core."""

    length: int
    gm: AccessHistory
    findings: Findings
    programs: dict[int, CoreProgram]


def _join(a: Clock, b: Clock) -> Clock:
    return list(map(max, a, b))


class CoreSanitizer:
    """Keeps, for each queue of a core, the clock of what is complete when its next instruction starts.

    The scalar unit's clock is never changed in place: every issued instruction carries the one of its time as its
    ticket.
    """

    def __init__(self, core: int, program: CoreProgram, spaces: Mapping[str, Space], shared: Shared) -> None:
        """Observe core number ``core`` of the launch, which executes ``program``."""
        self._core = core
        self._program = program
        self._spaces = spaces
        self._shared = shared
        self._base = core * COMPONENTS
        self._counts = [0] * COMPONENTS
        self._clocks: list[Clock] = [[0] * shared.length for _ in range(COMPONENTS)]
        self._tickets: list[Clock | None] = [None] * COMPONENTS
        self._messages: dict[Event, Clock] = {}
        self._waited: dict[Event, int] = {}
        self._histories = {name: AccessHistory(name == "l0c") for name in spaces if name != "gm"}
        self._histories["gm"] = shared.gm

    def ticket(self) -> Clock:
        """Return the scalar unit's clock."""
        return self._clocks[Pipe.S]

    def _start(self, queue: int, ticket: Clock) -> Clock:
        """Count an instruction of ``queue`` and return what is complete when it starts."""
        self._counts[queue] += 1
        if queue != Pipe.S and self._tickets[queue] is not ticket:
            self._tickets[queue] = ticket
            self._clocks[queue] = _join(self._clocks[queue], ticket)
        return self._clocks[queue]

    def _completed(self, queue: int) -> Clock:
        """Return the queue's clock once all it started is complete."""
        clock = self._clocks[queue].copy()
        clock[self._base + queue] = self._counts[queue]
        return clock

    def _learn(self, queue: int, message: Clock) -> None:
        self._clocks[queue] = _join(self._clocks[queue], message)
        if queue == Pipe.S:  # the scalar unit finishes each instruction before the next
            self._clocks[queue] = self._completed(queue)

    def perform(self, index: int, queue: int, operation: Operation, ticket: Clock) -> None:
        """Check an operation's accesses: reads hold data, and whatever conflicts is ordered."""
        clock = self._start(queue, ticket)
        actor = Actor(self._base + queue, self._counts[queue], self._core, index)
        more_reads, more_writes = ((), ()) if operation.dynamic is None else self._dynamic(operation)
        for access in (*operation.reads, *more_reads):
            self._check_valid(index, access)
        for target, source in operation.moves:
            self._spaces[target.space].validity(target)[...] = self._spaces[source.space].validity(source)
        for access in (*operation.writes, *more_writes):
            self._spaces[access.space].validity(access)[...] = True
        moved = [source for _, source in operation.moves] if operation.peeks is None else operation.peeks
        combined = operation.writes if operation.atomic else ()
        for access in (*operation.reads, *more_reads, *moved):
            if access not in combined:
                self._check_race(actor, access, False, "", clock)
        for access in (*operation.writes, *more_writes, *(target for target, _ in operation.moves)):
            self._check_race(actor, access, True, operation.atomic, clock)

    def _dynamic(self, operation: Operation) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        assert operation.dynamic is not None
        for access in operation.reads:
            if not self._spaces[access.space].validity(access).all():
                return (), ()  # its addresses are garbage: the read of them is what is reported
        return operation.dynamic()

    def scalar_read(self, index: int, access: Access) -> None:
        """Check a load by the scalar unit."""
        clock = self._start(Pipe.S, self._clocks[Pipe.S])
        self._check_valid(index, access)
        self._check_race(Actor(self._base + Pipe.S, self._counts[Pipe.S], self._core, index), access, False, "", clock)
        self._clocks[Pipe.S] = self._completed(Pipe.S)

    def barrier(self, queue: int, ticket: Clock) -> None:
        """Everything the queue (or every queue) started is complete for what it starts next."""
        if queue != Pipe.ALL:
            self._start(queue, ticket)
            self._clocks[queue] = self._completed(queue)
            return
        total = self._clocks[Pipe.S]
        for each in range(COMPONENTS):
            total = _join(total, self._completed(each))
        self._clocks[Pipe.S] = total

    def set_flag(self, index: int, event: Event, ticket: Clock) -> None:
        """Pass on what is complete; the wait that took the event before must be known to be over."""
        source, target, number = event
        self._start(source, ticket)
        message = self._completed(source)
        if self._waited.get(event, 0) > message[self._base + target]:
            name = f"{Pipe(source).name} to {Pipe(target).name}, id {number}"
            text = (
                f"{self._program.describe(index)}: event {name} may be set again before the wait for its last setting"
            )
            self._shared.findings.add(("set", self._core, index), text)
        self._messages[event] = message
        if source == Pipe.S:
            self._clocks[Pipe.S] = message

    def wait_flag(self, index: int, event: Event, ticket: Clock) -> None:
        """Learn what the setter knew to be complete."""
        target = event[1]
        self._start(target, ticket)
        self._waited[event] = self._counts[target]
        self._learn(target, self._messages.pop(event))

    def cross_set(self, queue: int, ticket: Clock) -> Clock:
        """Return what is complete when the signal goes out."""
        self._start(queue, ticket)
        return self._completed(queue)

    def cross_wait(self, message: Clock) -> None:
        """Let the scalar unit, and so all it issues from here on, learn what another core knew to be complete."""
        self._counts[Pipe.S] += 1
        self._learn(Pipe.S, message)

    def _read_only(self, access: Access) -> bool:
        space = self._spaces[access.space]
        return isinstance(space, GlobalMemory) and space.find(access).valid is None

    def _check_valid(self, index: int, access: Access) -> None:
        key = ("uninitialised", id(self._program), index)
        if self._shared.findings.seen(key):
            return
        valid = self._spaces[access.space].validity(access)
        if valid.all():
            return
        position = np.unravel_index(int(np.argmin(valid)), valid.shape)
        steps = (*access.strides, 1)
        first = access.offset + sum(int(place) * step for place, step in zip(position, steps, strict=True))
        count = int(np.count_nonzero(~valid))
        message = f"reads {count} bytes of {access.space} that were never written, the first at {first:#x}"
        self._shared.findings.add(key, f"{self._program.describe(index)}: {message}")

    def _check_race(self, actor: Actor, access: Access, writes: bool, atomic: str, clock: Clock) -> None:
        if access.space == "gm" and self._read_only(access):
            return
        conflict = self._histories[access.space].record(actor, access, writes, atomic, clock)
        if conflict is None:
            return
        earlier = conflict.earlier
        other = self._shared.programs[earlier.core]
        key = ("race", id(self._program), actor.instruction, id(other), earlier.instruction, access.space, writes)
        if self._shared.findings.seen(key):
            return
        low, high = access.extent()
        verb, before = ("writes" if writes else "reads"), ("write" if conflict.earlier_writes else "read")
        where = "" if earlier.core == actor.core else " on another core"
        message = (
            f"{verb} {access.space} {low:#x} to {high - 1:#x} without being ordered after the {before}{where} by "
            f"{other.describe(earlier.instruction)}; a barrier or a flag is missing"
        )
        self._shared.findings.add(key, f"{self._program.describe(actor.instruction)}: {message}")
