"""One core during a launch: the scalar unit issues, the queues execute in order, flags and barriers hold them up.

Instructions are taken in program order and their times follow from what they wait for (`max` and `+`), except a
transfer to or from global memory: its end depends on the other cores, so it is handed to the launch, which serves
transfers in the order of their start times. Until then its queue is blocked and what follows waits in the queue, which
holds a bounded number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from dialects.isa.fields import Pipe
from runtime.machine.description import Machine
from runtime.sequencer import Sequencer
from runtime.timing.cost import Transfer, Work
from runtime.timing.plan import Action, Plan
from runtime.timing.queue import Entry, Event, Queue

QUEUES = {
    "cube": (Pipe.M, Pipe.MTE1, Pipe.MTE2, Pipe.MTE3, Pipe.FIX),
    "vector": (Pipe.V, Pipe.MTE2, Pipe.MTE3),
}
"""The queues that a kind of core has besides the scalar unit."""


class Surroundings(Protocol):
    """What a core needs of its launch."""

    def request(self, start: float, core: Core, queue: Queue, index: int, transfer: Transfer) -> None:
        """Ask for a transfer; the launch calls `Core.transferred` when its turn has come."""
        ...

    def cross_set(self, core: Core, number: int, mode: int, time: float) -> None:
        """Set a cross-core flag at `time`."""
        ...

    def cross_wait(self, core: Core, number: int, mode: int) -> float | None:
        """Take a cross-core flag: when it arrived, or None if it has not been set yet."""
        ...


@dataclass(frozen=True)
class Span:
    """One instruction on one queue, for the trace; cycles since the launch's start."""

    pipe: Pipe
    start: float
    end: float
    index: int


