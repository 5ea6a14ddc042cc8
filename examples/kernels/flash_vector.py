"""The vector cores' half of flash attention: the running softmax of a tile, and the update of O some tiles later."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

from assembly_writer import CoreProgram, Number, Scalar
from buffer_ring import Ring
from flash_tiling import (
    ELEMENT,
    P_READY,
    PARTIAL_READY,
    SCORES_READY,
    WIDE,
    Attention,
    FlashTiling,
    Task,
    Workspace,
    each_task,
    vector_buffers,
)
from vector_operations import Extent, Matrix, VectorOperations


def write_vector(program: CoreProgram, attention: Attention, tiling: FlashTiling) -> None:
    """Emit the program of the vector cores."""
    stages = _Stages(program, attention, tiling)
    with each_task(program, attention, tiling) as task:
        first = stages.half_of(task)
        stages.begin()
        with program.loop(0, task.key_tiles + tiling.preload) as step:
            with program.when(program.less(step, task.key_tiles)):
                stages.softmax(task, first, step)
            with program.when(program.less(tiling.preload - 1, step)):
                stages.update(first, step - tiling.preload)
        stages.finish(task, first)
    stages.drain()


class _Half(NamedTuple):
    """The rows of a tile that this vector core has: the first one's number in the tile, and how many."""

    first: Number
    rows: Number


