"""What a tile costs: estimated cycles of each unit, for choosing among tile sizes (the timing model measures for real).

Each estimate is the slope of a unit and a fixed cost a step. Slopes are the machine's where it has one; the constants
here are round figures for the 910B near its usual tile sizes, next to the measured figure that they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialects.isa.vector import REPEAT_BYTES
from passes.analysis.rounding import round_up
from runtime.machine.description import Machine

REPEAT = REPEAT_BYTES // 4
"""Elements of 4 bytes, in which vector nests compute at most, of one repeat."""

FRACTAL_ROWS = 16
"""Rows and columns of the blocks that the cube unit works on."""

LOAD_BYTES_PER_CYCLE = 110
"""GM to L1 with a change of layout: curve `gm_l1_nd2nz_910b1` reaches 114 at 128 KiB."""

LOAD_HEAD = 250
"""A chunk's transfer before its bytes count: curve `gm_l1_910b1` needs 237 for 8 KiB."""

FEED_HEAD = 60
"""A step's two moves from L1 to L0: the paths' heads are 45 each, overlapping in part."""

PRODUCT_HEAD = 20
"""One mmad: the unit's head is 11 in a running stream, 21 in an idle one."""

DRAIN_BYTES_PER_CYCLE = 70
"""L0C to GM while all cores write: 70 to 73 measured, 118 for one core alone."""

DRAIN_HEAD = 100
"""A drain before its bytes count; alone it is 164, of which part overlaps the product."""

VECTOR_CYCLES_PER_REPEAT = 1.5
"""A vector instruction's repeat: 1, or 1.77 where its operands share a bank group."""

VECTOR_HEAD = 40
"""One vector instruction: 22 of overhead, and its issue by the scalar unit."""

CHUNK_HEAD = 1500
"""[assumed] A chunk of a recurrence: a round trip through the channels between cube and vector cores."""

CHUNK_CYCLES_PER_ELEMENT = 0.15
"""[assumed] An element of a recurrence's scores: about ten vector operations on two cores."""


@dataclass(frozen=True)
class ProductTile:
    """A tile of rows x cols of a product, added up over k in chunks; elements of ``size`` bytes and type ``dtype``."""

    rows: int
    cols: int
    k: int
    l1_k: int
    l0_k: int
    size: int
    dtype: str


def product_cycles(tile: ProductTile, epilogue: int, waves: int, machine: Machine) -> float:
    """Return the cycles of ``waves`` tiles one after the other: the busiest unit's, then filling and draining once.

    ``epilogue`` is the number of vector operations after the product; the two vector cores share the rows.
    """
    rows, cols, k, size = tile.rows, tile.cols, tile.k, tile.size
    steps, chunks = -(-k // tile.l0_k), -(-k // tile.l1_k)
    products = rows * round_up(cols, FRACTAL_ROWS) * round_up(k, FRACTAL_ROWS)
    product = products / machine.cube.macs_per_cycle[tile.dtype] + PRODUCT_HEAD * steps
    l0a, l0b = machine.paths["l1_l0a"].bytes_per_cycle, machine.paths["l1_l0b"].bytes_per_cycle
    feed = (rows / l0a + cols / l0b) * k * size + FEED_HEAD * steps
    load = (rows + cols) * k * size / LOAD_BYTES_PER_CYCLE + LOAD_HEAD * chunks
    drain = rows * cols * 4 / DRAIN_BYTES_PER_CYCLE + DRAIN_HEAD
    half = -(-rows // 2)
    vector = epilogue * (half * cols / REPEAT * VECTOR_CYCLES_PER_REPEAT + VECTOR_HEAD)
    return waves * max(product, feed, load, drain, vector) + load / chunks + drain + vector


def recurrence_cycles(rows: int, cols: int, steps: int, waves: int) -> float:
    """Return the cycles of ``waves`` tiles of a recurrence, each ``steps`` chunks of rows x cols scores."""
    return waves * steps * (CHUNK_HEAD + rows * cols * CHUNK_CYCLES_PER_ELEMENT)
