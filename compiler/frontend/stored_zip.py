"""A zip file whose members are stored, not compressed, so that a member is a byte range of the file."""

from __future__ import annotations

import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError

_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Signature, then the lengths of name and extra field (PKWARE APPNOTE 4.3.7)."""


@dataclass(frozen=True)
class StoredZip:
    """The members of a zip file, checked once when it is opened; contents are mapped, not read."""

    path: Path
    members: dict[str, zipfile.ZipInfo]
    mapped: npt.NDArray[np.uint8]
    """The whole file, mapped read-only."""

    @staticmethod
    def open(path: Path) -> StoredZip:
        """Open ``path``; ``SfumatoError`` when it is no zip file, is cut short, or has a member that is not fit."""
        if not path.is_file():
            raise SfumatoError(f"{path}: no such file")
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, OSError, struct.error, ValueError, NotImplementedError) as error:
            raise SfumatoError(
                f"{path}: not a complete .pt2 archive ({error}); write it again with torch.export.save"
            ) from error
        members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            _check(path, info, members)
            members[info.filename] = info
        if not members:
            raise SfumatoError(f"{path}: the archive is empty")
        return StoredZip(path, members, np.memmap(path, np.uint8, mode="r"))

    def span(self, name: str) -> tuple[int, int]:
        """Return the byte offset in the file and the length of a member."""
        info = self.members.get(name)
        if info is None:
            raise SfumatoError(f"{self.path}: member '{name}' is missing")
        start, total = info.header_offset, len(self.mapped)
        if not 0 <= start <= total - _LOCAL_HEADER.size:
            raise SfumatoError(f"{self.path}: member '{name}' lies at byte {start}, the file has {total} bytes")
        header = self.mapped[start : start + _LOCAL_HEADER.size].tobytes()
        signature, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\3\4":
            raise SfumatoError(f"{self.path}: member '{name}' has no local header at byte {start}")
        offset = start + _LOCAL_HEADER.size + name_bytes + extra_bytes
        if offset + info.file_size > total:
            raise SfumatoError(
                f"{self.path}: member '{name}' ends at byte {offset + info.file_size}, the file has {total} bytes"
            )
        return offset, info.file_size

    def read(self, name: str) -> bytes:
        """Return a member's bytes, their checksum checked."""
        offset, size = self.span(name)
        content = self.mapped[offset : offset + size].tobytes()
        if crc32(content) != self.members[name].CRC:
            raise SfumatoError(f"{self.path}: member '{name}' is damaged (its checksum differs)")
        return content


def _check(path: Path, info: zipfile.ZipInfo, seen: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse a member that could not be mapped, or whose name would leave the archive."""
    name = info.filename
    if name in seen:
        raise SfumatoError(f"{path}: member '{name}' occurs twice")
    parts = name.split("/")
    if os.path.isabs(name) or "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts[:-1]):
        raise SfumatoError(f"{path}: member '{name}' has a path outside the archive")
    if parts[-1] in (".", ".."):
        raise SfumatoError(f"{path}: member '{name}' has a path outside the archive")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size or info.flag_bits & 1:
        raise SfumatoError(f"{path}: member '{name}' is compressed or encrypted; torch.export.save stores members")
