"""What torch.export made, handed to the compiler as the archive that it reads."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dialects.errors import SfumatoError


class TemporaryArchive:
    """Owns the temporary folder of an archive: the folder goes when nothing refers to this object any more.

    Weights are used in place, so whoever keeps a program compiled from ``path`` keeps this object too.
    """

    def __init__(self) -> None:
        """Make the folder; ``path``, the archive in it, is the caller's to write."""
        self._folder = tempfile.TemporaryDirectory(prefix="sfumato-")
        self.path = Path(self._folder.name) / "model.pt2"


def save_exported(model: object) -> TemporaryArchive:
    """Write an exported program to a temporary archive."""
    if type(model).__name__ != "ExportedProgram":
        raise SfumatoError(f"compile takes a .pt2 path or a torch.export.ExportedProgram, not a {type(model).__name__}")
    import torch

    archive = TemporaryArchive()
    torch.export.save(model, archive.path)  # pyright: ignore[reportArgumentType]  (checked by name: torch is no dependency)
    return archive
