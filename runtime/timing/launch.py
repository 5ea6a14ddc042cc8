"""One launch of a kernel: all its cores, the order of their transfers, and the flags between them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

from dialects.errors import SfumatoError
from runtime.machine.description import Machine
from runtime.timing.core import Core
from runtime.timing.cost import Transfer
from runtime.timing.memory import LaunchMemory
from runtime.timing.plan import Plan
from runtime.timing.queue import Queue

_Request = tuple[float, int, Core, Queue, int, Transfer]


class LaunchSimulation:
    """The cores of one launch, advanced together in the order of their transfers' start times."""

    def __init__(
        self, machine: Machine, plans: Sequence[Plan], blocks: int, arguments: list[int], memory: LaunchMemory
    ) -> None:
        """Prepare `blocks` blocks of the plans (one, or a cube and a vector plan), all starting at time 0."""
        self._machine = machine
        self._memory = memory
        self._requests: list[_Request] = []
        self._sequence = 0
        self._runnable: deque[Core] = deque()
        self._flags: dict[tuple[Core, int, int], deque[float]] = {}
        self._meetings: dict[tuple[str, int], list[list[float]]] = {}
        self._met: dict[tuple[Core, int], int] = {}
        self.cores: list[Core] = []
        mixed = len(plans) > 1
        for block in range(blocks):
            for plan in plans:
                subs = machine.vector_per_cube if mixed and plan.core == "vector" else 1
                self.cores += [Core(machine, plan, (block, blocks, sub), arguments, self) for sub in range(subs)]
        self._groups = {(core.kind, core.block, core.sub): core for core in self.cores}
        self._counts = {kind: sum(core.kind == kind for core in self.cores) for kind in ("cube", "vector")}

    def run(self) -> float:
        """Run to the end and return the cycles that the slowest core takes; `SfumatoError` on a deadlock."""
        self._runnable.extend(self.cores)
        while True:
            while self._runnable:
                self._runnable.popleft().run()
            if not self._requests:
                break
            start, _, core, queue, index, transfer = heapq.heappop(self._requests)
            core.port_free = max(core.port_free, start) + transfer.bursts * transfer.burst_bytes / core.port_rate
            try:
                end = self._memory.access(start, transfer, core.port_free)
            except IndexError:
                raise core.plan.program.error(index, _outside(core, transfer)) from None
            core.transferred(queue, index, start, end)
            self._runnable.append(core)
        for core in self.cores:
            waiting = core.waiting()
            if waiting is not None:
                raise SfumatoError(f"deadlock: {core.kind} core of block {core.block} waits for ever at {waiting}")
        return max(core.end for core in self.cores)

    def request(self, start: float, core: Core, queue: Queue, index: int, transfer: Transfer) -> None:
        """Queue a transfer by its start time; ties go by the order of requests."""
        self._sequence += 1
        heapq.heappush(self._requests, (start, self._sequence, core, queue, index, transfer))

    def cross_set(self, core: Core, number: int, mode: int, time: float) -> None:
        """Set flag `number`: mode 2 between a cube core and its vector cores, mode 0 among all cores of a kind."""
        arrival = time + self._machine.sync.handshake_cycles
        if mode == 0:
            rounds = self._meetings.setdefault((core.kind, number), [])
            turn = self._met.get((core, number), 0)
            self._met[core, number] = turn + 1
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(arrival)
            if len(rounds[turn]) == self._counts[core.kind]:
                self._runnable.extend(other for other in self.cores if other.kind == core.kind)
            return
        if core.kind == "cube":
            for sub in range(self._machine.vector_per_cube):
                self._deliver(self._groups.get(("vector", core.block, sub)), number, 0, arrival)
        else:
            self._deliver(self._groups.get(("cube", core.block, 0)), number, core.sub, arrival)

    def cross_wait(self, core: Core, number: int, mode: int) -> float | None:
        """Take flag `number` if it has been set; in mode 2 a cube core takes it from all its vector cores together."""
        if mode == 0:
            rounds = self._meetings.get((core.kind, number), [])
            turn = self._met.get((core, ~number), 0)
            if turn >= len(rounds) or len(rounds[turn]) < self._counts[core.kind]:
                return None
            self._met[core, ~number] = turn + 1
            return max(rounds[turn])
        slots = range(self._machine.vector_per_cube) if core.kind == "cube" else range(1)
        flags = [self._flags.get((core, number, slot)) for slot in slots]
        if not all(flags):
            return None
        return max(flag.popleft() for flag in flags if flag)

    def _deliver(self, core: Core | None, number: int, slot: int, arrival: float) -> None:
        if core is not None:
            self._flags.setdefault((core, number, slot), deque()).append(arrival)
            self._runnable.append(core)


def _outside(core: Core, transfer: Transfer) -> str:
    end = transfer.address + (transfer.bursts - 1) * transfer.stride + transfer.burst_bytes
    return f"block {core.block} moves GM bytes {transfer.address} to {end}, which no argument of the launch covers"
