"""Ops that read or write at places given by a tensor of indices, which are never negative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import IntegerAttr, StringAttr, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, axis_of, require, text
from dialects.graph.types import Tensor, is_integer, tensor
from dialects.interned import i64_attr, text_attr


def _verify_indices(indices: Tensor) -> None:
    require(is_integer(indices.element_type), f"indices must be integers, found {indices}")


@irdl_op_definition
class TakeOp(GraphOp):
    """Slices of a table along one axis, one an index: the shape of the indices takes the place of the axis.

    ```mlir
    %t, %i = "test.op"() : () -> (tensor<100x8xf32>, tensor<2x5xi64>)
    %0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<100x8xf32>, tensor<2x5xi64>) -> tensor<2x5x8xf32>
    ```
    """

    name = "graph.take"
    table = operand_def(TensorType)
    indices = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, table: SSAValue, indices: SSAValue, axis: int = 0) -> Self:
        """Build the lookup of ``indices`` along ``axis``."""
        return cls.inferred((table, indices), {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return table.shape[:axis] + indices.shape + table.shape[axis + 1:]."""
        table, indices = operands
        _verify_indices(indices)
        shape = table.get_shape()
        axis = axis_of(properties, len(shape))
        return (tensor((*shape[:axis], *indices.get_shape(), *shape[axis + 1 :]), table.element_type),)


@irdl_op_definition
class GatherOp(GraphOp):
    """Element-wise lookup: result[.., p, ..] = operand[.., indices[.., p, ..], ..] along the axis.

    ```mlir
    %a, %i = "test.op"() : () -> (tensor<4x8xf32>, tensor<4x2xi64>)
    %0 = graph.gather %a, %i <{axis = 1 : i64}> : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
    ```
    """

    name = "graph.gather"
    operand = operand_def(TensorType)
    indices = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, indices: SSAValue, axis: int) -> Self:
        """Build the lookup; other axes of ``indices`` may be shorter than the operand's."""
        return cls.inferred((operand, indices), {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the indices' shape with the operand's element type."""
        operand, indices = operands
        _verify_indices(indices)
        _verify_reach(operand, indices, axis_of(properties, operand.get_num_dims()))
        return (tensor(indices.get_shape(), operand.element_type),)


def _verify_reach(target: Tensor, indices: Tensor, axis: int) -> None:
    shape, reach = target.get_shape(), indices.get_shape()
    inside = len(shape) == len(reach) and all(
        place == axis or short <= size for place, (short, size) in enumerate(zip(reach, shape, strict=True))
    )
    require(inside, f"indices {indices} reach outside {target}")


@irdl_op_definition
class ScatterOp(GraphOp):
    """Element-wise write: result[.., indices[.., p, ..], ..] = (or +=) updates[.., p, ..] along the axis.

    With ``none``, indices along the axis that repeat leave one of their updates, unspecified which.

    ```mlir
    %a, %i, %u = "test.op"() : () -> (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>)
    %0 = graph.scatter %a, %i, %u <{axis = 1 : i64, reduce = "add"}>
      : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>) -> tensor<4x8xf32>
    ```
    """

    name = "graph.scatter"
    operand = operand_def(TensorType)
    indices = operand_def(TensorType)
    updates = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    reduce = prop_def(StringAttr)

    @classmethod
    def make(cls, operand: SSAValue, indices: SSAValue, updates: SSAValue, axis: int, reduce: str = "none") -> Self:
        """Build the write; ``reduce`` is ``none`` or ``add``."""
        return cls.inferred((operand, indices, updates), {"axis": i64_attr(axis), "reduce": text_attr(reduce)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        operand, indices, updates = operands
        _verify_indices(indices)
        text(properties, "reduce", ("none", "add"))
        _verify_reach(operand, indices, axis_of(properties, operand.get_num_dims()))
        require(updates == tensor(indices.get_shape(), operand.element_type), f"updates {updates} do not fit {indices}")
        return (operand,)


@irdl_op_definition
class IndexPutOp(GraphOp):
    """Slices replaced along an axis: result[.., indices[p], ..] = values[.., p, ..] for whole slices.

    With ``none``, indices that repeat leave one of their values, unspecified which; with ``add`` all are added.

    ```mlir
    %a, %i, %v = "test.op"() : () -> (tensor<16x8xf32>, tensor<3xi64>, tensor<3x8xf32>)
    %0 = graph.index_put %a, %i, %v <{axis = 0 : i64, reduce = "none"}>
      : (tensor<16x8xf32>, tensor<3xi64>, tensor<3x8xf32>) -> tensor<16x8xf32>
    ```
    """

    name = "graph.index_put"
    operand = operand_def(TensorType)
    indices = operand_def(TensorType)
    values = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    reduce = prop_def(StringAttr)

    @classmethod
    def make(cls, operand: SSAValue, indices: SSAValue, values: SSAValue, axis: int, reduce: str = "none") -> Self:
        """Build the replacement of the slices that the one-dimensional ``indices`` name."""
        return cls.inferred((operand, indices, values), {"axis": i64_attr(axis), "reduce": text_attr(reduce)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        operand, indices, values = operands
        _verify_indices(indices)
        text(properties, "reduce", ("none", "add"))
        shape = operand.get_shape()
        axis = axis_of(properties, len(shape))
        require(indices.get_num_dims() == 1, f"indices must have one axis, found {indices}")
        expected = tensor((*shape[:axis], *indices.get_shape(), *shape[axis + 1 :]), operand.element_type)
        require(values == expected, f"values should be {expected}, found {values}")
        return (operand,)
