"""Ops that move elements, and sources that need no weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dialects import graph
from dialects.graph.operation import GraphOp, integer, integers
from dialects.graph.types import shape_of
from dialects.graph.view import PadOp
from passes.analysis.evaluation.array import Array, Meaning, dtype_of


def _reshape(op: graph.ReshapeOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (operands[0].reshape(shape_of(op.result)),)


def _permute(op: graph.PermuteOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (operands[0].transpose(integers(op.properties, "order")),)


def _broadcast(op: graph.BroadcastOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    shape = shape_of(op.result)
    aligned = [1] * len(shape)
    for size, axis in zip(operands[0].shape, integers(op.properties, "dims"), strict=True):
        aligned[axis] = size
    return (np.broadcast_to(operands[0].reshape(aligned), shape),)


def _slice(op: graph.SliceOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    bounds = (integers(op.properties, name) for name in ("starts", "stops", "steps"))
    index = tuple(
        slice(start, None if step < 0 and stop < 0 else stop, step) for start, stop, step in zip(*bounds, strict=True)
    )
    return (operands[0][index],)


def _pad(op: PadOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    low, high = integers(op.properties, "low"), integers(op.properties, "high")
    value = graph.ConstantOp.create(result_types=(op.result.type,), properties={"value": op.value}).scalar
    result = np.full(shape_of(op.result), value, dtype=dtype_of(op.result).numpy)
    result[tuple(slice(a, a + size) for a, size in zip(low, operands[0].shape, strict=True))] = operands[0]
    del high  # it follows from the shapes
    return (result,)


def _window(op: graph.WindowOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    """Pick the elements of all windows along one axis after the other; the places in them go to the end."""
    names = ("axes", "sizes", "strides", "dilation")
    axes, sizes, strides, dilations = (integers(op.properties, name) for name in names)
    result, shape = operands[0], shape_of(op.result)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        picked: Array = np.add.outer(np.arange(shape[axis]) * stride, np.arange(size) * dilation)
        result = np.moveaxis(np.take(result, picked, axis), axis + 1, -1)
    return (result,)


def _concat(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (np.concatenate(list(operands), axis=integer(op.properties, "axis")),)


def _constant(op: graph.ConstantOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (op.to_numpy(),)


def _iota(op: graph.IotaOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    shape, axis = shape_of(op.result), integer(op.properties, "axis")
    aligned = [1] * len(shape)
    aligned[axis] = shape[axis]
    counted = np.arange(shape[axis]).astype(dtype_of(op.result).numpy).reshape(aligned)
    return (np.broadcast_to(counted, shape),)


VIEWS: dict[type[GraphOp], Meaning] = {
    graph.ReshapeOp: _reshape,
    graph.PermuteOp: _permute,
    graph.BroadcastOp: _broadcast,
    graph.SliceOp: _slice,
    graph.PadOp: _pad,
    graph.WindowOp: _window,
    graph.ConcatOp: _concat,
    graph.ConstantOp: _constant,
    graph.IotaOp: _iota,
}
"""What each op that moves or makes elements computes."""
