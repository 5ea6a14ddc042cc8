"""Appends graph ops to a block, with torch's broadcasting and scalars spelled out as ops."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import LocationAttr, UnknownLoc, bf16, f16, f32, i64
from xdsl.ir import Attribute, Block, SSAValue

from dialects.graph import (
    AddOp,
    BroadcastOp,
    CastOp,
    CompareOp,
    ConcatOp,
    ConstantOp,
    GraphOp,
    IotaOp,
    PermuteOp,
    ReduceOp,
    ReshapeOp,
    SelectOp,
    SliceOp,
)
from dialects.graph.pointwise import BinaryOp, UnaryOp
from dialects.graph.types import Scalar, element_of, scalar_attr, shape_of, tensor


class GraphBuilder:
    """Makes graph ops at the end of ``block``, each with the current ``location``; equal constants are shared."""

    def __init__(self, block: Block) -> None:
        """Append to ``block``."""
        self.block = block
        self.location: LocationAttr = UnknownLoc()
        self._constants: dict[tuple[Attribute, Attribute], SSAValue] = {}

    def emit(self, op: GraphOp) -> SSAValue:
        """Append ``op`` and return its first result."""
        op.location = self.location
        self.block.add_op(op)
        return op.results[0]

    def full(self, value: Scalar, shape: Sequence[int], element: Attribute) -> SSAValue:
        """Return a constant of this shape with one value everywhere."""
        kind = tensor(shape, element)
        key = (kind, scalar_attr(value, element))
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self.emit(ConstantOp.make(value, kind))
        return found

    def full_like(self, value: Scalar, model: SSAValue) -> SSAValue:
        """Return a constant of the type of ``model``."""
        return self.full(value, shape_of(model), element_of(model))

    def array(self, values: npt.NDArray[np.generic], element: Attribute = i64) -> SSAValue:
        """Return a constant with the elements of ``values``."""
        return self.emit(ConstantOp.from_array(values, tensor(values.shape, element)))

    def iota(self, size: int, shape: Sequence[int], axis: int, element: Attribute = i64) -> SSAValue:
        """Return the index along ``axis`` (of ``size``) at every place of ``shape``."""
        counted = self.emit(IotaOp.make(tensor((size,), element)))
        return self.place(counted, shape, (axis,))

    def cast(self, value: SSAValue, element: Attribute) -> SSAValue:
        """Return ``value`` in another element type (itself if it has it already)."""
        return value if element_of(value) == element else self.emit(CastOp.make(value, element))

    def widen(self, value: SSAValue) -> SSAValue:
        """Return ``value`` in f32 if it is of a narrower float, as torch accumulates."""
        return self.cast(value, f32) if element_of(value) in (f16, bf16) else value

    def reshape(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """Return the elements of ``value`` under ``shape``."""
        return value if shape_of(value) == tuple(shape) else self.emit(ReshapeOp.make(value, shape))

    def permute(self, value: SSAValue, order: Sequence[int]) -> SSAValue:
        """Return ``value`` with axis i taken from axis order[i]."""
        return value if list(order) == list(range(len(order))) else self.emit(PermuteOp.make(value, order))

    def swap(self, value: SSAValue, first: int, second: int) -> SSAValue:
        """Return ``value`` with two axes exchanged; axes may be negative."""
        order = list(range(len(shape_of(value))))
        order[first], order[second] = order[second], order[first]
        return self.permute(value, order)

    def place(self, value: SSAValue, shape: Sequence[int], dims: Sequence[int]) -> SSAValue:
        """Return ``value`` repeated to ``shape``, its axis i being axis dims[i]."""
        return value if shape_of(value) == tuple(shape) else self.emit(BroadcastOp.make(value, shape, dims))

    def expand(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """Return ``value`` broadcast to ``shape`` by torch's rule: axes are aligned at the end."""
        offset = len(shape) - len(shape_of(value))
        return self.place(value, shape, range(offset, len(shape)))

    def spread(self, value: SSAValue | Scalar, shape: Sequence[int], element: Attribute) -> SSAValue:
        """Return a tensor or a number as a tensor of this shape and element type."""
        if not isinstance(value, SSAValue):
            return self.full(value, shape, element)
        return self.expand(self.cast(value, element), shape)

    def slice(self, value: SSAValue, axis: int, start: int, stop: int, step: int = 1) -> SSAValue:
        """Return part of one axis; bounds as `graph.slice` takes them."""
        shape = shape_of(value)
        if (start, stop, step) == (0, shape[axis], 1):
            return value
        starts, stops, steps = [0] * len(shape), list(shape), [1] * len(shape)
        starts[axis], stops[axis], steps[axis] = start, stop, step
        return self.emit(SliceOp.make(value, starts, stops, steps))

    def concat(self, values: Sequence[SSAValue], axis: int) -> SSAValue:
        """Return the values behind one another along ``axis``."""
        return values[0] if len(values) == 1 else self.emit(ConcatOp.make(values, axis))

    def reduce(self, value: SSAValue, kind: str, axes: Sequence[int], keep: bool = False) -> SSAValue:
        """Return ``value`` combined along ``axes``; with ``keep`` they stay with size 1."""
        if not axes:
            return value
        reduced = self.emit(ReduceOp.make(value, kind, sorted(axes)))
        if not keep:
            return reduced
        return self.reshape(reduced, [1 if axis in axes else size for axis, size in enumerate(shape_of(value))])

    def compare(self, lhs: SSAValue, rhs: SSAValue | Scalar, predicate: str) -> SSAValue:
        """Return where the predicate holds; a number is compared in the type of ``lhs``."""
        other = rhs if isinstance(rhs, SSAValue) else self.full_like(rhs, lhs)
        return self.emit(CompareOp.make(lhs, other, predicate))

    def select(self, condition: SSAValue, on_true: SSAValue, on_false: SSAValue) -> SSAValue:
        """Return ``on_true`` where the condition holds, else ``on_false``."""
        return self.emit(SelectOp.make(condition, on_true, on_false))

    def combine(self, op: type[BinaryOp], lhs: SSAValue, rhs: SSAValue | Scalar) -> SSAValue:
        """Return a pointwise op of two values of one type, the second possibly a number."""
        return self.emit(op.make(lhs, rhs if isinstance(rhs, SSAValue) else self.full_like(rhs, lhs)))

    def apply(self, op: type[UnaryOp], value: SSAValue) -> SSAValue:
        """Return a pointwise op of one value."""
        return self.emit(op.make(value))

    def wrap_indices(self, indices: SSAValue, size: int) -> SSAValue:
        """Return indices of an axis of ``size`` with negative ones counted from the end, as torch counts them."""
        if never_negative(indices):
            return indices
        wrapped = self.combine(AddOp, indices, size)
        return self.select(self.compare(indices, 0, "lt"), wrapped, indices)


def exact_in(value: Scalar, element: Attribute) -> bool:
    """Whether ``element`` holds ``value`` without rounding."""
    return not isfinite(value) or scalar_attr(value, element).value.data == value


def never_negative(value: SSAValue) -> bool:
    """Whether ``value`` is made of counting and of constants that are not negative."""
    while True:
        owner = value.owner
        if isinstance(owner, IotaOp):
            return True
        if isinstance(owner, ConstantOp):
            return float(owner.to_numpy().astype(np.float64).min(initial=0)) >= 0
        if isinstance(owner, AddOp):
            return never_negative(owner.lhs) and never_negative(owner.rhs)
        if not isinstance(owner, ReshapeOp | BroadcastOp | PermuteOp | SliceOp | CastOp):
            return False
        value = owner.operands[0]
