"""Gives a tensor that one kernel walks in two ways a value for each: the axes of a value are its own.

In ``x @ x`` the rows of one operand are the columns of the other, and in ``x @ w + x`` the sum walks the columns of
``x`` beside those of the result while the product walks them as its inner dimension. In ``p[:, None] == p`` one count
is walked by the rows and by the columns. An iteration space that knew these by one name only would take the
dimensions, which happen to be equally long, for one.
"""

from __future__ import annotations

from xdsl.ir import Block, Operation, SSAValue

from dialects.graph import PermuteOp
from dialects.graph.types import shape_of
from passes.analysis.access import VIEWS
from passes.dispatch.groups import POINTWISE, SPACE_VIEWS, is_dense_constant

_PRODUCTS = ("graph.matmul", "graph.recurrence")


def separate_uses(block: Block) -> None:
    """Separate operands of products from other uses by views, and what is counted by a copy for each view of it."""
    for op in list(block.ops):
        if op.name not in _PRODUCTS:
            continue
        for position, operand in enumerate(op.operands):
            others = [one for i, one in enumerate(op.operands) if i != position]
            if any(one is operand for one in others) or _meets_the_result(operand, op):
                op.operands[position] = _view(operand, op, block)
    _separate_counts(block)


def _separate_counts(block: Block) -> None:
    """Let each broadcast and permutation of what is made of constants and counts alone have a copy of it to itself.

    Kernels compute such values again instead of loading them.
    """
    counted: set[Operation] = set()
    for op in list(block.ops):
        if op.name == "graph.iota" or (op.name == "graph.constant" and not is_dense_constant(op)):
            counted.add(op)
        elif op.name not in POINTWISE and op.name not in SPACE_VIEWS:
            continue
        elif all(isinstance(value.owner, Operation) and value.owner in counted for value in op.operands):
            counted.add(op)
            if op.name in SPACE_VIEWS and op.name != "graph.reshape":
                op.operands[0] = _copied(op.operands[0], op, block, {})


def _copied(value: SSAValue, before: Operation, block: Block, copies: dict[SSAValue, SSAValue]) -> SSAValue:
    """Copy what makes ``value``, down to the counts, in front of an op."""
    if value not in copies:
        owner = value.owner
        assert isinstance(owner, Operation)
        made = type(owner).create(
            operands=[_copied(operand, before, block, copies) for operand in owner.operands],
            result_types=owner.result_types,
            properties=owner.properties,
        )
        made.location = owner.location
        block.insert_op_before(made, before)
        copies[value] = made.results[0]
    return copies[value]


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
