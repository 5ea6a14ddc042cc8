"""What the functional simulator tells an observer: everything that bears on the order of memory accesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from dialects.errors import SfumatoError
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import Endpoint
from runtime.functional.operation import Operation
from runtime.memory.access import Access
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space

Ticket = Any
"""What the scalar unit knew when it issued an instruction; opaque to the simulator."""

Event = tuple[int, int, int]
"""An event of a core: source queue, destination queue, id."""


class CoreMonitor(Protocol):
    """Observes one core. Queues are `Pipe` codes; ``index`` is the instruction's position in the core's program."""

    def ticket(self) -> Ticket:
        """Return the scalar unit's knowledge now, to be handed back when the issued instruction executes."""
        ...

    def perform(self, index: int, queue: int, operation: Operation, ticket: Ticket) -> None:
        """Observe an operation of ``queue``, just before it runs."""
        ...

    def scalar_read(self, index: int, access: Access) -> None:
        """Observe a load by the scalar unit."""
        ...

    def barrier(self, index: int, queue: int, ticket: Ticket) -> None:
        """Observe a barrier of one queue, or of all (`Pipe.ALL`)."""
        ...

    def set_flag(self, index: int, event: Event, ticket: Ticket) -> None:
        """Observe the setting of an event."""
        ...

    def wait_flag(self, index: int, event: Event, ticket: Ticket) -> None:
        """Observe the end of a wait for an event."""
        ...

    def cross_set(self, index: int, queue: int, flag: int, ticket: Ticket) -> Any:
        """Observe a cross-core signal and return the message that it carries."""
        ...

    def cross_wait(self, index: int, messages: Sequence[Any]) -> None:
        """Observe the end of a wait of the scalar unit for the signals that carried ``messages``."""
        ...

    def end(self, events: Mapping[Event, int]) -> None:
        """Observe the end of the program; ``events`` are those still set, with the instruction that set each."""
        ...


class LaunchMonitor(Protocol):
    """Observes the cores of one launch. Cores of one group run together; different groups never order each other."""

    def group(self, places: Sequence[Endpoint]) -> None:
        """Observe that the cores at ``places`` start, together."""
        ...

    def core(
        self,
        place: Endpoint,
        program: CoreProgram,
        spaces: Mapping[str, Space],
        owners: Mapping[str, tuple[Endpoint, str]],
    ) -> CoreMonitor:
        """Return the observer of a core of the group that starts; ``owners`` tells whose each of the on-chip ``spaces``
        is that it reaches, and what it is called there."""
        ...

    def finish(self, left: Sequence[tuple[Endpoint, int, int]]) -> None:
        """Observe the end of the launch; ``left`` are the cross-core counters above 0: (core, flag, count)."""
        ...

    def abort(self, error: SfumatoError) -> None:
        """Observe that the launch cannot go on."""
        ...


Observer = Callable[[str, GlobalMemory], LaunchMonitor]
"""Makes the observer of a launch from the kernel's name and the global memory it works on."""
