"""The softmax in front of a product with values, and which of the product's rows are queries."""

from __future__ import annotations

from dataclasses import dataclass

from dialects import graph
from dialects.graph import MatmulOp
from dialects.graph.types import element_of, is_float, shape_of
from passes.attn.operand_sources import VIEWS
from passes.attn.positions import COLUMN, FIRST, ROW, Digit, Index, Joined, digits, source_index
from passes.attn.softmax_forms import Softmax, softmax_of


@dataclass(frozen=True)
class Weights:
    """A softmax, how a product of its weights with values reads it, and the product's rows.

    These are ``outer`` leading places, ``rows`` queries and ``inner`` leading places, the last running fastest: heads
    that share their values may be rows of one product together with the queries.
    """

    softmax: Softmax
    index: tuple[Index, ...]
    rows: int
    cols: int
    outer: int = 1
    inner: int = 1


def weights_of(op: MatmulOp, turned: bool) -> list[Weights]:
    """The weights that are the left operand of a product (``turned``: the right one), if that is a softmax.

    Where rows are several axes of the softmax, any of them may be the queries; the one next to the keys comes first.
    """
    rows, cols = sizes(op, turned)
    row, col = ends(rows, cols)
    found = _softmax(op, turned, row, col)
    if found is not None:
        return [Weights(*found, rows, cols)]
    found = _softmax(op, turned, Digit(1, rows), col, rows)
    if found is None or any(isinstance(place, Joined) for place in found[1]):
        return []
    own = [place for place in found[1] if isinstance(place, Digit) and place.stride * place.size <= rows]
    options = [_with_queries(*found, queries, rows, cols) for queries in reversed(own)]
    return [option for option in options if option is not None]


def sizes(op: MatmulOp, turned: bool) -> tuple[int, int]:
    """How many rows and keys a product of weights and values has."""
    result, weights = shape_of(op.result), shape_of(op.rhs if turned else op.lhs)
    transposed = (op.transpose_b if turned else op.transpose_a) is not None
    rows = result[-1] if turned else result[-2]
    return rows, weights[-1 if transposed == turned else -2]


def ends(rows: int, cols: int) -> tuple[Index, Index]:
    """The indices along queries and keys."""
    return (ROW if rows != 1 else FIRST), (COLUMN if cols != 1 else FIRST)


def _softmax(
    op: MatmulOp, turned: bool, row: Index, col: Index, inner: int = 1
) -> tuple[Softmax, tuple[Index, ...]] | None:
    """The softmax behind an operand of a product whose rows are ``row``, and how the product reads it."""
    value = op.rhs if turned else op.lhs
    transposed = (op.transpose_b if turned else op.transpose_a) is not None
    index = (*digits(shape_of(value)[:-2], inner), *((col, row) if transposed != turned else (row, col)))
    while True:
        softmax = softmax_of(value)
        if softmax is not None:
            return softmax, index
        owner = value.owner
        if isinstance(owner, graph.CastOp) and is_float(element_of(owner.operand)):
            value = owner.operand
        elif isinstance(owner, VIEWS):
            source = source_index(owner, index)
            if source is None:
                return None
            value, index = owner.operands[0], source
        else:
            return None


def _with_queries(softmax: Softmax, index: tuple[Index, ...], queries: Digit, rows: int, cols: int) -> Weights | None:
    """Take one axis of the rows as the queries, the others as leading ones."""
    end = queries.stride * queries.size
    renamed: list[Index] = []
    for place in index:
        if place == queries:
            renamed.append(ROW)
        elif not isinstance(place, Digit) or place.stride * place.size <= queries.stride:
            renamed.append(place)
        elif place.stride >= end:
            renamed.append(Digit(place.stride // queries.size, place.size))
        else:
            return None
    return Weights(softmax, tuple(renamed), queries.size, cols, rows // end, queries.stride)
