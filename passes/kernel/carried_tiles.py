"""When a carried tile needs no memory of its own: it takes over its start's, or is overwritten."""

from __future__ import annotations

from typing import cast

from xdsl.dialects import scf
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from dialects.tile.compute import ComputeOp, ReduceOp
from passes.analysis.tensor_users import ancestor_in

IN_PLACE = frozenset(("add", "sub", "mul", "div", "max", "min", "copy", "select"))
"""Functions that may write their result over an operand of the same type."""


def yielded_for(argument: BlockArgument) -> SSAValue:
    """Return what a carried tile becomes at the end of the loop's body."""
    return cast("scf.YieldOp", argument.owner.last_op).operands[argument.index - 1]


def first_of(value: SSAValue) -> SSAValue:
    """Return what a carried tile is before the first iteration (any other tile: itself); all have the same extents."""
    while True:
        loop = value.owner.parent_op() if isinstance(value.owner, Block) else value.owner
        if not isinstance(loop, scf.ForOp):
            return value
        value = loop.iter_args[value.index - 1 if isinstance(value, BlockArgument) else cast("OpResult", value).index]


def can_take_over(start: SSAValue, loop: scf.ForOp) -> bool:
    """Whether nothing but ``loop`` needs the tile that it starts from."""
    owner = start.owner
    home = owner.parent if isinstance(owner, Operation) else owner
    return home is loop.parent and len(list(start.uses)) == 1


def can_overwrite(argument: BlockArgument) -> bool:
    """Whether the next value of a carried tile may be computed where the present one is."""
    value, block = yielded_for(argument), argument.owner
    maker = value.owner
    if not isinstance(maker, ComputeOp) or maker.parent is not block or value.type != argument.type:
        return False
    if not all(isinstance(use.operation, ComputeOp | ReduceOp | scf.YieldOp) for use in value.uses):
        return False
    if sum(use.operation is block.last_op for use in value.uses) != 1:
        return False
    numbers = {op: number for number, op in enumerate(block.ops)}
    last = max((numbers[ancestor_in(block, use.operation)] for use in argument.uses), default=-1)
    return last < numbers[maker] or (last == numbers[maker] and maker.function.data in IN_PLACE)
