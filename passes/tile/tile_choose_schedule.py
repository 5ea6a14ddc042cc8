"""The pass `tile-choose-schedule`: tile sizes of every kernel, from the machine's capacities and a cost model."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NoReturn, cast

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp
from xdsl.ir import Attribute

from dialects.errors import SfumatoError
from dialects.graph.recurrence import RecurrenceOp
from dialects.interned import i64_array, i64_attr
from dialects.isa.mte import BLOCK
from dialects.isa.vector import MAX_REPEATS, MAX_STRIDE
from dialects.tile.structure import KernelOp
from passes.analysis.rounding import round_up
from passes.base import SfumatoPass, target_of
from passes.tile.bands import balanced, is_skipping, share
from passes.tile.footprint import bytes_in_ub, full_tiles, sums_in_memory
from passes.tile.k_chunks import l0_chunk, l1_chunk, multiplied
from passes.tile.nests import Nest, nests_of
from passes.tile.tile_cost import REPEAT, ProductTile, covered, product_cycles, recurrence_cycles
from passes.tile.two_level_tiles import UB_SHARE, Sizes, two_level_tiles
from runtime.machine.description import Machine, load

LEAST_SHARE = 512
"""Elements of a dense run below which more cores do not help: 2 KiB take hardly longer to load than 1 KiB."""

PRELOAD = 3
"""Iterations that the first stages of a loop over chunks run ahead of the next ones: one hides the other core's work,
a second one the hand-over itself."""

LEAST_ROWS = 8
"""A tile that is turned in UB has so many rows if there are: each is a column of the tile as it lies in memory."""


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
                entries = ArrayAttr([DictionaryAttr({k: _entry(v) for k, v in one.items()}) for one in chosen])
                kernel.properties["schedule"] = DictionaryAttr({"nests": entries})


Schedule = Sizes
"""Tile sizes by name: `row`, `col`, and for each product its chunks of k in L1 (`l1_k`) and in L0 (`l0_k`).

