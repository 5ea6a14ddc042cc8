"""Inserts the ops of an expansion, with views that change nothing left out."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import i64
from xdsl.ir import Attribute, SSAValue

from dialects import graph
from dialects.graph.pointwise import BinaryOp
from dialects.graph.types import Scalar, element_of, is_bool, is_float, shape_of, tensor
from passes.graph.rewriting import Rewriter


class Steps:
    """Graph ops in front of the one that is rewritten; axes are counted from the front."""

    def __init__(self, rewriter: Rewriter) -> None:
        """Insert with `rewriter`."""
        self.rewriter = rewriter
        self.cast = rewriter.cast

    def splat(self, value: Scalar, shape: Sequence[int], element: Attribute) -> SSAValue:
        """A constant of this shape and element type."""
        return self.rewriter.splat(value, tensor(shape, element))

    def neutral(self, shape: Sequence[int], element: Attribute) -> SSAValue:
        """What leaves every number as it is when it is added: -0.0 keeps even the sign of 0.0."""
        return self.splat(-0.0 if is_float(element) else 0, shape, element)

    def reshape(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """The elements of `value` under `shape`."""
        return value if shape_of(value) == tuple(shape) else self.rewriter.add(graph.ReshapeOp.make(value, shape))

    def permute(self, value: SSAValue, order: Sequence[int]) -> SSAValue:
        """`value` with axis i taken from axis order[i]."""
        order = list(order)
        return value if order == sorted(order) else self.rewriter.add(graph.PermuteOp.make(value, order))

    def move(self, value: SSAValue, source: int, target: int) -> SSAValue:
        """`value` with axis `source` at place `target`, the others in their order."""
        order = [axis for axis in range(len(shape_of(value))) if axis != source]
        order.insert(target, source)
        return self.permute(value, order)

    def place(self, value: SSAValue, shape: Sequence[int], dims: Sequence[int]) -> SSAValue:
        """`value` repeated to `shape`, its axis i being axis dims[i]."""
        same = shape_of(value) == tuple(shape)
        return value if same else self.rewriter.add(graph.BroadcastOp.make(value, shape, dims))

    def slice(self, value: SSAValue, axis: int, start: int, stop: int, step: int = 1) -> SSAValue:
        """Every `step`-th place of one axis between bounds."""
        shape = shape_of(value)
        if (start, stop, step) == (0, shape[axis], 1):
            return value
        starts, stops, steps = [0] * len(shape), list(shape), [1] * len(shape)
        starts[axis], stops[axis], steps[axis] = start, stop, step
        return self.rewriter.add(graph.SliceOp.make(value, starts, stops, steps))

    def concat(self, values: Sequence[SSAValue], axis: int) -> SSAValue:
        """The values behind one another along `axis`, without those that are empty there."""
        parts = [value for value in values if shape_of(value)[axis]] or list(values[:1])
        return parts[0] if len(parts) == 1 else self.rewriter.add(graph.ConcatOp.make(parts, axis))

    def pad(self, value: SSAValue, axis: int, low: int, high: int, fill: Scalar) -> SSAValue:
        """`value` with `low` elements `fill` before and `high` after it along `axis`."""
        shape = shape_of(value)

        def margin(size: int) -> SSAValue:
            return self.splat(fill, (*shape[:axis], size, *shape[axis + 1 :]), element_of(value))

        parts = [margin(low)] if low else []
        parts.append(value)
        if high:
            parts.append(margin(high))
        return self.concat(parts, axis)

    def iota(self, shape: Sequence[int], axis: int, element: Attribute = i64) -> SSAValue:
        """The index along `axis` at every place of `shape`."""
        return self.rewriter.add(graph.IotaOp.make(tensor(shape, element), axis))

    def combine(self, op: type[BinaryOp], lhs: SSAValue, rhs: SSAValue | Scalar) -> SSAValue:
        """A pointwise op of two values of one type, the second possibly a number."""
        other = rhs if isinstance(rhs, SSAValue) else self.splat(rhs, shape_of(lhs), element_of(lhs))
        return self.rewriter.add(op.make(lhs, other))

    def plus(self, lhs: SSAValue, rhs: SSAValue | Scalar) -> SSAValue:
        """The sum."""
        return self.combine(graph.AddOp, lhs, rhs)

    def minus(self, lhs: SSAValue, rhs: SSAValue | Scalar) -> SSAValue:
        """The difference."""
        return self.combine(graph.SubOp, lhs, rhs)

    def times(self, lhs: SSAValue, rhs: SSAValue | Scalar) -> SSAValue:
        """The product."""
        return self.combine(graph.MulOp, lhs, rhs)

    def compare(self, lhs: SSAValue, rhs: SSAValue | Scalar, predicate: str) -> SSAValue:
        """Where the predicate holds."""
        other = rhs if isinstance(rhs, SSAValue) else self.splat(rhs, shape_of(lhs), element_of(lhs))
        return self.rewriter.add(graph.CompareOp.make(lhs, other, predicate))

    def select(self, condition: SSAValue, on_true: SSAValue, on_false: SSAValue) -> SSAValue:
        """`on_true` where the condition holds, else `on_false`."""
        return self.rewriter.add(graph.SelectOp.make(condition, on_true, on_false))

    def reduce(self, value: SSAValue, kind: str, axis: int) -> SSAValue:
        """The elements of `axis` combined."""
        return self.rewriter.add(graph.ReduceOp.make(value, kind, [axis]))

    def sum_where(self, condition: SSAValue, value: SSAValue, axis: int) -> SSAValue:
        """The sum along `axis` of the elements for which the condition holds (of bools: whether any is true).

        The others are selected away, not multiplied by 0: infinities and NaN among them do not show.
        """
        element = element_of(value)
        chosen = self.select(condition, value, self.neutral(shape_of(value), element))
        return self.reduce(chosen, "or" if is_bool(element) else "add", axis)
