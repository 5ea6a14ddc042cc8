"""Vector reductions: of whole repeats and of 32-byte blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialects.dtypes import DType
from runtime.functional.operation import IDLE, Fields, Handler, Operation, Spaces
from runtime.functional.vector.addressing import Operand, Rows, rows
from runtime.memory.access import Access, Numbers

BLOCKS_PER_REPEAT = 8

Reduction = Callable[[Numbers], Numbers]
"""Reduces the last axis, keeping the element type."""


def tree_sum(values: Numbers) -> Numbers:
    """Sum the last axis as a binary tree: neighbours first, each partial sum rounded to the element type."""
    while values.shape[-1] > 1:
        even = values.shape[-1] // 2 * 2
        pairs = values[..., 0:even:2] + values[..., 1:even:2]
        values = pairs if even == values.shape[-1] else np.concatenate((pairs, values[..., even:]), axis=-1)
    return values[..., 0]


def _largest(values: Numbers) -> Numbers:
    return values.max(axis=-1)


def _smallest(values: Numbers) -> Numbers:
    return values.min(axis=-1)


def _first_largest(values: Numbers) -> Numbers:
    return values.argmax(axis=-1)


def _first_smallest(values: Numbers) -> Numbers:
    return values.argmin(axis=-1)


def _vcadd(spaces: Spaces, fields: Fields) -> Operation:
    dst, src, count, mask, dst_rep, src_blk, src_rep, code = fields
    return _whole(spaces, dst, Operand(src, DType(code), src_blk, src_rep), (count, mask, dst_rep), (tree_sum,))


def _extreme(reduction: Reduction, position: Reduction) -> Handler:
    def bind(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, count, mask, dst_rep, src_blk, src_rep, index, code = fields
        outputs = (reduction, position) if index else (reduction,)
        return _whole(spaces, dst, Operand(src, DType(code), src_blk, src_rep), (count, mask, dst_rep), outputs)

    return bind


def _whole(
    spaces: Spaces, dst: int, source: Operand, extent: tuple[int, int, int], outputs: tuple[Reduction, ...]
) -> Operation:
    """Write, for each repeat, one number an output; the second output is written as unsigned bits."""
    count, mask, dst_rep = extent
    if count == 0:
        return IDLE
    parts, reads = rows(spaces, source, count, mask)
    size = source.dtype.size
    step = dst_rep * size * len(outputs)
    targets: list[tuple[Rows, list[Numbers]]] = []
    writes: list[Access] = []
    for part in parts:
        base = dst + part.first * step
        accesses = [Access("ub", base + k * size, (part.repeats,), (step,), size) for k in range(len(outputs))]
        types = (source.dtype.numpy, np.dtype(f"u{size}"))
        views = [spaces["ub"].view(access, dtype, True) for access, dtype in zip(accesses, types, strict=False)]
        targets.append((part, views))
        writes += accesses

    def run() -> None:
        for part, views in targets:
            values = part.read()
            results = [reduce(values) for reduce in outputs]
            for view, result in zip(views, results, strict=True):
                view[...] = result

    return Operation(run, reads, tuple(writes))


def _block_reduction(reduction: Reduction) -> Handler:
    def bind(spaces: Spaces, fields: Fields) -> Operation:
        dst, src, count, mask, dst_rep, src_blk, src_rep, code = fields
        if count == 0:
            return IDLE
        dtype = DType(code)
        parts, reads = rows(spaces, Operand(src, dtype, src_blk, src_rep), count, mask)
        step = dst_rep * BLOCKS_PER_REPEAT * dtype.size
        accesses = [
            Access("ub", dst + part.first * step, (part.repeats, part.view.shape[1]), (step, dtype.size), dtype.size)
            for part in parts
        ]
        views = [spaces["ub"].view(access, dtype.numpy, True) for access in accesses]

        def run() -> None:
            for part, view in zip(parts, views, strict=True):
                _reduce_blocks(reduction, part, view)

        return Operation(run, reads, tuple(accesses))

    return bind


def _reduce_blocks(reduction: Reduction, part: Rows, target: Numbers) -> None:
    whole, rest = divmod(part.width, part.view.shape[2])
    results = [reduction(part.view[:, :whole])] if whole else []
    if rest:
        results.append(reduction(part.view[:, whole:, :rest]))
    target[...] = np.concatenate(results, axis=1)


HANDLERS: dict[str, Handler] = {
    "vcadd": _vcadd,
    "vcmax": _extreme(_largest, _first_largest),
    "vcmin": _extreme(_smallest, _first_smallest),
    "vcgadd": _block_reduction(tree_sum),
    "vcgmax": _block_reduction(_largest),
    "vcgmin": _block_reduction(_smallest),
}
