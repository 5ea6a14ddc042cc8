"""Reading a ``.sfu`` file: every size and reference is checked against the file before anything is allocated."""

from __future__ import annotations

import json
import os
import re
import struct
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast, get_args

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.encoding import WORD
from dialects.isa.origin import LocalBuffer, Origins
from runtime.json_record import Record
from runtime.mapped_arrays import MappedArrays, View
from runtime.program import CORES, Argument, Buffer, BufferKind, Direction, Kernel, KernelKind, Launch, Program
from runtime.program_file import FORMAT, HEADER, VERSION

_NAME = re.compile(r"[\w.$-]+")
"""Names of kernels, their arguments and buffers: they reach reports, traces and assembly, where a blank or a control
character would pass for something else."""

MOST_LAUNCHES = 1_000_000
"""Some ten thousand times what a model of today takes; simulating them would take weeks."""


def load(path: Path) -> Program:
    """Read a ``.sfu`` file, checking every size and reference in it against the file before anything is allocated."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            members = _check_members(archive, path)
            header = _read_header(archive, members, path)
            return _read_program(archive, file, members, header, path)
    except (zipfile.BadZipFile, struct.error, EOFError, NotImplementedError) as error:
        raise SfumatoError(f"{path}: not a .sfu program file: {error}") from error


def _check_members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    size = os.path.getsize(path)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = PurePosixPath(info.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in info.filename:
            raise SfumatoError(f"{path}: member '{info.filename}' escapes the file")
        if info.filename in members:
            raise SfumatoError(f"{path}: member '{info.filename}' occurs twice")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise SfumatoError(f"{path}: member '{info.filename}' is compressed; members of a program file are stored")
        if info.header_offset + info.file_size > size:
            raise SfumatoError(f"{path}: member '{info.filename}' ({info.file_size} bytes) is longer than the file")
        members[info.filename] = info
    return members


def _read_header(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], path: Path) -> Record:
    if HEADER not in members:
        raise SfumatoError(f"{path}: not a .sfu program file: it has no {HEADER}")
    try:
        header = Record(json.loads(archive.read(HEADER)), f"{path}: {HEADER}")
    except (ValueError, RecursionError) as error:
        raise SfumatoError(f"{path}: {HEADER} is not JSON: {error}") from error
    if header.text("format") != FORMAT:
        raise SfumatoError(f"{path}: not a .sfu program file: its format is '{header.text('format')}'")
    if (version := header.integer("version")) != VERSION:
        raise SfumatoError(
            f"{path}: made by another version of Sfumato (its file version is {version}, this one reads {VERSION}): "
            "compile the model again"
        )
    return header


def _read_program(
    archive: zipfile.ZipFile, file: BinaryIO, members: dict[str, zipfile.ZipInfo], header: Record, path: Path
) -> Program:
    buffers = [_read_buffer(record) for record in header.records("buffers")]
    kernels = [_read_kernel(archive, members, record, i) for i, record in enumerate(header.records("kernels"))]
    _check_launches(header)
    launches = [_read_launch(record, kernels, buffers) for record in header.records("launches")]
    arrays = header.record("arrays")
    views = {key: _read_view(file, members, arrays.record(key)) for key in arrays.keys()}
    program = Program(
        header.text("target"), kernels, buffers, launches, header.raw("metadata"), MappedArrays(path, views)
    )
    program.setup = [_read_launch(record, kernels, buffers) for record in header.records("setup")]
    if header.has("external"):
        external = header.record("external")
        program.external_digest = external.text("digest")
        program.external_keys = external.texts("keys")
    _check_contents(program, views, path)
    return program


def _check_launches(header: Record) -> None:
    """Refuse what would run without an end in sight before a single launch is read."""
    count = len(header.records("launches")) + len(header.records("setup"))
    if count > MOST_LAUNCHES:
        raise SfumatoError(
            f"{count:,} launches, where a program has at most {MOST_LAUNCHES:,}: compile the model again, in "
            "parts if it really has so many"
        )


def _read_name(record: Record) -> str:
    name = record.text("name")
    if not _NAME.fullmatch(name):
        raise SfumatoError(
            f"{name!r} is not a name in a program file: it has letters, digits, '_', '.', '$' and '-' only"
        )
    return name


def _read_kernel(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], record: Record, position: int
) -> Kernel:
    arguments = [
        Argument(
            _read_name(one),
            DType.parse(one.text("dtype")).name,
            one.integers("shape"),
            cast(Direction, one.text("direction", get_args(Direction))),
        )
        for one in record.records("arguments")
    ]
    kind = cast(KernelKind, record.text("kind", get_args(KernelKind)))
    kernel = Kernel(_read_name(record), kind, record.integer("blocks", 1, 1 << 16), arguments)
    kernel.source = record.texts("source")
    cores = record.record("cores")
    for core in cores.keys():
        if core not in CORES:
            raise SfumatoError(f"kernel {kernel.name}: there is no core '{core}'")
        sources = cores.record(core).texts("sources")
        code = np.frombuffer(_read_member(archive, members, f"code/{position}.{core}", WORD.itemsize), WORD)
        lines = np.frombuffer(_read_member(archive, members, f"code/{position}.{core}.lines", 4), "<i4")
        if len(lines) != len(code) or (len(lines) and not -1 <= lines.min() <= lines.max() < len(sources)):
            raise SfumatoError(f"kernel {kernel.name}: the source lines of its {core} code do not fit the code")
        setattr(kernel, core, code)
        setattr(kernel, f"{core}_sources", sources)
        setattr(kernel, f"{core}_source_of", lines)
        op_of = np.frombuffer(_read_member(archive, members, f"code/{position}.{core}.ops", 4), "<i4")
        setattr(kernel, f"{core}_origins", _read_origins(cores.record(core), op_of, len(code), kernel.name))
    if not cores.keys():
        raise SfumatoError(f"kernel {kernel.name} has no code")
    return kernel


def _read_origins(record: Record, op_of: npt.NDArray[np.int32], instructions: int, kernel: str) -> Origins:
    buffers = [
        LocalBuffer(
            _read_name(one), one.text("space"), one.integer("address"), one.integer("bytes"), one.integer("slots", 1)
        )
        for one in record.records("buffers")
    ]
    ops = tuple(record.texts("ops"))
    for op in ops:
        if not op.isprintable():
            raise SfumatoError(f"kernel {kernel}: {op!r} is no operation's text")
    origins = Origins(ops, tuple(op_of.tolist()), tuple(buffers))
    if (fault := origins.fault(instructions)) is not None:
        raise SfumatoError(f"kernel {kernel}: {fault}")
    return origins


def _read_member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, unit: int) -> bytes:
    if name not in members:
        raise SfumatoError(f"member '{name}' is missing from the program file")
    if members[name].file_size % unit:
        raise SfumatoError(f"member '{name}' has {members[name].file_size} bytes, not a multiple of {unit}")
    return archive.read(name)


def _read_buffer(record: Record) -> Buffer:
    kind = cast(BufferKind, record.text("kind", get_args(BufferKind)))
    dtype, shape, size = DType.parse(record.text("dtype")), record.integers("shape"), record.integer("bytes")
    name = _read_name(record)
    needed = dtype.size * int(np.prod(np.array(shape, dtype=object)))
    if needed > size:
        raise SfumatoError(
            f"buffer {name} has {size} bytes, its {dtype.name} tensor of shape {list(shape)} needs {needed}"
        )
    if kind == "output" and needed != size:
        raise SfumatoError(f"output {name} has {size} bytes, its tensor needs {needed}")
    index = record.integer("index") if record.has("index") else None
    key = record.text("key") if record.has("key") else None
    return Buffer(name, size, kind, dtype.name, shape, record.integer("address"), index, key)


def _read_launch(record: Record, kernels: list[Kernel], buffers: list[Buffer]) -> Launch:
    kernel = record.integer("kernel", 0, len(kernels))
    arguments: list[tuple[int, int]] = []
    for pair in record.items("arguments"):
        match pair:
            case [int(buffer), int(offset)] if 0 <= buffer < len(buffers) and 0 <= offset <= buffers[buffer].bytes:
                arguments.append((buffer, offset))
            case _:
                raise SfumatoError(f"launch of {kernels[kernel].name}: argument {pair} is not a place in a buffer")
    if len(arguments) != len(kernels[kernel].arguments):
        raise SfumatoError(
            f"launch of {kernels[kernel].name} has {len(arguments)} arguments, "
            f"the kernel takes {len(kernels[kernel].arguments)}"
        )
    return Launch(kernel, tuple(arguments))


def _read_view(file: BinaryIO, members: dict[str, zipfile.ZipInfo], record: Record) -> View:
    name = record.text("member")
    if name not in members:
        raise SfumatoError(f"member '{name}' is missing from the program file")
    info = members[name]
    dtype, shape, offset = DType.parse(record.text("dtype")), record.integers("shape"), record.integer("offset")
    strides = record.integers("strides", -(2**62))
    if len(strides) != len(shape):
        raise SfumatoError(f"array in '{name}': {len(shape)} sizes but {len(strides)} strides")
    reach = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    first, last = offset + sum(min(r, 0) for r in reach), offset + sum(max(r, 0) for r in reach) + dtype.size
    if 0 not in shape and (first < 0 or last > info.file_size):
        raise SfumatoError(f"array in '{name}' reaches bytes {first} to {last} of {info.file_size}")
    # The local header repeats the name and has its own extra field; only it knows where the data starts.
    file.seek(info.header_offset)
    local = file.read(30)
    if len(local) != 30 or local[:4] != b"PK\x03\x04":
        raise SfumatoError(f"member '{name}' has a damaged header")
    name_length, extra_length = struct.unpack("<HH", local[26:30])
    start = info.header_offset + 30 + name_length + extra_length
    if start + info.file_size > os.fstat(file.fileno()).st_size:
        raise SfumatoError(f"member '{name}' is longer than the file")
    return View(start, info.file_size, dtype, shape, strides, offset)


def _check_contents(program: Program, views: dict[str, View], path: Path) -> None:
    """Check that every weight and constant buffer has an array of its type and shape, inside or promised from
    outside."""
    for buffer in program.buffers:
        if buffer.kind not in ("weight", "constant"):
            continue
        if buffer.key is None:
            raise SfumatoError(f"{path}: {buffer.kind} buffer {buffer.name} has no key")
        if buffer.key in program.external_keys:
            continue
        view = views.get(buffer.key)
        if view is None:
            raise SfumatoError(f"{path}: the data of {buffer.kind} {buffer.key} is missing")
        if (view.dtype.name, view.shape) != (buffer.dtype, buffer.shape):
            raise SfumatoError(
                f"{path}: {buffer.kind} {buffer.key} is {view.dtype.name} {list(view.shape)}, "
                f"the program needs {buffer.dtype} {list(buffer.shape)}"
            )
