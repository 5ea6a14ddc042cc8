"""How much of UB a tile of a vector nest needs, counted from what is alive while its body runs."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import cast

from xdsl.ir import Operation, SSAValue

from dialects.dtypes import DType
from dialects.graph import AddOp
from dialects.graph.types import element_of
from dialects.isa.vector import REPEAT_BYTES
from passes.analysis.memory_sums import memory_sums
from passes.analysis.tile_storage import PITCH_MULTIPLE, ub_tile_bytes
from passes.tile.nests import Nest
from passes.tile.positional import guarded

EMISSION_TILES = 3
"""Tiles that the expansion of one op into instructions may need at a time (broadcasts, reductions, conversions)."""

DIRECT = frozenset(
    f"graph.{name}"
    for name in ("add", "sub", "mul", "div", "max", "min", "exp", "log", "sqrt", "abs", "neg", "relu", "cast")
)
"""Functions of which a floating-point one is an instruction or two, with no more memory than a broadcast column."""

CHOOSING = frozenset(("graph.compare", "graph.select"))
"""Functions that go through a piece of conditions widened to f32, spread columns and bits."""

BITS_BYTES = 4096
"""Bits of two pieces of the most repeats."""

CARRIERS = frozenset(("graph.matmul", "graph.recurrence", "graph.constant", "graph.broadcast", "graph.reshape"))
"""Ops for which a vector core computes nothing."""

MASKS = ("graph.compare", "graph.select")
"""Ops that read or make a bit an element."""

TURNED_TILES = 2
"""Tiles that turning one in UB takes besides itself: the result, and where its elements come from (rows are padded)."""


def element_bytes(value: SSAValue) -> int:
    """Return the size in bytes of a tensor value's element."""
    return DType.of(element_of(value)).size