class _Stages:
    """Both stages and what they keep in UB from tile to tile: running maximum, sum and output of each row."""

    def __init__(self, program: CoreProgram, attention: Attention, tiling: FlashTiling) -> None:
        self._program, self._attention, self._tiling = program, attention, tiling
        self._at = {name: region.start for name, region in vector_buffers(attention, tiling).items()}
        self._vector = VectorOperations(program)
        self._output = program.argument(3)
        self._scores = Workspace(program, 4, tiling.slots, tiling.rows * tiling.keys * WIDE)
        self._p = Workspace(program, 5, tiling.slots, tiling.rows * tiling.keys * ELEMENT)
        self._partial = Workspace(program, 6, tiling.slots, tiling.rows * attention.head_dim * WIDE)
        self._core_first = program.read("sub_idx") * tiling.half
        self._prepare_masks()
        self._scores_ring = Ring(program, "MTE2", "V", 1)
        self._partial_ring = Ring(program, "MTE2", "V", 1, 1)
        self._staging = Ring(program, "V", "MTE3", 1)

    def drain(self) -> None:
        """Wait until every buffer is empty."""
        for ring in (self._scores_ring, self._partial_ring, self._staging):
            ring.drain()

    def half_of(self, task: Task) -> _Half:
        """Return this core's rows; the second core may have none, and still takes part in every hand-over."""
        program = self._program
        rows = program.minimum(task.rows - self._core_first, self._tiling.half)
        return _Half(self._core_first, program.maximum(rows, 0))

    def begin(self) -> None:
        """Start a tile of query rows."""
        half, dim = self._tiling.half, self._attention.head_dim
        self._vector.fill(self._at["maximum"], half, -inf)
        self._vector.fill(self._at["sum"], half, 0.0)
        self._vector.fill(self._at["output"], Extent(half * dim, half * dim), 0.0)
        self._vector.barrier()

    def softmax(self, task: Task, half: _Half, tile: Number) -> None:
        """Emit stage P of one tile of keys."""
        program, tiling = self._program, self._tiling
        program.comment("P")
        program.emit("cross_wait", id=SCORES_READY, mode=2)
        correction = tile % tiling.slots * (tiling.half * WIDE) + self._at["correction"]
        with program.loop(0, tiling.half, tiling.vector_rows) as row:
            rows = self._rows(half, row)
            place = half.first + row
            self._load_scores(tile, self._scores.slot(tile) + place * (tiling.keys * WIDE), rows)
            self._scores_ring.take()
            self._mask(task, tile, place, rows)
            self._staging.acquire()
            self._exponentials(rows, row, correction + row * WIDE)
            self._vector.cast(self._at["staging"], self._at["scores"], self._extent(rows), self._attention.dtype)
            self._scores_ring.release()
            self._staging.fill()
            self._store(self._p.slot(tile) + place * (tiling.keys * ELEMENT), rows * (tiling.keys * ELEMENT))
        program.emit("cross_set", pipe="MTE3", id=P_READY, mode=2)

    def _load_scores(self, tile: Number, source: Number, rows: Number) -> None:
        """Load some rows of scores; of the last, shorter tile only the columns there are."""
        program, row_bytes = self._program, self._tiling.keys * WIDE
        self._scores_ring.acquire()
        is_short: Number = 0
        if tail := self._attention.keys % self._tiling.keys:
            is_short = program.equal(tile, self._attention.keys // self._tiling.keys)
            with program.when(is_short):
                strides = {"src_stride": row_bytes, "dst_stride": row_bytes}
                target = self._at["scores"]
                program.emit("copy_gm_ub", dst=target, src=source, bursts=rows, burst_bytes=tail * WIDE, **strides)
        with program.when(1 - is_short):
            self._load(self._at["scores"], source, rows * row_bytes)
        self._scores_ring.fill()

    def _extent(self, rows: Number) -> Extent:
        """Return the number of scores that some rows of a tile have."""
        return Extent(rows * self._tiling.keys, self._tiling.vector_rows * self._tiling.keys)

    def _exponentials(self, rows: Number, row: Scalar, correction: Number) -> None:
        """Turn scores into exponentials; bring the rows' maximum, sum and correction up to date."""
        at, vector = self._at, self._vector
        maximum, total = row * WIDE + at["maximum"], row * WIDE + at["sum"]
        scores, extent = Matrix(at["scores"], rows, self._tiling.keys), self._extent(rows)
        scratch = at["staging"], at["blocks"]
        vector.scalar("vmuls", at["scores"], at["scores"], 1 / sqrt(self._attention.head_dim), extent)
        vector.barrier()
        vector.reduce("vmax", "vcgmax", at["row"], scores, scratch)
        vector.binary("vmax", at["new_maximum"], maximum, at["row"], rows)
        vector.barrier()
        vector.binary("vsub", correction, maximum, at["new_maximum"], rows)
        vector.spread(at["spread"], at["new_maximum"], rows)
        vector.barrier()
        vector.unary("vexp", correction, correction, rows)
        vector.unary("vcopy", maximum, at["new_maximum"], rows)
        vector.by_rows("vsub", scores, at["spread"])
        vector.barrier()
        vector.unary("vexp", at["scores"], at["scores"], extent)
        vector.binary("vmul", total, total, correction, rows)
        vector.barrier()
        vector.reduce("vadd", "vcgadd", at["row"], scores, scratch)
        vector.binary("vadd", total, total, at["row"], rows)

    def update(self, half: _Half, tile: Number) -> None:
        """Emit stage update of one tile of keys."""
        program, tiling, dim = self._program, self._tiling, self._attention.head_dim
        program.comment("update")
        program.emit("cross_wait", id=PARTIAL_READY, mode=2)
        correction = tile % tiling.slots * (tiling.half * WIDE) + self._at["correction"]
        with program.loop(0, tiling.half, tiling.vector_rows) as row:
            rows = self._rows(half, row)
            source = self._partial.slot(tile) + (half.first + row) * (dim * WIDE)
            self._partial_ring.acquire()
            self._load(self._at["partial"], source, rows * (dim * WIDE))
            self._partial_ring.fill()
            output = Matrix(row * (dim * WIDE) + self._at["output"], rows, dim)
            self._vector.barrier()
            self._vector.spread(self._at["spread"], correction + row * WIDE, rows)
            self._vector.barrier()
            self._vector.by_rows("vmul", output, self._at["spread"])
            self._vector.barrier()
            self._partial_ring.take()
            elements = Extent(rows * dim, tiling.vector_rows * dim)
            self._vector.binary("vadd", output.address, output.address, self._at["partial"], elements)
            self._partial_ring.release()

    def finish(self, task: Task, half: _Half) -> None:
        """Divide by the sums and store the tile of query rows."""
        program, tiling, dim = self._program, self._tiling, self._attention.head_dim
        program.comment("O / sum")
        with program.loop(0, tiling.half, tiling.vector_rows) as row:
            rows = self._rows(half, row)
            output = Matrix(row * (dim * WIDE) + self._at["output"], rows, dim)
            self._vector.barrier()
            self._vector.spread(self._at["spread"], row * WIDE + self._at["sum"], rows)
            self._vector.barrier()
            self._vector.by_rows("vdiv", output, self._at["spread"])
            self._vector.barrier()
            self._staging.acquire()
            elements = Extent(rows * dim, tiling.vector_rows * dim)
            self._vector.cast(self._at["staging"], output.address, elements, self._attention.dtype)
            self._staging.fill()
            place = task.head * self._attention.queries + task.first_row + half.first + row
            self._store(self._output + place * (dim * ELEMENT), rows * (dim * ELEMENT))
        self._vector.barrier()

    def _rows(self, half: _Half, row: Scalar) -> Number:
        """Return how many rows of this core's half a vector step from ``row`` on has."""
        program = self._program
        return program.maximum(program.minimum(half.rows - row, self._tiling.vector_rows), 0)

    def _load(self, target: Number, source: Number, size: Number) -> None:
        whole = {"bursts": 1, "src_stride": 0, "dst_stride": 0}
        self._program.emit("copy_gm_ub", dst=target, src=source, burst_bytes=size, **whole)

    def _store(self, target: Number, size: Number) -> None:
        """Let MTE3 store the staging buffer that was filled last."""
        whole = {"bursts": 1, "src_stride": 0, "dst_stride": 0, "atomic": "none", "type": self._attention.dtype}
        self._staging.take()
        self._program.emit("copy_ub_gm", dst=target, src=self._at["staging"], burst_bytes=size, **whole)
        self._staging.release()

    # Scores that do not count become -infinity.

    def _prepare_masks(self) -> None:
        """Make the bits of the keys in the last, shorter tile, and the distances from the diagonal."""
        tiling, vector, at = self._tiling, self._vector, self._at
        extent = self._extent(tiling.vector_rows)
        if tail := self._attention.keys % tiling.keys:
            self._count_columns(at["scores"], falling=False)
            vector.compare_scalar(at["tail_bits"], at["scores"], "lt", float(tail), extent)
            vector.barrier()
        if self._attention.causal:
            self._count_columns(at["diagonal"], falling=True)
        # What a shorter tile leaves unloaded is masked, and rows beyond the last are not used; but both are read.
        vector.fill(at["scores"], extent, 0.0)
        vector.fill(at["new_maximum"], tiling.vector_rows, 0.0)
        vector.fill(at["correction"], tiling.slots * tiling.half, 0.0)
        vector.barrier()

    def _count_columns(self, target: int, *, falling: bool) -> None:
        """Fill rows with 0, 1, 2 ...; with ``falling`` every row starts one lower than the row above."""
        program, tiling = self._program, self._tiling
        with program.loop(0, tiling.vector_rows) as row:
            start = 0 - row if falling else 0
            place = row * (tiling.keys * WIDE) + target
            program.emit("vci", dst=place, start=start, count=tiling.keys, type="i32")
        self._vector.barrier()
        self._vector.convert(target, target, self._extent(tiling.vector_rows), "i32", "f32")
        self._vector.barrier()

    def _mask(self, task: Task, tile: Number, place: Number, rows: Number) -> None:
        """Mask the loaded scores of some rows, from row ``place`` of the tile on, where a tile needs it."""
        program, attention, vector, at = self._program, self._attention, self._vector, self._at
        elements = self._extent(rows)
        first_key = tile * self._tiling.keys
        if attention.keys % self._tiling.keys:
            with program.when(program.less(attention.keys, first_key + self._tiling.keys)):
                vector.select(at["scores"], at["tail_bits"], at["scores"], -inf, elements)
                vector.barrier()
        if attention.causal:
            limit = task.first_row + place + (attention.keys - attention.queries) - first_key
            with program.when(program.less(limit, self._tiling.keys - 1)):
                vector.fill_integer(at["limit"], 8, limit)
                vector.barrier()
                vector.convert(at["limit"], at["limit"], 8, "i32", "f32")
                vector.barrier()
                vector.compare_block(at["causal_bits"], at["diagonal"], "le", at["limit"], elements)
                vector.barrier()
                vector.select(at["scores"], at["causal_bits"], at["scores"], -inf, elements)
                vector.barrier()
