"""Ops that read or write at places given by indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dialects import graph
from dialects.graph.index import IndexPutOp, ScatterOp
from dialects.graph.operation import GraphOp, integer
from passes.analysis.evaluation.array import Array, Meaning, only
from passes.analysis.evaluation.reduction import accumulated


def _take(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (np.take(operands[0], operands[1], axis=integer(op.properties, "axis")),)


def _places(indices: Array, axis: int) -> Any:
    """The numpy index of the elements that `indices` names along `axis`."""
    index: list[Array] = list(np.indices(indices.shape, sparse=True))
    index[axis] = indices
    return tuple(index)


def _gather(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    table, indices = operands
    axis = integer(op.properties, "axis")
    return (table[_places(indices, axis)],)


def _scatter(op: ScatterOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    target, indices, updates = operands
    adds = op.reduce.data == "add"
    result = accumulated(target) if adds else target.copy()
    index = _places(indices, integer(op.properties, "axis"))
    if adds:
        np.add.at(result, index, accumulated(updates))
    else:
        result[index] = updates
    return only(op, result)


def _index_put(op: IndexPutOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    target, indices, values = operands
    adds = op.reduce.data == "add"
    result = accumulated(target) if adds else target.copy()
    index: Any = (*(slice(None),) * integer(op.properties, "axis"), indices)
    if adds:
        np.add.at(result, index, accumulated(values))
    else:
        result[index] = values
    return only(op, result)


INDEXING: dict[type[GraphOp], Meaning] = {
    graph.TakeOp: _take,
    graph.GatherOp: _gather,
    graph.ScatterOp: _scatter,
    graph.IndexPutOp: _index_put,
}
"""What each indexing op computes."""
