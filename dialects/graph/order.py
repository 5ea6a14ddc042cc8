"""Ops that order elements along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import IntegerAttr, TensorType, UnitAttr, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, axis_of, integer, require
from dialects.graph.types import Tensor, tensor
from dialects.interned import UNIT, i64_attr


@irdl_op_definition
class SortOp(GraphOp):
    """Elements in order along an axis and where they came from; equals keep their order, NaN is the largest.

    ```mlir
    %a = "test.op"() : () -> tensor<4x8xf32>
    %v, %i = graph.sort %a <{axis = 1 : i64, descending}> : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xi64>)
    ```
    """

    name = "graph.sort"
    operand = operand_def(TensorType)
    values = result_def(TensorType)
    indices = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    descending = opt_prop_def(UnitAttr)

    @classmethod
    def make(cls, operand: SSAValue, axis: int, descending: bool = False) -> Self:
        """Build the stable sort along ``axis``."""
        properties: dict[str, Attribute] = {"axis": i64_attr(axis)}
        if descending:
            properties["descending"] = UNIT
        return cls.inferred((operand,), properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type and its shape as ``i64``."""
        axis_of(properties, operands[0].get_num_dims())
        return (operands[0], tensor(operands[0].get_shape(), i64))


@irdl_op_definition
class TopkOp(GraphOp):
    """The k largest (or smallest) elements along an axis in order, and where they came from.

    ```mlir
    %a = "test.op"() : () -> tensor<4x8xf32>
    %v, %i = graph.topk %a <{axis = 1 : i64, k = 2 : i64, largest}>
      : (tensor<4x8xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
    ```
    """

    name = "graph.topk"
    operand = operand_def(TensorType)
    values = result_def(TensorType)
    indices = result_def(TensorType)
    axis = prop_def(IntegerAttr)
    k = prop_def(IntegerAttr)
    largest = opt_prop_def(UnitAttr)

    @classmethod
    def make(cls, operand: SSAValue, k: int, axis: int, largest: bool = True) -> Self:
        """Build the selection of ``k`` elements along ``axis``; equals come in the order of their indices."""
        properties: dict[str, Attribute] = {"axis": i64_attr(axis), "k": i64_attr(k)}
        if largest:
            properties["largest"] = UNIT
        return cls.inferred((operand,), properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return k values and k indices along the axis."""
        shape = list(operands[0].get_shape())
        axis, k = axis_of(properties, len(shape)), integer(properties, "k")
        require(0 <= k <= shape[axis], f"k = {k} of an axis of size {shape[axis]}")
        shape[axis] = k
        return (tensor(shape, operands[0].element_type), tensor(shape, i64))
