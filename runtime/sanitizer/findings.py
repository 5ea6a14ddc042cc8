"""Collects what the sanitizer found, each fault once, and reports it."""

from __future__ import annotations

from dialects.errors import SfumatoError

REPORTED = 10
"""Findings that the message spells out; the rest are counted."""


class Findings:
    """The faults of one kernel launch."""

    def __init__(self, kernel: str, notes: list[str]) -> None:
        """Start with none; what is no fault is put into ``notes``."""
        self._kernel = kernel
        self._notes = notes
        self._seen: set[object] = set()
        self._messages: list[str] = []

    def seen(self, key: object) -> bool:
        """Whether a fault of this identity was reported before."""
        return key in self._seen

    def add(self, key: object, message: str) -> None:
        """Report a fault; one of the same ``key`` is reported once."""
        if key not in self._seen:
            self._seen.add(key)
            self._messages.append(message)

    def note(self, key: object, message: str) -> None:
        """Keep what is no fault but worth knowing; what has the same ``key`` is kept once."""
        if key not in self._seen:
            self._seen.add(key)
            self._notes.append(f"kernel '{self._kernel}': {message}")

    def raise_any(self, stopped: SfumatoError | None = None) -> None:
        """Raise `SfumatoError` if there is any finding; its end is the error that ``stopped`` the launch, if any."""
        if not self._messages:
            return
        found = len(self._messages)
        lines = [f"{number}. {text}" for number, text in enumerate(self._messages[:REPORTED], 1)]
        if found > REPORTED:
            lines.append(f"... and {found - REPORTED} more")
        if stopped is not None:
            lines.append(f"the run then stopped: {stopped}")
        faults = "1 fault" if found == 1 else f"{found} faults"
        raise SfumatoError(f"the sanitizer found {faults} in kernel '{self._kernel}'\n" + "\n".join(lines)) from stopped
