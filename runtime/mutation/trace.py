"""What happened in a launch, step by step: all that an account of its order needs, and nothing of the sanitizer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dialects.errors import SfumatoError
from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import Endpoint
from runtime.functional.monitor import Event
from runtime.functional.operation import Operation
from runtime.memory.access import Access
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import LocalSpace, Space

NEVER = -1
"""No step."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One access of a step, and how it combines with others of its kind ("" if it does not)."""

    access: Access
    writes: bool
    atomic: str = ""


@dataclass(slots=True)
class Step:
    """One executed instruction.

    ``kind`` is operation, load (by the scalar unit), set, wait, barrier, signal or meet (the wait for signals).
    ``issued_after`` is the last step that the scalar unit itself waited for before it issued this one; ``takes`` are
    the set or the signals that a wait took.
    """

    core: int
    queue: int
    index: int
    kind: str
    issued_after: int
    touches: tuple[Touch, ...] = ()
    operation: Operation | None = None
    event: Event | None = None
    flag: int = NEVER
    takes: tuple[int, ...] = ()


@dataclass
class Trace:
    """The steps of a group of cores that run together, in the order in which the simulator executed them."""

    places: list[Endpoint]
    steps: list[Step] = field(default_factory=list[Step])
    programs: list[CoreProgram] = field(default_factory=list[CoreProgram])
    memories: list[Mapping[str, Space]] = field(default_factory=list[Mapping[str, Space]])
    owners: list[Mapping[str, tuple[Endpoint, str]]] = field(default_factory=list[Mapping[str, tuple[Endpoint, str]]])
    """For each core: whose each on-chip memory is that it reaches, and what it is called there."""
    stray: list[str] = field(default_factory=list[str])
    """Flags left set."""

    def memory(self, core: int, space: str) -> tuple[int, str]:
        """Return the number of the core that owns a memory which ``core`` calls ``space``, and its name there."""
        owner, name = self.owners[core][space]
        return self.places.index(owner), name

    def poison(self) -> None:
        """Forget what is in the buffers of the cores."""
        for memory in self.memories:
            for space in memory.values():
                if isinstance(space, LocalSpace):
                    space.poison()


class Recorder:
    """Records the launches of a run, one `Trace` for each group of cores."""

    def __init__(self) -> None:
        """Start with none."""
        self.launches: list[list[Trace]] = []

    def launch(self, kernel: str, gm: GlobalMemory) -> LaunchRecorder:
        """Return the observer of one launch."""
        recorder = LaunchRecorder(gm)
        self.launches.append(recorder.traces)
        return recorder


class LaunchRecorder:
    """Records one launch."""

    def __init__(self, gm: GlobalMemory) -> None:
        """Prepare for a launch on ``gm``."""
        self.gm = gm
        self.traces: list[Trace] = []

    def group(self, places: Sequence[Endpoint]) -> None:
        """Start a trace."""
        self.traces.append(Trace(list(places)))

    def core(
        self,
        place: Endpoint,
        program: CoreProgram,
        spaces: Mapping[str, Space],
        owners: Mapping[str, tuple[Endpoint, str]],
    ) -> CoreRecorder:
        """Record a core."""
        trace = self.traces[-1]
        trace.programs.append(program)
        trace.memories.append(spaces)
        trace.owners.append(owners)
        return CoreRecorder(trace, len(trace.programs) - 1)

    def finish(self, left: Sequence[tuple[Endpoint, int, int]]) -> None:
        """Note the cross-core flags left above 0."""
        self.traces[-1].stray += [f"cross-core flag {flag} of core {place} is {count}" for place, flag, count in left]

    def abort(self, error: SfumatoError) -> None:
        """The trace ends here."""


class CoreRecorder:
    """Records one core."""

    def __init__(self, trace: Trace, core: int) -> None:
        """Append to ``trace`` as core number ``core`` of it."""
        self._trace = trace
        self._core = core
        self._blocking = NEVER
        self._sets: dict[Event, int] = {}

    def _add(self, step: Step, blocks: bool) -> int:
        number = len(self._trace.steps)
        self._trace.steps.append(step)
        if blocks:
            self._blocking = number
        return number

    def ticket(self) -> int:
        """Return the last step that the scalar unit waited for."""
        return self._blocking

    def perform(self, index: int, queue: int, operation: Operation, ticket: int) -> None:
        """Record an operation with all it touches."""
        more_reads, more_writes = ((), ()) if operation.dynamic is None else operation.dynamic()
        moved = [source for _, source in operation.moves] if operation.peeks is None else operation.peeks
        combined = operation.writes if operation.atomic else ()
        reads = [one for one in (*operation.reads, *more_reads, *moved) if one not in combined]
        writes = [*operation.writes, *more_writes, *(target for target, _ in operation.moves)]
        touches = (*(Touch(one, False) for one in reads), *(Touch(one, True, operation.atomic) for one in writes))
        self._add(Step(self._core, queue, index, "operation", ticket, touches, operation), False)

    def scalar_read(self, index: int, access: Access) -> None:
        """Record a load by the scalar unit."""
        self._add(Step(self._core, Pipe.S, index, "load", self._blocking, (Touch(access, False),)), True)

    def barrier(self, index: int, queue: int, ticket: int) -> None:
        """Record a barrier."""
        self._add(Step(self._core, queue, index, "barrier", ticket), queue in (Pipe.S, Pipe.ALL))

    def set_flag(self, index: int, event: Event, ticket: int) -> None:
        """Record the setting of an event."""
        self._sets[event] = self._add(Step(self._core, event[0], index, "set", ticket, event=event), event[0] == Pipe.S)

    def wait_flag(self, index: int, event: Event, ticket: int) -> None:
        """Record a wait and the set that it took."""
        takes = (self._sets.pop(event),)
        self._add(Step(self._core, event[1], index, "wait", ticket, event=event, takes=takes), event[1] == Pipe.S)

    def cross_set(self, index: int, queue: int, flag: int, ticket: int) -> int:
        """Record a signal; its message is its own number."""
        return self._add(Step(self._core, queue, index, "signal", ticket, flag=flag), queue == Pipe.S)

    def cross_wait(self, index: int, messages: Sequence[int]) -> None:
        """Record the end of a wait for signals."""
        self._add(Step(self._core, Pipe.S, index, "meet", self._blocking, takes=tuple(messages)), True)

    def end(self, events: Mapping[Event, int]) -> None:
        """Note the events left set."""
        self._trace.stray += [f"event {event} is set" for event in events]
