"""A compiled program in memory: kernels, the buffers of global memory they work on, and the order they are launched in.

The same object is what the compiler emits, what a ``.sfu`` file holds, and what both simulators execute.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.origin import NO_ORIGINS, Origins
from runtime.array_span import digest
from runtime.weight_types import is_convertible

Direction = Literal["in", "stream", "out", "inout", "workspace"]
KernelKind = Literal["cube", "vector", "mix"]
BufferKind = Literal["input", "output", "weight", "constant", "prepared", "temporary"]

CORES = ("cube", "vector")
"""The two kinds of cores, as a kernel's instruction streams are named."""

GM_ALIGNMENT = 512
"""Bytes that the address of every buffer in global memory is a multiple of (an L2 line of the 910B)."""


@dataclass(frozen=True)
class Argument:
    """One tensor argument of a kernel; the kernel sees the byte address of its first element."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    direction: Direction

    @property
    def is_only_read(self) -> bool:
        """Whether the kernel must not write it."""
        return self.direction in ("in", "stream")

    @property
    def is_read(self) -> bool:
        """Whether its contents matter when the kernel starts."""
        return self.is_only_read or self.direction == "inout"


@dataclass
class Kernel:
    """One kernel: an instruction stream for the cube core, for the vector core, or for both.

    ``cube`` and ``vector`` are arrays of ``dialects.isa.encoding.WORD`` (64 bytes an instruction). ``*_source_of``
    holds, for each instruction, the position in ``*_sources`` of the PyTorch line it came from, or -1; ``*_origins``
    are the operations of the kernel level. ``blocks`` is how many blocks one launch starts.
    """

    name: str
    kind: KernelKind
    blocks: int
    arguments: list[Argument]
    cube: npt.NDArray[np.void] | None = None
    vector: npt.NDArray[np.void] | None = None
    cube_sources: list[str] = field(default_factory=list[str])
    cube_source_of: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    vector_sources: list[str] = field(default_factory=list[str])
    vector_source_of: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    source: list[str] = field(default_factory=list[str])
    cube_origins: Origins = NO_ORIGINS
    vector_origins: Origins = NO_ORIGINS

    def code(self, core: str) -> npt.NDArray[np.void] | None:
        """Return the instruction stream of ``core`` ("cube" or "vector"), or ``None`` if the kernel does not use it."""
        return self.cube if core == "cube" else self.vector

    def lines(self, core: str) -> tuple[list[str], npt.NDArray[np.int32]]:
        """Return the PyTorch lines of ``core``'s stream, and for each instruction the position of its own or -1."""
        if core == "cube":
            return self.cube_sources, self.cube_source_of
        return self.vector_sources, self.vector_source_of

    def origins(self, core: str) -> Origins:
        """Return what the instructions of ``core``'s stream were at the kernel level."""
        return self.cube_origins if core == "cube" else self.vector_origins


@dataclass(frozen=True)
class Buffer:
    """A range of global memory: ``bytes`` bytes from ``address``. Temporaries may share memory when they are never
    alive together.

    ``index`` is the position among the program's inputs or outputs; ``key`` finds the initial contents of a weight
    or constant in ``Program.weights``. What the setup launches leave for the others is "prepared". The tensor lies in
    it row-major.
    """

    name: str
    bytes: int
    kind: BufferKind
    dtype: str
    shape: tuple[int, ...]
    address: int
    index: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Launch:
    """One kernel launch: for each argument of the kernel a buffer's position in ``Program.buffers`` and a byte
    offset into it."""

    kernel: int
    arguments: tuple[tuple[int, int], ...]


