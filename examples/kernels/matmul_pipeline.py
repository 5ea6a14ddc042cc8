"""The cube core's pipeline of a matrix product: GM to L1 to L0A and L0B to L0C to GM, each queue at its own pace.

MTE2 loads one L1 step ahead of the step that MTE1 and the matrix unit work on, across the borders of output tiles too:
`MatmulPipeline.step` issues the loads of its own step and then the products of the step before, which it keeps in
registers; `MatmulPipeline.finish` issues the last ones. A step is `min(step_ka, step_kb)` tiles of `base_k`; the
operand with the larger count is loaded every so many steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from assembly_writer import CoreProgram, Number, Scalar, ceil_div
from buffer_ring import Ring

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.machine.description import Machine

BLOCK = 32
"""Bytes of a row of an NZ column block."""

HOLD, DRAIN = 2, 3
"""Unit flags: accumulators are the matrix unit's, once drained; they are handed over, or given back."""

ACCUMULATORS = {"f16": "f32", "bf16": "f32", "f32": "f32", "i8": "i32"}
"""Operand type -> the type that the cube sums in."""

CONVERSIONS = {
    ("f32", "f32"): "none",
    ("f32", "f16"): "f32_f16",
    ("f32", "bf16"): "f32_bf16",
    ("i32", "i32"): "none",
}
"""(accumulator, output) -> conversion of the fixpipe."""


@dataclass(frozen=True)
class Tiling:
    """How one core cuts its work. Sizes are in elements; steps count the tiles of ``base_k`` in an L1 buffer.

    With ``unit_flag`` accumulators are drained block by block while the last product is still being formed.
    """

    base_m: int = 128
    base_n: int = 256
    base_k: int = 64
    step_ka: int = 4
    step_kb: int = 4
    l1_buffers: int = 2
    l0_buffers: int = 2
    l0c_buffers: int = 1
    unit_flag: bool = False

    @property
    def step_k(self) -> int:
        """Elements of k that one step of the pipeline goes on by."""
        return min(self.step_ka, self.step_kb) * self.base_k


@dataclass(frozen=True)
class Product:
    """C [m, n] = A [m, k] times B; B is [n, k] or, with ``b_is_kn``, [k, n]. Types are names of element types.

    ``atomic`` adds to C in global memory instead of overwriting it.
    """

    m: int
    n: int
    k: int
    dtype: str = "f16"
    output: str = "f16"
    b_is_kn: bool = False
    atomic: bool = False

    @property
    def size(self) -> int:
        """Bytes of an element of A and B."""
        return DType[self.dtype].size

    @property
    def output_size(self) -> int:
        """Bytes of an element of C."""
        return DType[self.output].size


class Tile(NamedTuple):
    """An output tile: its rows and columns (at most the base tile's), and where it starts.

    ``a`` and ``b`` are the addresses of its first row of A and column of B at k = 0, ``c`` of its first element of C.
    """

    rows: Number
    columns: Number
    a: Number
    b: Number
    c: Number


def check(product: Product, tiling: Tiling, machine: Machine) -> None:
    """Raise `SfumatoError` unless the product's types exist and the tiling suits them and fits ``machine``."""
    conversion = (ACCUMULATORS.get(product.dtype, ""), product.output)
    if conversion not in CONVERSIONS:
        raise SfumatoError(f"there is no product of {product.dtype} with an output of {product.output}")
    if min(product.m, product.n, product.k) < 1:
        raise SfumatoError(f"a product needs positive sizes, got m={product.m}, n={product.n}, k={product.k}")
    block = BLOCK // product.size
    rows = machine.cube.fractal_rows
    square = max(block, rows)  # a transposing load turns whole squares
    units = (rows, square, square) if product.b_is_kn else (rows, rows, block)
    for name, unit in zip(("base_m", "base_n", "base_k"), units, strict=True):
        value = getattr(tiling, name)
        if value < 1 or value % unit:
            raise SfumatoError(f"{name} must be a positive multiple of {unit} for {product.dtype}, got {value}")
    small, large = sorted((tiling.step_ka, tiling.step_kb))
    if small < 1 or large % small:
        raise SfumatoError(f"step_ka and step_kb must be multiples of each other, got {small} and {large}")
    for name in ("l1_buffers", "l0_buffers", "l0c_buffers"):
        if not 1 <= getattr(tiling, name) <= machine.event_ids // 2:
            raise SfumatoError(f"{name} must be 1 to {machine.event_ids // 2}, got {getattr(tiling, name)}")
    width = tiling.base_k * product.size
    chunks = tiling.base_m * tiling.step_ka + tiling.base_n * tiling.step_kb
    for space, needed, what in (
        ("l1_bytes", chunks * width * tiling.l1_buffers, "the steps of A and B"),
        ("l0a_bytes", tiling.base_m * width * tiling.l0_buffers, "base_m x base_k"),
        ("l0b_bytes", tiling.base_n * width * tiling.l0_buffers, "base_n x base_k"),
        ("l0c_bytes", tiling.base_m * tiling.base_n * 4 * tiling.l0c_buffers, "base_m x base_n accumulators"),
    ):
        capacity = getattr(machine, space)
        if needed > capacity:
            raise SfumatoError(
                f"{what} with their buffers need {needed} bytes of {space.removesuffix('_bytes').upper()}, "
                f"{machine.name} has {capacity}; choose smaller tiles, fewer steps or fewer buffers"
            )


