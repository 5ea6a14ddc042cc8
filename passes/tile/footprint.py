"""How much of UB a tile of a vector nest needs, counted from what is alive while its body runs."""

from __future__ import annotations

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.graph.types import element_of
from passes.kernel.vector_emission_tiles import PITCH_MULTIPLE, tile_bytes
from passes.tile.nests import Nest

EMISSION_TILES = 3
"""Tiles that the expansion of one op into instructions may need at a time (broadcasts, reductions, conversions)."""

TURNED_TILES = 2
"""Tiles that turning one in UB takes besides itself: the result, and where its elements come from (rows are padded)."""


def element_bytes(value: SSAValue) -> int:
    """Return the size in bytes of a tensor value's element."""
    return DType.of(element_of(value)).size


def full_tiles(nest: Nest) -> int:
    """Return how many full tiles of 4-byte elements must fit in UB at once: double buffers, the most alive, expansion.

    A tile is full when it varies along both the rows and the columns; the others are small beside it.
    """
    space = nest.space
    wanted = {dim for dim in (nest.row, nest.col) if dim is not None}

    def is_full(value: SSAValue) -> bool:
        return wanted <= space.varying[value]

    loads = [value for value in space.operands if is_full(value) and not _feeds_matmul(nest, value)]
    last: dict[SSAValue, int] = {}
    for i, op in enumerate(space.ops):
        for operand in op.operands:
            last[operand] = i
    for store in nest.stores:
        last[store.value] = len(space.ops)
    alive: set[SSAValue] = set()
    most = 0
    for i, op in enumerate(space.ops):
        alive.update(result for result in op.results if is_full(result))
        most = max(most, len(alive))
        alive = {value for value in alive if last.get(value, -1) > i}
    size = sum(max(2, element_bytes(value) // 2) for value in loads) + 2 * len(nest.stores)
    narrow = 1 if nest.row is None else max(1, PITCH_MULTIPLE // space.sizes[nest.row])
    turned = sum(nest.is_turned(walk.strides) for walk in (*space.operands.values(), *nest.stores))
    size += TURNED_TILES * turned * narrow
    return size + most + EMISSION_TILES


def bytes_in_ub(nest: Nest, rows: int, cols: int) -> int:
    """Return the bytes of UB that a core needs for a nest with products when its share is ``rows`` x ``cols``.

    Loads, products that arrive and results that leave are double buffered all the time; carried values are there all
    the time; of the rest, the most that is alive at once counts.
    """
    space = nest.space

    def size(value: SSAValue) -> int:
        varying = space.varying[value]
        column = nest.column_of(varying)
        width = 1 if column is None else cols if column == nest.col else space.sizes[column]
        height = rows if nest.row in varying else 1
        return tile_bytes(height, width, DType.f32)

    queued = [value for value in space.operands if not _feeds_matmul(nest, value)]
    queued += [op.results[0] for op in nest.matmuls] + [store.value for store in nest.stores]
    computed = {op.results[0] for op in space.ops if op.name not in ("graph.matmul", "graph.recurrence")}
    queued += [operand for op in nest.matmuls for operand in op.operands if operand in computed]
    carried = nest.recurrence.body.block.args[: len(nest.recurrence.carried)] if nest.recurrence else ()
    total = 2 * sum(map(size, queued)) + sum(map(size, carried))
    last = {operand: i for i, op in enumerate(space.ops) for operand in op.operands}
    alive: set[SSAValue] = set()
    most = 0
    for i, op in enumerate(space.ops):
        alive |= computed & set(op.results)
        most = max(most, sum(map(size, alive)))
        alive = {value for value in alive if last.get(value, -1) > i}
    widest = max((size(value) for value in computed), default=0)
    return total + most + EMISSION_TILES * widest


def _feeds_matmul(nest: Nest, value: SSAValue) -> bool:
    return any(nest.space.source(operand) is value for op in nest.matmuls for operand in op.operands)
