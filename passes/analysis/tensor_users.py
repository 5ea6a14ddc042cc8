"""Who uses a local tensor, and where that is as seen from an outer block."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Block, Operation, SSAValue

from dialects.kernel.structure import SliceOp


def users_of(tensor: SSAValue) -> Iterator[Operation]:
    """Yield the ops that use a local tensor or a slice of it, the slices included."""
    for use in tensor.uses:
        yield use.operation
        if isinstance(use.operation, SliceOp):
            yield from users_of(use.operation.result)


def ancestor_in(block: Block, op: Operation) -> Operation:
    """Return the op of ``block`` that is ``op`` or contains it; it must exist."""
    ancestor = block.find_ancestor_op_in_block(op)
    assert ancestor is not None
    return ancestor
