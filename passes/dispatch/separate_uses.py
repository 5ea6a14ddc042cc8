"""Gives a tensor that one kernel walks in two ways a view for each: the axes of a view are its own.

In ``x @ x`` the rows of one operand are the columns of the other, and in ``x @ w + x`` the sum walks the columns of
``x`` beside those of the result while the product walks them as its inner dimension. An iteration space that knew
``x`` by one name only would take these dimensions, which happen to be equally long, for one.
"""

from __future__ import annotations

from xdsl.ir import Block, Operation, SSAValue

from dialects.graph import PermuteOp
from dialects.graph.types import shape_of
from passes.analysis.access import VIEWS

_PRODUCTS = ("graph.matmul", "graph.recurrence")


def separate_uses(block: Block) -> None:
    """Give operands of products that are also used otherwise a view of their own: a copy of theirs, or an identity."""
    for op in list(block.ops):
        if op.name not in _PRODUCTS:
            continue
        for position, operand in enumerate(op.operands):
            others = [one for i, one in enumerate(op.operands) if i != position]
            if any(one is operand for one in others) or _meets_the_result(operand, op):
                op.operands[position] = _view(operand, op, block)


def _meets_the_result(operand: SSAValue, op: Operation) -> bool:
    """Whether an op other than ``op`` uses ``operand`` where it could meet a result of ``op``, element by element."""
    if shape_of(operand) not in [shape_of(result) for result in op.results]:
        return False
    return any(use.operation is not op and use.operation.name not in VIEWS for use in operand.uses)


def _view(value: SSAValue, before: Operation, block: Block) -> SSAValue:
    owner = value.owner
    if isinstance(owner, Operation) and owner.name in VIEWS:
        view = owner.clone()
    else:
        view = PermuteOp.make(value, range(len(shape_of(value))))
    view.location = before.location
    block.insert_op_before(view, before)
    return view.results[0]
