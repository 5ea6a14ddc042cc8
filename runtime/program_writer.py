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
from runtime.program import CORES, Buffer, Kernel, Program
from runtime.program_file import FORMAT, HEADER, VERSION

_ALIGNMENT = 64


def save(program: Program, path: Path, external_weights: bool = False) -> None:
    """Write ``program`` to ``path``. With ``external_weights`` only a hash of the weights is written, constants stay
    inside."""
    wanted = {buffer.key: buffer.kind for buffer in program.buffers if buffer.key is not None}
    outside = [key for key, kind in wanted.items() if kind == "weight"] if external_weights else []
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "target": program.target,
        "metadata": program.metadata,
    }
    header["kernels"] = [_kernel_header(kernel) for kernel in program.kernels]
    header["buffers"] = [_buffer_header(buffer) for buffer in program.buffers]
    header["launches"] = [
        {"kernel": one.kernel, "arguments": [list(pair) for pair in one.arguments]} for one in program.launches
    ]
    header["external"] = None
    if external_weights:
        header["external"] = {"keys": outside, "digest": digest((key, program.weights[key]) for key in outside)}
    with atomic_output(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for position, kernel in enumerate(program.kernels):
            for core in CORES:
                _write_code(archive, f"code/{position}.{core}", kernel, core)
        inside = [key for key in wanted if key not in set(outside)]
        header["arrays"] = _write_arrays(archive, ((key, program.weights[key]) for key in inside))
        archive.writestr(_member(HEADER), json.dumps(header))


def _kernel_header(kernel: Kernel) -> dict[str, Any]:
    arguments = [
        {"name": one.name, "dtype": one.dtype, "shape": list(one.shape), "direction": one.direction}
        for one in kernel.arguments
    ]
    cores = {core: {"sources": getattr(kernel, f"{core}_sources")} for core in CORES if kernel.code(core) is not None}
    return {
        "name": kernel.name,
        "kind": kernel.kind,
        "blocks": kernel.blocks,
        "flops": kernel.flops,
        "source": kernel.source,
        "arguments": arguments,
        "cores": cores,
    }


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


def _write_arrays(archive: zipfile.ZipFile, arrays: Iterable[tuple[str, npt.NDArray[Any]]]) -> dict[str, Any]:
    """Write the bytes under each array, those under several arrays once; return the header's description of every
    view."""
    described: dict[str, Any] = {}
    shared: dict[tuple[int, int], str] = {}
    count = 0
    for key, array in arrays:
        place: tuple[int, int] | None = None
        strides, offset = _dense_strides(array.shape, array.itemsize), 0
        pieces: Iterable[npt.NDArray[Any]] = dense_chunks(array) if array.size else ()
        size = array.nbytes
        if is_compact(array):
            span = span_of(array)
            strides, offset, size, pieces = array.strides, span.offset, span.data.size, (span.data,)
            place = (span.address, size)
        name = shared.get(place) if place is not None else None
        if name is None:
            name = f"data/{count}"
            count += 1
            with archive.open(_member(name, size), "w") as out:
                for piece in pieces:
                    _write_pieces(out, piece.reshape(-1).view(np.uint8))
            if place is not None:
                shared[place] = name
        dtype = DType.of_numpy(array.dtype).name
        described[key] = {
            "member": name,
            "dtype": dtype,
            "shape": list(array.shape),
            "strides": list(strides),
            "offset": offset,
        }
    return described


def _write_pieces(out: IO[bytes], data: npt.NDArray[np.uint8]) -> None:
    for start in range(0, data.size, CHUNK_BYTES):
        out.write(data[start : start + CHUNK_BYTES].data)


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
