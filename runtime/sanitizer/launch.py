"""The sanitizer of one kernel launch: what all its cores share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import Endpoint
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space
from runtime.sanitizer.core import COMPONENTS, CoreSanitizer, Shared
from runtime.sanitizer.findings import Findings
from runtime.sanitizer.races import AccessHistory


class LaunchSanitizer:
    """Watches the cores of one launch; `finish` raises what was found."""

    def __init__(self, cores: int, gm: GlobalMemory) -> None:
        """Prepare for this many cores that share ``gm``."""
        self._findings = Findings()
        self._shared = Shared(cores * COMPONENTS, AccessHistory(), self._findings, {})
        self._gm = gm

    def core(self, number: int, program: CoreProgram, spaces: Mapping[str, Space]) -> CoreSanitizer:
        """Return the observer of core ``number``."""
        self._shared.programs[number] = program
        return CoreSanitizer(number, program, {**spaces, "gm": self._gm}, self._shared)

    def check_events(self, program: CoreProgram, events: Mapping[tuple[int, int, int], int], name: str) -> None:
        """Report the events that a core left set when its program ended."""
        for (source, target, number), index in events.items():
            event = f"{Pipe(source).name} to {Pipe(target).name}, id {number}"
            message = (
                f"{name}: event {event} is still set at the end; no wait took it. Set by {program.describe(index)}"
            )
            self._findings.add(("left", id(program), index), message)

    def finish(self, kernel: str, left: Sequence[tuple[Endpoint, int, int]]) -> None:
        """Report cross-core flags left above 0, then raise `SfumatoError` if anything was found."""
        for (block, position), flag, count in left:
            core = "the cube core" if position == 0 else f"vector core {position - 1}"
            message = f"cross-core flag {flag} of {core} of block {block} is still {count} at the end"
            self._findings.add(("cross", block, position, flag), message)
        self._findings.raise_any(kernel)
