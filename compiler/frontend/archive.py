"""A `.pt2` archive of ``torch.export.save``, read without torch: its program as records, its tensors mapped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.frontend import json_fields as fields
from compiler.frontend.argument_reader import UnsupportedError, read_meta
from compiler.frontend.json_fields import MalformedError
from compiler.frontend.program import Program, TensorMeta
from compiler.frontend.program_reader import read_program
from compiler.frontend.stored_zip import StoredZip
from dialects.errors import SfumatoError

SCHEMA_MAJOR = 8
"""The major version of torch's export schema that is read (torch 2.8 to 2.13 write it)."""

_TABLES = (("data/weights/", "model_weights_config.json"), ("data/constants/", "model_constants_config.json"))


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor of the archive: its description and the member that holds its storage; equal specs share all bytes."""

    meta: TensorMeta
    member: str


@dataclass(frozen=True)
class Archive:
    """An opened archive. Nothing but the program's JSON is read; tensors are views of the mapped file."""

    zip: StoredZip
    root: str
    """The folder inside the archive that all members lie in, with its slash."""
    model: str
    """The member that holds the program."""

    @staticmethod
    def open(path: str | Path) -> Archive:
        """Open the archive at ``path``; ``SfumatoError`` when it is not a complete one of a schema we read."""
        stored = StoredZip.open(Path(path))
        models = [
            name for name in stored.members if name.endswith(".json") and name.rpartition("/")[0].endswith("models")
        ]
        preferred = [name for name in models if name.endswith("/model.json")] or models
        if len(preferred) != 1:
            found = f"it has {len(preferred)} programs" if preferred else "it has no models/model.json"
            raise SfumatoError(
                f"{path}: not an exported program ({found}); write it with torch.export.save, torch >= 2.8"
            )
        archive = Archive(stored, preferred[0].rpartition("models/")[0], preferred[0])
        archive._check_format()
        return archive

    @property
    def path(self) -> Path:
        """The file."""
        return self.zip.path

    @cached_property
    def graph(self) -> Program:
        """The exported program; ``SfumatoError`` naming the place when it is malformed or not supported."""
        try:
            return read_program(fields.field(self._document, "graph_module"))
        except MalformedError as error:
            raise SfumatoError(f"{self.path}: {self.model}: malformed program: {error}") from error
        except UnsupportedError as error:
            raise SfumatoError(f"{self.path}: {error}") from error

    @cached_property
    def tensors(self) -> dict[str, str]:
        """Every key of the two tables -> the key that stands for its bytes (tied weights share one)."""
        first: dict[TensorSpec | str, str] = {}
        return {
            key: first.setdefault(key if isinstance(entry, str) else entry, key) for key, entry in self._entries.items()
        }

    def tensor_spec(self, key: str) -> TensorSpec:
        """Return the description of a parameter, buffer or constant, checked against the bytes that are there."""
        entry = self._entries.get(key)
        if entry is None:
            raise SfumatoError(f"{self.path}: no tensor '{key}' in the weights and constants tables")
        if isinstance(entry, str):
            raise SfumatoError(f"{self.path}: tensor '{key}': {entry}")
        meta, (_, available) = entry.meta, self.zip.span(entry.member)
        if meta.element.numpy is None:
            raise SfumatoError(
                f"{self.path}: tensor '{key}' has the element type {meta.element.torch_name}: not supported"
            )
        last = meta.offset + sum((extent - 1) * stride for extent, stride in zip(meta.shape, meta.strides, strict=True))
        needed = (last + 1) * meta.element.numpy.itemsize if meta.size else 0
        if needed > available:
            raise SfumatoError(
                f"{self.path}: tensor '{key}' of shape {list(meta.shape)} and strides {list(meta.strides)} "
                f"needs {needed} bytes, member '{entry.member}' has {available}"
            )
        return entry

    def tensor(self, key: str) -> npt.NDArray[Any]:
        """Return a tensor as a read-only view of the mapped file, with its own strides (bfloat16 through ml_dtypes).

        Complex numbers are pairs of real ones, along one more axis of two.
        """
        spec = self.tensor_spec(key)
        meta, dtype = spec.meta, spec.meta.element.numpy
        assert dtype is not None
        shape, strides = meta.shape, tuple(stride * dtype.itemsize for stride in meta.strides)
        start = meta.offset * dtype.itemsize
        if dtype.kind == "c":
            dtype = np.dtype(f"f{dtype.itemsize // 2}")
            shape, strides = (*shape, 2), (*strides, dtype.itemsize)
        if not meta.size:
            empty = np.empty(shape, dtype)
            empty.flags.writeable = False
            return empty
        start += self.zip.span(spec.member)[0]
        return np.ndarray(shape, dtype, buffer=self.zip.mapped, offset=start, strides=strides)

    @cached_property
    def _document(self) -> dict[str, object]:
        return fields.as_object(self._json(self.model))

    @cached_property
    def _entries(self) -> dict[str, TensorSpec | str]:
        """Key -> spec, or the reason why the entry cannot be read."""
        entries: dict[str, TensorSpec | str] = {}
        for folder, file in _TABLES:
            member = f"{self.root}{folder}{file}"
            if member not in self.zip.members:
                continue
            try:
                table = fields.as_object(fields.field(self._json(member), "config"))
                for key, entry in table.items():
                    if key in entries:
                        raise MalformedError(f"'{key}' occurs in both tables")
                    entries[key] = self._entry(f"{self.root}{folder}", key, entry)
            except MalformedError as error:
                raise SfumatoError(f"{self.path}: {member}: {error}") from error
        return entries

    def _entry(self, folder: str, key: str, entry: object) -> TensorSpec | str:
        try:
            if fields.as_bool(fields.field(entry, "use_pickle")):
                return "it is stored as a Python pickle (a tensor subclass), which is not read: not supported"
            member = folder + fields.as_text(fields.field(entry, "path_name"))
            meta = fields.field(entry, "tensor_meta")
            return "it is not a tensor" if meta is None else TensorSpec(read_meta(meta), member)
        except UnsupportedError as error:
            return str(error)
        except MalformedError as error:
            raise MalformedError(f"'{key}': {error}") from error

    def _json(self, member: str) -> object:
        try:
            return json.loads(self.zip.read(member))
        except (ValueError, RecursionError) as error:
            raise SfumatoError(f"{self.path}: {member}: not JSON ({error})") from error

    def _check_format(self) -> None:
        order = f"{self.root}byteorder"
        if order in self.zip.members and self.zip.read(order).strip() != b"little":
            raise SfumatoError(f"{self.path}: {order}: only little-endian archives are read")
        try:
            version = fields.field(self._document, "schema_version")
            major = fields.as_int(fields.field(version, "major"))
        except MalformedError as error:
            raise SfumatoError(f"{self.path}: {self.model}: malformed program: {error}") from error
        if major != SCHEMA_MAJOR:
            raise SfumatoError(
                f"{self.path}: {self.model}: schema version {major} is not supported (this reads {SCHEMA_MAJOR}); "
                "export the model again with torch 2.8 to 2.13"
            )
