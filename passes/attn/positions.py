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


@dataclass(frozen=True)
class Joined:
    """Several places that one axis runs through together, the last one fastest, each with its number of elements."""

    parts: tuple[tuple[Index, int], ...]


Index: TypeAlias = Digit | Line | Whole | Joined
FIRST, ROW, COLUMN, WHOLE = Line(0), Line(0, 1, 0), Line(0, 0, 1), Whole()


def digits(shape: Sequence[int], inner: int = 1) -> tuple[Index, ...]:
    """The indices of leading axes of this shape, each place of which stands for ``inner`` in a row."""
    strides = [prod(shape[axis + 1 :]) * inner for axis in range(len(shape))]
    return tuple(Digit(stride, size) if size != 1 else FIRST for stride, size in zip(strides, shape, strict=True))


def unjoined(index: Sequence[Index], shape: Sequence[int]) -> tuple[tuple[Index, ...], tuple[int, ...]]:
    """An index and a shape with an axis for each place."""
    pairs = [
        pair
        for place, size in zip(index, shape, strict=True)
        for pair in (place.parts if isinstance(place, Joined) else ((place, size),))
    ]
    return tuple(place for place, _ in pairs), tuple(size for _, size in pairs)


def is_placeable(index: Sequence[Index], shape: Sequence[int], rows: int, cols: int) -> bool:
    """Whether a tensor that is read so can be laid over the scores: its axes are leading ones, i and j, each once."""
    index, shape = unjoined(index, shape)
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
        case Whole() | Joined():
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
        parts = _split(merged, [source[axis] for axis in whole])
        if parts is None:
            return None
        for axis, part in zip(whole, parts, strict=True):
            found[axis] = part
    return tuple(found)


def _merged(places: Sequence[Index], sizes: Sequence[int]) -> Index:
    """The index of one axis that joins several."""
    parts: list[tuple[Index, int]] = []
    for place, size in zip(*unjoined(places, sizes), strict=True):
        last, before = parts[-1] if parts else (None, 1)
        if isinstance(last, Line) and isinstance(place, Line):
            parts[-1] = (place.plus(last, size), before * size)
        elif isinstance(last, Digit) and isinstance(place, Digit) and last.stride == place.stride * size:
            parts[-1] = (Digit(place.stride, before * size), before * size)
        else:
            parts.append((place, size))
    return parts[0][0] if len(parts) == 1 else Joined(tuple(parts))


def _split(place: Index, sizes: Sequence[int]) -> list[Index] | None:
    """The indices of several axes that are joined to one."""
    if len(sizes) == 1:
        return [place]
    strides = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    match place:
        case Digit():
            return [Digit(place.stride * stride, size) for stride, size in zip(strides, sizes, strict=True)]
        case Line() if place.is_constant:
            return [Line(place.constant // stride % size) for stride, size in zip(strides, sizes, strict=True)]
        case Joined():
            index, shape = unjoined((place,), (prod(sizes),))
            if not _ends(shape) & _ends(sizes):  # a cut that both have makes the runs shorter
                return None
            found = _regrouped(index, shape, sizes)
            return None if found is None else list(found)
        case _:
            return None


def _ends(sizes: Sequence[int]) -> set[int]:
    """How many elements lie before each inner end of axes that are joined."""
    return {prod(sizes[:count]) for count in range(1, len(sizes))} - {1, prod(sizes)}
