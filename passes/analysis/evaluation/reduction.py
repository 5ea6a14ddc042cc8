"""Reductions, scans, pools, sorting: floats are accumulated in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dialects import graph
from dialects.graph.operation import GraphOp, integer, integers
from dialects.graph.order import SortOp, TopkOp
from dialects.graph.reduce import ArgReduceOp, ReduceOp, ReduceWindowOp, ScanOp
from passes.analysis.evaluation.array import Array, Meaning, only

REDUCERS: dict[str, Callable[..., Any]] = {
    "add": np.sum,
    "mul": np.prod,
    "max": np.max,
    "min": np.min,
    "and": np.all,
    "or": np.any,
}


def accumulated(array: Array) -> Array:
    """Floats as float64, integers as int64: what sums are formed in."""
    return array if array.dtype == np.bool_ else array.astype(np.float64 if dtype_is_float(array) else np.int64)


def dtype_is_float(array: Array) -> bool:
    """Whether elements are floats (ml_dtypes' kinds are 'V')."""
    return array.dtype.kind in "fV"


def _reduce(op: ReduceOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return only(op, REDUCERS[op.kind.data](accumulated(operands[0]), axis=integers(op.properties, "axes")))


def _arg_reduce(op: ArgReduceOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    find = np.argmax if op.kind.data == "max" else np.argmin  # both return the first NaN, like torch
    return only(op, find(accumulated(operands[0]), axis=integer(op.properties, "axis")))


def _scan(op: ScanOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    ufunc = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[op.kind.data]
    return only(op, ufunc.accumulate(accumulated(operands[0]), axis=integer(op.properties, "axis")))


def neutral(kind: str, array: Array) -> float:
    """What padding of a windowed reduction holds: the element that changes nothing."""
    if kind == "add":
        return 0
    if dtype_is_float(array):
        return -np.inf if kind == "max" else np.inf
    limits = np.iinfo(array.dtype)
    return limits.min if kind == "max" else limits.max


def _reduce_window(op: ReduceWindowOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    low, high = integers(op.properties, "padding_low"), integers(op.properties, "padding_high")
    window, dilation = integers(op.properties, "window"), integers(op.properties, "dilation")
    source = accumulated(operands[0])
    padded = np.pad(source, tuple(zip(low, high, strict=True)), constant_values=neutral(op.kind.data, source))
    reach = [(size - 1) * step + 1 for size, step in zip(window, dilation, strict=True)]
    views = np.lib.stride_tricks.sliding_window_view(padded, reach)
    rank = padded.ndim
    index = [slice(None, None, step) for step in (*integers(op.properties, "strides"), *dilation)]
    return only(op, REDUCERS[op.kind.data](views[tuple(index)], axis=tuple(range(rank, 2 * rank))))


def _order(array: Array, axis: int, descending: bool) -> Array:
    """Stable order with NaN as the largest."""
    key = accumulated(array)
    if not descending:
        return np.argsort(key, axis=axis, kind="stable")
    # Reversing before and after keeps equal elements in their order.
    reverse = np.argsort(np.flip(key, axis), axis=axis, kind="stable")
    return np.flip(array.shape[axis] - 1 - reverse, axis)


def _sort(op: SortOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    axis = integer(op.properties, "axis")
    order = _order(operands[0], axis, op.descending is not None)
    return np.take_along_axis(operands[0], order, axis), order.astype(np.int64)


def _topk(op: TopkOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    axis, k = integer(op.properties, "axis"), integer(op.properties, "k")
    order = np.take(_order(operands[0], axis, op.largest is not None), np.arange(k), axis=axis)
    return np.take_along_axis(operands[0], order, axis), order.astype(np.int64)


REDUCTIONS: dict[type[GraphOp], Meaning] = {
    ReduceOp: _reduce,
    ArgReduceOp: _arg_reduce,
    ScanOp: _scan,
    ReduceWindowOp: _reduce_window,
    graph.SortOp: _sort,
    graph.TopkOp: _topk,
}
"""What each op that combines or orders elements along axes computes."""