class MatmulPipeline:
    """Emits the pipeline for the output tiles and ranges of k that the caller's loops go through."""

    def __init__(
        self,
        program: CoreProgram,
        product: Product,
        tiling: Tiling,
        machine: Machine,
        before_store: Callable[[], None] = lambda: None,
    ) -> None:
        """Set up the buffers; see `check` for what is refused. ``before_store`` emits what comes before every store."""
        check(product, tiling, machine)
        self._program, self._product, self._tiling, self._before_store = program, product, tiling, before_store
        self._block_m = machine.cube.block_m
        self._a_k, self._b_k = tiling.step_ka * tiling.base_k, tiling.step_kb * tiling.base_k
        self._a_bytes = tiling.base_m * self._a_k * product.size
        self._b_bytes = tiling.base_n * self._b_k * product.size
        self._b_base = tiling.l1_buffers * self._a_bytes
        self._l1a = Ring(program, "MTE2", "MTE1", tiling.l1_buffers)
        self._l1b = Ring(program, "MTE2", "MTE1", tiling.l1_buffers, tiling.l1_buffers)
        self._l0 = Ring(program, "MTE1", "M", tiling.l0_buffers)
        self._l0c = Ring(program, "M", "FIX", tiling.l0c_buffers, flags=not tiling.unit_flag)
        program.comment("the step before: its place in its tile's range of k (-1: there is none), what is left of the")
        program.comment("range from there, the tile's rows and columns, the address of its first element of C")
        self._position, self._left = program.variable(-1), program.variable(0)
        self._rows, self._columns, self._c = program.variable(0), program.variable(0), program.variable(0)

    def step(self, tile: Tile, k: Scalar, first: Number, end: Number) -> None:
        """Load the step at ``k`` of a tile that sums over k from ``first`` to ``end``; work on the step before."""
        program = self._program
        position = k - first
        self._load_a(tile, k, position, end)
        self._load_b(tile, k, position, end)
        self._multiply()
        program.comment("remember this step")
        program.assign(self._position, position)
        program.assign(self._left, end - k)
        program.assign(self._rows, tile.rows)
        program.assign(self._columns, tile.columns)
        program.assign(self._c, tile.c)

    def finish(self) -> None:
        """Work on the last step and wait until every buffer is empty."""
        self._multiply()
        for ring in (self._l1a, self._l1b, self._l0, self._l0c):
            ring.drain()

    def _place(self, position: Number, length: int) -> Number:
        """Return where in its L1 buffer, of ``length`` elements of k, a step lies."""
        return 0 if length == self._tiling.step_k else position % length

    def _load_a(self, tile: Tile, k: Scalar, position: Number, end: Number) -> None:
        program, product = self._program, self._product
        with program.when(program.equal(self._place(position, self._a_k), 0)):
            program.emit(
                "nd2nz",
                dst=self._l1a.acquire() * self._a_bytes,
                src=tile.a + k * product.size,
                rows=tile.rows,
                cols=program.minimum(end - k, self._a_k),
                src_stride=product.k * product.size,
                dst_rows=self._tiling.base_m,
                type=product.dtype,
            )
            self._l1a.fill()

    def _load_b(self, tile: Tile, k: Scalar, position: Number, end: Number) -> None:
        program, product = self._program, self._product
        row = product.n if product.b_is_kn else product.k
        with program.when(program.equal(self._place(position, self._b_k), 0)):
            depth = program.minimum(end - k, self._b_k)
            program.emit(
                "nd2nz",
                dst=self._l1b.acquire() * self._b_bytes + self._b_base,
                src=tile.b + k * (row * product.size if product.b_is_kn else product.size),
                rows=depth if product.b_is_kn else tile.columns,
                cols=tile.columns if product.b_is_kn else depth,
                src_stride=row * product.size,
                dst_rows=self._b_k if product.b_is_kn else self._tiling.base_n,
                type=product.dtype,
            )
            self._l1b.fill()

    def _multiply(self) -> None:
        """Work on the step before, if there is one: its products, and the store of the tile after its last step."""
        program, step_k = self._program, self._tiling.step_k
        with program.when(program.less(-1, self._position)):
            is_last = program.less(self._left, step_k + 1)
            places = self._place(self._position, self._a_k), self._place(self._position, self._b_k)
            operands = (self._l1a, places[0], self._a_k), (self._l1b, places[1], self._b_k)
            for ring, place, _ in operands:
                with program.when(program.equal(place, 0)):
                    ring.take()
            with program.when(program.equal(self._position, 0)):
                self._l0c.acquire()
            with program.loop(0, program.minimum(self._left, step_k), self._tiling.base_k) as k:
                self._base_step(places, k)
            for ring, place, length in operands:
                ends = 1 if length == step_k else program.maximum(is_last, program.equal(place, length - step_k))
                with program.when(ends):
                    ring.release()
            with program.when(is_last):
                self._l0c.fill()
                self._store()

    def _base_step(self, places: tuple[Number, Number], k: Scalar) -> None:
        """Load one tile of base_k of each operand into L0 and multiply them; ``k`` counts from the step's start."""
        program, product, tiling = self._program, self._product, self._tiling
        depth = program.minimum(self._left - k, tiling.base_k)
        slot = self._l0.acquire()
        l0a = slot * (tiling.base_m * tiling.base_k * product.size)
        l0b = slot * (tiling.base_n * tiling.base_k * product.size)
        l1a = self._l1a.emptying * self._a_bytes
        l1b = self._l1b.emptying * self._b_bytes + self._b_base
        b_step = BLOCK if product.b_is_kn else tiling.base_n * product.size
        program.emit(
            "load_l0a",
            dst=l0a,
            src=l1a + (places[0] + k) * (tiling.base_m * product.size),
            m=self._rows,
            k=depth,
            src_rows=tiling.base_m,
            transpose=0,
            type=product.dtype,
        )
        program.emit(
            "load_l0b",
            dst=l0b,
            src=l1b + (places[1] + k) * b_step,
            n=self._columns,
            k=depth,
            src_rows=self._b_k if product.b_is_kn else tiling.base_n,
            transpose=int(product.b_is_kn),
            type=product.dtype,
        )
        self._l0.fill()
        self._l0.take()
        program.emit(
            "mmad",
            dst=self._l0c.filling * (tiling.base_m * tiling.base_n * 4),
            a=l0a,
            b=l0b,
            m=self._rows,
            n=self._columns,
            k=depth,
            init=program.equal(self._position + k, 0),
            bias=0,
            use_bias=0,
            type=product.dtype,
            acc=ACCUMULATORS[product.dtype],
            mode="none",
            unit_flag=self._unit_flag(k),
        )
        self._l0.release()

    def _unit_flag(self, k: Scalar) -> Number:
        """Return the unit flag of a product: the last one of a tile hands the accumulators over."""
        if not self._tiling.unit_flag:
            return 0
        is_last = self._program.less(self._left - k, self._tiling.base_k + 1)
        return is_last * (DRAIN - HOLD) + HOLD

    def _store(self) -> None:
        """Drain the accumulators of the tile that is done."""
        program, product, tiling = self._program, self._product, self._tiling
        self._before_store()
        program.emit(
            "fixpipe",
            dst=self._c,
            src=self._l0c.take() * (tiling.base_m * tiling.base_n * 4),
            m=self._rows,
            n=self._columns,
            src_rows=ceil_div(self._rows, self._block_m) * self._block_m,
            dst_stride=product.n * product.output_size,
            quant=CONVERSIONS[ACCUMULATORS[product.dtype], product.output],
            relu=0,
            atomic="add" if product.atomic else "none",
            scale=0,
            acc=ACCUMULATORS[product.dtype],
            type=product.output,
            unit_flag=DRAIN if tiling.unit_flag else 0,
        )
        self._l0c.release()
