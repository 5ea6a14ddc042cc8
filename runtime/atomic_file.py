"""Files that appear whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_output(path: str | Path) -> Generator[BinaryIO]:
    """Open ``path`` for binary writing; on success it replaces the old file at once, on an exception it is left as
    it was."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        file = open(temporary, "wb")
    except OSError as error:
        # The user knows the name they gave, not the temporary one.
        raise type(error)(error.errno, error.strerror, str(target)) from error
    try:
        with file:
            yield file
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in one step."""
    with atomic_output(path) as file:
        file.write(text.encode())
