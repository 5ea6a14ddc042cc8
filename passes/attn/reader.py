"""Reads graph values backwards, through views, as expressions of the place among the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.analysis.evaluation.array import Array
from passes.attn.applications import applied, compared
from passes.attn.expressions import (
    EXACT,
    Apply,
    Leaf,
    Node,
    Number,
    Position,
    compare,
    leaves_of,
    select,
)
from passes.attn.positions import COLUMN, ROW, Index, Line, is_placeable, source_index, unjoined

_VIEWS = (graph.ReshapeOp, graph.PermuteOp, graph.BroadcastOp, graph.SliceOp)


class Reader:
    """Reads values of one function as parts of ``rows`` x ``cols`` scores; equal reads give one node.

    ``passed`` names the value that stands for an argument of the function wherever it is called, if there is one.
    """

    def __init__(
        self, block: Block | None, rows: int, cols: int, passed: Callable[[BlockArgument], SSAValue | None]
    ) -> None:
        """Read for an attention in ``block``."""
        self._block, self._rows, self._cols, self._passed = block, rows, cols, passed
        self._bound: dict[SSAValue, Node] = {}
        self._nodes: dict[tuple[SSAValue, tuple[Index, ...]], Node] = {}

    def bind(self, value: SSAValue, node: Node) -> None:
        """Let a value stand for an expression, from whatever place it is read."""
        self._bound[value] = node

    def read(self, value: SSAValue, index: tuple[Index, ...]) -> Node:
        """The expression of an element of ``value``."""
        key = (value, index)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = self._read(value, index) or Leaf(value, index)
        return node

    def places(self, value: SSAValue, index: Sequence[Index]) -> bool:
        """Whether a tensor that is read so can be laid over the scores."""
        return is_placeable(index, shape_of(value), self._rows, self._cols)

    def _read(self, value: SSAValue, index: tuple[Index, ...]) -> Node | None:
        if value in self._bound:
            return self._bound[value]
        op = value.owner
        if isinstance(value, BlockArgument) or not isinstance(op, Operation):
            passed = self._passed(value) if isinstance(value, BlockArgument) else None
            node = None if passed is None else self.read(passed, index)
            return None if node is None or leaves_of(node) else node  # tensors of the caller are out of reach here
        if isinstance(op, _VIEWS):
            source = source_index(op, index)
            node = None if source is None else self.read(op.operands[0], source)
            if source is None or node is None or not leaves_of(node):
                return node
            return node if self.places(op.operands[0], source) else None
        match op:
            case graph.ConstantOp():
                return self._constant(op, index)
            case graph.IotaOp():
                place = index[integer(op.properties, "axis")]
                return Position(place) if isinstance(place, Line) else None
            case graph.TakeOp():
                return self._taken(op, index)
            case graph.CastOp():
                return self._cast(op, index)
            case PointwiseOp() | graph.CompareOp() | graph.SelectOp():
                return self._pointwise(op, index)
            case _:
                return None

    def _constant(self, op: graph.ConstantOp, index: tuple[Index, ...]) -> Node | None:
        scalar = op.scalar
        if scalar is not None:
            return Number(bool(scalar) if is_bool(element_of(op.result)) else float(scalar))
        index, shape = unjoined(index, shape_of(op.result))
        array = op.to_numpy().reshape(shape)
        if array.size == 0:
            return None
        if array.dtype != np.bool_:
            counted = _counting(array.astype(np.float64), index)
            if counted is not None:
                return counted
        placeable = is_placeable(index, shape, self._rows, self._cols)
        return _band_of(array, index) if placeable else None

    def _taken(self, op: graph.TakeOp, index: tuple[Index, ...]) -> Node | None:
        axis, count = integer(op.properties, "axis"), len(shape_of(op.indices))
        chosen = self.read(op.indices, index[axis : axis + count])
        if not isinstance(chosen, Position):
            return None
        node = self.read(op.table, (*index[:axis], chosen.line, *index[axis + count :]))
        return None if leaves_of(node) else node

    def _cast(self, op: graph.CastOp, index: tuple[Index, ...]) -> Node | None:
        node = self.read(op.operand, index)
        source, target = element_of(op.operand), element_of(op.result)
        if is_bool(target) and not is_bool(source):
            return compared(node, Number(0.0), "ne")
        if is_bool(source) and not is_bool(target):
            return Apply(graph.SelectOp, (node, Number(1.0), Number(0.0)), origin=self._origin(op, index))
        if is_float(source) and not is_float(target):
            return Apply(graph.TruncOp, (node,), origin=self._origin(op, index))
        return node

    def _pointwise(self, op: Operation, index: tuple[Index, ...]) -> Node | None:
        operands = tuple(self.read(operand, index) for operand in op.operands)
        node = applied(op, operands)
        return replace(node, origin=self._origin(op, index)) if isinstance(node, Apply) else node

    def _origin(self, op: Operation, index: tuple[Index, ...]) -> Leaf | None:
        return Leaf(op.results[0], index) if op.parent is self._block else None


def _counting(array: Array, index: tuple[Index, ...]) -> Position | None:
    """The position that the elements of a constant are, if they count along queries and keys."""
    origin = float(array.flat[0])
    line, expected = Line(int(origin)) if abs(origin) < EXACT else Line(0), np.full(array.shape, origin)
    for axis, (place, size) in enumerate(zip(index, array.shape, strict=True)):
        step = 0.0 if size == 1 else float(np.take(array, 1, axis).flat[0]) - origin
        if not (abs(step) < EXACT and step.is_integer()) or (step and not isinstance(place, Line)):
            return None
        counted = np.arange(size, dtype=np.float64) * step
        expected += counted.reshape([-1 if other == axis else 1 for other in range(array.ndim)])
        line = line.plus(place, int(step)) if isinstance(place, Line) else line
    whole = abs(origin) < EXACT and origin.is_integer()
    return Position(line) if whole and np.array_equal(expected, array) else None


def _band_of(array: Array, index: tuple[Index, ...]) -> Node | None:
    """A constant with two values, the greater one (or true) in a band along the diagonal."""
    low, high = array.min(), array.max()
    axes = [axis for axis, place in enumerate(index) if place in (ROW, COLUMN)]
    if [index[axis] for axis in axes] != [ROW, COLUMN] or low == high:
        return None
    table = np.moveaxis(array, axes, (-2, -1)).reshape(-1, *(array.shape[axis] for axis in axes))
    keeps = table[0] == high
    if not (np.array_equal(keeps, table[0] != low) and (table == table[0]).all()):
        return None
    rows, cols = np.nonzero(keeps)
    least, most = int((cols - rows).min()), int((cols - rows).max())
    if not np.array_equal(keeps, np.triu(np.tril(np.ones_like(keeps), most), least)):
        return None
    apart = Position(Line(0, -1, 1))
    ends = [compare(apart, Position(Line(end)), name) for end, name in ((least, "ge"), (most, "le"))]
    inside = Apply(graph.AndOp, tuple(ends))
    return inside if array.dtype == np.bool_ else select(inside, Number(float(high)), Number(float(low)))
