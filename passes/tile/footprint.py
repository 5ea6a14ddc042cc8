"""How much of UB a tile of a vector nest needs, counted from what is alive while its body runs."""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, SSAValue

from dialects.dtypes import DType
from passes.tile.nests import Nest

EMISSION_TILES = 3
"""Tiles that the expansion of one op into instructions may need at a time (broadcasts, reductions, conversions)."""


def element_bytes(value: SSAValue) -> int:
    """Return the size in bytes of a tensor value's element."""
    return DType.of(cast("TensorType[Attribute]", value.type).element_type).size


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
    return size + most + EMISSION_TILES


def _feeds_matmul(nest: Nest, value: SSAValue) -> bool:
    return nest.matmul is not None and value in nest.matmul.operands
