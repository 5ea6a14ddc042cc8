"""Where an element of a tensor stands among the scores of an attention, followed backwards through views.

Scores are counted by (n, i, j): n runs over all leading axes together, i over queries, j over keys. For each axis of a
tensor, an index says which of its elements a score reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from xdsl.ir import Operation

from dialects import graph
from dialects.graph.operation import integers
from dialects.graph.types import shape_of


@dataclass(frozen=True)
class Digit:
    """Element ``n // stride % size`` of an axis of ``size`` elements."""

    stride: int
    size: int


@dataclass(frozen=True)
class Line:
    """Element ``constant + row * i + col * j``."""

    constant: int
    row: int = 0
    col: int = 0

    def plus(self, other: Line, factor: int = 1) -> Line:
        """The sum with ``factor`` times another."""
        return Line(
            self.constant + factor * other.constant, self.row + factor * other.row, self.col + factor * other.col
        )

    def scaled(self, factor: int) -> Line:
        """``factor`` times this."""
        return Line(0).plus(self, factor)

    @property
    def is_constant(self) -> bool:
        """Whether all scores read the same element."""
        return self.row == self.col == 0


@dataclass(frozen=True)
class Whole:
    """All elements of the axis: the depth of queries, keys or values."""


Index: TypeAlias = Digit | Line | Whole
FIRST, ROW, COLUMN, WHOLE = Line(0), Line(0, 1, 0), Line(0, 0, 1), Whole()


def digits(shape: Sequence[int]) -> tuple[Index, ...]:
    """The indices of leading axes of this shape."""
    return tuple(Digit(prod(shape[axis + 1 :]), size) if size != 1 else FIRST for axis, size in enumerate(shape))


def is_placeable(index: Sequence[Index], shape: Sequence[int], rows: int, cols: int) -> bool:
    """Whether a tensor that is read so can be laid over the scores: its axes are leading ones, i and j, each once."""
    places = [place for place in index if place != FIRST]
    return len(set(places)) == len(places) and all(
        size == _extent(place, rows, cols) for place, size in zip(index, shape, strict=True) if place != WHOLE
    )


def _extent(place: Index, rows: int, cols: int) -> int | None:
    """The elements of an axis that all scores together read one after the other; None if they do not."""
    match place:
        case Digit():
            return place.size
        case Line():
            return {FIRST: 1, ROW: rows, COLUMN: cols}.get(place)
        case Whole():
            return None


def source_index(op: Operation, index: Sequence[Index]) -> tuple[Index, ...] | None:
    """The index of a view's operand where its result has ``index``; None if it cannot be written as one."""
    shape, result = shape_of(op.operands[0]), shape_of(op.results[0])
    match op:
        case graph.PermuteOp():
            order = integers(op.properties, "order")
            return tuple(index[order.index(axis)] for axis in range(len(shape)))
        case graph.BroadcastOp():
            dims = integers(op.properties, "dims")
            return tuple(index[dim] if size == result[dim] else FIRST for size, dim in zip(shape, dims, strict=True))
        case graph.SliceOp():
            starts, steps = (integers(op.properties, name) for name in ("starts", "steps"))
            parts = [
                _sliced(place, start, step, size == whole)
                for place, start, step, size, whole in zip(index, starts, steps, result, shape, strict=True)
            ]
            return None if None in parts else tuple(part for part in parts if part is not None)
        case graph.ReshapeOp():
            return _regrouped(index, result, shape)
        case _:
            return None


def _sliced(place: Index, start: int, step: int, is_whole: bool) -> Index | None:
    if isinstance(place, Line):
        return Line(start).plus(place, step)
    return place if is_whole and step == 1 else None


def _regrouped(index: Sequence[Index], shape: Sequence[int], source: Sequence[int]) -> tuple[Index, ...] | None:
    """The index of a tensor of shape ``source`` that is reshaped to ``shape``, run of axes by run of axes."""
    if 0 in shape:
        return None
    found: list[Index] = [FIRST] * len(source)
    new = [axis for axis, size in enumerate(shape) if size != 1]
    old = [axis for axis, size in enumerate(source) if size != 1]
    while new:
        run, whole = [new.pop(0)], [old.pop(0)]
        while (have := prod(shape[axis] for axis in run)) != (want := prod(source[axis] for axis in whole)):
            if have < want:
                run.append(new.pop(0))
            else:
                whole.append(old.pop(0))
        merged = _merged([index[axis] for axis in run], [shape[axis] for axis in run])
        parts = None if merged is None else _split(merged, [source[axis] for axis in whole])
        if parts is None:
            return None
        for axis, part in zip(whole, parts, strict=True):
            found[axis] = part
    return tuple(found)


def _merged(places: Sequence[Index], sizes: Sequence[int]) -> Index | None:
    """The index of one axis that joins several."""
    merged, *rest = places
    for place, size in zip(rest, sizes[1:], strict=True):
        if isinstance(merged, Line) and isinstance(place, Line):
            merged = place.plus(merged, size)
        elif isinstance(merged, Digit) and isinstance(place, Digit) and merged.stride == place.stride * size:
            merged = Digit(place.stride, merged.size * size)
        else:
            return None
    return merged


def _split(place: Index, sizes: Sequence[int]) -> list[Index] | None:
    """The indices of several axes that are joined to one."""
    if len(sizes) == 1:
        return [place]
    strides = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    if isinstance(place, Digit):
        return [Digit(place.stride * stride, size) for stride, size in zip(strides, sizes, strict=True)]
    if isinstance(place, Line) and place.is_constant:
        return [Line(place.constant // stride % size) for stride, size in zip(strides, sizes, strict=True)]
    return None
