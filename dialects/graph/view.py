"""Ops that only move elements: reshape, permute, broadcast, slice, pad, concat."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Self

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IntegerAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def

from dialects.graph.operation import GraphOp, Properties, axis_of, integers, require
from dialects.graph.types import Scalar, Tensor, element_of, scalar_attr, tensor, type_of
from dialects.interned import i64_array, i64_attr


@irdl_op_definition
class ReshapeOp(GraphOp):
    """The same elements in row-major order under another shape.

    ```mlir
    %a = "test.op"() : () -> tensor<4x6xf32>
    %0 = graph.reshape %a : (tensor<4x6xf32>) -> tensor<2x12xf32>
    ```
    """

    name = "graph.reshape"
    operand = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, operand: SSAValue, shape: Sequence[int]) -> Self:
        """Build the reshape of ``operand`` to ``shape``."""
        return cls.create(operands=(operand,), result_types=(tensor(shape, element_of(operand)),))

    def verify_(self) -> None:
        """Check that element type and number of elements stay."""
        source, result = type_of(self.operand), type_of(self.result)
        same = prod(source.get_shape()) == prod(result.get_shape()) and source.element_type == result.element_type
        require(same, f"{source} cannot be reshaped to {result}")


@irdl_op_definition
class PermuteOp(GraphOp):
    """Axes in another order: axis i of the result is axis order[i] of the operand.

    ```mlir
    %a = "test.op"() : () -> tensor<2x3x4xf32>
    %0 = graph.permute %a <{order = array<i64: 2, 0, 1>}> : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
    ```
    """

    name = "graph.permute"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    order = prop_def(DenseArrayBase)

    @classmethod
    def make(cls, operand: SSAValue, order: Sequence[int]) -> Self:
        """Build the permutation of ``operand``'s axes."""
        return cls.inferred((operand,), {"order": i64_array(order)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type with its axes in the new order."""
        shape, order = operands[0].get_shape(), integers(properties, "order")
        require(sorted(order) == list(range(len(shape))), f"order {list(order)} is no permutation of {len(shape)} axes")
        return (tensor([shape[axis] for axis in order], operands[0].element_type),)


@irdl_op_definition
class BroadcastOp(GraphOp):
    """Repetition along new or one-sized axes: axis i of the operand is axis dims[i] of the result.

    ```mlir
    %a = "test.op"() : () -> tensor<4x1xf32>
    %0 = graph.broadcast %a <{dims = array<i64: 1, 2>}> : (tensor<4x1xf32>) -> tensor<2x4x8xf32>
    ```
    """

    name = "graph.broadcast"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    dims = prop_def(DenseArrayBase)

    @classmethod
    def make(cls, operand: SSAValue, shape: Sequence[int], dims: Sequence[int]) -> Self:
        """Build the broadcast of ``operand`` to ``shape``; ``dims`` ascends."""
        return cls.create(
            operands=(operand,),
            result_types=(tensor(shape, element_of(operand)),),
            properties={"dims": i64_array(dims)},
        )

    def verify_(self) -> None:
        """Check that the axes ascend and every size is kept or was one."""
        source, result = type_of(self.operand), type_of(self.result)
        sizes, shape, dims = source.get_shape(), result.get_shape(), integers(self.properties, "dims")
        require(source.element_type == result.element_type, f"{source} and {result} differ in element type")
        require(len(dims) == len(sizes), f"{len(dims)} dims for an operand of rank {len(sizes)}")
        ascending = list(dims) == sorted(set(dims)) and all(0 <= dim < len(shape) for dim in dims)
        require(ascending, f"dims {list(dims)} must ascend within rank {len(shape)}")
        for size, dim in zip(sizes, dims, strict=True):
            require(size in (1, shape[dim]), f"{source} cannot be broadcast to {result}: axis {dim} has size {size}")


@irdl_op_definition
class SliceOp(GraphOp):
    """Every steps[i]-th element of axis i from starts[i] up to, not including, stops[i].

    A negative step walks downwards; its stop may be -1 (down to element 0).

    ```mlir
    %a = "test.op"() : () -> tensor<8x6xf32>
    %0 = graph.slice %a <{starts = array<i64: 2, 5>, stops = array<i64: 8, -1>, steps = array<i64: 2, -1>}>
      : (tensor<8x6xf32>) -> tensor<3x6xf32>
    ```
    """

    name = "graph.slice"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    starts = prop_def(DenseArrayBase)
    stops = prop_def(DenseArrayBase)
    steps = prop_def(DenseArrayBase)

    @classmethod
    def make(cls, operand: SSAValue, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> Self:
        """Build the slice; bounds lie within the operand already (no negative indices from the end)."""
        properties = {"starts": i64_array(starts), "stops": i64_array(stops), "steps": i64_array(steps)}
        return cls.inferred((operand,), properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the sliced type."""
        shape = operands[0].get_shape()
        bounds = [integers(properties, name) for name in ("starts", "stops", "steps")]
        require(all(len(each) == len(shape) for each in bounds), f"starts, stops, steps need {len(shape)} entries")
        sizes: list[int] = []
        for size, start, stop, step in zip(shape, *bounds, strict=True):
            inside = 0 <= start <= stop <= size if step > 0 else -1 <= stop <= start < size
            require(step != 0 and inside, f"slice {start}:{stop}:{step} is outside an axis of size {size}")
            sizes.append(len(range(start, stop, step)))
        return (tensor(sizes, operands[0].element_type),)


@irdl_op_definition
class PadOp(GraphOp):
    """The operand with low[i] elements of ``value`` before and high[i] after it along axis i.

    ```mlir
    %a = "test.op"() : () -> tensor<4x6xf32>
    %0 = graph.pad %a <{low = array<i64: 0, 1>, high = array<i64: 0, 1>, value = 0.0 : f32}>
      : (tensor<4x6xf32>) -> tensor<4x8xf32>
    ```
    """

    name = "graph.pad"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    low = prop_def(DenseArrayBase)
    high = prop_def(DenseArrayBase)
    value = prop_def(Attribute)

    @classmethod
    def make(cls, operand: SSAValue, low: Sequence[int], high: Sequence[int], value: Scalar = 0) -> Self:
        """Build the padding; amounts are not negative (cropping is a slice)."""
        fill = scalar_attr(value, element_of(operand))
        return cls.inferred((operand,), {"low": i64_array(low), "high": i64_array(high), "value": fill})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the padded type."""
        shape, element = operands[0].get_shape(), operands[0].element_type
        low, high = integers(properties, "low"), integers(properties, "high")
        require(len(low) == len(shape) == len(high), f"low and high need {len(shape)} entries")
        require(all(amount >= 0 for amount in (*low, *high)), "padding cannot be negative")
        value = properties.get("value")
        number = isinstance(value, FloatAttr | IntegerAttr) and value == scalar_attr(value.value.data, element)
        require(number, f"property 'value' must be a number of type {element}")
        return (tensor([a + size + b for a, size, b in zip(low, shape, high, strict=True)], element),)


@irdl_op_definition
class ConcatOp(GraphOp):
    """Tensors behind one another along one axis.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<2x4xf32>, tensor<3x4xf32>)
    %0 = graph.concat %a, %b <{axis = 0 : i64}> : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
    ```
    """

    name = "graph.concat"
    inputs = var_operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, inputs: Sequence[SSAValue], axis: int) -> Self:
        """Build the concatenation of at least one value."""
        return cls.inferred(inputs, {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the first operand's type with the sizes along the axis added up."""
        require(len(operands) > 0, "nothing to concatenate")
        first = operands[0].get_shape()
        axis = axis_of(properties, len(first))
        total = 0
        for operand in operands:
            shape = operand.get_shape()
            rest = (*shape[:axis], *shape[axis + 1 :]) == (*first[:axis], *first[axis + 1 :])
            fits = len(shape) == len(first) and rest and operand.element_type == operands[0].element_type
            require(fits, f"{operand} and {operands[0]} cannot be concatenated along axis {axis}")
            total += shape[axis]
        return (tensor((*first[:axis], total, *first[axis + 1 :]), operands[0].element_type),)
