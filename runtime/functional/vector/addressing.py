"""How vector instructions address UB: repeats of masked elements in strided 32-byte blocks, as numpy views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from dialects.dtypes import DType
from runtime.functional.operation import IDLE, Operation, Spaces, nothing
from runtime.memory.access import Access, Numbers
from runtime.memory.layout import BLOCK_BYTES


class Operand(NamedTuple):
    """One vector operand: base address in UB, element type, block and repeat stride in 32-byte units."""

    base: int
    dtype: DType
    block: int
    repeat: int


Layout = tuple[tuple[int, int, int], ...]
"""(element size, block stride, repeat stride) of each operand."""

Piece = tuple[tuple[int, ...], tuple[tuple[int, tuple[int, ...]], ...]]
"""A shape, and for each operand the offset from its base and its strides, in bytes."""


def pieces(count: int, mask: int, operands: Sequence[Operand]) -> list[list[Access]]:
    """Cut ``count`` elements into rectangles strided in every operand: for each rectangle one access an operand."""
    layout = tuple((operand.dtype.size, operand.block, operand.repeat) for operand in operands)
    return [
        [
            Access("ub", operand.base + offset, shape, strides, operand.dtype.size)
            for operand, (offset, strides) in zip(operands, places, strict=True)
        ]
        for shape, places in _pieces(count, mask, layout)
    ]


@lru_cache(maxsize=65536)
def _pieces(count: int, mask: int, layout: Layout) -> tuple[Piece, ...]:
    if all(_dense(count, mask, *operand) for operand in layout):
        return (((count,), tuple((0, (size,)) for size, _, _ in layout)),)
    full, tail = divmod(count, mask)
    found: list[Piece] = []
    for repeats, width, first in ((full, mask, 0), (1, tail, full)):
        if repeats == 0 or width == 0:
            continue
        for start, dims in _rectangles(width, layout):
            shape = (repeats, *(extent for extent, _ in dims))
            places = tuple(
                (
                    first * repeat * BLOCK_BYTES + _distance(start, size, block),
                    (repeat * BLOCK_BYTES, *(_distance(step, size, block) for _, step in dims)),
                )
                for size, block, repeat in layout
            )
            found.append((shape, places))
    return tuple(found)


def _dense(count: int, mask: int, size: int, block: int, repeat: int) -> bool:
    """Whether the elements follow each other without gaps."""
    one_block = min(count, mask) * size <= BLOCK_BYTES
    return (block == 1 or one_block) and (count <= mask or repeat * BLOCK_BYTES == mask * size)


def _distance(elements: int, size: int, block: int) -> int:
    """Bytes from element 0 to ``elements``, which is inside block 0 or at the start of a block."""
    whole, rest = divmod(elements, BLOCK_BYTES // size)
    return whole * block * BLOCK_BYTES + rest * size


def _rectangles(width: int, layout: Layout) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """Cut the elements of one repeat into (first element, dimensions as (extent, step in elements))."""
    if all(block == 1 or width * size <= BLOCK_BYTES for size, block, _ in layout):
        return [(0, ((width, 1),))]
    large, small = (choose(BLOCK_BYTES // size for size, _, _ in layout) for choose in (max, min))
    whole, rest = divmod(width, large)
    some, last = divmod(rest, small)
    start = whole * large
    candidates = (
        (0, ((whole, large), (large // small, small), (small, 1))),
        (start, ((some, small), (small, 1))),
        (start + some * small, ((last, 1),)),
    )
    return [(first, dims) for first, dims in candidates if dims[0][0]]


def _width(elements: int, operand: Operand) -> int:
    """Return the bytes from the start of a repeat of this many elements to its end."""
    whole, rest = divmod(elements * operand.dtype.size, BLOCK_BYTES)
    step = operand.block * BLOCK_BYTES
    ends = [(whole - 1) * step + BLOCK_BYTES] if whole else [0]
    return max(*ends, whole * step + rest) if rest else ends[0]


def _extent(count: int, mask: int, operand: Operand) -> tuple[int, int]:
    """Return the first byte of an operand and the one after the last."""
    full, tail = divmod(count, mask)
    step = operand.repeat * BLOCK_BYTES
    end = (full - 1) * step + _width(mask, operand) if full else 0
    if tail:
        end = max(end, full * step + _width(tail, operand))
    return operand.base, operand.base + end


def depends_on_order(count: int, mask: int, target: Operand, sources: Sequence[Operand]) -> bool:
    """Whether a repeat may read or overwrite what an earlier repeat of the same instruction wrote."""
    if count <= mask:
        return False
    if target.repeat * BLOCK_BYTES < _width(mask, target):
        return True
    low, high = _extent(count, mask, target)
    for source in sources:
        start, end = _extent(count, mask, source)
        same = source[0] == target[0] and source[1].size == target[1].size and source[2:] == target[2:]
        if not same and start < high and low < end:
            return True
    return False


def elementwise(
    spaces: Spaces,
    function: Callable[..., Any],
    target: Operand,
    sources: Sequence[Operand],
    count: int,
    mask: int,
    updates: bool = False,
) -> Operation:
    """Make the operation ``function(*sources, target)`` on arrays of equal shape; ``updates``: the target is read too.

    Repeats happen in order where that makes a difference, as when a repeat stride of 0 accumulates.
    """
    if count == 0:
        return IDLE
    operands = (target, *sources)
    if depends_on_order(count, mask, target, (*sources, target) if updates else sources):
        rectangles: list[list[Access]] = []
        for first in range(0, count, mask):
            step = first // mask * BLOCK_BYTES
            moved = [operand._replace(base=operand.base + step * operand.repeat) for operand in operands]
            rectangles += pieces(min(mask, count - first), mask, moved)
    else:
        rectangles = pieces(count, mask, operands)
    space = spaces["ub"]
    calls: list[Callable[[], Any]] = []
    reads: list[Access] = []
    writes: list[Access] = []
    for accesses in rectangles:
        views = [
            space.view(access, operand.dtype.numpy, operand is target)
            for access, operand in zip(accesses, operands, strict=True)
        ]
        calls.append(partial(function, *views[1:], views[0]))
        reads += accesses if updates else accesses[1:]
        writes.append(accesses[0])
    return Operation(_sequence(calls), tuple(reads), tuple(writes))


def _sequence(calls: list[Callable[[], Any]]) -> Callable[[], object]:
    if len(calls) == 1:
        return calls[0]

    def run() -> None:
        for call in calls:
            call()

    return run if calls else nothing


class Rows(NamedTuple):
    """Repeats of equal width, as the rows of a matrix: ``view`` has whole blocks, of which ``width`` elements count."""

    first: int
    repeats: int
    width: int
    view: Numbers

    def read(self) -> Numbers:
        """Return the elements, shape (repeats, width)."""
        return self.view.reshape(self.repeats, -1)[:, : self.width]


def rows(spaces: Spaces, operand: Operand, count: int, mask: int) -> tuple[list[Rows], tuple[Access, ...]]:
    """Return the repeats of an operand as matrices (whole repeats, then a partial one), and the accesses they are."""
    per_block = BLOCK_BYTES // operand.dtype.size
    full, tail = divmod(count, mask)
    found: list[Rows] = []
    for repeats, width, first in ((full, mask, 0), (1, tail, full)):
        if repeats and width:
            across = -(-width // per_block)
            strides = (operand.repeat * BLOCK_BYTES, operand.block * BLOCK_BYTES, operand.dtype.size)
            base = operand.base + first * operand.repeat * BLOCK_BYTES
            access = Access("ub", base, (repeats, across, per_block), strides, operand.dtype.size)
            found.append(Rows(first, repeats, width, spaces["ub"].view(access, operand.dtype.numpy)))
    return found, tuple(accesses[0] for accesses in pieces(count, mask, (operand,)))


def scalar(bits: int, dtype: DType) -> Numbers:
    """Return, as a 0-d array, the number that the low bits of a register or immediate are."""
    code = np.array(bits & ((1 << dtype.bits) - 1), np.dtype(f"u{dtype.size}"))
    return code.view(dtype.numpy)
