"""Tensors in ``.npz`` files: positional inputs ``in0 in1 ...``, outputs ``out0 out1 ...``.

numpy's format has no bfloat16: such an array is stored as its uint16 bit pattern. An optional member ``meta``, JSON
text ``{"inputs": [{"dtype", "shape"}], "outputs": [...]}`` with torch's names of dtypes, tells which arrays those are.
Nothing is unpickled.
"""

from __future__ import annotations

import json
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.atomic_file import atomic_output
from runtime.program import Buffer

TORCH_NAMES = {
    "float32": DType.f32,
    "float16": DType.f16,
    "bfloat16": DType.bf16,
    "float64": DType.f64,
    "int64": DType.i64,
    "int32": DType.i32,
    "int16": DType.i16,
    "int8": DType.i8,
    "uint8": DType.u8,
    "bool": DType.i1,
}
"""torch's name of an element type -> ours."""

_DAMAGED = (
    *(ValueError, TypeError, KeyError, OverflowError, SyntaxError, tokenize.TokenError, RecursionError),
    *(OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error, struct.error),
)
"""What numpy and zipfile raise for files that are not as they should be: headers are parsed as Python literals."""

_NAMES = {dtype: name for name, dtype in TORCH_NAMES.items()}


def load_tensors(path: str | Path, prefix: str, buffers: Sequence[Buffer] | None = None) -> dict[int, npt.NDArray[Any]]:
    """Return the arrays ``<prefix>0``, ``<prefix>1`` ... of an ``.npz`` by position, bfloat16 ones with that type.

    A file that is not an ``.npz`` of plain arrays raises ``SfumatoError``; so does, before anything is unpacked, an
    array whose stated shape is not that of its buffer in ``buffers``.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise SfumatoError(f"{path}: a single array, not an .npz archive; write it with numpy.savez")
            members = cast("Mapping[str, npt.NDArray[Any]]", archive)
            wanted = re.compile(rf"{prefix}(\d+)")
            matches = [(name, wanted.fullmatch(name)) for name in members]
            for position, buffer in enumerate(buffers or ()):
                if f"{prefix}{position}" in members:
                    shape = _stated_shape(cast("zipfile.ZipFile", archive.zip), f"{prefix}{position}.npy")
                    _check_shape(str(path), f"{prefix}{position}", shape, buffer)
            found = {int(match.group(1)): np.asarray(members[name]) for name, match in matches if match}
            meta = members["meta"] if "meta" in members else None
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file") from error
    except MemoryError as error:
        raise SfumatoError(f"{path}: an array is larger than this machine's memory: {error}") from error
    except _DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SfumatoError(f"{path}: not an .npz file of plain arrays: {reason}") from error
    listed = _meta_dtypes(path, meta, "inputs" if prefix == "in" else "outputs")
    return {
        position: _typed(path, f"{prefix}{position}", found[position], listed.get(position))
        for position in sorted(found)
    }


def _stated_shape(archive: zipfile.ZipFile, member: str) -> tuple[int, ...]:
    """Return the shape that the header of a member states."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return tuple(read(file)[0])


def _check_shape(where: str, name: str, shape: tuple[int, ...], buffer: Buffer) -> None:
    if shape != buffer.shape:
        raise SfumatoError(f"{where}: {name} has shape {list(shape)}, the program has {list(buffer.shape)}")


def _meta_dtypes(path: str | Path, meta: npt.NDArray[Any] | None, key: str) -> dict[int, str]:
    if meta is None:
        return {}
    try:
        entries = json.loads(str(meta))[key]
        return {position: str(entry["dtype"]) for position, entry in enumerate(entries)}
    except (ValueError, TypeError, KeyError) as error:
        raise SfumatoError(f"{path}: 'meta' is not JSON with a list '{key}' of entries with a dtype") from error


def _typed(path: str | Path, name: str, array: npt.NDArray[Any], torch_name: str | None) -> npt.NDArray[Any]:
    """Give an array the type that ``meta`` states, by reinterpretation for bfloat16."""
    if torch_name is None:
        return array
    if torch_name not in TORCH_NAMES:
        raise SfumatoError(f"{path}: {name}: unknown dtype '{torch_name}' in meta")
    dtype = TORCH_NAMES[torch_name]
    if dtype is DType.bf16 and array.dtype == np.uint16:
        return array.view(dtype.numpy)
    if array.dtype != dtype.numpy:
        raise SfumatoError(f"{path}: {name} is {array.dtype}, but meta says {torch_name}")
    return array


def match_inputs(tensors: dict[int, npt.NDArray[Any]], buffers: Sequence[Buffer], where: str) -> list[npt.NDArray[Any]]:
    """Return one array for each of the program's inputs; a missing one, a wrong type or shape raises
    ``SfumatoError``."""
    return _match(tensors, buffers, where, "in", "input")


def match_expected(
    tensors: dict[int, npt.NDArray[Any]], buffers: Sequence[Buffer], where: str
) -> list[npt.NDArray[Any]]:
    """Return one expected array for each of the program's outputs; mismatches raise ``SfumatoError``. Any float type
    will do."""
    return _match(tensors, buffers, where, "out", "output", any_float=True)


def _match(
    tensors: dict[int, npt.NDArray[Any]],
    buffers: Sequence[Buffer],
    where: str,
    prefix: str,
    word: str,
    any_float: bool = False,
) -> list[npt.NDArray[Any]]:
    matched: list[npt.NDArray[Any]] = []
    for position, buffer in enumerate(buffers):
        if position not in tensors:
            held = ", ".join(f"{prefix}{one}" for one in sorted(tensors)) or f"no {word}s"
            raise SfumatoError(
                f"{where}: {word} {prefix}{position} ({buffer.dtype} {list(buffer.shape)}) is missing; it has {held}"
            )
        array, wanted = tensors[position], DType.parse(buffer.dtype)
        if wanted is DType.bf16 and array.dtype == np.uint16:
            array = array.view(wanted.numpy)
        floats = any_float and wanted.is_float and _is_float(array)
        if array.dtype != wanted.numpy and not floats:
            raise SfumatoError(
                f"{where}: {word} {prefix}{position} is {array.dtype}, "
                f"the program has {_NAMES.get(wanted, wanted.name)}"
            )
        _check_shape(where, f"{word} {prefix}{position}", array.shape, buffer)
        matched.append(array)
    extra = [position for position in tensors if position >= len(buffers)]
    if extra:
        raise SfumatoError(f"{where}: has {prefix}{extra[0]}, but the program has {len(buffers)} {word}s")
    return matched


def _is_float(array: npt.NDArray[Any]) -> bool:
    return any(dtype.is_float and dtype.numpy == array.dtype for dtype in DType)


def save_tensors(
    path: str | Path, outputs: Sequence[npt.NDArray[Any]], inputs: Sequence[npt.NDArray[Any]] = ()
) -> None:
    """Write arrays as ``out0 out1 ...`` and ``in0 in1 ...`` with their ``meta``; the file appears whole or not at
    all."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    meta: dict[str, list[dict[str, Any]]] = {"inputs": [], "outputs": []}
    for prefix, key, given in (("in", "inputs", inputs), ("out", "outputs", outputs)):
        for position, array in enumerate(given):
            dtype = DType.of_numpy(array.dtype)
            meta[key].append({"dtype": _NAMES.get(dtype, dtype.name), "shape": list(array.shape)})
            arrays[f"{prefix}{position}"] = array.view(np.uint16) if dtype is DType.bf16 else array
    arrays["meta"] = np.array(json.dumps(meta))
    with atomic_output(path) as file:
        np.savez(file, **cast(Any, arrays))
