"""What a flash attention kernel computes, how it is cut into tiles, and what both kinds of cores agree on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from assembly_writer import CoreProgram, Number, Scalar, ceil_div

from dialects.errors import SfumatoError
from runtime.machine.description import Machine

ELEMENT = 2
"""Bytes of an element of Q, K, V, P and O."""
WIDE = 4
"""Bytes of an element of the scores and of the partial outputs."""
LANES = 64
"""Wide elements of a vector repeat."""
MAX_REPEATS = 255
KEYS = (64, 128, 256, 512, 1024)
"""Keys of a tile: rows are reduced by pairs of repeats."""

SCORES_READY, P_READY, PARTIAL_READY = range(3)
"""The flags between a cube core and its vector cores."""


@dataclass(frozen=True)
class Attention:
    """The problem: Q [heads, queries, head_dim], K and V [kv_heads, keys, head_dim]."""

    queries: int
    keys: int
    head_dim: int = 128
    heads: int = 1
    kv_heads: int = 1
    dtype: str = "f16"
    causal: bool = False


@dataclass(frozen=True)
class FlashTiling:
    """Query rows and keys of a tile, tiles of lead, elements of k in L0 of both products, rows of a vector step."""

    rows: int = 128
    keys: int = 256
    preload: int = 4
    qk_k: int = 64
    pv_k: int = 128
    vector_rows: int = 32

    @property
    def slots(self) -> int:
        """Slots of each workspace."""
        return self.preload + 1

    @property
    def half(self) -> int:
        """Rows of a tile that a vector core has."""
        return self.rows // 2

    def with_vector_rows(self, rows: int) -> FlashTiling:
        """Return the tiling with another number of rows of a vector step."""
        return replace(self, vector_rows=rows)


class Region(NamedTuple):
    """Bytes of an on-chip buffer."""

    start: int
    size: int


_SKEWED = frozenset({"partial"})
"""Buffers that start 256 bytes past a multiple of 512: their blocks are in other bank groups than the others'."""