@dataclass
class Program:
    """Everything needed to run a compiled model.

    ``weights`` maps the key of every weight and constant to a read-only array of the buffer's shape; the array is a
    view of the file that holds it, so nothing is read before it is used. Its type is the buffer's, or another float
    type: such a weight is converted piece by piece when it is read or saved. ``external_keys`` are weights left
    outside of the ``.sfu`` file, with their hash, until ``supply_weights`` brings them.

    ``setup`` launches do not depend on the inputs: they run once, when the program is loaded, before all ``launches``.
    ``resident`` is where the simulator keeps what they computed (``runtime.functional.program_memory``).
    """

    target: str
    kernels: list[Kernel]
    buffers: list[Buffer]
    launches: list[Launch]
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    weights: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict[str, npt.NDArray[Any]])
    external_keys: list[str] = field(default_factory=list[str])
    external_digest: str = ""
    setup: list[Launch] = field(default_factory=list[Launch])
    resident: object = field(default=None, init=False, repr=False, compare=False)

    def inputs(self) -> list[Buffer]:
        """Return the input buffers in the order of the model's positional inputs."""
        return self._ordered("input")

    def outputs(self) -> list[Buffer]:
        """Return the output buffers in the order of the model's outputs."""
        return self._ordered("output")

    def _ordered(self, kind: BufferKind) -> list[Buffer]:
        chosen = [buffer for buffer in self.buffers if buffer.kind == kind]
        return sorted(chosen, key=lambda buffer: -1 if buffer.index is None else buffer.index)

    def contents(self, buffer: Buffer) -> npt.NDArray[Any]:
        """Return the initial contents of a weight or constant buffer as a read-only array of its shape, to be
        converted to its type (see ``runtime.weight_types``)."""
        if buffer.key is None:
            raise KeyError(f"buffer {buffer.name} of kind {buffer.kind} has no initial contents")
        if buffer.key not in self.weights:
            raise SfumatoError(
                f"the data of weight '{buffer.key}' is not in the program file; name the model with --weights"
            )
        array = self.weights[buffer.key]
        held = DType.of_numpy(array.dtype)
        if array.shape != buffer.shape or not is_convertible(held, DType.parse(buffer.dtype)):
            raise SfumatoError(
                f"the data of {buffer.kind} '{buffer.key}' are {held.name} {list(array.shape)}, "
                f"the program needs {buffer.dtype} {list(buffer.shape)}"
            )
        return array

    def address(self, argument: tuple[int, int]) -> int:
        """Return the byte address in global memory of one argument of a launch."""
        buffer, offset = argument
        return self.buffers[buffer].address + offset

    @property
    def gm_bytes(self) -> int:
        """Bytes of global memory from address 0 to the end of the last buffer."""
        return max((buffer.address + buffer.bytes for buffer in self.buffers), default=0)

    def supply_weights(self, source: Mapping[str, npt.NDArray[Any]], name: str) -> None:
        """Take the external weights from ``source``, which ``name`` names in messages; they must be the ones
        compiled with."""
        if not self.external_keys:
            return
        buffers = {buffer.key: buffer for buffer in self.buffers if buffer.kind == "weight"}
        found: dict[str, npt.NDArray[Any]] = {}
        for key in self.external_keys:
            if key not in source:
                raise SfumatoError(f"{name}: has no weight '{key}'; give the model that the program was compiled from")
            found[key] = source[key]
            held, wanted = DType.of_numpy(found[key].dtype), DType.parse(buffers[key].dtype)
            if found[key].shape != buffers[key].shape or not is_convertible(held, wanted):
                raise SfumatoError(
                    f"{name}: weight '{key}' has another type or shape than the program was compiled with"
                )
        if digest(found.items()) != self.external_digest:
            raise SfumatoError(
                f"{name}: the weights differ from those that the program was compiled with (hash mismatch)"
            )
        self.weights = ChainMap(found, {key: self.weights[key] for key in self.weights})
        self.external_keys = []

    def save(self, path: str | Path, external_weights: bool = False) -> None:
        """Write a ``.sfu`` file (see ``runtime.program_file``); it appears whole or not at all."""
        from runtime.program_writer import save

        save(self, Path(path), external_weights)

    @staticmethod
    def load(path: str | Path) -> Program:
        """Read a ``.sfu`` file; its weights stay in the file until they are used. A damaged file raises
        ``SfumatoError``."""
        from runtime.program_reader import load

        return load(Path(path))
