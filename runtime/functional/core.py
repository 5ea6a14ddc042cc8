"""One core executing its program: queues in program order, until one blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.binding import CoreMemory
from runtime.functional.cross_flags import CrossFlags, Endpoint, core_name
from runtime.functional.monitor import CoreMonitor, Event, Ticket
from runtime.functional.operation import Fields, Operation
from runtime.functional.unit_flags import FLAGGED, UnitFlags, is_returned
from runtime.memory.access import Access
from runtime.memory.spaces import Space
from runtime.sequencer import Sequencer

_QUEUES: dict[int, int] = {op.opcode: Pipe[op.queue] for op in INSTRUCTIONS.values() if op.queue is not None}
_SET_FLAG, _WAIT_FLAG, _BARRIER, _CROSS_WAIT = (
    INSTRUCTIONS[name].opcode for name in ("set_flag", "wait_flag", "barrier", "cross_wait")
)

_Issued = tuple[int, int, Fields, Ticket]


class Core:
    """One core of one block of a kernel launch; `run` is a coroutine that yields when the scalar unit is blocked."""

    def __init__(
        self,
        program: CoreProgram,
        memory: CoreMemory,
        spaces: Mapping[str, Space],
        place: Endpoint,
        grid: tuple[int, int, int],
        arguments: Sequence[int],
        flags: CrossFlags,
        queue_depth: int,
        monitor: CoreMonitor | None = None,
    ) -> None:
        """Prepare the core at ``place``, whose instructions reach ``spaces``; ``memory`` is its own.

        ``grid`` is (block, number of blocks, number of the vector core). A queue holds ``queue_depth`` instructions
        that have not started.
        """
        self.program = program
        self.place = place
        self.events: dict[Event, int] = {}
        self.waiting_for: int | None = None
        self.spaces = spaces
        self._memory = memory
        self._flags = flags
        self._queue_depth = queue_depth
        self._monitor = monitor
        self._pending: dict[int, deque[_Issued]] = {}
        self._woken: list[int] = []
        self._draining = False
        self._blocked_on: tuple[int, int] | None = None
        self._taken: list[Any] | None = None
        self._unit_flags = UnitFlags()
        self._sequencer = Sequencer(program, *grid, arguments, self._read_scalar)

    @property
    def name(self) -> str:
        """The core in words."""
        return core_name(self.place)

    def run(self) -> Generator[None, None, None]:
        """Execute the program; yields while a cross-core wait cannot proceed."""
        monitor, pending, bound = self._monitor, self._pending, self._memory.bound
        for index, opcode, fields, _ in self._sequencer:
            if opcode == _CROSS_WAIT:
                yield from self._cross_wait(index, fields)
                continue
            queue = _QUEUES.get(opcode)
            if queue is None:
                self._synchronise(index, opcode, fields)
                continue
            if opcode in FLAGGED and fields[-1]:
                self._between_unit_flags(index, opcode, queue, fields)
                continue
            if pending and queue in pending:
                self._hold(queue, (index, opcode, fields, monitor.ticket() if monitor else None))
                continue
            operation = bound[opcode].get(fields) or self._bind(index, fields)
            try:
                if monitor:
                    monitor.perform(index, queue, operation, monitor.ticket())
                operation.run()
            except SfumatoError as error:
                raise self.program.error(index, str(error)) from error
        self._finish()

    def _between_unit_flags(self, index: int, opcode: int, queue: int, fields: Fields) -> None:
        """Issue an instruction with a unit flag between the wait and the set that it stands for."""
        before, after = self._unit_flags.events(opcode, fields)
        if before is not None:
            self._synchronise(index, _WAIT_FLAG, before)
        ticket = self._monitor.ticket() if self._monitor else None
        if queue in self._pending:
            self._hold(queue, (index, opcode, fields, ticket))
        else:
            self._execute_held(index, opcode, fields, ticket)
        if after is not None:
            self._synchronise(index, _SET_FLAG, after)

    def blocked_at(self) -> str:
        """Describe the instruction that the scalar unit waits at."""
        return "nothing" if self.waiting_for is None else self.program.describe(self.waiting_for)

    def can_proceed(self) -> bool:
        """Whether the cross-core wait that the scalar unit is blocked on would succeed now."""
        return self._blocked_on is None or self._ready(*self._blocked_on)

    def _ready(self, flag: int, mode: int) -> bool:
        if self._taken is None:
            self._taken = self._flags.take(self.place, flag, mode)
        return self._taken is not None

    def _cross_wait(self, index: int, fields: Fields) -> Generator[None, None, None]:
        flag, mode = fields
        self.waiting_for, self._blocked_on = index, (flag, mode)
        while not self._ready(flag, mode):
            yield
        messages, self._taken = self._taken, None
        self.waiting_for = self._blocked_on = None
        if self._monitor:
            self._monitor.cross_wait(index, messages or ())

    def _bind(self, index: int, fields: Fields) -> Operation:
        return self._memory.bind(self.program, self.spaces, index, fields)

    def _synchronise(self, index: int, opcode: int, fields: Fields) -> None:
        """Issue a flag, barrier or cross-core signal."""
        queue = fields[1] if opcode == _WAIT_FLAG else fields[0]
        ticket = self._monitor.ticket() if self._monitor else None
        if queue == Pipe.ALL and self._pending:
            raise self.program.error(index, f"deadlock: {self._stuck()}")
        if queue in self._pending:
            self._hold(queue, (index, opcode, fields, ticket))
        elif not self._signal(index, opcode, fields, ticket):
            if queue == Pipe.S:
                raise self.program.error(
                    index, "deadlock: the scalar unit waits for an event that nothing before it sets"
                )
            self._pending[queue] = deque([(index, opcode, fields, ticket)])

    def _hold(self, queue: int, issued: _Issued) -> None:
        """Put an instruction behind those of its queue that cannot start yet."""
        held = self._pending[queue]
        if len(held) == self._queue_depth:
            raise self.program.error(
                issued[0],
                f"deadlock: queue {Pipe(queue).name} is full, so that the scalar unit cannot issue this: {len(held)} "
                f"instructions wait behind {self.program.describe(held[0][0])}, whose event nothing before sets",
            )
        held.append(issued)

    def _signal(self, index: int, opcode: int, fields: Fields, ticket: Ticket) -> bool:
        """Execute a synchronising instruction; False if it is a wait whose event is not set."""
        if opcode == _WAIT_FLAG:
            return self._wait_flag(index, (fields[0], fields[1], fields[2]), ticket)
        if opcode == _SET_FLAG:
            self._set_flag(index, (fields[0], fields[1], fields[2]), ticket)
        elif opcode == _BARRIER:
            if self._monitor:
                self._monitor.barrier(index, fields[0], ticket)
        else:
            message = self._monitor.cross_set(index, fields[0], fields[1], ticket) if self._monitor else None
            try:
                self._flags.set(self.place, fields[1], fields[2], message)
            except SfumatoError as error:
                raise self.program.error(index, str(error)) from error
        return True

    def _wait_flag(self, index: int, event: Event, ticket: Ticket) -> bool:
        if event not in self.events:
            return False
        del self.events[event]
        if self._monitor:
            self._monitor.wait_flag(index, event, ticket)
        return True

    def _set_flag(self, index: int, event: Event, ticket: Ticket) -> None:
        if event in self.events:
            earlier = self.program.describe(self.events[event])
            raise self.program.error(index, f"the event is set twice before a wait; the first time by {earlier}")
        self.events[event] = index
        if self._monitor:
            self._monitor.set_flag(index, event, ticket)
        if event[1] in self._pending:
            self._woken.append(event[1])
            if not self._draining:
                self._drain()

    def _drain(self) -> None:
        """Execute what woken queues had to hold back, as far as it goes; that may wake further ones."""
        self._draining = True
        while self._woken:
            queue = self._woken.pop()
            held = self._pending.get(queue)
            while held:
                index, opcode, fields, ticket = held[0]
                if opcode == _WAIT_FLAG and not self._wait_flag(index, (fields[0], fields[1], fields[2]), ticket):
                    break
                held.popleft()
                if opcode != _WAIT_FLAG:
                    self._execute_held(index, opcode, fields, ticket)
            if not held:
                self._pending.pop(queue, None)
        self._draining = False

    def _execute_held(self, index: int, opcode: int, fields: Fields, ticket: Ticket) -> None:
        queue = _QUEUES.get(opcode)
        if queue is None:
            self._signal(index, opcode, fields, ticket)
            return
        operation = self._memory.bound[opcode].get(fields) or self._bind(index, fields)
        try:
            if self._monitor:
                self._monitor.perform(index, queue, operation, ticket)
            operation.run()
        except SfumatoError as error:
            raise self.program.error(index, str(error)) from error

    def _stuck(self) -> str:
        heads = [(Pipe(queue).name, held[0][0]) for queue, held in sorted(self._pending.items())]
        return "; ".join(f"queue {queue} waits forever at {self.program.describe(index)}" for queue, index in heads)

    def _finish(self) -> None:
        if self._pending:
            raise SfumatoError(f"deadlock in {self.name}: {self._stuck()}")
        if self._monitor:
            self._monitor.end({event: index for event, index in self.events.items() if not is_returned(event)})

    def _read_scalar(self, space: str, address: int, code: int) -> int:
        size = DType(code).size
        access = Access(space, address, (1,), (size,), size)
        kind = "i" if DType(code).is_signed else "u"
        try:
            value = int(self.spaces[space].view(access, np.dtype(f"{kind}{size}"))[0])
        except SfumatoError as error:
            raise self.program.error(self._sequencer.loading, str(error)) from error
        if self._monitor:
            self._monitor.scalar_read(self._sequencer.loading, access)
        return value
