"""From the isa level to a program for the simulator: instructions encoded, buffers and launches as records."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import DictionaryAttr, FileLineColLoc, IntegerAttr, ModuleOp, StringAttr, TensorType
from xdsl.ir import Attribute

from compiler.frontend.archive import Archive
from dialects.dtypes import DType
from dialects.errors import SfumatoError, location_text
from dialects.graph.source import ConstantOp
from dialects.isa.encoding import encode
from dialects.isa.origin import origins_of
from dialects.isa.structure import BufferOp, KernelOp, LaunchOp, ProgramOp
from passes.base import target_of
from runtime.program import Argument, Buffer, BufferKind, Direction, Kernel, KernelKind, Launch, Program
from runtime.weight_types import is_convertible

Arrays = Mapping[str, npt.NDArray[Any]]


class ArchiveWeights(Mapping[str, npt.NDArray[Any]]):
    """The weights of an exported model, each a read-only view of the mapped archive.

    ``KEY:f16`` (or another element type) is another name of ``KEY``: weight buffers that hold it in another type than
    the archive does have a key of their own. The array is the archive's; whoever reads it converts it.
    """

    def __init__(self, archive: Archive) -> None:
        """Read from ``archive``."""
        self.archive = archive

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        """Return a tensor of the archive with its own strides and type."""
        name = self._name(key)
        if name is None:
            raise KeyError(key)
        return self.archive.tensor(name)

    def __contains__(self, key: object) -> bool:
        """Whether the archive has the tensor; none is looked at."""
        return isinstance(key, str) and self._name(key) is not None

    def _name(self, key: str) -> str | None:
        """Return the archive's name of a tensor, None when there is none."""
        if key in self.archive.tensors:
            return key
        name, _, dtype = key.rpartition(":")
        return name if name in self.archive.tensors and dtype in DType.__members__ else None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys of the archive."""
        return iter(self.archive.tensors)

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self.archive.tensors)


def emit_program(module: ModuleOp, weights: Arrays) -> Program:
    """Encode an isa module; ``weights`` holds the tensors that its weight buffers name.

    Raises ``SfumatoError`` when a weight is missing or is not what the module says, or an instruction cannot be
    encoded.
    """
    kernels: list[Kernel] = []
    buffers: list[Buffer] = []
    launches: list[Launch] = []
    setup: list[Launch] = []
    positions: dict[str, int] = {}
    kernel_positions: dict[str, int] = {}
    constants: dict[str, npt.NDArray[Any]] = {}
    for op in module.ops:
        match op:
            case KernelOp():
                kernel_positions[op.sym_name.data] = len(kernels)
                kernels.append(_kernel(op))
            case BufferOp():
                positions[op.sym_name.data] = len(buffers)
                buffers.append(_buffer(op, weights, constants))
            case LaunchOp():
                kernel = _position(kernel_positions, op.kernel.string_value(), op)
                names = [cast(Any, one).string_value() for one in op.arguments]
                offsets = [int(offset) for offset in op.offsets.get_values()]
                places = [_position(positions, name, op) for name in names]
                launch = Launch(kernel, tuple(zip(places, offsets, strict=True)))
                (launches if op.setup is None else setup).append(launch)
            case _:
                raise SfumatoError(f"'{op.name}' does not belong in a module of the isa level", op.location)
    metadata: dict[str, Any] = {}
    for name in ("precision", "quantize", "values"):
        match module.attributes.get(f"sfumato.{name}"):
            case IntegerAttr() as number:
                metadata[name] = number.value.data
            case StringAttr() as text:
                metadata[name] = text.data
            case _:
                pass
    sources = ChainMap(constants, cast(Any, weights))
    return Program(target_of(module), kernels, buffers, launches, metadata, sources, setup=setup)


def _position(positions: Mapping[str, int], name: str, op: LaunchOp) -> int:
    if name not in positions:
        raise SfumatoError(f"'@{name}' is launched or passed to a kernel, but not defined", op.location)
    return positions[name]


def _kernel(op: KernelOp) -> Kernel:
    arguments = [_argument(entry) for entry in op.arguments]
    kernel = Kernel(op.sym_name.data, cast(KernelKind, op.kind.data), op.blocks.value.data, arguments)
    for core, program in op.programs().items():
        code, sources, source_of = _encode(program)
        if core == "cube":
            kernel.cube, kernel.cube_sources, kernel.cube_source_of = code, sources, source_of
            kernel.cube_origins = origins_of(program.origins)
        else:
            kernel.vector, kernel.vector_sources, kernel.vector_source_of = code, sources, source_of
            kernel.vector_origins = origins_of(program.origins)
    kernel.source = list(dict.fromkeys(kernel.cube_sources + kernel.vector_sources))
    return kernel


def _encode(program: ProgramOp) -> tuple[npt.NDArray[np.void], list[str], npt.NDArray[np.int32]]:
    instructions = list(program.instructions())
    found: dict[str, int] = {}
    lines = np.full(len(instructions), -1, np.int32)
    for position, instruction in enumerate(instructions):
        if isinstance(instruction.location, FileLineColLoc):
            text = location_text(instruction.location)
            if text is not None:
                lines[position] = found.setdefault(text, len(found))
    return encode(instructions), list(found), lines


def _argument(entry: DictionaryAttr) -> Argument:
    name, type, direction = (entry.data[key] for key in ("name", "type", "direction"))
    assert isinstance(name, StringAttr)
    assert isinstance(direction, StringAttr)
    dtype, shape = _tensor(type)
    return Argument(name.data, dtype, shape, cast(Direction, direction.data))


def _tensor(type: Attribute) -> tuple[str, tuple[int, ...]]:
    tensor = cast(TensorType[Attribute], type)
    return DType.of(tensor.element_type).name, tensor.get_shape()


def _buffer(op: BufferOp, weights: Arrays, constants: dict[str, npt.NDArray[Any]]) -> Buffer:
    name, kind = op.sym_name.data, cast(BufferKind, op.kind.data)
    dtype, shape = _tensor(op.type)
    key = None if op.key is None else op.key.data
    if op.address is None:
        raise SfumatoError(f"buffer @{name} has no address: isa-plan-gm-memory has not run", op.location)
    if kind == "weight" and key is not None:
        if key not in weights:
            raise SfumatoError(f"the data of weight '{key}' is needed; name the exported model with --weights X.pt2")
        array = weights[key]
        held = DType.of_numpy(array.dtype)
        if array.shape != shape or not is_convertible(held, DType.parse(dtype)):
            raise SfumatoError(
                f"weight '{key}' is {held.name} {list(array.shape)} in the model, the program "
                f"needs {dtype} {list(shape)}; give the model that the IR was made from"
            )
        if held.name != dtype:
            key = f"{key}:{dtype}"
    if kind == "constant":
        key = f"constant:{name}"
        assert op.value is not None
        constant = ConstantOp.create(result_types=(op.type,), properties={"value": op.value})
        constants[key] = constant.to_numpy()
    index = None if op.index is None else op.index.value.data
    return Buffer(name, op.bytes.value.data, kind, dtype, shape, op.address.value.data, index, key)
