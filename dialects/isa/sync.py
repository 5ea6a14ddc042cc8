"""Synchronisation: flags between the queues of a core, barriers in a queue, flags between cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.isa.fields import Pipe, enumerated, natural
from dialects.isa.instruction import Instruction

EVENT_IDS = 8
"""Event ids per ordered pair of queues."""
CROSS_FLAGS = 11
"""Cross-core flag ids, 0 to 10."""
_EVENT = (enumerated("src", "pipe"), enumerated("dst", "pipe"), natural("id", 0, EVENT_IDS - 1))


class SyncInstruction(Instruction):
    """An instruction that orders others and computes nothing."""


class EventInstruction(SyncInstruction):
    """A binary event between two queues of one core."""

    fields = _EVENT

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """An event leads from one queue to another."""
        if Pipe.ALL in (values[0], values[1]):
            yield "an event is between two single queues, not ALL"
        if values[0] == values[1]:
            yield "an event is between two different queues; a barrier orders a queue with itself"


def _mode_fault(mode: int | None) -> Iterator[str]:
    if mode is not None and mode not in (0, 2):
        yield f"cross-core mode is 0 (all cores of a kind) or 2 (a cube core and its vector cores), got {mode}"


class SetFlag(EventInstruction):
    """Set an event once all earlier instructions of queue `src` completed; runs in queue `src`.

    ```mlir
    isa.set_flag src=MTE2, dst=V, id=0
    ```
    """

    mnemonic = "set_flag"
    opcode = 32

    @classmethod
    def executing_queue(cls, values: Sequence[int]) -> str | None:
        """The queue that sets the event."""
        return Pipe(values[0]).name


class WaitFlag(EventInstruction):
    """Block queue `dst` (S: the scalar unit) until the event is set, then clear it.

    ```mlir
    isa.wait_flag src=MTE2, dst=V, id=0
    ```
    """

    mnemonic = "wait_flag"
    opcode = 33

    @classmethod
    def executing_queue(cls, values: Sequence[int]) -> str | None:
        """The queue that waits."""
        return Pipe(values[1]).name


class Barrier(SyncInstruction):
    """Later instructions of the queue (ALL: of every queue) wait until its earlier ones completed.

    ```mlir
    isa.barrier pipe=V
    ```
    """

    mnemonic = "barrier"
    opcode = 34
    fields = (enumerated("pipe", "pipe"),)

    @classmethod
    def executing_queue(cls, values: Sequence[int]) -> str | None:
        """The queue that drains; ALL drains every queue."""
        return Pipe(values[0]).name


class CrossSet(SyncInstruction):
    """Signal other cores once the earlier instructions of queue `pipe` completed.

    Mode 2: from the cube core adds 1 to flag `id` of all its vector cores, from a vector core 1 to its own slot in
    the cube core's flag. Mode 0: all cores of the same kind meet. Counters hold at most 15.

    ```mlir
    isa.cross_set pipe=FIX, id=0, mode=2
    ```
    """

    mnemonic = "cross_set"
    opcode = 35
    fields = (enumerated("pipe", "pipe"), natural("id", 0, CROSS_FLAGS - 1), natural("mode", 0, 2))

    @classmethod
    def executing_queue(cls, values: Sequence[int]) -> str | None:
        """The queue that signals."""
        return Pipe(values[0]).name

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A single queue and a mode that exists."""
        if values[0] == Pipe.ALL:
            yield "a cross-core flag is set by a single queue, not ALL"
        yield from _mode_fault(values[2])


class CrossWait(SyncInstruction):
    """Block the scalar unit until the cross-core flag is above 0 and take 1 (cube core: 1 from every slot).

    ```mlir
    isa.cross_wait id=0, mode=2
    ```
    """

    mnemonic = "cross_wait"
    opcode = 36
    queue = "S"
    fields = (natural("id", 0, CROSS_FLAGS - 1), natural("mode", 0, 2))

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A mode that exists."""
        yield from _mode_fault(values[1])
