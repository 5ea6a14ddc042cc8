"""Diagonals taken out of tensors, and put into tensors of zeros."""

from __future__ import annotations

import numpy as np
from xdsl.ir import SSAValue

from dialects.graph import AddOp
from dialects.graph.types import element_of, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.registry import handles


@handles("diagonal", "diagonal_copy")
def diagonal(call: Call) -> SSAValue:
    """The diagonal of two axes, as the last axis."""
    value = call.tensor("self")
    rank = len(shape_of(value))
    first, second = call.axis("dim1", rank, 0), call.axis("dim2", rank, 1)
    return diagonal_of(call.build, value, first, second, call.integer("offset", 0))


def diagonal_of(build: GraphBuilder, value: SSAValue, first: int, second: int, offset: int = 0) -> SSAValue:
    """Return the diagonal of two axes that begins ``offset`` places along the second one, as the last axis."""
    shape = shape_of(value)
    rest = [axis for axis in range(len(shape)) if axis not in (first, second)]
    rows, columns = shape[first], shape[second]
    row, column = max(0, -offset), max(0, offset)
    length = max(0, min(rows - row, columns - column))
    flat = build.permute(value, [*rest, first, second])
    flat = build.reshape(flat, [*(shape[axis] for axis in rest), rows * columns])
    if not length:
        return build.slice(flat, len(rest), 0, 0)
    start = row * columns + column
    return build.slice(flat, len(rest), start, start + (length - 1) * (columns + 1) + 1, columns + 1)


def _embedded(build: GraphBuilder, value: SSAValue, offset: int) -> SSAValue:
    """Return matrices of zeros, in the last two axes, that have the last axis of ``value`` as a diagonal."""
    *lead, length = shape_of(value)
    size, row, column = length + abs(offset), max(0, -offset), max(0, offset)
    shape = (*lead, length, size)
    places = build.combine(AddOp, build.iota(length, shape, len(lead)), column)
    chosen = build.compare(build.iota(size, shape, len(lead) + 1), places, "eq")
    zeros = build.full(0, shape, element_of(value))
    rows = build.select(chosen, build.place(value, shape, range(len(lead) + 1)), zeros)
    margin = [build.full(0, (*lead, count, size), element_of(value)) for count in (row, size - length - row)]
    return build.concat([margin[0], rows, margin[1]], len(lead))


@handles("diag_embed")
def diag_embed(call: Call) -> SSAValue:
    """The last axis as the diagonal of two new ones."""
    build, value, rank = call.build, call.tensor("self"), len(call.result_shape)
    first, second = call.axis("dim1", rank, -2), call.axis("dim2", rank, -1)
    made = _embedded(build, value, call.integer("offset", 0))
    order = [axis for axis in range(rank) if axis not in (first, second)] + [first, second]
    return build.permute(made, [order.index(axis) for axis in range(rank)])


@handles("diag")
def diag(call: Call) -> SSAValue:
    """A vector as a diagonal, the diagonal of a matrix."""
    value, offset = call.tensor("self"), call.integer("diagonal", 0)
    return (
        _embedded(call.build, value, offset)
        if len(shape_of(value)) == 1
        else diagonal_of(call.build, value, 0, 1, offset)
    )


@handles("trace")
def trace(call: Call) -> SSAValue:
    """The sum of the diagonal."""
    value = call.build.widen(call.build.cast(call.tensor("self"), call.result_element))
    total = call.build.reduce(diagonal_of(call.build, value, 0, 1), "add", (0,))
    return call.build.cast(total, call.result_element)


@handles("block_diag")
def block_diag(call: Call) -> SSAValue:
    """Matrices one after the other along the diagonal of a matrix of zeros."""
    build, element = call.build, call.result_element
    rows: list[SSAValue] = []
    start, width = 0, call.result_shape[1]
    for value in call.tensors("tensors"):
        shape = (1,) * (2 - len(shape_of(value))) + shape_of(value)
        block = build.reshape(build.cast(value, element), shape)
        left, right = (build.full(0, (shape[0], size), element) for size in (start, width - start - shape[1]))
        rows.append(build.concat([left, block, right], 1))
        start += shape[1]
    return build.concat(rows, 0)


@handles("tril", "triu")
def triangle(call: Call) -> SSAValue:
    """A matrix with zeros above (tril) or below (triu) a diagonal."""
    build, value = call.build, call.tensor("self")
    shape = shape_of(value)
    rank = len(shape)
    plane = shape[-2:]
    row, column = (build.iota(plane[axis], plane, axis) for axis in (0, 1))
    limit = build.combine(AddOp, row, call.integer("diagonal", 0))
    inside = build.compare(column, limit, "le" if "tril" in call.op.overload.data else "ge")
    kept = build.place(inside, shape, (rank - 2, rank - 1))
    return build.select(kept, value, build.full_like(0, value))


@handles("tril_indices", "triu_indices")
def triangle_places(call: Call) -> SSAValue:
    """The rows and columns of the elements of a triangle."""
    named = np.tril_indices if "tril" in call.op.overload.data else np.triu_indices
    places = named(call.integer("row"), call.integer("offset", 0), call.integer("col"))
    return call.build.array(np.stack(places), call.result_element)


@handles("eye", "eye.m")
def eye(call: Call) -> SSAValue:
    """Ones on the diagonal."""
    build, shape = call.build, call.result_shape
    row, column = (build.iota(shape[axis], shape, axis) for axis in (0, 1))
    return build.cast(build.compare(row, column, "eq"), call.result_element)
