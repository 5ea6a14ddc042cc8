"""The cube core's half of flash attention: scores = Q K^T, and partial = P V some tiles later."""

from __future__ import annotations

from assembly_writer import CoreProgram, Number, ceil_div
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
)

from runtime.machine.description import Machine


def write_cube(program: CoreProgram, attention: Attention, tiling: FlashTiling, machine: Machine) -> None:
    """Emit the program of the cube core."""
    stages = _Stages(program, attention, tiling, machine)
    with each_task(program, attention, tiling) as task, program.loop(0, task.key_tiles + tiling.preload) as step:
        with program.when(program.less(step, task.key_tiles)):
            stages.scores(task, step)
        with program.when(program.less(tiling.preload - 1, step)):
            stages.partial(task, step - tiling.preload)
    stages.drain()


class _Stages:
    """The two products, and the buffers they share."""

    def __init__(self, program: CoreProgram, attention: Attention, tiling: FlashTiling, machine: Machine) -> None:
        self._program, self._attention, self._tiling = program, attention, tiling
        rows, keys, dim = tiling.rows, tiling.keys, attention.head_dim
        self._block_m = machine.cube.block_m
        self._q, self._k, self._v = (program.argument(index) for index in range(3))
        self._scores = Workspace(program, 4, tiling.slots, rows * keys * WIDE)
        self._p = Workspace(program, 5, tiling.slots, rows * keys * ELEMENT)
        self._partial = Workspace(program, 6, tiling.slots, rows * dim * WIDE)
        self._l1_q = Ring(program, "MTE2", "MTE1", 1)
        self._l1_k = Ring(program, "MTE2", "MTE1", 2, 1)
        self._l1_v = Ring(program, "MTE2", "MTE1", 2, 3)
        self._l1_p = Ring(program, "MTE2", "MTE1", 2, 5)
        self._k_at = rows * dim * ELEMENT
        self._v_at = self._k_at + 2 * keys * dim * ELEMENT
        self._p_at = self._v_at + 2 * keys * dim * ELEMENT
        self._l0 = Ring(program, "MTE1", "M", 2)
        # Accumulators of both products where L0C has room; else they take turns, and the matrix unit waits for FIX.
        self._l0c_scores = self._l0c_partial = Ring(program, "M", "FIX", 1)
        self._partial_at = 0
        if rows * (keys + dim) * WIDE <= machine.l0c_bytes:
            self._l0c_partial, self._partial_at = Ring(program, "M", "FIX", 1, 1), rows * keys * WIDE

    def drain(self) -> None:
        """Wait until every buffer is empty."""
        rings = (self._l1_q, self._l1_k, self._l1_v, self._l1_p, self._l0, self._l0c_scores, self._l0c_partial)
        for ring in dict.fromkeys(rings):
            ring.drain()

    def scores(self, task: Task, tile: Number) -> None:
        """Emit Q K^T of one tile of keys."""
        program, attention, tiling = self._program, self._attention, self._tiling
        dim = attention.head_dim
        program.comment("QK")
        with program.when(program.equal(tile, 0)):
            self._l1_q.acquire()
            row = task.head * attention.queries + task.first_row
            self._load(0, self._q + row * (dim * ELEMENT), task.rows, dim, tiling.rows)
            self._l1_q.fill()
            self._l1_q.take()
        keys, address = self._keys(task, tile, self._k)
        k_at = self._l1_k.acquire() * (tiling.keys * dim * ELEMENT) + self._k_at
        self._load(k_at, address, keys, dim, tiling.keys)
        self._l1_k.fill()
        self._l1_k.take()
        self._l0c_scores.acquire()
        with program.loop(0, dim, tiling.qk_k) as k:
            depth = program.minimum(dim - k, tiling.qk_k)
            left = k * (tiling.rows * ELEMENT)
            right = k_at + k * (tiling.keys * ELEMENT)
            self._multiply(left, right, (task.rows, keys, depth), k, 0, transpose=False)
        self._l1_k.release()
        with program.when(program.equal(tile, task.key_tiles - 1)):
            self._l1_q.release()
        self._store(self._l0c_scores, 0, self._scores.slot(tile), task.rows, keys, tiling.keys)
        program.emit("cross_set", pipe="FIX", id=SCORES_READY, mode=2)

    def partial(self, task: Task, tile: Number) -> None:
        """Emit P V of one tile of keys."""
        program, attention, tiling = self._program, self._attention, self._tiling
        dim = attention.head_dim
        program.comment("PV")
        keys, address = self._keys(task, tile, self._v)
        v_at = self._l1_v.acquire() * (tiling.keys * dim * ELEMENT) + self._v_at
        self._load(v_at, address, keys, dim, tiling.keys)
        self._l1_v.fill()
        program.emit("cross_wait", id=P_READY, mode=2)
        p_at = self._l1_p.acquire() * (tiling.rows * tiling.keys * ELEMENT) + self._p_at
        self._load(p_at, self._p.slot(tile), task.rows, keys, tiling.rows, tiling.keys)
        self._l1_p.fill()
        self._l1_v.take()
        self._l1_p.take()
        self._l0c_partial.acquire()
        with program.loop(0, keys, tiling.pv_k) as k:
            depth = program.minimum(keys - k, tiling.pv_k)
            left = p_at + k * (tiling.rows * ELEMENT)
            right = v_at + k * 32
            self._multiply(left, right, (task.rows, dim, depth), k, self._partial_at, transpose=True)
        self._l1_v.release()
        self._l1_p.release()
        self._store(self._l0c_partial, self._partial_at, self._partial.slot(tile), task.rows, dim, dim)
        program.emit("cross_set", pipe="FIX", id=PARTIAL_READY, mode=2)

    def _keys(self, task: Task, tile: Number, base: Number) -> tuple[Number, Number]:
        """Return how many keys a tile has, and where its first row of K or V is."""
        attention = self._attention
        first = tile * self._tiling.keys
        whole = attention.keys % self._tiling.keys == 0
        keys = self._tiling.keys if whole else self._program.minimum(attention.keys - first, self._tiling.keys)
        head = task.head // (attention.heads // attention.kv_heads)
        return keys, base + (head * attention.keys + first) * (attention.head_dim * ELEMENT)

    def _load(
        self, target: Number, source: Number, rows: Number, columns: Number, pitch: int, row: int | None = None
    ) -> None:
        """Load a matrix whose rows are ``row`` elements apart (default: the head's) into L1."""
        self._program.emit(
            "nd2nz",
            dst=target,
            src=source,
            rows=rows,
            cols=columns,
            src_stride=(row or self._attention.head_dim) * ELEMENT,
            dst_rows=pitch,
            type=self._attention.dtype,
        )

    def _multiply(
        self,
        left: Number,
        right: Number,
        extents: tuple[Number, Number, Number],
        k: Number,
        accumulator: int,
        *,
        transpose: bool,
    ) -> None:
        """Load one piece of both operands into L0 and multiply them; ``k`` is 0 for the first piece."""
        program, tiling, dim = self._program, self._tiling, self._attention.head_dim
        m, n, depth = extents
        dtype = self._attention.dtype
        l0a_bytes = tiling.rows * max(tiling.qk_k, tiling.pv_k) * ELEMENT
        l0b_bytes = max(tiling.keys * tiling.qk_k, dim * tiling.pv_k) * ELEMENT
        slot = self._l0.acquire()
        a, b = slot * l0a_bytes, slot * l0b_bytes
        program.emit("load_l0a", dst=a, src=left, m=m, k=depth, src_rows=tiling.rows, transpose=0, type=dtype)
        turned = int(transpose)
        program.emit("load_l0b", dst=b, src=right, n=n, k=depth, src_rows=tiling.keys, transpose=turned, type=dtype)
        self._l0.fill()
        self._l0.take()
        first = program.equal(k, 0)
        fixed = {"bias": 0, "use_bias": 0, "acc": "f32", "mode": "none"}
        program.emit("mmad", dst=accumulator, a=a, b=b, m=m, n=n, k=depth, init=first, type=dtype, **fixed)
        self._l0.release()

    def _store(self, ring: Ring, accumulator: int, target: Number, rows: Number, columns: Number, row: int) -> None:
        """Drain an accumulator to a workspace whose rows are ``row`` elements apart."""
        ring.fill()
        ring.take()
        self._program.emit(
            "fixpipe",
            dst=target,
            src=accumulator,
            m=rows,
            n=columns,
            src_rows=ceil_div(rows, self._block_m) * self._block_m,
            dst_stride=row * WIDE,
            quant="none",
            relu=0,
            atomic="none",
            scale=0,
            acc="f32",
            type="f32",
        )
        ring.release()
