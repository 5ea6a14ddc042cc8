"""How a source line is shown in a report: by the part of its path that tells it from others."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = ("/site-packages/", "/dist-packages/")


def shortened(source: str) -> str:
    """Return ``source`` with its path below where packages are installed, else below the current directory.

    Other paths stay whole.
    """
    path = source.replace("\\", "/")
    for folder in _INSTALLED:
        _, found, rest = path.rpartition(folder)
        if found:
            return rest
    here = Path.cwd().as_posix().rstrip("/") + "/"
    return path.removeprefix(here)