class Core:
    """A cube or vector core that runs one block of a kernel. Cycles count from the launch's start."""

    def __init__(
        self, machine: Machine, plan: Plan, place: tuple[int, int, int], arguments: list[int], around: Surroundings
    ) -> None:
        """Prepare block `place[0]` of `place[1]`, vector core `place[2]` of its block."""
        self.plan = plan
        self.kind = plan.core
        self.block, self.blocks, self.sub = place
        self._machine = machine
        self._around = around
        self._steps = iter(Sequencer(plan.program, *place, arguments, self._read_scalar))
        self.queues = {pipe: Queue(pipe, machine.scalar.queue_depth) for pipe in QUEUES[self.kind]}
        memory = machine.memory
        self.port_rate = memory.cube_port_bytes_per_cycle if self.kind == "cube" else memory.vector_port_bytes_per_cycle
        self.port_free = 0.0
        self.clock = 0.0
        self.scalar_busy = 0.0
        self.scalar_stalls: dict[str, float] = {}
        self.executed = 0
        self.macs = 0
        self.ideal_cycles = 0.0
        self.busy_of = [0.0] * len(plan.steps)
        self.spans: list[Span] | None = None
        self._events: dict[Event, deque[float]] = {}
        self._woken: deque[Queue] = deque()
        self._held: tuple[int, tuple[int, ...]] | None = None
        self.finished = False

    @property
    def end(self) -> float:
        """When everything issued so far is complete."""
        return max(self.clock, *(max(queue.done, queue.free) for queue in self.queues.values()))

    def run(self) -> None:
        """Go on until the program ends or the scalar unit has to wait for something that has not happened yet."""
        while True:
            while self._woken:
                self._drain(self._woken.popleft())
            if self._held is None:
                if self.finished:
                    return
                step = next(self._steps, None)
                if step is None:
                    self.finished = True
                    return
                index, _, fields, scalars = step
                self._spend(scalars * self._machine.scalar.instruction_cycles)
                self._held = (index, fields)
            if not self._issue(*self._held):
                if not self._woken:
                    return
                continue
            self._held = None

    def transferred(self, queue: Queue, index: int, start: float, end: float) -> None:
        """Take note that a transfer which was asked for runs from `start` to `end`."""
        self._occupy(queue, index, start, end - start, end - start)
        queue.blocked = False
        self._woken.append(queue)

    def waiting(self) -> str | None:
        """Describe what the core waits for, or None if it has nothing left to do."""
        if self._held is not None:
            return self.plan.program.describe(self._held[0])
        for queue in self.queues.values():
            if queue.pending:
                return self.plan.program.describe(queue.pending[0][0])
        return None

    def _read_scalar(self, space: str, address: int, dtype: int) -> int:
        """Scalar reads see 0, so that no value is needed; they take their time."""
        scalar = self._machine.scalar
        self._spend(scalar.load_gm_cycles if space == "gm" else scalar.load_ub_cycles)
        return 0

    def _spend(self, cycles: float) -> None:
        self.clock += cycles
        self.scalar_busy += cycles

    def _pause(self, time: float, reason: str) -> None:
        if time > self.clock:
            self.scalar_stalls[reason] = self.scalar_stalls.get(reason, 0.0) + time - self.clock
            self.clock = time

    def _issue(self, index: int, fields: tuple[int, ...]) -> bool:
        """Issue one instruction; False if the scalar unit cannot go on yet."""
        pipe = self.plan.steps[index].pipe
        queue = self.queues.get(pipe)
        if queue is None:
            if not self._scalar(index, fields):
                return False
            self._spend(self._machine.scalar.issue_cycles)
        else:
            ahead = queue.issued - queue.depth
            if ahead >= queue.started:
                return False
            if ahead >= 0:
                self._pause(queue.starts[ahead % queue.depth], f"{pipe.name} queue full")
            self._spend(self._machine.scalar.issue_cycles)
            queue.issued += 1
            if queue.blocked or queue.pending:
                queue.pending.append((index, fields, self.clock))
            else:
                self._execute(queue, (index, fields, self.clock))
        self.executed += 1
        return True

    def _scalar(self, index: int, fields: tuple[int, ...]) -> bool:
        """Execute a synchronisation of the scalar unit itself; False if it has to wait."""
        action = self.plan.steps[index].action
        if action is Action.set_flag:
            self._set((fields[0], fields[1], fields[2]), self.clock)
        elif action is Action.wait_flag:
            times = self._events.get((fields[0], fields[1], fields[2]))
            if not times:
                return False
            self._pause(times.popleft(), f"wait {Pipe(fields[0]).name}")
        elif action is Action.cross_wait:
            time = self._around.cross_wait(self, fields[0], fields[1])
            if time is None:
                return False
            self._pause(time, "wait cross-core")
        elif action is Action.cross_set:
            self._around.cross_set(self, fields[1], fields[2], self.clock)
        elif action is Action.barrier and fields[0] == Pipe.ALL:
            if any(queue.blocked or queue.pending for queue in self.queues.values()):
                return False
            self._pause(self.end, "barrier")
            self._spend(self._machine.sync.barrier_cycles)
        return True

    def _drain(self, queue: Queue) -> None:
        while queue.pending and not queue.blocked:
            self._execute(queue, queue.pending.popleft())

    def _execute(self, queue: Queue, entry: Entry) -> None:
        """Execute the instruction at the head of a queue, or block the queue on what it has to wait for."""
        index, fields, issued = entry
        planned = self.plan.steps[index]
        action = planned.action
        if issued > queue.free:
            queue.advance(issued, "issue")
        if action is Action.work or action is Action.transfer:
            assert planned.cost is not None
            cost = planned.cost(fields)
            queue.leave(queue.free)
            if action is Action.work:
                self._work(queue, index, cost)
            elif cost.bursts > 0 and cost.burst_bytes > 0:
                queue.blocked = True
                self._around.request(queue.free, self, queue, index, cost)
            else:
                self._occupy(queue, index, queue.free, 1.0, 1.0)
        else:
            self._synchronise(queue, action, entry)

    def _work(self, queue: Queue, index: int, cost: Work) -> None:
        idle = cost.idle if queue.stood_still else 0.0
        self.macs += cost.macs
        self.ideal_cycles += cost.ideal
        self._occupy(queue, index, queue.free, cost.occupancy + idle, cost.latency + idle)

    def _occupy(self, queue: Queue, index: int, start: float, occupancy: float, latency: float) -> None:
        queue.free = start + occupancy
        queue.done = max(queue.done, start + latency)
        queue.busy += occupancy
        queue.stood_still = False
        self.busy_of[index] += occupancy
        if self.spans is not None:
            self.spans.append(Span(queue.pipe, start, queue.free, index))

    def _synchronise(self, queue: Queue, action: Action, entry: Entry) -> None:
        sync = self._machine.sync
        fields = entry[1]
        if action is Action.wait_flag:
            event = (fields[0], fields[1], fields[2])
            times = self._events.get(event)
            if not times:
                queue.blocked, queue.waits_for = True, event
                queue.pending.appendleft(entry)
                return
            queue.advance(times.popleft(), f"wait {Pipe(fields[0]).name}")
            queue.leave(queue.free)
            queue.free += sync.flag_cycles
            return
        queue.leave(queue.free)
        if action is Action.set_flag:
            queue.free += sync.flag_cycles
            self._set((fields[0], fields[1], fields[2]), max(queue.done, queue.free))
        elif action is Action.cross_set:
            queue.free += sync.flag_cycles
            self._around.cross_set(self, fields[1], fields[2], max(queue.done, queue.free))
        else:
            queue.advance(queue.done, "barrier")
            queue.advance(queue.free + sync.barrier_cycles, "barrier")
            queue.stood_still = False

    def _set(self, event: Event, time: float) -> None:
        self._events.setdefault(event, deque()).append(time)
        queue = self.queues.get(Pipe(event[1]))
        if queue is not None and queue.waits_for == event:
            queue.blocked, queue.waits_for = False, None
            self._woken.append(queue)
