"""Which tiles travel between pipes together: the queues of one block of a program.

A tile made by one pipe and read by others needs a queue. Tiles of one block that have the same producer, the same
readers and the same memory share a queue's slot, as long as none of them is read before the last of them is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue, Use

from dialects.isa.mte import BLOCK, FRACTAL
from dialects.tile import compute, data, elements, structure
from dialects.tile.types import TileType, is_in_l0c
from passes.analysis.rounding import round_up
from passes.analysis.tensor_users import ancestor_in
from passes.analysis.tile_storage import storage_bytes
from passes.kernel.bank_phases import BANK_PERIOD
from runtime.machine.description import Cube

POSITIONS = {"l1": "a1", "l0a": "a2", "l0b": "b2", "l0c": "co1"}
"""Memory -> the AscendC position of a queue in it."""

PRODUCERS: dict[type[Operation], str] = {
    data.LoadOp: "MTE2",
    data.GatherRowsOp: "MTE2",
    data.MoveOp: "MTE1",
    elements.LoadElementsOp: "V",
    elements.GatherElementsOp: "V",
    compute.AccumulatorOp: "M",
    compute.ComputeOp: "V",
    compute.ReduceOp: "V",
    compute.IotaOp: "V",
    compute.TransposeOp: "V",
    compute.JoinRowsOp: "V",
}
"""Tile op -> the pipe that makes its result."""


def reading_pipe(op: Operation) -> str:
    """Return the pipe on which ``op`` reads its operands."""
    if isinstance(op, data.StoreOp | structure.PutOp):
        return "FIX" if is_in_l0c(op.operands[0]) else "MTE3"
    if isinstance(op, data.MoveOp):
        return "MTE1"
    if isinstance(op, compute.MmadOp):
        return "M"
    if isinstance(op, data.GatherRowsOp | elements.GatherElementsOp):
        return "S"
    return "V"


@dataclass(eq=False)
class Group:
    """Tiles that share a queue slot: where they are made and where each reader starts and ends, as op numbers.

    ``over`` is the last op that reads one of them, on whatever pipe; ``apart`` names those that nothing else
    may join, for which a queue has ``slots``.
    """

    producer: str
    readers: tuple[str, ...]
    space: str
    apart: str = ""
    slots: int = 0
    members: dict[SSAValue, int] = field(default_factory=dict[SSAValue, int])
    bytes: int = 0
    first: int = 0
    last: int = 0
    over: int = 0
    begins: dict[str, int] = field(default_factory=dict[str, int])
    ends: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def position(self) -> str:
        """The AscendC position of the queue."""
        return POSITIONS.get(self.space, "vecin" if self.producer == "MTE2" else "vecout")


def readers_of(value: SSAValue, block: Block, numbers: dict[Operation, int]) -> list[tuple[int, str]]:
    """Return (number of the op of ``block`` that holds the use, pipe) for each read of a tile, through aliases."""
    found: list[tuple[int, str]] = []
    for use in value.uses:
        op = use.operation
        number = number_in(op, block, numbers)
        if isinstance(op, data.SubviewOp):
            found += readers_of(op.window, block, numbers)
        elif isinstance(op, compute.MmadOp) and op.operands[2] is value:
            found += readers_of(op.tile, block, numbers)
        elif isinstance(op, scf.ForOp) and is_in_l0c(value):
            for carried in carried_by(op, use):
                found += readers_of(carried, block, numbers)
        elif isinstance(op, scf.YieldOp) and is_in_l0c(value):
            continue
        else:
            found.append((number, reading_pipe(op)))
    return found


def carried_by(loop: scf.ForOp, use: Use) -> tuple[SSAValue, SSAValue]:
    """Return what a value that ``loop`` starts from is called in its body and after it."""
    place = use.index - (len(loop.operands) - len(loop.iter_args))
    _, *carried = loop.body.block.args
    return carried[place], loop.results[place]


def number_in(op: Operation, block: Block, numbers: dict[Operation, int]) -> int:
    """Return the number of the op of ``block`` that is or contains ``op``."""
    return numbers[ancestor_in(block, op)]


def last_write(value: SSAValue, block: Block, numbers: dict[Operation, int]) -> int:
    """Return the number of the op in which an accumulator is last added to (its own op's for any other tile)."""
    last = number_in(cast("Operation", value.owner), block, numbers)
    for use in value.uses:
        op = use.operation
        if isinstance(op, compute.MmadOp) and use.index == 2:
            last = max(last, number_in(op, block, numbers), last_write(op.tile, block, numbers))
        elif isinstance(op, scf.ForOp) and is_in_l0c(value):
            _, final = carried_by(op, use)
            last = max(last, number_in(op, block, numbers), last_write(final, block, numbers))
    return last


def groups_of(block: Block, cube: Cube) -> list[Group]:
    """Return the queue groups of the tiles made directly in ``block``."""
    numbers = {op: i for i, op in enumerate(block.ops)}
    groups: list[Group] = []
    for op, number in numbers.items():
        producer = PRODUCERS.get(type(op))
        if producer is None:
            continue
        tile = op.results[0]
        uses = readers_of(tile, block, numbers)
        reads = [(place, pipe) for place, pipe in uses if pipe != producer]
        if not reads:
            continue
        readers = tuple(sorted({pipe for _, pipe in reads}))
        space = cast("TileType", tile.type).space.data
        written = last_write(tile, block, numbers)
        group = next(
            (
                g
                for g in reversed(groups)
                if (g.producer, g.readers, g.space, g.apart) == (producer, readers, space, "")
                and min(g.begins.values()) > written
            ),
            None,
        )
        apart = op.apart.data if isinstance(op, data.LoadOp) and op.apart is not None else ""
        if group is None or is_in_l0c(tile) or apart:
            group = Group(producer, readers, space, apart, first=number)
            groups.append(group)
            if isinstance(op, data.LoadOp) and op.slots is not None:
                group.slots = op.slots.value.data
        size = storage_bytes(cast("TileType", tile.type), cube)
        if space == "ub" and group.members and size >= BANK_PERIOD:
            group.bytes = round_up(group.bytes, BANK_PERIOD) + len(group.members) % 2 * BANK_PERIOD // 2
        group.members[tile] = group.bytes
        group.bytes += round_up(size, FRACTAL if space != "ub" else BLOCK)
        group.last = max(group.last, written)
        group.over = max(group.over, written, *(place for place, _ in uses))
        for place, pipe in reads:
            group.begins[pipe] = min(place, group.begins.get(pipe, place))
            group.ends[pipe] = max(place, group.ends.get(pipe, place))
    return groups
