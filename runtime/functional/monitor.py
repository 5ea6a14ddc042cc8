"""What the functional simulator tells an observer: everything that bears on the order of memory accesses."""

from __future__ import annotations

from typing import Any, Protocol

from runtime.functional.operation import Operation
from runtime.memory.access import Access

Ticket = Any
"""What the scalar unit knew when it issued an instruction; opaque to the simulator."""


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

    def barrier(self, queue: int, ticket: Ticket) -> None:
        """Observe a barrier of one queue, or of all (`Pipe.ALL`)."""
        ...

    def set_flag(self, index: int, event: tuple[int, int, int], ticket: Ticket) -> None:
        """Observe the setting of event (source queue, destination queue, id)."""
        ...

    def wait_flag(self, index: int, event: tuple[int, int, int], ticket: Ticket) -> None:
        """Observe the end of a wait for an event."""
        ...

    def cross_set(self, queue: int, ticket: Ticket) -> Any:
        """Observe a cross-core signal and return the message that it carries."""
        ...

    def cross_wait(self, message: Any) -> None:
        """Observe the end of a wait of the scalar unit for a signal that carried ``message``."""
        ...
