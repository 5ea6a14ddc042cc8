"""Which chunks of a recurrence a tile of rows walks, when only a band along the diagonal matters, and how such unequal
tiles are dealt out."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block

from dialects.dtypes import DType
from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import element_of
from passes.scope import Index, Scope
from passes.tile.nests import Nest
from runtime.machine.description import Machine


def is_skipping(op: RecurrenceOp) -> bool:
    """Whether there are chunks that leave what is carried as it is."""
    return op.lower is not None or op.upper is not None


def walked(op: RecurrenceOp, scope: Scope, first: Index, rows: int, chunk: int, size: int) -> tuple[Index, Index]:
    """The first element that a tile of ``rows`` rows from ``first`` on walks, where a chunk begins, and the end."""
    start, end = 0, size
    if op.lower is not None:
        least = scope.larger(scope.sum(first, _value(op.lower)), 0)
        start = scope.product(scope.quotient(least, chunk), chunk)
    if op.upper is not None:
        most = scope.larger(scope.sum(first, rows + _value(op.upper)), 0)
        end = scope.smaller(most, size)
    return start, end


def share(op: RecurrenceOp, rows: int, chunk: int, size: int, all_rows: int) -> float:
    """The part of all chunks that tiles of ``rows`` rows walk together."""
    if not is_skipping(op):
        return 1.0
    chunks = chunks_walked(op, rows, chunk, size, all_rows)
    return sum(chunks) / (len(chunks) * -(-size // chunk))


def chunks_walked(op: RecurrenceOp, rows: int, chunk: int, size: int, all_rows: int) -> list[int]:
    """How many chunks each tile of ``rows`` rows walks."""
    bounds = [walked(op, Scope(Block()), first, rows, chunk, size) for first in range(0, all_rows, rows)]
    ends = [(start, end) for start, end in bounds if isinstance(start, int) and isinstance(end, int)]
    return [max(0, -(-(end - start) // chunk)) for start, end in ends]


def balanced(nest: Nest, op: RecurrenceOp, rows: int, cols: int, machine: Machine) -> dict[str, int | list[int]]:
    """Return how tiles of rows that walk unequally many chunks are dealt out: the longest first, backwards in every
    other round. Rows stand outside of as many grid dimensions as L2 keeps all that is walked of."""
    assert nest.row is not None
    assert nest.col is not None
    chunks = chunks_walked(op, rows, cols, nest.space.sizes[nest.col], nest.space.sizes[nest.row])
    others = [dim for dim in nest.grid if dim != nest.row]
    place = 0
    while place < len(others) and _walked_bytes(nest, others[place:]) > machine.memory.l2_effective_bytes // 2:
        place += 1
    return {"rows_at": place, **({"descending": 1} if chunks[0] < chunks[-1] else {})}


def _walked_bytes(nest: Nest, dims: Sequence[int]) -> int:
    """Return the bytes of what a recurrence walks, for all tiles along ``dims``."""
    inside = {nest.col, *nest.whole, *dims}
    walked = [operand for operand in nest.space.operands.values() if nest.col in operand.strides]
    return sum(
        prod(nest.space.sizes[dim] for dim in operand.strides if dim in inside)
        * DType.of(element_of(operand.argument)).size
        for operand in walked
    )


def _value(bound: IntegerAttr) -> int:
    return bound.value.data
