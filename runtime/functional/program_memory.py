"""The buffers of a program in the simulator's global memory: those of one run, and those that stay between runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.memory.bounds import Extent
from runtime.memory.gm import Arena, GlobalBuffer, GlobalMemory, constant_buffer
from runtime.program import Buffer, Launch, Program

Array = npt.NDArray[Any]


@dataclass
class Resident:
    """What a loaded program keeps from run to run, by buffer number.

    ``sources`` are weights and constants (their converted rows included), ``prepared`` what the setup launches
    computed: ``None`` until they ran. ``weights`` is the mapping that all of it came from, ``sanitize`` whether the
    setup was checked.
    """

    weights: object
    sanitize: bool
    sources: dict[int, GlobalBuffer] = field(default_factory=dict[int, GlobalBuffer])
    prepared: dict[int, GlobalBuffer] | None = None


def resident_of(program: Program, sanitize: bool) -> Resident:
    """Return what ``program`` holds from earlier runs; new weights, or a first run that checks, start afresh."""
    held = program.resident
    if not isinstance(held, Resident) or held.weights is not program.weights or (sanitize and not held.sanitize):
        held = program.resident = Resident(program.weights, sanitize)
    return held


class ProgramMemory:
    """The buffers of some launches of a program, each made when a kernel is first given it."""

    def __init__(
        self,
        program: Program,
        launches: Sequence[Launch],
        inputs: Sequence[Array],
        resident: Resident,
        sanitize: bool,
    ) -> None:
        """Reserve what the launches write. ``sanitize``: track which bytes hold data."""
        self._program = program
        self._sanitize = sanitize
        self._resident = resident
        self._buffers: dict[int, GlobalBuffer] = {}
        used = {number for item in launches for number, _ in item.arguments}
        written = {
            number
            for item in launches
            for (number, _), argument in zip(item.arguments, program.kernels[item.kernel].arguments, strict=True)
            if not argument.is_only_read
        }
        self._inputs = inputs
        kinds = ("output", "temporary", "prepared") if resident.prepared is None else ("output", "temporary")
        self._own = {number for number in used if program.buffers[number].kind in kinds}
        self._arena = Arena([_extent(program.buffers[number]) for number in sorted(self._own)], sanitize)
        for number in sorted(written - self._own):
            if program.buffers[number].kind == "input":
                self._buffers[number] = self._writable(program.buffers[number])

    def window(self, item: Launch) -> GlobalMemory:
        """Return the buffers one launch may touch."""
        numbers = sorted({number for number, _ in item.arguments})
        return GlobalMemory([self._buffer(number) for number in numbers if self._program.buffers[number].bytes])

    def output(self, buffer: Buffer) -> Array:
        """Return a copy of an output's contents."""
        number = next(i for i, candidate in enumerate(self._program.buffers) if candidate is buffer)
        held = self._buffers.get(number)
        dtype = DType.parse(buffer.dtype).numpy
        if buffer.bytes == 0:
            return np.zeros(buffer.shape, dtype)
        if held is None:
            raise SfumatoError(f"output '{buffer.name}' is never written by any kernel")
        if held.valid is not None and not held.valid.all():
            first = int(np.argmin(held.valid))
            missing = int(np.count_nonzero(~held.valid))
            raise SfumatoError(
                f"{missing} bytes of output '{buffer.name}' are never written, the first at byte {first}"
            )
        return held.data.copy().view(dtype).reshape(buffer.shape)

    def keep_prepared(self) -> None:
        """Hand what the launches prepared over to the program, read-only from now on."""
        kept = {number: held for number, held in self._buffers.items() if self._kind(number) == "prepared"}
        for held in kept.values():
            held.data.flags.writeable = False
        self._resident.prepared = kept

    def _kind(self, number: int) -> str:
        return self._program.buffers[number].kind

    def _buffer(self, number: int) -> GlobalBuffer:
        if self._kind(number) in ("weight", "constant"):
            sources = self._resident.sources
            if number not in sources:
                sources[number] = self._source(self._program.buffers[number])
            return sources[number]
        held = self._buffers.get(number)
        if held is None:
            held = self._buffers[number] = self._make(number)
        return held

    def _make(self, number: int) -> GlobalBuffer:
        buffer = self._program.buffers[number]
        if buffer.kind == "input":
            return constant_buffer(buffer.name, buffer.address, self._input(buffer))
        if number in self._own:
            return self._arena.buffer(_extent(buffer))
        prepared = self._resident.prepared or {}
        if number not in prepared:
            raise SfumatoError(f"buffer '{buffer.name}' is used, but no setup launch writes it")
        return prepared[number]

    def _source(self, buffer: Buffer) -> GlobalBuffer:
        contents = self._program.contents(buffer)
        dtype = DType.parse(buffer.dtype)
        if contents.size * dtype.size != buffer.bytes:
            raise SfumatoError(
                f"the data of {buffer.kind} '{buffer.name}' are {contents.size * dtype.size} bytes, not {buffer.bytes}"
            )
        return constant_buffer(buffer.name, buffer.address, contents, dtype)

    def _input(self, buffer: Buffer) -> Array:
        if buffer.index is None or buffer.index >= len(self._inputs):
            raise SfumatoError(f"input '{buffer.name}' is read by a setup launch, which has no inputs")
        return self._inputs[buffer.index]

    def _writable(self, buffer: Buffer) -> GlobalBuffer:
        """A kernel updates this input: work on a copy."""
        data = np.array(self._input(buffer), order="C").reshape(-1).view(np.uint8)
        valid = np.ones(len(data), np.bool_) if self._sanitize else None
        return GlobalBuffer(buffer.name, buffer.address, data, valid)


def checked_inputs(program: Program, inputs: Sequence[Array]) -> list[Array]:
    """Return a program's inputs in their own types, bf16 given as its bits included; others are ``SfumatoError``."""
    expected = program.inputs()
    if len(inputs) != len(expected):
        raise SfumatoError(f"the program has {len(expected)} inputs, got {len(inputs)}")
    checked: list[Array] = []
    for buffer, array in zip(expected, inputs, strict=True):
        dtype = DType.parse(buffer.dtype).numpy
        if buffer.dtype == "bf16" and array.dtype == np.uint16:
            array = array.view(dtype)
        if array.dtype != dtype or array.shape != buffer.shape:
            wanted = f"{buffer.dtype} of shape {buffer.shape}"
            raise SfumatoError(f"input '{buffer.name}' must be {wanted}, got {array.dtype} of shape {array.shape}")
        checked.append(array)
    return checked


def _extent(buffer: Buffer) -> Extent:
    return Extent(buffer.name, buffer.address, buffer.address + buffer.bytes)
