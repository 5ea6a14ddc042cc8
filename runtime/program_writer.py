"""Writing a ``.sfu`` file: weights go from the memory map of the archive to the file piece by piece, never whole
through memory."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from runtime.array_span import CHUNK_BYTES, dense_chunks, digest, is_compact, span_of
from runtime.atomic_file import atomic_output
from runtime.program import CORES, Buffer, Kernel, Launch, Program
from runtime.program_file import FORMAT, HEADER, VERSION
from runtime.weight_types import converted

_ALIGNMENT = 64


def save(program: Program, path: Path, external_weights: bool = False) -> None:
    """Write ``program`` to ``path``. With ``external_weights`` only a hash of the weights is written, constants stay
    inside."""
    wanted = {buffer.key: buffer for buffer in program.buffers if buffer.key is not None}
    outside = [key for key, buffer in wanted.items() if buffer.kind == "weight"] if external_weights else []
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "target": program.target,
        "metadata": program.metadata,
    }
    header["kernels"] = [_kernel_header(kernel) for kernel in program.kernels]
    header["buffers"] = [_buffer_header(buffer) for buffer in program.buffers]
    header["setup"] = [_launch_header(launch) for launch in program.setup]
    header["launches"] = [_launch_header(launch) for launch in program.launches]
    header["external"] = None
    if external_weights:
        header["external"] = {"keys": outside, "digest": digest((key, program.weights[key]) for key in outside)}
    with atomic_output(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for position, kernel in enumerate(program.kernels):
            for core in CORES:
                _write_code(archive, f"code/{position}.{core}", kernel, core)
        inside = {key: buffer for key, buffer in wanted.items() if key not in set(outside)}
        header["arrays"] = _write_arrays(
            archive, ((key, program.contents(buffer), DType.parse(buffer.dtype)) for key, buffer in inside.items())
        )
        archive.writestr(_member(HEADER), json.dumps(header))


def _kernel_header(kernel: Kernel) -> dict[str, Any]:
    arguments = [
        {"name": one.name, "dtype": one.dtype, "shape": list(one.shape), "direction": one.direction}
        for one in kernel.arguments
    ]
    cores = {core: _core_header(kernel, core) for core in CORES if kernel.code(core) is not None}
    return {
        "name": kernel.name,
        "kind": kernel.kind,
        "blocks": kernel.blocks,
        "source": kernel.source,
        "arguments": arguments,
        "cores": cores,
    }


def _core_header(kernel: Kernel, core: str) -> dict[str, Any]:
    origins = kernel.origins(core)
    buffers = [one._asdict() for one in origins.buffers]
    return {"sources": getattr(kernel, f"{core}_sources"), "ops": list(origins.ops), "buffers": buffers}


def _launch_header(launch: Launch) -> dict[str, Any]:
    return {"kernel": launch.kernel, "arguments": [list(pair) for pair in launch.arguments]}


def _buffer_header(buffer: Buffer) -> dict[str, Any]:
    return {
        "name": buffer.name,
        "bytes": buffer.bytes,
        "kind": buffer.kind,
        "dtype": buffer.dtype,
        "shape": list(buffer.shape),
        "address": buffer.address,
        "index": buffer.index,
        "key": buffer.key,
    }


def _write_code(archive: zipfile.ZipFile, name: str, kernel: Kernel, core: str) -> None:
    code = kernel.code(core)
    if code is None:
        return
    archive.writestr(_member(name), np.ascontiguousarray(code).tobytes())
    lines = np.ascontiguousarray(getattr(kernel, f"{core}_source_of"), dtype="<i4")
    archive.writestr(_member(f"{name}.lines"), lines.tobytes())
    archive.writestr(_member(f"{name}.ops"), np.array(kernel.origins(core).op_of, "<i4").tobytes())


def _write_arrays(archive: zipfile.ZipFile, arrays: Iterable[tuple[str, npt.NDArray[Any], DType]]) -> dict[str, Any]:
    """Write the elements under each array in the given type, those under several arrays once; return the header's
    description of every view."""
    described: dict[str, Any] = {}
    shared: dict[tuple[int, int, DType, DType], str] = {}
    count = 0
    for key, array, dtype in arrays:
        place: tuple[int, int, DType, DType] | None = None
        strides, offset = _dense_strides(array.shape, dtype.size), 0
        pieces: Iterable[npt.NDArray[Any]] = dense_chunks(array) if array.size else ()
        size = array.size * dtype.size
        if is_compact(array) and all(stride % array.itemsize == 0 for stride in array.strides):
            span = span_of(array)
            strides = tuple(stride // array.itemsize * dtype.size for stride in array.strides)
            offset, size = (part // array.itemsize * dtype.size for part in (span.offset, span.data.size))
            pieces = (span.data.view(array.dtype),)
            place = (span.address, span.data.size, DType.of_numpy(array.dtype), dtype)
        name = shared.get(place) if place is not None else None
        if name is None:
            name = f"data/{count}"
            count += 1
            with archive.open(_member(name, size), "w") as out:
                for piece in pieces:
                    _write_pieces(out, piece.reshape(-1), dtype)
            if place is not None:
                shared[place] = name
        described[key] = {
            "member": name,
            "dtype": dtype.name,
            "shape": list(array.shape),
            "strides": list(strides),
            "offset": offset,
        }
    return described


def _write_pieces(out: IO[bytes], data: npt.NDArray[Any], dtype: DType) -> None:
    step = max(1, CHUNK_BYTES // max(data.itemsize, dtype.size))
    for start in range(0, data.size, step):
        out.write(converted(data[start : start + step], dtype).view(np.uint8).data)


def _dense_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    strides: list[int] = []
    step = itemsize
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


class _AlignedInfo(zipfile.ZipInfo):
    """A zip member whose data starts at a multiple of ``_ALIGNMENT``: the local header is padded by an extra field."""

    def FileHeader(self, zip64: bool | None = None) -> bytes:
        plain = super().FileHeader(zip64)
        start = self.header_offset + len(plain)
        gap = -(start + 4) % _ALIGNMENT
        if not self.extra:
            self.extra = struct.pack("<HH", 0x4653, gap) + bytes(gap)
            plain = super().FileHeader(zip64)
        return plain


def _member(name: str, size: int = 0) -> zipfile.ZipInfo:
    # A fixed date: the same program gives the same file, byte for byte.
    info = _AlignedInfo(name, (1980, 1, 1, 0, 0, 0))
    info.file_size = size
    return info
