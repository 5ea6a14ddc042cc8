"""Runs a program, or one kernel, and returns the values it computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.functional.blas import single_threaded_blas
from runtime.functional.launch import Cores, LoadedKernel, TargetMachine, launch
from runtime.memory.bounds import Extent
from runtime.memory.gm import Arena, GlobalBuffer, GlobalMemory, constant_buffer
from runtime.program import GM_ALIGNMENT, Buffer, Kernel, Launch, Program

Array = npt.NDArray[Any]


def run(
    program: Program, inputs: Sequence[Array], machine: TargetMachine, *, sanitize: bool = False
) -> list[npt.NDArray[Any]]:
    """Run ``program`` on ``inputs`` (its positional inputs) and return its outputs.

    Weights are read where they are. With ``sanitize``, every race, uninitialised read and unbalanced flag is an error
    too. A fault of the program or the inputs raises `SfumatoError` with the kernel, the instruction and its source
    line.
    """
    memory = _ProgramMemory(program, inputs, sanitize)
    cores = Cores(machine, sanitize)
    kernels: dict[int, LoadedKernel] = {}
    with np.errstate(all="ignore"), single_threaded_blas():
        for item in program.launches:
            if item.kernel not in kernels:
                kernels[item.kernel] = LoadedKernel(program.kernels[item.kernel])
            addresses = [program.address(argument) for argument in item.arguments]
            launch(kernels[item.kernel], memory.window(item), addresses, cores)
    return [memory.output(buffer) for buffer in program.outputs()]


def run_kernel(
    kernel: Kernel, arrays: Sequence[Array], machine: TargetMachine, sanitize: bool = False, blocks: int | None = None
) -> None:
    """Run one kernel on ``arrays``, one for each of its arguments; those of direction out and inout are written in
    place.

    ``blocks`` overrides the number of blocks of the kernel.
    """
    if len(arrays) != len(kernel.arguments):
        raise SfumatoError(f"kernel '{kernel.name}' has {len(kernel.arguments)} arguments, got {len(arrays)} arrays")
    if blocks is not None:
        kernel = replace(kernel, blocks=blocks)
    buffers: list[GlobalBuffer] = []
    address = GM_ALIGNMENT
    for argument, array in zip(kernel.arguments, arrays, strict=True):
        if argument.direction == "in":
            buffer = constant_buffer(argument.name, address, array)
        else:
            if not array.flags.c_contiguous:
                raise SfumatoError(f"argument '{argument.name}' is written, so its array must be contiguous")
            valid = np.full(array.nbytes, argument.direction == "inout") if sanitize else None
            buffer = GlobalBuffer(argument.name, address, array.reshape(-1).view(np.uint8), valid)
        buffers.append(buffer)
        address += (array.nbytes // GM_ALIGNMENT + 1) * GM_ALIGNMENT
    with np.errstate(all="ignore"), single_threaded_blas():
        launch(
            LoadedKernel(kernel),
            GlobalMemory(buffers),
            [buffer.address for buffer in buffers],
            Cores(machine, sanitize),
        )


class _ProgramMemory:
    """The buffers of a program, each made when a kernel is first given it."""

    def __init__(self, program: Program, inputs: Sequence[Array], sanitize: bool) -> None:
        self._program = program
        self._sanitize = sanitize
        self._buffers: dict[int, GlobalBuffer] = {}
        written = {
            buffer
            for item in program.launches
            for (buffer, _), argument in zip(item.arguments, program.kernels[item.kernel].arguments, strict=True)
            if argument.direction != "in"
        }
        self._inputs = self._checked_inputs(inputs)
        self._arena = Arena([_extent(buffer) for buffer in program.buffers if _in_arena(buffer)], sanitize)
        for number, buffer in enumerate(program.buffers):
            if buffer.kind == "input" and number in written:
                self._buffers[number] = self._writable(buffer)

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

    def _buffer(self, number: int) -> GlobalBuffer:
        held = self._buffers.get(number)
        if held is None:
            held = self._buffers[number] = self._make(self._program.buffers[number])
        return held

    def _make(self, buffer: Buffer) -> GlobalBuffer:
        if buffer.kind == "input":
            return constant_buffer(buffer.name, buffer.address, self._input(buffer))
        if _in_arena(buffer):
            return self._arena.buffer(_extent(buffer))
        contents = self._program.contents(buffer)
        if contents.nbytes != buffer.bytes:
            raise SfumatoError(
                f"the data of {buffer.kind} '{buffer.name}' are {contents.nbytes} bytes, not {buffer.bytes}"
            )
        return constant_buffer(buffer.name, buffer.address, contents)

    def _input(self, buffer: Buffer) -> Array:
        assert buffer.index is not None, "an input buffer has its position"
        return self._inputs[buffer.index]

    def _writable(self, buffer: Buffer) -> GlobalBuffer:
        """A kernel updates this input: work on a copy."""
        data = np.array(self._input(buffer), order="C").reshape(-1).view(np.uint8)
        valid = np.ones(len(data), np.bool_) if self._sanitize else None
        return GlobalBuffer(buffer.name, buffer.address, data, valid)

    def _checked_inputs(self, inputs: Sequence[Array]) -> list[Array]:
        expected = self._program.inputs()
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


def _in_arena(buffer: Buffer) -> bool:
    return buffer.kind in ("output", "temporary")


def _extent(buffer: Buffer) -> Extent:
    return Extent(buffer.name, buffer.address, buffer.address + buffer.bytes)
