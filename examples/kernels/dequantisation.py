"""Per-token dequantisation on vector cores: i32 sums in a workspace, times a scale for each row, to f16.

The fixpipe of the cube core scales whole tensors and columns, not rows, so this takes the vector cores.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from assembly_writer import CoreProgram, Number
from buffer_ring import Ring
from vector_operations import LANES, WIDE, Matrix, VectorOperations

from dialects.errors import SfumatoError
from runtime.machine.description import Machine

HALF = 2
"""Bytes of an element of the result."""
MAX_REPEATS = 255
WIDTHS = (256, 128, 64)
"""Columns of a vector step to choose from."""

SCALE, RESULT, SUMS = 2, 3, 4
"""Numbers of the kernel's arguments."""


@dataclass(frozen=True)
class Dequantisation:
    """``copies`` sums of [m, n] to be added up and scaled, ``rows`` rows at a time."""

    m: int
    n: int
    copies: int
    rows: int


class _Buffers(NamedTuple):
    """Where things lie in UB; a vector step is a matrix of ``rows`` x ``width``."""

    width: int
    sums: int
    work: int
    staging: int
    scale: int
    spread: int
    end: int


class _Part(NamedTuple):
    """What a vector core works on at a time."""

    row: Number
    column: Number
    rows: Number
    columns: Number


def _buffers(task: Dequantisation, machine: Machine) -> _Buffers:
    """Lay out UB with the widest step that fits; `SfumatoError` if none does."""
    if task.rows < 1 or task.rows % 8:
        raise SfumatoError(f"the rows of a vector step must be a positive multiple of 8, got {task.rows}")
    for width in WIDTHS:
        tile = task.rows * width
        work, staging = 2 * tile * WIDE, 3 * tile * WIDE
        scale = staging + 2 * tile * HALF
        spread = scale + 2 * task.rows * WIDE
        end = spread + task.rows * 8 * WIDE
        narrow_enough = width == WIDTHS[-1] or width < task.n + LANES
        if narrow_enough and end <= machine.ub_bytes and tile <= MAX_REPEATS * LANES:
            return _Buffers(width, 0, work, staging, scale, spread, end)
    raise SfumatoError(f"a vector step of {task.rows} rows does not fit into UB and one instruction; choose fewer")


class VectorCore:
    """Emits what a vector core does with the workspace: clear it, and dequantise it."""

    def __init__(self, program: CoreProgram, task: Dequantisation, machine: Machine) -> None:
        """Set up the buffers."""
        self._program, self._task, self._at = program, task, _buffers(task, machine)
        self._vector = VectorOperations(program)
        self._tile = task.rows * self._at.width
        self._scale, self._result, self._sums = (program.argument(index) for index in (SCALE, RESULT, SUMS))
        block, blocks = program.read("block_idx"), program.read("block_num")
        per_block = machine.vector_per_cube
        self._core, self._cores = block * per_block + program.read("sub_idx"), blocks * per_block

    @contextmanager
    def _parts(self) -> Generator[_Part]:
        """Emit the loop over this core's parts of the result."""
        program, task = self._program, self._task
        across = -(-task.n // self._at.width)
        with program.loop(self._core, -(-task.m // task.rows) * across, self._cores) as part:
            row, column = part // across * task.rows, part % across * self._at.width
            rows = program.minimum(task.m - row, task.rows)
            yield _Part(row, column, rows, program.minimum(task.n - column, self._at.width))

    def clear(self) -> None:
        """Set the workspace, of one copy, to 0."""
        program, at = self._program, self._at
        self._vector.fill_integer(at.work, self._tile, 0)
        program.set_flag("V", "MTE3", 0)
        program.wait_flag("V", "MTE3", 0)
        with self._parts() as part:
            target = self._sums + (part.row * self._task.n + part.column) * WIDE
            self._store(target, at.work, part, WIDE, "i32")

    def dequantise(self) -> None:
        """Add up the copies, scale them and store the result."""
        program, task, at, vector = self._program, self._task, self._at, self._vector
        vector.fill_integer(at.sums, 2 * self._tile, 0)  # columns beyond the last are computed too, from something
        sums, scales = Ring(program, "MTE2", "V", 2), Ring(program, "MTE2", "V", 2, 2)
        staging = Ring(program, "V", "MTE3", 2)
        with self._parts() as part:
            elements = part.rows * at.width
            scale = scales.acquire() * (task.rows * WIDE) + at.scale
            whole = {"bursts": 1, "src_stride": 0, "dst_stride": 0}
            source = self._scale + part.row * WIDE
            program.emit("copy_gm_ub", dst=scale, src=source, burst_bytes=part.rows * WIDE, **whole)
            scales.fill()
            self._add_up(sums, part, elements)
            scales.take()
            vector.spread(at.spread, scale, part.rows)
            vector.barrier()
            vector.by_rows("vmul", Matrix(at.work, part.rows, at.width), at.spread)
            scales.release()
            vector.barrier()
            target = staging.acquire() * (self._tile * HALF) + at.staging
            vector.cast(target, at.work, elements, "f16")
            vector.barrier()
            staging.fill()
            staging.take()
            result = self._result + (part.row * task.n + part.column) * HALF
            self._store(result, target, part, HALF, "f16")
            staging.release()
        for ring in (sums, scales, staging):
            ring.drain()

    def _add_up(self, sums: Ring, part: _Part, elements: Number) -> None:
        """Leave the sum of all copies in the work buffer, as f32."""
        program, task, at, vector = self._program, self._task, self._at, self._vector
        if task.copies > 1:
            vector.fill_integer(at.work, elements, 0)
        with program.loop(0, task.copies) as copy:
            slot = sums.acquire() * (self._tile * WIDE) + at.sums
            program.emit(
                "copy_gm_ub",
                dst=slot,
                src=self._sums + ((copy * task.m + part.row) * task.n + part.column) * WIDE,
                bursts=part.rows,
                burst_bytes=part.columns * WIDE,
                src_stride=task.n * WIDE,
                dst_stride=at.width * WIDE,
            )
            sums.fill()
            sums.take()
            vector.barrier()
            if task.copies > 1:
                vector.binary("vadd", at.work, at.work, slot, elements, "i32")
            else:
                vector.convert(at.work, slot, elements, "i32", "f32")
            sums.release()
        vector.barrier()
        if task.copies > 1:
            vector.convert(at.work, at.work, elements, "i32", "f32")
            vector.barrier()

    def _store(self, target: Number, source: Number, part: _Part, size: int, dtype: str) -> None:
        self._program.emit(
            "copy_ub_gm",
            dst=target,
            src=source,
            bursts=part.rows,
            burst_bytes=part.columns * size,
            src_stride=self._at.width * size,
            dst_stride=self._task.n * size,
            atomic="none",
            type=dtype,
        )
