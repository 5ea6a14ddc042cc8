"""In which turn of the cores each op of a loop runs: how often the data it needs has gone to the other core and back.

Of flash attention's chunk, the scores and their softmax are turn 0; the second product, which waits for the softmax,
and the update, which waits for that product, are turn 1. Where the sum lies in a workspace, the vector cores add to it
in turn 0 (which waits for the cube core's addition of the iteration before), the cube core in turn 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects import scf
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.traits import Pure

from dialects.tile.compute import MatmulOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.structure import AcquireOp, ChannelOp, CommitOp, PutOp, ReleaseOp, TakeOp
from dialects.tile.workspace import SignalOp, WaitOp
from passes.analysis.workspaces import accessed_by, flags_of


class Turns:
    """The turns of the ops of a loop that several cores run, each its own part of (``loops``)."""

    def __init__(self, loops: Sequence[scf.ForOp]) -> None:
        """Find the turns; `known` says whether there is an order at all."""
        self._crossings: dict[Operation, int] = {}
        self._repeatable: set[Operation] = set()
        self._put: dict[int, int] = {}
        self._turn: dict[tuple[Block, int], int] = {}
        self._signalled: dict[int, int] = {}
        self._filled: dict[int, int] = {}
        blocks = [loop.body.block for loop in loops]
        for block in blocks:
            for op in block.ops:
                pure = op.has_trait(Pure) or isinstance(op, LoadOp) or op.name.startswith("arith.")
                if pure and not isinstance(op, MatmulOp) and all(self._is_free(v, block) for v in op.operands):
                    self._repeatable.add(op)
        limit = sum(1 for block in blocks for _ in block.ops)
        self.known = any(not self._advance(blocks) for _ in range(limit))

    def is_repeatable(self, op: Operation) -> bool:
        """Whether an op follows from the loop's counter alone, so that every turn can have its own copy."""
        return op in self._repeatable

    def of(self, op: Operation) -> int:
        """Return the turn of an op that is not repeatable."""
        return self._crossings[op] // 2

    def of_carried(self, argument: BlockArgument) -> int | None:
        """Return the turn that updates a carried value; None if none does."""
        value = _yielded(argument)
        op = value.owner
        return self.of(op) if isinstance(op, Operation) and op in self._crossings else None

    def _is_free(self, value: SSAValue, block: Block) -> bool:
        owner = value.owner
        if owner is block:
            return value is block.args[0]
        return not isinstance(owner, Operation) or owner.parent is not block or owner in self._repeatable

    def _advance(self, blocks: Sequence[Block]) -> bool:
        """Raise what is too low; return whether anything was."""
        changed = False
        for block in blocks:
            for op in block.ops:
                if op in self._repeatable or isinstance(op, scf.YieldOp):
                    continue
                crossings = max(self._needs(op, block), default=0)
                if isinstance(op, PutOp | CommitOp):
                    self._put[_id(op)] = crossings
                if isinstance(op, StoreOp) and isinstance(slot := _slot(op), AcquireOp):
                    self._filled[_id(slot)] = max(crossings, self._filled.get(_id(slot), 0))
                workspace = accessed_by(op)
                if workspace is not None:
                    self._turn[block, flags_of(workspace)] = crossings
                    if isinstance(op, SignalOp) and op.core.data == "vector":
                        self._signalled[flags_of(workspace)] = crossings
                changed = changed or self._crossings.get(op) != crossings
                self._crossings[op] = crossings
        return changed

    def _needs(self, op: Operation, block: Block) -> Iterator[int]:
        if isinstance(op, TakeOp):
            yield self._put.get(_id(op), -1) + 1
        elif isinstance(op, AcquireOp | CommitOp):
            yield self._filled.get(_id(op), 0)
        elif isinstance(op, ReleaseOp):
            yield from (
                self._crossings[take] for take in block.ops if isinstance(take, TakeOp) and _id(take) == _id(op)
            )
        workspace = accessed_by(op)
        if workspace is not None:  # wait, store and signal stay together
            yield self._turn.get((block, flags_of(workspace)), 0)
            if isinstance(op, WaitOp) and op.core.data == "vector":
                yield self._signalled.get(flags_of(workspace), -1) + 1
        for value in read_by(op):
            owner = value.owner
            if isinstance(value, BlockArgument) and owner is block and value.index:
                owner = _yielded(value).owner
            if isinstance(owner, Operation):
                yield self._crossings.get(owner, 0)


def read_by(op: Operation) -> Iterator[SSAValue]:
    """What an op and the ops inside it read."""
    for inner in op.walk():
        yield from inner.operands


def _yielded(argument: BlockArgument) -> SSAValue:
    final = argument.owner.last_op
    assert isinstance(final, scf.YieldOp)
    return final.operands[argument.index - 1]


def _slot(store: StoreOp) -> Operation | Block:
    """Return what names the memory that a store writes to."""
    window = store.window
    while isinstance(window.owner, SubviewOp):
        window = window.owner.source
    return window.owner


def _id(op: PutOp | TakeOp | ReleaseOp | AcquireOp | CommitOp) -> int:
    """Return the channel's number, which both cores know it by."""
    channel = op.channel.owner
    assert isinstance(channel, ChannelOp)
    return channel.id.value.data