def vector_buffers(attention: Attention, tiling: FlashTiling) -> dict[str, Region]:
    """Return where everything lies in UB.

    Scores are turned into exponentials in place. What is staged on its way to global memory lies where rows are folded
    before.
    """
    rows, half, keys, dim = tiling.vector_rows, tiling.half, tiling.keys, attention.head_dim
    wide, bits = rows * keys * WIDE, rows * keys // 8
    sizes = {
        "scores": wide,
        "staging": rows * max(keys, dim) * ELEMENT,
        "partial": rows * dim * WIDE,
        "output": half * dim * WIDE,
        "blocks": rows * 8 * WIDE,
        "spread": rows * 8 * WIDE,
        "row": rows * WIDE,
        "new_maximum": rows * WIDE,
        "maximum": half * WIDE,
        "sum": half * WIDE,
        "correction": tiling.slots * half * WIDE,
    }
    if attention.keys % keys:
        sizes["tail_bits"] = bits
    if attention.causal:
        sizes |= {"diagonal": wide, "causal_bits": bits, "limit": 32}
    buffers: dict[str, Region] = {}
    end = 0
    for name, size in sizes.items():
        start = end + (256 if name in _SKEWED else 0)
        buffers[name] = Region(start, size)
        end = start + -(-size // 512) * 512
    return buffers


def fitting_vector_rows(attention: Attention, tiling: FlashTiling, machine: Machine) -> int:
    """Return the most rows of a vector step that fit into UB and one instruction; 8 if not even those do."""
    for rows in range(tiling.half, 8, -8):
        if tiling.half % rows == 0 and not _vector_faults(attention, tiling.with_vector_rows(rows), machine):
            return rows
    return 8


def check(attention: Attention, tiling: FlashTiling, machine: Machine) -> None:
    """Raise `SfumatoError` unless the attention is one and the tiling suits it and fits ``machine``."""
    sizes = (attention.queries, attention.keys, attention.head_dim, attention.heads, attention.kv_heads)
    unit = max(machine.cube.fractal_rows, 16)  # a row of a 2-byte fractal has 16 elements
    faults = [
        (min(sizes) < 1, f"all sizes must be positive, got {attention}"),
        (attention.kv_heads > 0 and attention.heads % attention.kv_heads, "kv_heads must divide heads"),
        (attention.head_dim % unit, f"head_dim must be a multiple of {unit}, got {attention.head_dim}"),
        (attention.causal and attention.queries > attention.keys, "causal attention needs a key for each query"),
        (tiling.rows < unit or tiling.rows % unit, f"rows must be a positive multiple of {unit}, got {tiling.rows}"),
        (tiling.keys not in KEYS, f"kv must be one of {', '.join(map(str, KEYS))}, got {tiling.keys}"),
        (tiling.qk_k < unit or tiling.qk_k % unit, f"qk-k must be a positive multiple of {unit}, got {tiling.qk_k}"),
        (tiling.pv_k < unit or tiling.pv_k % unit, f"pv-k must be a positive multiple of {unit}, got {tiling.pv_k}"),
        (
            not 0 <= tiling.preload <= machine.cross_flag_limit - 2,
            f"preload of {tiling.preload} overruns a flag's counter",
        ),
        (machine.vector_per_cube != 2, f"{machine.name} has no two vector cores to a cube core"),
    ]
    for fault, message in faults:
        if fault:
            raise SfumatoError(message)
    for message in (*_cube_faults(attention, tiling, machine), *_vector_faults(attention, tiling, machine)):
        raise SfumatoError(f"{message}; choose smaller tiles")


def _cube_faults(attention: Attention, tiling: FlashTiling, machine: Machine) -> list[str]:
    rows, keys, dim = tiling.rows, tiling.keys, attention.head_dim
    needs = {
        "l1": (rows * dim + 2 * (2 * keys * dim + rows * keys)) * ELEMENT,
        "l0a": 2 * rows * max(tiling.qk_k, tiling.pv_k) * ELEMENT,
        "l0b": 2 * max(keys * tiling.qk_k, dim * tiling.pv_k) * ELEMENT,
        "l0c": rows * max(keys, dim) * WIDE,
    }
    capacities = {"l1": machine.l1_bytes, "l0a": machine.l0a_bytes, "l0b": machine.l0b_bytes, "l0c": machine.l0c_bytes}
    return [
        f"the tiles need {need} bytes of {space.upper()}, {machine.name} has {capacities[space]}"
        for space, need in needs.items()
        if need > capacities[space]
    ]


def _vector_faults(attention: Attention, tiling: FlashTiling, machine: Machine) -> list[str]:
    rows = tiling.vector_rows
    faults: list[str] = []
    if rows < 8 or rows % 8 or tiling.half % rows:
        faults.append(f"a vector step must be a multiple of 8 rows that divides {tiling.half}, got {rows}")
    last = list(vector_buffers(attention, tiling).values())[-1]
    if last.start + last.size > machine.ub_bytes:
        faults.append(f"the tiles need {last.start + last.size} bytes of UB, {machine.name} has {machine.ub_bytes}")
    if rows * max(tiling.keys // 2, LANES) > MAX_REPEATS * LANES:
        faults.append(f"{rows} rows of {tiling.keys} keys cannot be folded in one instruction")
    return faults


class Task(NamedTuple):
    """A tile of query rows: its head, first row, number of rows, and how many tiles of keys it sees."""

    head: Number
    first_row: Number
    rows: Number
    key_tiles: Number


@contextmanager
def each_task(program: CoreProgram, attention: Attention, tiling: FlashTiling) -> Generator[Task]:
    """Emit the loop over the tiles of query rows of this block."""
    per_head = -(-attention.queries // tiling.rows)
    block, blocks = program.read("block_idx"), program.read("block_num")
    with program.loop(block, attention.heads * per_head, blocks) as task:
        first_row = task % per_head * tiling.rows
        rows = program.minimum(attention.queries - first_row, tiling.rows)
        seen: Number = attention.keys
        if attention.causal:
            seen = program.minimum(first_row + rows + (attention.keys - attention.queries), attention.keys)
        yield Task(task // per_head, first_row, rows, ceil_div(seen, tiling.keys))


class Workspace:
    """A ring of slots in global memory, one ring a block."""

    def __init__(self, program: CoreProgram, argument: int, slots: int, slot_bytes: int) -> None:
        """Use kernel argument number ``argument``."""
        self._slots, self._slot_bytes = slots, slot_bytes
        block: Scalar = program.read("block_idx")
        self._start = program.argument(argument) + block * (slots * slot_bytes)

    def slot(self, tile: Number) -> Number:
        """Return the address of the slot of a tile of keys."""
        return self._start + tile % self._slots * self._slot_bytes
