"""What a tile costs: estimated cycles of each unit, for choosing among tile sizes (the timing model measures for real).

Each estimate is the slope of a unit and a fixed cost a step, from the machine description.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialects.isa.vector import REPEAT_BYTES
from passes.analysis.rounding import round_up
from runtime.machine.description import Machine

REPEAT = REPEAT_BYTES // 4
"""Elements of 4 bytes, in which vector nests compute at most, of one repeat."""

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

    Every core loads and drains at the rate of its own path, or its share of L2's where that is less. ``epilogue`` is
    the number of vector operations after the product; the block's vector cores share the rows.
    """
    rows, cols, k, size = tile.rows, tile.cols, tile.k, tile.size
    steps, chunks = -(-k // tile.l0_k), -(-k // tile.l1_k)
    cube = machine.cube
    products = round_up(rows, cube.block_m) * round_up(cols, cube.block_n) * round_up(k, cube.block_k[tile.dtype])
    product = products / cube.macs_per_cycle[tile.dtype] + cube.head_cycles * steps
    (head_a, rate_a), (head_b, rate_b) = machine.path_line("l1_l0a"), machine.path_line("l1_l0b")
    feed = (rows / rate_a + cols / rate_b) * k * size + (head_a + head_b) * steps
    head, rate = machine.path_line("gm_l1_nd2nz")
    load = (rows + cols) * k * size / min(rate, _share(machine.memory.l2_read_gb_per_s, machine)) + head * chunks
    head, rate = machine.path_line("l0c_gm")
    drain = rows * cols * 4 / min(rate, _share(machine.memory.l2_write_gb_per_s, machine)) + head
    repeats = -(-rows // machine.vector_per_cube) * cols / REPEAT
    instruction = machine.vector.overhead_cycles + machine.sync.barrier_cycles  # each reads what the one before wrote
    vector = epilogue * (repeats * _repeat_cycles(machine) + instruction)
    return waves * max(product, feed, load, drain, vector) + load / chunks + drain + vector


def _share(gb_per_s: float, machine: Machine) -> float:
    """Return a cube core's share of a rate of the chip, in bytes a cycle."""
    return machine.bytes_per_cycle(gb_per_s) / machine.cube_cores


def _repeat_cycles(machine: Machine) -> float:
    """Return a vector instruction's cycles a repeat: half of them meet a bank conflict."""
    vector = machine.vector
    return (vector.cycles_per_repeat["any"]["any"] + vector.read_write_conflict_cycles) / 2


def recurrence_cycles(rows: int, cols: int, steps: float, waves: int) -> float:
    """Return the cycles of ``waves`` tiles of a recurrence, each ``steps`` chunks of rows x cols scores."""
    return waves * steps * (CHUNK_HEAD + rows * cols * CHUNK_CYCLES_PER_ELEMENT)
