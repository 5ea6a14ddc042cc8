"""Which slot of a queue an op means: the turns that allocations and dequeues take, and when a turn is over.

A counter goes round the slots of a queue of depth above one. One counter serves allocation and all dequeues when, in
every block, each allocation is followed by its dequeues before the next; otherwise each side has its own. A counter
advances after the last use of the tensors of a turn, so that it can be the address itself; where turns overlap, a turn
keeps a copy instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.ir import Block, Operation

from dialects.kernel.queue import AllocTensorOp, DequeOp, InitQueueOp
from passes.analysis.tensor_users import ancestor_in, users_of


@dataclass(eq=False)
class Turn:
    """The ops of one block that use one slot together; ``overlaps``: the next turn starts before its last use."""

    counter: Counter
    ops: list[Operation]
    last_use: Operation
    overlaps: bool = False


@dataclass(eq=False)
class Counter:
    """The position of one side of a queue (or of both) among its slots."""

    queue: InitQueueOp
    turns: list[Turn] = field(default_factory=list[Turn])


Access = AllocTensorOp | DequeOp


def find_turns(queue: InitQueueOp) -> list[Counter]:
    """The counters that a queue needs, with all turns."""
    accesses = [use.operation for use in queue.queue.uses if isinstance(use.operation, AllocTensorOp | DequeOp)]
    groups = _shared_groups(accesses, len(queue.consumer_pipes))
    if groups is not None:
        return [_counter(queue, groups)]
    sides: dict[str, list[Access]] = {}
    for op in accesses:
        sides.setdefault("" if isinstance(op, AllocTensorOp) else op.pipe.data, []).append(op)
    return [_counter(queue, [[op] for op in sides[side]]) for side in sorted(sides)]


def _counter(queue: InitQueueOp, groups: list[list[Access]]) -> Counter:
    counter = Counter(queue)
    others = [op for group in groups for op in group]
    for group in groups:
        block = _block_of(group[0])
        users = [ancestor_in(block, user) for op in group for user in users_of(op.tensor)]
        order = {op: position for position, op in enumerate(block.ops)}
        last = max((*group, *users), key=lambda op: order[op])
        turn = Turn(counter, list(group), last)
        first = order[group[0]]
        for other in others:
            ancestor = other if other in group else block.find_ancestor_op_in_block(other)
            if other not in group and ancestor is not None and first < order[ancestor] <= order[last]:
                turn.overlaps = True
        counter.turns.append(turn)
    return counter


def _shared_groups(accesses: Iterable[Access], consumers: int) -> list[list[Access]] | None:
    """Groups of an allocation and its dequeues, when the textual order allows one counter for both; else None."""
    blocks: dict[Block, list[Access]] = {}
    for op in accesses:
        blocks.setdefault(_block_of(op), []).append(op)
    groups: list[list[Access]] = []
    for block, inside in blocks.items():
        order = {op: position for position, op in enumerate(block.ops)}
        inside.sort(key=lambda op: order[op])
        if len(inside) % (consumers + 1):
            return None
        for start in range(0, len(inside), consumers + 1):
            group = inside[start : start + consumers + 1]
            pipes = [op.pipe.data for op in group[1:] if isinstance(op, DequeOp)]
            if not isinstance(group[0], AllocTensorOp) or len(set(pipes)) != consumers:
                return None
            if _has_nested(blocks, block, order[group[0]], order[group[-1]], order):
                return None
            groups.append(group)
    return groups


def _has_nested(
    blocks: dict[Block, list[Access]], block: Block, first: int, last: int, order: dict[Operation, int]
) -> bool:
    """Whether an op between two positions of a block holds accesses of the same queue in its regions."""
    for other in blocks:
        parent = other.parent_op()
        ancestor = None if other is block or parent is None else block.find_ancestor_op_in_block(parent)
        if ancestor is not None and first < order[ancestor] < last:
            return True
    return False


def _block_of(op: Operation) -> Block:
    assert op.parent is not None
    return op.parent
