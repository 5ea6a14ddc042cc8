"""How a mask is made of positions and of tensors much smaller than itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.ir import BlockArgument, Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import shape_of, type_of
from passes.attn.operand_sources import VIEWS

_POINTWISE = (PointwiseOp, graph.CompareOp, graph.SelectOp, graph.CastOp)
_SOURCES = (graph.ConstantOp, graph.IotaOp)


@dataclass(frozen=True)
class Recipe:
    """The ops that make a mask, in order, and the tensors that they read."""

    ops: tuple[Operation, ...]
    leaves: tuple[SSAValue, ...]


def recipe_of(mask: SSAValue) -> Recipe | None:
    """How a tensor of queries and keys is computed, if what it is computed from is less than half of it.

    Values that are smaller than all pairs of queries and keys are read, not made again.
    """
    shape = shape_of(mask)
    if len(shape) < 2 or 1 in shape[-2:]:
        return None
    pairs = shape[-2] * shape[-1]
    ops, leaves = set[Operation](), dict[SSAValue, None]()
    pending, seen = [mask], {mask}
    while pending:
        value = pending.pop()
        op = value.owner
        made = isinstance(op, (*_POINTWISE, *VIEWS)) and type_of(value).element_count() >= pairs
        if not isinstance(op, Operation) or not (made or isinstance(op, _SOURCES)):
            leaves[value] = None
            continue
        ops.add(op)
        fresh = [operand for operand in op.operands if operand not in seen]
        seen.update(fresh)
        pending += fresh
    if 2 * sum(type_of(leaf).element_count() for leaf in leaves) > type_of(mask).element_count():
        return None
    block = mask.owner.parent if isinstance(mask.owner, Operation) else None
    ordered = () if block is None else tuple(op for op in block.ops if op in ops)
    return Recipe(ordered, tuple(leaves))


def serves_as_mask(argument: BlockArgument) -> bool:
    """Whether a function's argument changes the scores of an attention, as far as pointwise ops and views show it."""
    pending, seen = list[SSAValue]((argument,)), set[SSAValue]()
    while pending:
        for user, index in _uses(pending.pop()):
            if isinstance(user, AttentionOp):
                if index >= len((user.query, user.key, user.value)):
                    return True
            elif isinstance(user, graph.SoftmaxOp):
                return True
            elif isinstance(user, (*_POINTWISE, *VIEWS)) and user.results[0] not in seen:
                seen.add(user.results[0])
                pending.append(user.results[0])
    return False


def _uses(value: SSAValue) -> Iterator[tuple[Operation, int]]:
    return ((use.operation, use.index) for use in value.uses)
