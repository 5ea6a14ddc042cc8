"""Keys and values that are projected from latents: which parts of their depth are, from what, by which weights.

In an index, the depth takes the place of the queries: keys and values are read at (n, depth, j).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph import MatmulOp
from dialects.graph.operation import integer
from dialects.graph.types import shape_of
from passes.attn.expressions import Leaf
from passes.attn.operand_sources import VIEWS
from passes.attn.positions import COLUMN, FIRST, ROW, WHOLE, Digit, Index, Line, source_index, unjoined
from passes.graph.rewriting import Rewriter

DEPTH = ROW
"""The place of the depth."""


@dataclass(frozen=True)
class Segment:
    """``size`` elements along the depth of keys or values, read from one tensor."""

    leaf: Leaf
    size: int


@dataclass(frozen=True)
class Projection:
    """A segment that is a product of latents [n, j, latent depth] and weights [n, depth, latent depth]."""

    product: MatmulOp
    latents: Leaf
    weights: Segment


def segments(leaf: Leaf) -> list[Segment]:
    """The tensors that keys or values consist of along their depth, in order."""
    size = shape_of(leaf.value)[leaf.index.index(WHOLE)]
    return list(_segments(leaf.value, tuple(DEPTH if place == WHOLE else place for place in leaf.index), size))


def _segments(value: SSAValue, index: tuple[Index, ...], size: int) -> Iterator[Segment]:
    op = value.owner
    if isinstance(op, graph.ConcatOp):
        axis = integer(op.properties, "axis")
        place = index[axis]
        if _is_depth(place):
            yield from _concatenated(op, index, axis, size)
            return
    elif isinstance(op, VIEWS):
        source = source_index(op, index)
        if source is not None and any(_is_depth(place) for place in unjoined(source, shape_of(op.operands[0]))[0]):
            yield from _segments(op.operands[0], source, size)
            return
    yield Segment(Leaf(value, index), size)


def _concatenated(op: graph.ConcatOp, index: tuple[Index, ...], axis: int, size: int) -> Iterator[Segment]:
    place = index[axis]
    assert isinstance(place, Line)
    begin = 0
    for part in op.operands:
        end = begin + shape_of(part)[axis]
        first, last = max(place.constant, begin), min(place.constant + size, end)
        if first < last:
            inside = (*index[:axis], Line(first - begin, 1), *index[axis + 1 :])
            yield from _segments(part, inside, last - first)
        begin = end


def _is_depth(place: Index) -> bool:
    return isinstance(place, Line) and (place.row, place.col) == (1, 0)


def projection_of(segment: Segment) -> Projection | None:
    """The product that a segment is, if one operand is the same for all of its depth and the other for all keys."""
    product = segment.leaf.value.owner
    if not isinstance(product, MatmulOp):
        return None
    *lead, first, second = (unjoined((place,), (1,))[0] for place in segment.leaf.index)
    if not all(isinstance(place, Digit) or place == FIRST for places in lead for place in places):
        return None
    if _runs_over(first, COLUMN) and any(_is_depth(place) for place in second):
        turned = False
    elif _runs_over(second, COLUMN) and any(_is_depth(place) for place in first):
        turned = True
    else:
        return None
    operands = _operands(product, segment.leaf.index)
    latents, weights = operands[::-1] if turned else operands
    return Projection(product, latents, Segment(weights, segment.size))


def _runs_over(places: tuple[Index, ...], end: Index) -> bool:
    return end in places and all(isinstance(place, Digit) or place == end for place in places)


def _operands(product: MatmulOp, index: tuple[Index, ...]) -> tuple[Leaf, Leaf]:
    *lead, first, second = index
    lhs = (WHOLE, first) if product.transpose_a is not None else (first, WHOLE)
    rhs = (second, WHOLE) if product.transpose_b is not None else (WHOLE, second)
    return Leaf(product.lhs, (*lead, *lhs)), Leaf(product.rhs, (*lead, *rhs))


def cut(segment: Segment, rewriter: Rewriter, place: Index = DEPTH) -> Leaf:
    """A tensor of the segment's elements only, its depth at ``place``."""
    value = segment.leaf.value
    index, shape = unjoined(segment.leaf.index, shape_of(value))
    axis = next(axis for axis, one in enumerate(index) if _is_depth(one))
    start = index[axis]
    assert isinstance(start, Line)
    return Leaf(
        sliced(rewriter.reshape(value, shape), axis, start.constant, segment.size, rewriter),
        (*index[:axis], place, *index[axis + 1 :]),
    )


def sliced(value: SSAValue, axis: int, start: int, size: int, rewriter: Rewriter) -> SSAValue:
    """``size`` places of an axis from ``start`` on."""
    shape = shape_of(value)
    if size == shape[axis]:
        return value
    starts, stops = [0] * len(shape), list(shape)
    starts[axis], stops[axis] = start, start + size
    return rewriter.add(graph.SliceOp.make(value, starts, stops, [1] * len(shape)))


def serves_only(value: SSAValue, user: Operation) -> bool:
    """Whether nothing but ``user`` reads a value, through views and concatenations."""
    for use in value.uses:
        op = use.operation
        if op is user:
            continue
        if not isinstance(op, (*VIEWS, graph.ConcatOp)) or not serves_only(op.results[0], user):
            return False
    return True
