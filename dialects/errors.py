"""The one exception that means "the input is at fault": its message is shown to the user without a traceback."""

from __future__ import annotations

from xdsl.dialects.builtin import FileLineColLoc, UnknownLoc
from xdsl.ir import Attribute


def location_text(location: Attribute) -> str | None:
    """Return ``file:line`` (or ``file:line:column``) for a source location, or ``None`` when it is unknown."""
    if isinstance(location, FileLineColLoc):
        position = f"{location.filename.data}:{location.line.data}"
        return f"{position}:{location.column.data}" if location.column.data else position
    return None


class SfumatoError(Exception):
    """A fault of the input: a message that names what is wrong, the limit and a way out.

    ``location`` is the PyTorch line (or IR location) that the message is about, if one is known.
    """

    def __init__(self, message: str, location: Attribute | None = None) -> None:
        """Make an error about ``message``; the source line of ``location`` is printed in front of it."""
        where = None if location is None or isinstance(location, UnknownLoc) else location_text(location)
        super().__init__(f"{where}: {message}" if where else message)
