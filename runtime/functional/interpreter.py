"""Runs a program, or one kernel, and returns the values it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from runtime.functional.blas import single_threaded_blas
from runtime.functional.launch import Cores, LoadedKernel, TargetMachine, launch
from runtime.functional.monitor import Observer
from runtime.functional.overflow import OverflowWatch
from runtime.functional.program_memory import ProgramMemory, checked_inputs, resident_of
from runtime.memory.gm import GlobalBuffer, GlobalMemory, constant_buffer
from runtime.program import GM_ALIGNMENT, Kernel, Launch, Program
from runtime.sanitizer.launch import Sanitizer

Array = npt.NDArray[Any]


def run(
    program: Program,
    inputs: Sequence[Array],
    machine: TargetMachine,
    *,
    sanitize: bool = False,
    observe: Observer | None = None,
    overflows: OverflowWatch | None = None,
) -> list[npt.NDArray[Any]]:
    """Run ``program`` on ``inputs`` (its positional inputs) and return its outputs.

    Weights are read where they are. The setup launches are run by the first run of a loaded program, and again by the
    first one that sanitizes; what they prepare is kept. With ``sanitize``, every race, uninitialised read and
    unbalanced flag is an error too; ``observe`` makes observers of the launches (default: sanitizers), ``overflows``
    sees results that exceed their format. A fault of the program or the inputs raises `SfumatoError` with the kernel,
    the instruction and its source line.
    """
    observe = Sanitizer().launch if observe is None and sanitize else observe
    loaded = _Loaded(program, Cores(machine, observe, sanitize, overflows))
    resident = resident_of(program, sanitize)
    with np.errstate(all="ignore"), single_threaded_blas():
        checked = checked_inputs(program, inputs)
        if resident.prepared is None:
            setup = ProgramMemory(program, program.setup, (), resident, sanitize)
            loaded.launch(program.setup, setup)
            setup.keep_prepared()
        memory = ProgramMemory(program, program.launches, checked, resident, sanitize)
        loaded.launch(program.launches, memory)
    return [memory.output(buffer) for buffer in program.outputs()]


class _Loaded:
    """The kernels of a program on the cores of a machine, each decoded when it is first launched."""

    def __init__(self, program: Program, cores: Cores) -> None:
        self._program, self._cores = program, cores
        self._kernels: dict[int, LoadedKernel] = {}

    def launch(self, launches: Sequence[Launch], memory: ProgramMemory) -> None:
        for item in launches:
            if item.kernel not in self._kernels:
                self._kernels[item.kernel] = LoadedKernel(self._program.kernels[item.kernel])
            addresses = [self._program.address(argument) for argument in item.arguments]
            launch(self._kernels[item.kernel], memory.window(item), addresses, self._cores)


def run_kernel(kernel: Kernel, arrays: Sequence[Array], machine: TargetMachine, sanitize: bool = False) -> None:
    """Run one kernel on ``arrays``, one for each of its arguments; those of direction out and inout are written in
    place.

    The entry for whoever has a kernel and no program around it: the tests of instructions, vector emission and
    lowering run theirs with it.
    """
    if len(arrays) != len(kernel.arguments):
        raise SfumatoError(f"kernel '{kernel.name}' has {len(kernel.arguments)} arguments, got {len(arrays)} arrays")
    buffers: list[GlobalBuffer] = []
    address = GM_ALIGNMENT
    for argument, array in zip(kernel.arguments, arrays, strict=True):
        if argument.is_only_read:
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
            Cores(machine, Sanitizer().launch if sanitize else None, sanitize),
        )
