"""What of a block is written to memory as it stands, and what is computed again wherever it is used."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Block, Operation, SSAValue

from dialects.graph.types import shape_of
from passes.analysis.access import VIEWS, Access, apply_view
from passes.dispatch.groups import HOST, POINTWISE, SPACE_VIEWS, is_dense_constant


def dense_access(value: SSAValue) -> Access:
    """Return the access of a whole tensor (of anything else: of no axes)."""
    return Access.dense(shape_of(value) if isinstance(value.type, TensorType) else ())


def regroups(op: Operation) -> bool:
    """Whether ``op`` is a reshape that splits or merges axes, which no iteration space of a kernel can hold."""
    if op.name != "graph.reshape":
        return False
    before, after = ([size for size in shape_of(value) if size != 1] for value in (op.operands[0], op.results[0]))
    return before != after


def stored_views(block: Block) -> dict[SSAValue, None]:
    """Find the views that must be made dense, in order: for what no stride expresses, for the host, for a product."""
    stored: dict[SSAValue, None] = {}
    accesses: dict[SSAValue, Access] = {}
    turned: set[SSAValue] = set()
    for op in block.ops:
        if op.name in VIEWS:
            source, result = op.operands[0], op.results[0]
            access = apply_view(accesses.get(source, dense_access(source)), op)
            if access is None:
                stored[source] = None
                access = apply_view(dense_access(source), op)
                assert access is not None, "a view of a dense tensor has strides"
            elif op.name != "graph.reshape" or source in turned:
                turned.add(result)
            accesses[result] = access
        elif op.name in HOST:
            for operand in op.operands:
                if operand in turned or not accesses.get(operand, dense_access(operand)).is_dense:
                    stored[operand] = None
        elif op.name in ("graph.matmul", "graph.recurrence"):
            for operand in op.operands:
                if _is_scattered(accesses.get(operand, dense_access(operand))):
                    stored[_before_broadcasts(operand)] = None
    return stored


def _is_scattered(access: Access) -> bool:
    """Whether neither of the last two axes of a product's operand is contiguous."""
    walked = [
        stride for size, stride in zip(access.sizes[-2:], access.strides[-2:], strict=True) if size != 1 and stride != 0
    ]
    return bool(walked) and 1 not in walked


def _before_broadcasts(value: SSAValue) -> SSAValue:
    while isinstance(value.owner, Operation) and value.owner.name == "graph.broadcast":
        value = value.owner.operands[0]
    return value


def cloneable_ops(block: Block, stored: Iterable[SSAValue]) -> set[Operation]:
    """Find what is cheaper to compute again than to load: constants, iotas and what follows from them."""
    cloneable: set[Operation] = set()
    for op in block.ops:
        if op.name in ("graph.constant", "graph.iota"):
            clone = not is_dense_constant(op)
        else:
            clone = op.name in POINTWISE or op.name in SPACE_VIEWS
            clone = clone and all(isinstance(v.owner, Operation) and v.owner in cloneable for v in op.operands)
            clone = clone and not regroups(op)
        if clone:
            cloneable.add(op)
    for op in reversed(list(block.ops)):
        if op.name in HOST and op.name != "graph.reshape":
            _keep(cloneable, op.operands)
        elif regroups(op):
            _keep(cloneable, op.operands)
        elif op not in cloneable and op.name not in (*POINTWISE, *VIEWS, "graph.recurrence", "graph.concat"):
            _keep(cloneable, op.operands)
    for value in stored:
        _keep(cloneable, (value,))
    return cloneable


def _keep(cloneable: set[Operation], values: Iterable[SSAValue]) -> None:
    """Let values be computed once: what makes them is not cloned."""
    for value in values:
        owner = value.owner
        if isinstance(owner, Operation) and owner in cloneable:
            cloneable.discard(owner)
            if owner.name in VIEWS:
                _keep(cloneable, owner.operands)
