"""Between the textual assembly of a kernel and a program of one launch."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.assembly import AssembledArgument, AssembledKernel
from runtime.machine.description import load
from runtime.program import GM_ALIGNMENT, Argument, Buffer, BufferKind, Direction, Kernel, KernelKind, Launch, Program

_BUFFER_KINDS: dict[str, BufferKind] = {"in": "input", "stream": "input", "out": "output", "workspace": "temporary"}


def program_of(assembled: AssembledKernel, source: str) -> Program:
    """Return a program that launches the kernel once: ``in`` arguments are its inputs, ``out`` arguments its
    outputs, in order.

    ``source`` names the assembly file in profiles and messages. The target must exist and run as many blocks at a time.
    """
    machine = load(assembled.target)
    if not 1 <= assembled.blocks <= machine.cores(assembled.kind):
        raise SfumatoError(
            f"{source}: kernel {assembled.name} has {assembled.blocks} blocks, {assembled.target} runs 1 to "
            f"{machine.cores(assembled.kind)} of kind {assembled.kind} at a time; let blocks loop over the work"
        )
    arguments = [
        Argument(one.name, one.dtype.name, one.shape, cast(Direction, one.direction)) for one in assembled.arguments
    ]
    kernel = Kernel(assembled.name, cast(KernelKind, assembled.kind), assembled.blocks, arguments)
    kernel.cube, kernel.vector = assembled.cube, assembled.vector
    kernel.cube_sources, kernel.cube_source_of = _sources(assembled.cube_lines, source)
    kernel.vector_sources, kernel.vector_source_of = _sources(assembled.vector_lines, source)
    kernel.source = [source]
    buffers = _buffers(assembled.arguments, source)
    launch = Launch(0, tuple((position, 0) for position in range(len(buffers))))
    return Program(assembled.target, [kernel], buffers, [launch])


def _sources(lines: tuple[int, ...], source: str) -> tuple[list[str], npt.NDArray[np.int32]]:
    distinct = {line: position for position, line in enumerate(dict.fromkeys(lines))}
    return [f"{source}:{line}" for line in distinct], np.array([distinct[line] for line in lines], np.int32)


def _buffers(arguments: tuple[AssembledArgument, ...], source: str) -> list[Buffer]:
    buffers: list[Buffer] = []
    counts = dict.fromkeys(_BUFFER_KINDS.values(), 0)
    address = GM_ALIGNMENT
    for one in arguments:
        if one.direction not in _BUFFER_KINDS:
            raise SfumatoError(
                f"{source}: argument {one.name}: direction {one.direction} is not supported yet; "
                "use an in and an out argument"
            )
        kind = _BUFFER_KINDS[one.direction]
        size = one.dtype.size * prod(one.shape)
        index = None if kind == "temporary" else counts[kind]
        counts[kind] += 1
        buffers.append(Buffer(one.name, size, kind, one.dtype.name, one.shape, address, index))
        address += -(-size // GM_ALIGNMENT) * GM_ALIGNMENT
    return buffers


def assembled_kernels(program: Program) -> list[AssembledKernel]:
    """Return every kernel of a program as the assembler knows it."""
    return [
        AssembledKernel(
            kernel.name,
            kernel.kind,
            kernel.blocks,
            Path(program.target).stem,
            tuple(
                AssembledArgument(one.name, DType.parse(one.dtype), one.shape, one.direction)
                for one in kernel.arguments
            ),
            kernel.cube,
            kernel.vector,
        )
        for kernel in program.kernels
    ]