`rows_first` deals tiles out along the rows first, then along the columns. Where tiles of rows are unequal, `rows_at` is
how many dimensions stand before them, and `descending` says that the last ones come first. `preload` is how many
chunks of a recurrence the first stages run ahead."""


def _entry(value: int | list[int]) -> Attribute:
    return i64_attr(value) if isinstance(value, int) else i64_array(value)


def _choose(nest: Nest, machine: Machine) -> Schedule:
    if not nest.matmuls:
        op = nest.recurrence
        if op is not None and op.chunk is not None:
            asked = f"chunks of {op.chunk.value.data} elements were asked for"
            raise SfumatoError(f"{asked}, but a recurrence without products chooses its own", op.location)
        return _choose_vector(nest, machine)
    return _choose_matmul(nest, machine) if nest.recurrence is None else _choose_recurrence(nest, machine)


def _choose_vector(nest: Nest, machine: Machine) -> Schedule:
    """Take whole rows when they fit, else columns in equal parts; then as many rows as fit and keep every core busy."""
    space = nest.space
    rows = space.sizes[nest.row] if nest.row is not None else 1
    cols = space.sizes[nest.col] if nest.col is not None else 1
    budget = int(machine.ub_bytes * UB_SHARE)
    a_column = 4 * full_tiles(nest)
    turned = any(nest.is_turned(walk.strides) for walk in (*space.operands.values(), *nest.stores))
    least_rows = min(rows, LEAST_ROWS) if turned else 1
    limit = budget // (a_column * least_rows) // REPEAT * REPEAT
    if nest.row is not None and nest.col not in space.reduced:
        limit = min(limit, MAX_STRIDE * (BLOCK // 4) // REPEAT * REPEAT)
    others = prod(space.sizes[dim] for dim in nest.grid if dim not in (nest.row, nest.col))
    if nest.row is None and nest.col not in space.reduced:
        share = -(-cols * others // machine.vector_cores)
        limit = min(limit, max(LEAST_SHARE, round_up(share, REPEAT)), MAX_REPEATS * REPEAT)
    tile_cols = round_up(cols, REPEAT)
    if tile_cols > limit:
        parts = -(-tile_cols // max(limit, REPEAT))
        tile_cols = round_up(-(-tile_cols // parts), REPEAT)
    tile_cols = min(tile_cols, cols)
    column_tiles = 1 if nest.col in space.reduced else -(-cols // tile_cols)
    tile_rows = min(rows, max(1, budget // (a_column * round_up(tile_cols, REPEAT))), MAX_REPEATS)
    if nest.row is not None and nest.row not in space.reduced:
        tiles = others * column_tiles * rows
        tile_rows = min(tile_rows, max(least_rows, -(-tiles // machine.vector_cores)))
    return {"row": tile_rows, "col": tile_cols}


def _choose_matmul(nest: Nest, machine: Machine) -> Schedule:
    """Search tile sizes for the fewest cycles of the busiest unit, all waves of tiles over the cores counted."""
    space = nest.space
    m, n, k = (1 if dim is None else space.sizes[dim] for dim in nest.product_dims(nest.matmuls[0]))
    batch = prod(space.sizes[dim] for dim in nest.grid if dim not in (nest.row, nest.col))
    dtype = multiplied(nest.matmuls[0], machine)
    epilogue = len(space.ops) - 1
    best: tuple[float, int, int] | None = None
    chosen: Schedule = {}
    for rows in _candidates(m, machine.cube.block_m):
        for cols in _candidates(n, machine.cube.block_n):
            if rows * cols * 4 * 2 > machine.l0c_bytes:
                break
            k_l0 = l0_chunk(rows, cols, k, dtype, machine)
            k_l1 = l1_chunk(rows, cols, k, k_l0, dtype, machine)
            share = -(-rows // machine.vector_per_cube)
            if not k_l0 or not k_l1:
                continue
            tiles = batch * -(-m // rows) * -(-n // cols)
            waves = -(-tiles // machine.cube_cores)
            tile = ProductTile(rows, cols, k, k_l1, k_l0, dtype.size, dtype.name)
            key = (product_cycles(tile, epilogue, waves, machine), -rows * cols, rows)
            if best is not None and key >= best:
                continue
            if epilogue and bytes_in_ub(nest, share, cols) > machine.ub_bytes * UB_SHARE:
                continue
            best = key
            chosen = {"row": rows, "col": cols, "l1_k": [k_l1], "l0_k": [k_l0]}
    if not chosen:
        _refuse(nest, machine)
    return {**chosen, "rows_first": 1} if n > m else chosen  # the larger operand is read once, L2 keeps the smaller one


def _refuse(nest: Nest, machine: Machine) -> NoReturn:
    """Say that not even the smallest tile of a nest with products fits the machine."""
    rows, cols = machine.cube.block_m, machine.cube.block_n
    needed = bytes_in_ub(nest, -(-rows // machine.vector_per_cube), cols)
    op = nest.recurrence or nest.matmuls[0]
    raise SfumatoError(
        f"no tile of this kernel fits {machine.name}: {rows} rows by {cols} columns need {needed} bytes of UB a vector"
        f" core (of {machine.ub_bytes}) besides their operands in L1 ({machine.l1_bytes} bytes), L0A and L0B"
        f" ({machine.l0a_bytes} and {machine.l0b_bytes}) and sums in L0C ({machine.l0c_bytes}); choose a target with"
        " more, or for attention --attention standard",
        op.location,
    )


def _choose_recurrence(nest: Nest, machine: Machine) -> Schedule:
    """Search the rows, and the chunk of the walked dimension, for the fewest cycles of all waves of tiles."""
    space = nest.space
    assert nest.recurrence is not None
    assert nest.row is not None
    assert nest.col is not None
    rows, cols = space.sizes[nest.row], space.sizes[nest.col]
    batch = prod(space.sizes[dim] for dim in nest.grid if dim != nest.row)
    for op in nest.matmuls:
        multiplied(op, machine)
    best: tuple[float, int, int] | None = None
    chosen: Schedule = {}
    for tile_rows in _candidates(rows, machine.cube.block_m):
        for tile_cols in _chunks(nest.recurrence, cols, machine):
            chunks = -(-cols // tile_cols)
            waves = -(-batch * -(-rows // tile_rows) // machine.cube_cores)
            steps = chunks * share(nest.recurrence, tile_rows, tile_cols, cols, rows)
            sizes = _recurrence_sizes(nest, tile_rows, tile_cols, machine)
            if sizes is None:
                continue
            l1_k = cast("list[int]", sizes["l1_k"])
            cycles = recurrence_cycles(nest, (tile_rows, tile_cols), l1_k, steps, PRELOAD, machine)
            key = (waves * cycles, -tile_cols, -tile_rows)
            if best is None or key < best:
                best, chosen = key, {"row": tile_rows, "col": tile_cols, **sizes}
                if is_skipping(nest.recurrence):
                    chosen |= balanced(nest, nest.recurrence, tile_rows, tile_cols, machine)
    return chosen or _refuse(nest, machine)


def _recurrence_sizes(nest: Nest, rows: int, cols: int, machine: Machine) -> Schedule | None:
    """Return the other sizes of a tile of rows x cols of a recurrence; None if it does not fit the machine."""
    assert nest.col is not None
    in_chunks, direct = cols < nest.space.sizes[nest.col], "l0c_ub" in machine.paths
    k_chunks = _product_chunks(nest, rows, cols, machine)
    part = -(-rows // machine.vector_per_cube)
    needed = bytes_in_ub(nest, part, cols, slots=2 if direct else 1, in_turns=in_chunks and not direct)
    if k_chunks is not None and needed <= machine.ub_bytes * UB_SHARE:
        return {"l1_k": k_chunks[0], "l0_k": k_chunks[1], **({"preload": PRELOAD} if in_chunks else {})}
    if not sums_in_memory(nest, cols) or direct:
        return None
    sizes = two_level_tiles(nest, rows, cols, machine)
    return None if sizes is None else {**sizes, "preload": 1}


def _chunks(op: RecurrenceOp, extent: int, machine: Machine) -> list[int]:
    """Return chunks worth trying of a dimension that is a product's columns and then summed over, or the one to be.

    Round sizes, which the vector unit likes, and such that all chunks are alike, so that no small one is left over.
    """
    block = machine.cube.fractal_rows
    most = round_up(extent, block)
    if op.chunk is not None:
        fixed = op.chunk.value.data
        if fixed % block and fixed < extent:
            wanted = f"whole blocks of {block} of {machine.name}"
            raise SfumatoError(f"chunks of {fixed} elements are no {wanted}", op.location)
        return [min(round_up(fixed, block), most)]
    round_ = {min(size, most) for size in (1024, 512, 448, 384, 320, 256, 192, 128, 64, 32, 16)}
    return sorted(round_ | {round_up(-(-extent // -(-extent // size)), block) for size in round_}, reverse=True)


def _product_chunks(nest: Nest, rows: int, cols: int, machine: Machine) -> tuple[list[int], list[int]] | None:
    """Return the chunks of k in L1 and L0 of each product of a recurrence; None if a tile does not fit the cube core.

    The products of a loop of several chunks take turns with L0 and L1; all have sums of their own in L0C.
    """
    assert nest.col is not None
    sharing = len(nest.matmuls) if cols >= nest.space.sizes[nest.col] else 1
    l1_k: list[int] = []
    l0_k: list[int] = []
    l0c = 0
    for op in nest.matmuls:
        _, n, k = (covered(nest, dim, rows, cols) for dim in nest.product_dims(op))
        dtype = multiplied(op, machine)
        width = round_up(n, machine.cube.block_n)
        in_l0 = (l0_chunk(rows, width, k, dtype, machine, sharing, slots) for slots in (2, 1))
        l0_k.append(next(filter(None, in_l0), 0))
        l1_k.append(l1_chunk(rows, n, k, l0_k[-1], dtype, machine, len(nest.matmuls)))
        l0c += rows * width * 4
    fits = min(l0_k) > 0 and min(l1_k) > 0 and l0c <= machine.l0c_bytes
    return (l1_k, l0_k) if fits else None


_BLOCKS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32)


def _candidates(extent: int, block: int) -> list[int]:
    """Return tile sizes worth trying for an extent: whole blocks of the cube unit that do not overshoot it by one."""
    most = round_up(extent, block)
    sizes = [count * block for count in _BLOCKS if count * block <= most]
    return sizes if most > _BLOCKS[-1] * block or most in sizes else [*sizes, most]
