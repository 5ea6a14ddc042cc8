"""Runs a recorded group of cores again in other orders that hardware may take: the evidence that owes nothing to rules.

A queue starts its instructions in order; a started operation takes effect at any later time. A barrier waits until its
queue is empty, a set until what its queue started before is complete, a wait for its event; the scalar unit issues in
order and stops at what it waits for itself. A schedule decides, again and again, which of the possible things happens.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from dialects.errors import SfumatoError
from dialects.isa.fields import Pipe
from runtime.mutation.trace import NEVER, Step, Trace

Place = tuple[int, int]
"""A queue of a core."""
Choice = tuple[str, Place, int]
"""What can happen next: start the head of a queue, or complete one of what it started (its number among them)."""
Policy = Callable[[list[Choice]], Choice]


@dataclass
class _Queue:
    waiting: deque[int] = field(default_factory=deque[int])
    started: list[int] = field(default_factory=list[int])
    behind: dict[int, frozenset[int]] = field(default_factory=dict[int, frozenset[int]])
    """For each set, signal or barrier that has started: what must complete first."""


class Replay:
    """One execution of a trace in an order of its own."""

    def __init__(self, trace: Trace) -> None:
        """Prepare to execute all steps of ``trace``."""
        self._steps = trace.steps
        self._queues: dict[Place, _Queue] = defaultdict(_Queue)
        self._finished: set[int] = set()
        self._events: Counter[tuple[int, object]] = Counter()
        self._barred: set[Place] = set()
        self._meets = Counter(taken for step in trace.steps for taken in step.takes)
        for number, step in enumerate(trace.steps):
            self._queues[step.core, step.queue].waiting.append(number)

    def run(self, choose: Policy) -> str | None:
        """Execute everything; return what went wrong (a deadlock, an event set twice), or None."""
        while choices := self._choices():
            action, place, number = choose(choices)
            queue = self._queues[place]
            if action == "start":
                self._start(place, queue)
            elif (fault := self._complete(queue.started.pop(number), place, queue)) is not None:
                return fault
        left = sum(len(queue.waiting) + len(queue.started) for queue in self._queues.values())
        return f"deadlock: {left} steps cannot start" if left else None

    def _choices(self) -> list[Choice]:
        found: list[Choice] = []
        for place, queue in self._queues.items():
            if queue.waiting and self._may_start(queue.waiting[0], place, queue):
                found.append(("start", place, 0))
            able = (number for number, step in enumerate(queue.started) if self._may_complete(step, queue))
            found += [("complete", place, number) for number in able]
        return found

    def _may_start(self, number: int, place: Place, queue: _Queue) -> bool:
        step = self._steps[number]
        if step.issued_after != NEVER and step.issued_after not in self._finished:
            return False
        if any(self._steps[one].kind in ("barrier", "wait", "meet", "load") for one in queue.started):
            return False
        if step.kind == "wait":
            return self._events[step.core, step.event] > 0
        if step.kind == "meet":
            return all(taken in self._finished for taken in step.takes)
        if step.queue == Pipe.ALL:  # all that was issued before it must have left its queue
            heads = [one.waiting[0] for key, one in self._queues.items() if key[0] == step.core and one.waiting]
            return all(head >= number for head in heads)
        return True

    def _start(self, place: Place, queue: _Queue) -> None:
        number = queue.waiting.popleft()
        step = self._steps[number]
        if step.kind == "wait":
            self._events[step.core, step.event] -= 1
        if step.queue == Pipe.ALL:
            busy = [one for key, other in self._queues.items() if key[0] == step.core for one in other.started]
            queue.behind[number] = frozenset(busy)
        elif step.kind in ("set", "signal", "barrier"):
            queue.behind[number] = frozenset(queue.started)
        elif step.queue == Pipe.M:  # the matrix unit adds to its accumulators in order
            queue.behind[number] = frozenset(one for one in queue.started if self._steps[one].kind == "operation")
        queue.started.append(number)

    def _may_complete(self, number: int, queue: _Queue) -> bool:
        return queue.behind.get(number, frozenset()) <= self._finished

    def _complete(self, number: int, place: Place, queue: _Queue) -> str | None:
        step: Step = self._steps[number]
        if step.operation is not None:
            try:
                step.operation.run()
            except SfumatoError as error:
                return str(error)
        self._finished.add(number)
        if step.kind == "set":
            self._events[step.core, step.event] += 1
            if self._events[step.core, step.event] > 1:
                return "an event is set twice before a wait"
        return None


def late(choices: list[Choice]) -> Choice:
    """Start all that can start, and complete what started last first."""
    return min(choices, key=lambda one: (one[0] != "start", -one[2]))


def eager(choices: list[Choice]) -> Choice:
    """Complete at once whatever has started, of the core and queue with the highest number first."""
    return max(choices, key=lambda one: (one[0] == "complete", one[1], -one[2]))


def drawn(seed: int) -> Policy:
    """Choose at random."""
    source = random.Random(seed)
    return lambda choices: choices[source.randrange(len(choices))]


def favouring(queue: int) -> Policy:
    """Run one queue of each core as far ahead of the others as it goes, what it started last first."""
    return lambda choices: max(choices, key=lambda one: (one[1][1] == queue, one[0] == "start", one[2], one[1]))


def policies() -> list[Policy]:
    """Return the schedules to try: the extremes, each queue ahead of the others, and a few drawn at random."""
    return [late, eager, *(favouring(queue) for queue in range(int(Pipe.ALL))), *(drawn(seed) for seed in range(3))]
