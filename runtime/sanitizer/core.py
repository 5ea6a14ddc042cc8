"""The sanitizer of one core: vector clocks of its queues, validity of its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import Endpoint
from runtime.functional.monitor import Event
from runtime.functional.operation import Operation
from runtime.memory.access import Access
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space
from runtime.sanitizer.buffers import BufferBounds
from runtime.sanitizer.findings import Findings
from runtime.sanitizer.races import AccessHistory, Actor, Clock, Conflict, Key
from runtime.sanitizer.report import (
    Step,
    event_text,
    instruction_lines,
    order_note,
    outside_text,
    race_text,
    uninitialised_text,
)

COMPONENTS = int(Pipe.ALL)
"""Components of a clock a core has: its queues."""


class Shared(NamedTuple):
    """What the cores of a launch share: global memory and the accesses to it, findings, cores by number."""

    gm: GlobalMemory
    accesses: AccessHistory
    findings: Findings
    cores: dict[int, tuple[Endpoint, CoreProgram]]


class Group(NamedTuple):
    """Cores that run together and share a clock: its first component among all of the launch, and its length."""

    base: int
    length: int


def _join(a: Clock, b: Clock) -> Clock:
    return list(map(max, a, b))


class CoreSanitizer:
    """Keeps, for each queue of a core, the clock of what is complete when its next instruction starts.

    The scalar unit's clock is never changed in place: every issued instruction carries the one of its time as its
    ticket.
    """

    def __init__(
        self,
        core: int,
        program: CoreProgram,
        spaces: Mapping[str, Space],
        histories: Mapping[str, tuple[AccessHistory, int]],
        bounds: BufferBounds,
        group: Group,
        shared: Shared,
    ) -> None:
        """Observe core number ``core`` of the launch, which executes ``program``.

        ``histories`` are those of the on-chip memories it reaches, each with the core's number less its owner's.
        """
        self._core = core
        self._program = program
        self._spaces = spaces
        self._histories = histories
        self._bounds = bounds
        self._group = group
        self._shared = shared
        self._place = shared.cores[core][0]
        self._base = core * COMPONENTS - group.base
        self._counts = [0] * COMPONENTS
        self._clocks: list[Clock] = [[0] * group.length for _ in range(COMPONENTS)]
        self._tickets: list[Clock | None] = [None] * COMPONENTS
        self._messages: dict[Event, Clock] = {}
        self._waited: dict[Event, tuple[int, int]] = {}
        self._signalled: dict[int, tuple[int, int, int]] = {}

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
        more_reads, more_writes = ((), ()) if operation.dynamic is None else self._dynamic(operation)
        for access in (*operation.reads, *more_reads):
            self._check_valid(index, queue, access)
        for target, source in operation.moves:
            self._spaces[target.space].validity(target)[...] = self._spaces[source.space].validity(source)
        for access in (*operation.writes, *more_writes):
            self._spaces[access.space].validity(access)[...] = True
        moved = [source for _, source in operation.moves] if operation.peeks is None else operation.peeks
        combined = operation.writes if operation.atomic else ()
        reads = [one for one in (*operation.reads, *more_reads, *moved) if one not in combined]
        writes = (*operation.writes, *more_writes, *(target for target, _ in operation.moves))
        for access in reads:
            self._check_buffer(index, queue, access, False)
        for access in writes:
            self._check_buffer(index, queue, access, True)
        self._check_races(index, queue, reads, writes, operation.atomic, clock)

    def _dynamic(self, operation: Operation) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
        assert operation.dynamic is not None
        for access in operation.reads:
            if not self._spaces[access.space].validity(access).all():
                return (), ()  # its addresses are garbage: the read of them is what is reported
        return operation.dynamic()

    def scalar_read(self, index: int, access: Access) -> None:
        """Check a load by the scalar unit."""
        clock = self._start(Pipe.S, self._clocks[Pipe.S])
        self._check_valid(index, Pipe.S, access)
        self._check_races(index, Pipe.S, (access,), (), "", clock)
        self._clocks[Pipe.S] = self._completed(Pipe.S)

    def barrier(self, index: int, queue: int, ticket: Clock) -> None:
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
        source, target, _ = event
        self._start(source, ticket)
        message = self._completed(source)
        waits, waiting = self._waited.get(event, (0, 0))
        if waits > message[self._base + target]:
            lines = [
                f"unordered flag: {event_text(event)}, may be set again before the wait for its last setting is over",
                *instruction_lines("wait", self._program, self._place, waiting),
                *instruction_lines("set", self._program, self._place, index),
                f"   the events are binary: let queue {Pipe(source).name} wait for queue {Pipe(target).name} first "
                "(a flag the other way), or use two ids in turn",
            ]
            self._shared.findings.add(("set", self._core, index), "\n".join(lines))
        self._messages[event] = message
        if source == Pipe.S:
            self._clocks[Pipe.S] = message

    def wait_flag(self, index: int, event: Event, ticket: Clock) -> None:
        """Learn what the setter knew to be complete."""
        target = event[1]
        self._start(target, ticket)
        self._waited[event] = (self._counts[target], index)
        self._learn(target, self._messages.pop(event))

    def cross_set(self, index: int, queue: int, flag: int, ticket: Clock) -> Clock:
        """Return what is complete when the signal goes out, which must be after the core's last signal of the flag.

        A counter does not say which signal a wait takes: two that may overtake each other order nothing.
        """
        self._start(queue, ticket)
        message = self._completed(queue)
        last = self._signalled.get(flag)
        if last is not None and last[1] > message[self._base + last[0]]:
            lines = [
                f"unordered flag: cross-core flag {flag} is set twice by one core, in an order that nothing fixes; "
                "a wait may take either",
                *instruction_lines("first", self._program, self._place, last[2]),
                *instruction_lines("then", self._program, self._place, index),
                "   signal a flag from one queue only, or use two flags",
            ]
            self._shared.findings.add(("signal", self._core, index), "\n".join(lines))
        self._signalled[flag] = (queue, self._counts[queue], index)
        if queue == Pipe.S:
            self._clocks[Pipe.S] = message
        return message

    def cross_wait(self, index: int, messages: Sequence[Clock]) -> None:
        """Let the scalar unit, and so all it issues from here on, learn what other cores knew to be complete."""
        self._counts[Pipe.S] += 1
        for message in messages:
            self._learn(Pipe.S, message)

    def end(self, events: Mapping[Event, int]) -> None:
        """Report the events that the program left set."""
        for event, index in events.items():
            lines = [
                f"stray flag: {event_text(event)}, is still set at the end of the kernel: no wait took it",
                *instruction_lines("set", self._program, self._place, index),
                f"   put `wait_flag src={Pipe(event[0]).name}, dst={Pipe(event[1]).name}` at the end, or set it less",
            ]
            self._shared.findings.add(("left", id(self._program), index), "\n".join(lines))

    def _check_buffer(self, index: int, queue: int, access: Access, writes: bool) -> None:
        buffers = self._bounds.left(index, access)
        if buffers:
            key = ("outside", id(self._program), index, access.space)
            step = self._step(index, queue, access, writes)
            self._shared.findings.add(key, outside_text(step, buffers, self._shared.gm))

    def _step(self, index: int, queue: int, access: Access, writes: bool, atomic: str = "") -> Step:
        return Step(self._program, self._place, queue, index, access, writes, atomic)

    def _check_valid(self, index: int, queue: int, access: Access) -> None:
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
        text = uninitialised_text(self._step(index, queue, access, False), first, count, self._shared.gm)
        self._shared.findings.add(key, text)

    def _check_races(
        self, index: int, queue: int, reads: Sequence[Access], writes: Sequence[Access], atomic: str, clock: Clock
    ) -> None:
        """Compare what an instruction touches with what was touched before, then remember it."""
        here = Actor(queue, self._counts[queue], self._core, index)
        anywhere = here._replace(component=self._core * COMPONENTS + queue)
        made: list[tuple[AccessHistory, int, Actor]] = []
        for position, access in enumerate((*reads, *writes)):
            written = position >= len(reads)
            if access.space != "gm":
                history, distance = self._histories[access.space]
                first = distance * COMPONENTS  # components count from the owner's, alike in every block
                actor, base = here._replace(component=first + queue), first - self._base
            elif self._shared.gm.find(access).valid is None:
                continue  # nothing writes it
            else:
                history, actor, base = self._shared.accesses, anywhere, self._group.base
            number = history.number(Key(actor.component, written, atomic if written else "", access))
            made.append((history, number, actor))
            conflict = history.conflict(number, actor, clock, base)
            if conflict is not None:
                self._report(conflict, self._step(index, queue, access, written, atomic if written else ""))
        for history, number, actor in made:
            history.remember(number, actor)

    def _report(self, conflict: Conflict, then: Step) -> None:
        earlier = conflict.earlier
        place, program = self._shared.cores[earlier.core]
        kind = "order" if conflict.combines else "race"
        key = (
            kind,
            id(then.program),
            then.instruction,
            id(program),
            earlier.instruction,
            then.access.space,
            then.writes,
        )
        if self._shared.findings.seen(key):
            return
        queue = earlier.component % COMPONENTS
        first = Step(
            program, place, queue, earlier.instruction, conflict.access, conflict.earlier_writes, conflict.atomic
        )
        if conflict.combines:
            self._shared.findings.note(key, order_note(first, then, self._shared.gm))
        else:
            self._shared.findings.add(key, race_text(first, then, self._shared.gm))
