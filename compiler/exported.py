"""What torch.export made, handed to the compiler as the archive that it reads."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dialects.errors import SfumatoError


def save_exported(model: object) -> tuple[Path, object]:
    """Write an exported program to a temporary archive; return its path, and what keeps it there while referenced.

    Weights are used in place, so whoever keeps the compiled program keeps the latter too.
    """
    if type(model).__name__ != "ExportedProgram":
        raise SfumatoError(f"compile takes a .pt2 path or a torch.export.ExportedProgram, not a {type(model).__name__}")
    import torch

    directory = tempfile.TemporaryDirectory(prefix="sfumato-")
    path = Path(directory.name) / "model.pt2"
    torch.export.save(model, path)  # pyright: ignore[reportArgumentType]  (checked by name: torch is no dependency)
    return path, directory