def full_tiles(nest: Nest) -> int:
    """Return how many full tiles of 4-byte elements must fit in UB at once: double buffers, the most alive, expansion.

    A tile is full when it varies along both the rows and the columns; the others are small beside it. One of 8-byte
    elements counts twice.
    """
    space = nest.space
    wanted = {dim for dim in (nest.row, nest.col) if dim is not None}

    def is_full(value: SSAValue) -> bool:
        return wanted <= space.varying[value]

    loads = [value for value in space.operands if is_full(value) and not _feeds_matmul(nest, value)]
    results = {result for op in space.ops for result in op.results if is_full(result)}
    most = max((sum(map(_tiles, alive)) for _, alive in _alive(nest, results)), default=0)
    size = sum(2 * _tiles(value) for value in (*loads, *(store.value for store in nest.stores)))
    narrow = 1 if nest.row is None else max(1, PITCH_MULTIPLE // space.sizes[nest.row])
    walks = [*space.operands.items(), *((store.value, store) for store in nest.stores)]
    size += TURNED_TILES * narrow * sum(_tiles(value) for value, walk in walks if nest.is_turned(walk.strides))
    return size + most + EMISSION_TILES


def _alive(nest: Nest, values: Set[SSAValue]) -> Iterator[tuple[Operation, set[SSAValue]]]:
    """Walk the body: each op with those of ``values`` that are needed then or later, its results among them."""
    ops = nest.space.ops
    last = {operand: i for i, op in enumerate(ops) for operand in op.operands}
    last |= {store.value: len(ops) for store in nest.stores}
    alive: set[SSAValue] = set()
    for i, op in enumerate(ops):
        alive |= values & set(op.results)
        yield op, alive
        alive = {value for value in alive if last.get(value, -1) > i}


def _tiles(value: SSAValue) -> int:
    """Return how many tiles of 4-byte elements one of this value's elements stands for."""
    return max(1, element_bytes(value) // 4)


def sums_in_memory(nest: Nest, cols: int) -> set[SSAValue]:
    """Return what a step of a recurrence in chunks of ``cols`` makes of sums in memory: nothing of it is in UB."""
    if nest.recurrence is None or nest.col is None or cols >= nest.space.sizes[nest.col]:
        return set()
    steps = memory_sums(nest.recurrence)
    totals = [cast("AddOp", nest.recurrence.yielded[place].owner) for place in steps]
    return {value for total in totals for value in (total.result, *total.operands)}


def bytes_in_ub(nest: Nest, rows: int, cols: int, slots: int = 2, *, in_turns: bool = False, masks: bool = True) -> int:
    """Return the bytes of UB that a core needs for a nest with products when its share is ``rows`` x ``cols``.

    Loads, products that arrive (one of which is there at a time if ``in_turns``) and results that leave have ``slots``
    buffers all the time; carried values are there all the time; of the rest, the most that is alive at once counts,
    with what expanding an op takes; with ``masks`` False, comparisons and selections of whole tiles take what they need
    rather than what they may need of any operands.
    """
    space = nest.space

    def size(value: SSAValue, dtype: DType) -> int:
        varying = space.varying[value]
        column = nest.column_of(varying)
        width = 1 if column is None else cols if column == nest.col else space.sizes[column]
        height = rows if nest.row in varying else 1
        return ub_tile_bytes(height, width, dtype)

    def computed_size(value: SSAValue) -> int:
        half = DType.of(element_of(value)) in (DType.f16, DType.i1)
        return size(value, DType.f16 if half else DType.f32)

    sums = sums_in_memory(nest, cols)
    computed = {op.results[0] for op in space.ops if op.name not in ("graph.matmul", "graph.recurrence")} - sums
    leaving = [operand for op in nest.matmuls for operand in op.operands if operand in computed]
    leaving += [store.value for store in nest.stores]
    queued = [value for value in space.operands if not _feeds_matmul(nest, value)]
    arriving = [computed_size(op.results[0]) for op in nest.matmuls if op.results[0] not in sums]
    carried = nest.recurrence.body.block.args[: len(nest.recurrence.carried)] if nest.recurrence else ()
    total = slots * sum(max(size(value, DType.f32), size(value, DType.of(element_of(value)))) for value in queued)
    total += slots * (max(arriving) if in_turns else sum(arriving))
    total += slots * sum(size(value, DType.of(element_of(value))) for value in leaving)
    total += sum(map(computed_size, carried))  # a sum in memory: what is loaded of it in the end
    most = 0
    in_place = [op for op in guarded(space) if op.name == "graph.select" and len(list(op.operands[1].uses)) == 1]
    replaced = {op: op.operands[1] for op in in_place}  # where an edge crosses the tile
    for op, alive in _alive(nest, computed.difference(leaving)):
        touched = [value for value in (*op.operands, *op.results) if value in space.varying]
        widest = max((size(value, DType.f32) for value in touched), default=0)
        alike = {space.varying[op.results[0]], frozenset[int]()}
        plain = not masks and op.name in MASKS and all(space.varying[value] in alike for value in op.operands)
        expansion = rows * 2 * REPEAT_BYTES if plain else _expansion(op, widest, rows)
        most = max(most, sum(map(computed_size, alive - {replaced.get(op)})) + expansion)
    return total + most


def _expansion(op: Operation, widest: int, rows: int) -> int:
    """Return the bytes that expanding an op into instructions takes, where its widest tile has ``widest``."""
    spread = ub_tile_bytes(rows, PITCH_MULTIPLE, DType.f32)
    if op.name == "graph.reduce":
        return min(widest, rows * REPEAT_BYTES) + spread
    floats = all(
        DType.of(element_of(value)).is_float for value in (*op.operands, *op.results) if not _is_condition(value)
    )
    if op.name in CHOOSING and floats:
        return min(widest, rows * REPEAT_BYTES) + 2 * spread + BITS_BYTES
    if op.name in DIRECT and floats and not any(map(_is_condition, op.operands)):
        return spread
    return EMISSION_TILES * widest if op.name not in CARRIERS else 0


def _is_condition(value: SSAValue) -> bool:
    """Whether a value holds conditions."""
    return DType.of(element_of(value)) == DType.i1


def _feeds_matmul(nest: Nest, value: SSAValue) -> bool:
    return any(nest.space.source(operand) is value for op in nest.matmuls for operand in op.operands)
