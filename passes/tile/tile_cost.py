"""What a tile costs: estimated cycles of each unit, for choosing among tile sizes (the timing model measures for real).

Each estimate is the slope of a unit and a fixed cost a step, from the machine description.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import f16

from dialects.dtypes import DType
from dialects.graph.types import element_of
from dialects.isa.vector import REPEAT_BYTES
from passes.analysis.rounding import round_up
from passes.tile.footprint import sums_in_memory
from passes.tile.nests import Nest
from passes.tile.positional import guarded
from runtime.machine.description import Machine

REPEAT = REPEAT_BYTES // 4
"""Elements of 4 bytes, in which vector nests compute at most, of one repeat."""


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


def recurrence_cycles(
    nest: Nest, tile: tuple[int, int], l1_k: Sequence[int], steps: float, preload: int, machine: Machine
) -> float:
    """Return the cycles of a ``tile`` of rows and columns of a recurrence that goes through ``steps`` such chunks.

    ``l1_k`` are the chunks of k in which each product's operands are loaded. Cube and vector cores work side by side,
    but for the first chunk's way there and the last one's way back; with ``preload`` chunks ahead, no chunk is through
    in less than its share of that way.
    """
    rows, cols = tile
    load, product, drain = 0.0, 0.0, 0.0
    arriving = written = 0.0
    sums = sums_in_memory(nest, cols)
    for op, most in zip(nest.matmuls, l1_k, strict=True):
        dims = nest.product_dims(op)
        m, n, k = (covered(nest, dim, rows, cols) for dim in dims)
        dtype = DType.of(element_of(op.operands[0]))
        for operand, (lines, length) in zip(op.operands, ((dims[0], dims[2]), (dims[2], dims[1])), strict=True):
            walked = nest.space.operands.get(nest.space.source(operand))
            if walked is not None and nest.col not in walked.strides:
                continue  # what no chunk changes is loaded once
            if walked is not None and lines is not None and walked.strides.get(lines) == 1:
                lines, length = length, lines
            height, width = (
                min(covered(nest, dim, rows, cols), most if dim == dims[2] else cols * rows) for dim in (lines, length)
            )
            load += -(-k // most) * transfer_cycles("gm_l1_nd2nz", height, width * dtype.size, machine)
        blocks = round_up(m, machine.cube.block_m) * round_up(n, machine.cube.block_n)
        product += blocks * round_up(k, machine.cube.block_k[dtype.name]) / machine.cube.macs_per_cycle[dtype.name]
        size = 2 if element_of(op.results[0]) == f16 else 4
        drain += transfer_cycles("l0c_gm", m, n * size, machine)
        if op.results[0] in sums:  # added to memory by the cube core, and before that integers by the vector cores
            written += 2 * m * n * size * machine.memory.atomic_weight
        else:
            arriving += transfer_cycles("gm_ub", -(-m // machine.vector_per_cube), n * size, machine)
            written += m * n * size
    vector = _vector_cycles(nest, -(-rows // machine.vector_per_cube), cols, steps, machine)
    way = load + product + drain + arriving + 2 * len(nest.matmuls) * machine.sync.handshake_cycles
    written /= _share(machine.memory.l2_write_gb_per_s, machine)
    chunk = max(load, product, drain, arriving, written, vector, (way + vector) / (1 + preload))
    return steps * chunk + way if steps > 1 else way + vector


def covered(nest: Nest, dim: int | None, rows: int, cols: int) -> int:
    """Return how many elements of a dimension a tile covers."""
    if dim is None:
        return 1
    return rows if dim == nest.row else cols if dim == nest.col else nest.space.sizes[dim]


def _vector_cycles(nest: Nest, rows: int, cols: int, steps: float, machine: Machine) -> float:
    """Return the cycles of a vector core's part of one of ``steps`` chunks, few of which an edge crosses.

    Its tiles are taken to lie in the same banks of UB.
    """
    assert nest.recurrence is not None
    assert nest.col is not None
    instruction = machine.vector.overhead_cycles + machine.sync.barrier_cycles  # each reads what the one before wrote
    total = 0.0
    at_edges = guarded(nest.space)
    sums = sums_in_memory(nest, cols)
    for op in nest.recurrence.body.block.ops:
        if not sums.isdisjoint(op.results):
            continue
        if op.name not in ("graph.matmul", "graph.yield", "graph.constant", "graph.broadcast", "graph.iota"):
            value = op.operands[0] if op.name == "graph.reduce" else op.results[0]
            varying = nest.space.varying[value]
            column = nest.column_of(varying)
            height, width = rows if nest.row in varying else 1, covered(nest, column, rows, cols)
            # Rows that the last chunk cuts short lie apart: an instruction for each repeat's width of them.
            is_cut = column == nest.col and nest.space.sizes[nest.col] % cols != 0
            part = min(1.0, (1 + rows / cols) / steps) if op in at_edges else 1.0
            total += part * instruction * (-(-width // REPEAT) if is_cut else 1)
            costs = machine.vector.cycles_per_repeat.get(f"v{op.name.removeprefix('graph.')}", {})
            extra = costs.get("f32", 1.0) - 1.0
            total += part * height * width / REPEAT * (machine.vector.read_write_conflict_cycles + extra)
    return total


def transfer_cycles(path: str, rows: int, row_bytes: int, machine: Machine) -> float:
    """Return the cycles of one transfer on a data path, or of its share of L2's rate where that is less."""
    line, size = machine.paths[path], rows * row_bytes
    alone = machine.curves[line.curve].at(size) if line.curve else line.head_cycles + size / line.bytes_per_cycle
    return max(alone, rows * line.row_cycles, size / _share(machine.memory.l2_read_gb_per_s, machine))
