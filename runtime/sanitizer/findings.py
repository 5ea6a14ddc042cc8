"""Collects what the sanitizer found, each fault once, and reports it."""

from __future__ import annotations

from dialects.errors import SfumatoError

REPORTED = 10
"""Findings that the message spells out; the rest are counted."""


class Findings:
    """The faults of one kernel launch."""

    def __init__(self) -> None:
        """Start with none."""
        self._messages: dict[object, str] = {}

    def seen(self, key: object) -> bool:
        """Whether a fault of this identity was reported before."""
        return key in self._messages

    def add(self, key: object, message: str) -> None:
        """Report a fault; one of the same ``key`` is reported once."""
        self._messages.setdefault(key, message)

    def raise_any(self, kernel: str) -> None:
        """Raise `SfumatoError` if there is any finding."""
        if not self._messages:
            return
        messages = list(self._messages.values())
        more = f"\n... and {len(messages) - REPORTED} more" if len(messages) > REPORTED else ""
        text = "\n".join(f"- {message}" for message in messages[:REPORTED])
        faults = "1 fault" if len(messages) == 1 else f"{len(messages)} faults"
        raise SfumatoError(f"the sanitizer found {faults} in kernel '{kernel}':\n{text}{more}")
