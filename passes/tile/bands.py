"""Which chunks of a recurrence a tile of rows walks, when only a band along the diagonal matters to it."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block

from dialects.graph.recurrence import RecurrenceOp
from passes.scope import Index, Scope


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


def _value(bound: IntegerAttr) -> int:
    return bound.value.data
