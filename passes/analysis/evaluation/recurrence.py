"""Recurrences: the body is computed for chunk after chunk of the walked axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import element_of, shape_of, tensor
from passes.analysis.evaluation.array import Array
from passes.analysis.iteration_space import Space, build

Evaluate = Callable[[Operation, Sequence[Array]], tuple[Array, ...]]
"""The meaning of an operation of the body."""


def walk(
    op: RecurrenceOp, operands: Sequence[Array], evaluate_op: Evaluate, chunk: int | None = None
) -> tuple[Array, ...]:
    """What is carried out of the last chunk, when each chunk but the last has ``chunk`` elements of the walked axis.

    ``None`` takes the whole axis at once; where the op says how it is cut, that counts. Raises
    ``iteration_space.Misfit`` when a shorter chunk is asked for and the body's axes cannot be told apart.
    """
    count = len(op.carried)
    carried, inputs = tuple(operands[:count]), operands[count:]
    axes = op.axes.get_values()
    size = next(array.shape[axis] for array, axis in zip(inputs, axes, strict=True) if axis >= 0)
    wanted = chunk if op.chunk is None else op.chunk.value.data
    length = size if wanted is None else min(wanted, size)
    space = build([op], {}) if length < size else None
    for start in range(0, size, length):
        taken = range(start, min(start + length, size))
        parts = [_part(array, axis, taken) for array, axis in zip(inputs, axes, strict=True)]
        carried = _step(op, (*carried, *parts), evaluate_op, space, taken)
    return carried


def _part(array: Array, axis: int, taken: range) -> Array:
    """The elements of one chunk (all of them for an input that is not walked)."""
    return array if axis < 0 else array[(slice(None),) * axis + (slice(taken.start, taken.stop),)]


def _step(
    op: RecurrenceOp, arguments: Sequence[Array], evaluate_op: Evaluate, space: Space | None, taken: range
) -> tuple[Array, ...]:
    """What the body yields for one chunk; ``space`` tells the walked axes when the chunk is not the whole axis."""
    values: dict[SSAValue, Array] = dict(zip(op.body.block.args, arguments, strict=True))
    for inner in op.body.block.ops:
        operands = [values[operand] for operand in inner.operands]
        if inner is op.body.block.last_op:
            return tuple(operands)
        results = evaluate_op(inner if space is None else _resized(inner, space, len(taken)), operands)
        if isinstance(inner, graph.IotaOp) and space is not None and _counts_walked(inner, space):
            results = tuple(array + np.asarray(taken.start, array.dtype) for array in results)
        values.update(zip(inner.results, results, strict=True))
    raise AssertionError("a body ends with its yield")


def _resized(op: Operation, space: Space, size: int) -> Operation:
    """A detached copy of an op of the body whose results have ``size`` elements along the walked axis."""
    types = [
        tensor(
            tuple(
                size if axis in space.recurred else full
                for axis, full in zip(space.axes[result], shape_of(result), strict=True)
            ),
            element_of(result),
        )
        for result in op.results
    ]
    return type(op).create(operands=op.operands, result_types=types, properties=op.properties, location=op.location)


def _counts_walked(op: graph.IotaOp, space: Space) -> bool:
    return space.axes[op.results[0]][integer(op.properties, "axis")] in space.recurred
