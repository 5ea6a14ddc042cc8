"""Two levels of tiles for a recurrence whose sum is in memory: large ones between the cores, small ones in L0.

What a step passes between the cores grows with a tile's rows and columns, what it computes with their product: tiles
that fit neither L0C nor UB are worth having (FastAttention's two-level tiling; AMLA's hierarchical tiling). The cube
core makes each product in parts that share L0C (`passes.tile.product_parts`), the vector cores their rows in pieces
(`passes.tile.row_pieces`).
"""

from __future__ import annotations

from math import isqrt

from xdsl.ir import Operation

from passes.analysis.rounding import round_up
from passes.tile.footprint import bytes_in_ub
from passes.tile.k_chunks import equal_parts, k_step, multiplied
from passes.tile.nests import Nest
from passes.tile.positional import guarded
from passes.tile.product_parts import LOOP, PRODUCT
from passes.tile.row_pieces import piece_rows
from passes.tile.tile_cost import covered
from runtime.machine.description import Machine

SUMS = 2
"""Sums that share L0C: one is drained while the other is formed."""

L1_SLOTS = (3, 2)
"""Chunks of the right operand in L1: one in use, the others on their way."""

PIECES = (1, 2, 4, 8)
"""Numbers of pieces worth trying."""

PARTS_OF_K = (1, 2, 3, 4, 6, 8, 12, 16)
"""Numbers of chunks that k is cut into, worth trying."""

UB_SHARE = 0.92
"""The part of UB that is planned: the rest is for alignment, and for what only a row or column of a tile needs."""

Sizes = dict[str, int | list[int]]


def two_level_tiles(nest: Nest, rows: int, cols: int, machine: Machine) -> Sizes | None:
    """Return the sizes of a tile of rows x cols; None if it is no two-level tile, or does not fit the machine.

    Selections by position, which tiles at an edge make in place, are for tiles that are in UB as a whole.
    """
    side = isqrt(machine.l0c_bytes // 4 // SUMS) // machine.cube.block_m * machine.cube.block_m
    if rows not in (side, SUMS * side) or cols % (SUMS * side) or guarded(nest.space):
        return None
    pieces = _pieces(nest, rows, cols, machine)
    tiles = _Tiles(nest, rows, cols, side, machine)
    found = next((sizes for slots in L1_SLOTS if (sizes := tiles.in_l1(slots))), None)
    if pieces is None or found is None:
        return None
    count = len(nest.matmuls)
    return {**found, "l0_m": [side] * count, "l1_n": [tiles.width] * count, "l0_n": [side] * count, "pieces": pieces}


def _pieces(nest: Nest, rows: int, cols: int, machine: Machine) -> int | None:
    """Return in how few pieces a vector core's rows fit UB."""
    share = -(-rows // machine.vector_per_cube)
    for pieces in PIECES:
        size = piece_rows(share, pieces)
        if bytes_in_ub(nest, size, cols, slots=1, in_turns=True, masks=False) <= machine.ub_bytes:
            return pieces
    return None


class _Tiles:
    """Chunks of k of the products, for sums of ``side`` rows and columns, two of which share L0C."""

    def __init__(self, nest: Nest, rows: int, cols: int, side: int, machine: Machine) -> None:
        self.nest, self.rows, self.cols, self.side, self.machine = nest, rows, cols, side, machine
        self.width = SUMS * side // (rows // side)
        self.staying = sum(side * self._k(op) * self._size(op) for op in nest.matmuls if self._stays(op))

    def in_l1(self, slots: int) -> dict[str, list[int]] | None:
        """Return the chunks in L1 and L0 if ``slots`` of the right operand fit beside what stays of the left ones.

        A left operand of several sums' rows stays for its product, one that no step moves for good if it has room; the
        products take turns with the rest of L1.
        """
        l1_k, l0_k = [self._chunk(op, slots) for op in self.nest.matmuls], list[int]()
        left = right = 0
        for op, chunk in zip(self.nest.matmuls, l1_k, strict=True):
            step = self._step(op)
            most = self.machine.l0a_bytes // (2 * self.side * self._size(op)) // step * step
            if not chunk or not most:
                return None
            l0_k.append(equal_parts(chunk, most, step))
            left = max(left, 0 if self._stays(op) else self._left(op, chunk, slots))
            right = max(right, slots * self.width * chunk * self._size(op))
        if self.staying + left + right > self.machine.l1_bytes:
            return None
        keep = [LOOP if self._stays(op) else PRODUCT if self.rows > self.side else 0 for op in self.nest.matmuls]
        return {"l1_k": l1_k, "l0_k": l0_k, "slots": [slots] * len(keep), "keep": keep}

    def _chunk(self, op: Operation, slots: int) -> int:
        """Return the largest equal part of k that fits, a multiple of a step, or 0."""
        budget, size = self.machine.l1_bytes - self.staying, self._size(op)
        for parts in PARTS_OF_K:
            chunk = round_up(-(-self._k(op) // parts), self._step(op))
            left = 0 if self._stays(op) else self._left(op, chunk, slots)
            if left + slots * self.width * chunk * size <= budget:
                return chunk
        return 0

    def _left(self, op: Operation, chunk: int, slots: int) -> int:
        """Return the bytes of L1 for chunks of a left operand that is not there to stay."""
        count = self.rows // self.side * -(-self._k(op) // chunk) if self.rows > self.side else slots
        return count * self.side * chunk * self._size(op)

    def _stays(self, op: Operation) -> bool:
        """Whether one sum's rows of a left operand that no step moves stay in L1."""
        walked = self.nest.space.operands.get(self.nest.space.source(op.operands[0]))
        return self.rows == self.side and walked is not None and self.nest.col not in walked.strides

    def _k(self, op: Operation) -> int:
        _, _, dim = self.nest.product_dims(op)
        return round_up(covered(self.nest, dim, self.rows, self.cols), self._step(op))

    def _step(self, op: Operation) -> int:
        return k_step(multiplied(op, self.machine), self.machine)

    def _size(self, op: Operation) -> int:
        return multiplied(op, self.machine).size
