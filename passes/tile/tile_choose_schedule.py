"""The pass `tile-choose-schedule`: tile sizes of every kernel, from the machine's capacities and a cost model."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, i64

from dialects.tile.structure import KernelOp
from passes.base import SfumatoPass, target_of
from passes.tile.footprint import element_bytes, full_tiles
from passes.tile.nests import Nest, nests_of
from runtime.machine.description import Machine, load

REPEAT_LIMIT = 255
"""Repeats, and the largest stride in blocks of 32 bytes, of one vector instruction."""


@dataclass(frozen=True)
class TileChooseSchedule(SfumatoPass):
    """Choose, for each nest of each kernel, the tile's rows and columns, and for products the chunks of k in L1 and L0.

    The choice is written as the kernel's `schedule` attribute; a kernel that has one keeps it.
    """

    name = "tile-choose-schedule"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Schedule every kernel of the module that has no schedule yet."""
        machine = load(target_of(op))
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and kernel.schedule is None:
                nests = nests_of(kernel)
                chosen = [_choose(nest, machine) for nest in nests]
                cube = any(nest.matmul is not None for nest in nests)
                entries = ArrayAttr([DictionaryAttr({k: IntegerAttr(v, i64) for k, v in one.items()}) for one in chosen])
                kernel.properties["schedule"] = DictionaryAttr({"nests": entries})
                kernel.properties["kind"] = StringAttr("cube" if cube else "vector")


def _choose(nest: Nest, machine: Machine) -> dict[str, int]:
    if nest.matmul is None:
        return _choose_vector(nest, machine)
    return _choose_matmul(nest, machine)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def _choose_vector(nest: Nest, machine: Machine) -> dict[str, int]:
    """Take whole rows when they fit; else columns in equal parts; then as many rows as fit and keep every core busy."""
    space = nest.space
    rows = space.sizes[nest.row] if nest.row is not None else 1
    cols = space.sizes[nest.col] if nest.col is not None else 1
    budget = int(machine.ub_bytes * 0.92)
    a_column = 4 * full_tiles(nest)
    tile_cols = _round_up(cols, 64)
    limit = budget // a_column // 64 * 64
    if nest.row is not None and nest.col not in space.reduced:
        limit = min(limit, REPEAT_LIMIT * 8 // 64 * 64)
    others = prod(space.sizes[dim] for dim in nest.grid if dim not in (nest.row, nest.col))
    if nest.row is None and nest.col not in space.reduced:
        share = -(-cols * others // machine.vector_cores)
        limit = min(limit, max(512, _round_up(share, 64)), REPEAT_LIMIT * 64)
    if tile_cols > limit:
        parts = -(-tile_cols // limit)
        tile_cols = _round_up(-(-tile_cols // parts), 64)
    tile_cols = min(tile_cols, cols)
    column_tiles = 1 if nest.col in space.reduced else -(-cols // tile_cols)
    fitting = max(1, budget // (a_column * _round_up(tile_cols, 64)))
    tile_rows = min(rows, fitting, REPEAT_LIMIT)
    if nest.row is not None and nest.row not in space.reduced:
        tiles = others * column_tiles * rows
        tile_rows = min(tile_rows, max(1, -(-tiles // machine.vector_cores)))
    return {"row": tile_rows, "col": tile_cols}


def _choose_matmul(nest: Nest, machine: Machine) -> dict[str, int]:
    """Search tile sizes for the fewest cycles of the busiest unit, all waves of tiles over the cores counted."""
    assert nest.matmul is not None
    space = nest.space
    m = space.sizes[nest.row] if nest.row is not None else 1
    n = space.sizes[nest.col] if nest.col is not None else 1
    k = space.sizes[nest.inner] if nest.inner is not None else 1
    batch = prod(space.sizes[dim] for dim in nest.grid if dim not in (nest.row, nest.col))
    size = element_bytes(nest.matmul.operands[0])
    dtype = {4: "f32", 2: "f16", 1: "i8"}[size]
    epilogue = len(space.ops) - 1
    tiles_in_ub = full_tiles(nest) + 2 if epilogue else 0
    best: tuple[float, int, int] | None = None
    chosen: dict[str, int] = {}
    for rows in _candidates(m):
        for cols in _candidates(n):
            k_l0 = _l0_chunk(rows, cols, k, size, machine)
            k_l1 = _l1_chunk(rows, cols, k, k_l0, size, machine)
            half = -(-rows // 2)
            if not k_l0 or not k_l1 or rows * cols * 4 * 2 > machine.l0c_bytes:
                continue
            if tiles_in_ub * half * _round_up(cols, 64) * 4 > machine.ub_bytes * 0.92:
                continue
            tiles = batch * -(-m // rows) * -(-n // cols)
            waves = -(-tiles // machine.cube_cores)
            product = rows * _round_up(cols, 16) * _round_up(k, 16) / machine.cube.macs_per_cycle[dtype]
            steps = -(-k // k_l0)
            feed = (rows / 256 + cols / 128) * k * size + 60 * steps
            load = (rows + cols) * k * size / 110 + 250 * -(-k // k_l1)
            drain = rows * cols * 4 / 70 + 100
            vector = epilogue * (half * cols / 64 * 1.5 + 40)
            cycles = waves * max(product + 20 * steps, feed, load, drain, vector) + load / -(-k // k_l1) + drain + vector
            key = (cycles, -rows * cols, rows)
            if best is None or key < best:
                best = key
                chosen = {"row": rows, "col": cols, "k_l1": k_l1, "k_l0": k_l0}
    return chosen


def _candidates(extent: int) -> list[int]:
    """Return tile sizes worth trying for an extent: multiples of 16 that do not overshoot it by a fractal."""
    most = _round_up(extent, 16)
    sizes = [size for size in (16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256) if size <= most]
    return sizes if most > 256 or most in sizes else [*sizes, most]


def _l0_chunk(rows: int, cols: int, k: int, size: int, machine: Machine) -> int:
    """Return the chunk of k whose operand tiles fit L0A and L0B twice, a multiple of 16; 0 when none does."""
    fits = min(machine.l0a_bytes // (2 * rows * size), machine.l0b_bytes // (2 * cols * size))
    step = max(16, 32 // size)
    return min(fits // step * step, _round_up(k, step), 512)


def _l1_chunk(rows: int, cols: int, k: int, k_l0: int, size: int, machine: Machine) -> int:
    """Return the chunk of k, a multiple of the L0 chunk, whose operand tiles fit L1 twice; 0 when none does."""
    if not k_l0:
        return 0
    fits = machine.l1_bytes // (2 * (rows + cols) * size) // k_l0 * k_l0
    return min(fits, _round_up(k, k_l0), max(k_l0, 1024 // k_l0 * k_l0))
