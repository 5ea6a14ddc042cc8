"""The sanitizer of a run, and of each kernel launch in it: what all the cores share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dialects.errors import SfumatoError
from runtime.decoding import CoreProgram
from runtime.functional.cross_flags import CUBE, Endpoint, core_name
from runtime.memory.gm import GlobalMemory
from runtime.memory.spaces import Space
from runtime.sanitizer.buffers import BufferBounds
from runtime.sanitizer.core import COMPONENTS, CoreSanitizer, Group, Shared
from runtime.sanitizer.findings import Findings
from runtime.sanitizer.races import AccessHistory, Overlaps


class Sanitizer:
    """Watches the launches of a run; what is at fault is raised at the end of the launch, ``notes`` are kept."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.notes: list[str] = []
        """What is no fault but worth knowing: results that hardware need not reproduce to the last bit."""
        self._kept = Kept({}, {})

    def launch(self, kernel: str, gm: GlobalMemory) -> LaunchSanitizer:
        """Return the observer of one launch of ``kernel`` on ``gm``."""
        return LaunchSanitizer(kernel, gm, self.notes, self._kept)


class Kept(NamedTuple):
    """What is found out about a program once for all launches: which accesses overlap, by memory; its buffers."""

    overlaps: dict[tuple[str, bool, str], Overlaps]
    bounds: dict[CoreProgram, BufferBounds]


class LaunchSanitizer:
    """Watches the cores of one launch; `finish` and `abort` raise what was found."""

    def __init__(self, kernel: str, gm: GlobalMemory, notes: list[str], kept: Kept) -> None:
        """Prepare for a launch."""
        self._kernel = kernel
        self._findings = Findings(kernel, notes)
        self._shared = Shared(gm, AccessHistory(Overlaps()), self._findings, {})
        self._kept = kept
        self._group = Group(0, 0)
        self._places: Sequence[Endpoint] = ()
        self._histories: dict[tuple[Endpoint, str], AccessHistory] = {}

    def group(self, places: Sequence[Endpoint]) -> None:
        """Give the cores of a group one clock; it knows nothing of other groups."""
        self._group = Group(len(self._shared.cores) * COMPONENTS, len(places) * COMPONENTS)
        self._places = places
        self._histories = {}

    def core(
        self,
        place: Endpoint,
        program: CoreProgram,
        spaces: Mapping[str, Space],
        owners: Mapping[str, tuple[Endpoint, str]],
    ) -> CoreSanitizer:
        """Return the observer of the core at ``place``, which reaches ``spaces``, on the chip those of ``owners``."""
        number = len(self._shared.cores)
        self._shared.cores[number] = (place, program)
        position = self._places.index(place)
        histories = {
            name: (self._history(owner, own), position - self._places.index(owner))
            for name, (owner, own) in owners.items()
        }
        bounds = self._kept.bounds.setdefault(program, BufferBounds(program.origins))
        return CoreSanitizer(number, program, spaces, histories, bounds, self._group, self._shared)

    def _history(self, owner: Endpoint, name: str) -> AccessHistory:
        """Return the accesses to a memory, whichever cores make them."""
        history = self._histories.get((owner, name))
        if history is None:
            overlaps = self._kept.overlaps.setdefault((self._kernel, owner[1] == CUBE, name), Overlaps())
            history = self._histories[owner, name] = AccessHistory(overlaps, name == "l0c")
        return history

    def finish(self, left: Sequence[tuple[Endpoint, int, int]]) -> None:
        """Report cross-core flags left above 0, then raise `SfumatoError` if anything was found."""
        for place, flag, count in left:
            message = (
                f"stray flag: cross-core flag {flag} of {core_name(place)} is still {count} at the end of the kernel; "
                "the next kernel would find it set"
            )
            self._findings.add(("cross", place, flag), message)
        self._findings.raise_any()

    def abort(self, error: SfumatoError) -> None:
        """Raise what was found before the launch stopped, if anything was."""
        self._findings.raise_any(error)
