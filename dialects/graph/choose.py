"""Pointwise ops that mix element types: compare, select and cast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import StringAttr, TensorType, i1
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, require, text
from dialects.graph.types import Tensor, is_bool, shape_of, tensor
from dialects.interned import text_attr

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")


@irdl_op_definition
class CompareOp(GraphOp):
    """Whether the predicate holds between elements; with NaN only ``ne`` does.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.compare %a, %b <{predicate = "lt"}> : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
    ```
    """

    name = "graph.compare"
    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    predicate = prop_def(StringAttr)

    @classmethod
    def make(cls, lhs: SSAValue, rhs: SSAValue, predicate: str) -> Self:
        """Build the comparison of two values of one type."""
        return cls.inferred((lhs, rhs), {"predicate": text_attr(predicate)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operands' shape with ``i1`` elements."""
        text(properties, "predicate", PREDICATES)
        require(operands[0] == operands[1], f"operands differ in type: {operands[0]} and {operands[1]}")
        return (tensor(operands[0].get_shape(), i1),)


@irdl_op_definition
class SelectOp(GraphOp):
    """The second operand where the condition holds, else the third.

    ```mlir
    %c, %a, %b = "test.op"() : () -> (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>)
    %0 = graph.select %c, %a, %b : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
    """

    name = "graph.select"
    condition = operand_def(TensorType)
    on_true = operand_def(TensorType)
    on_false = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, condition: SSAValue, on_true: SSAValue, on_false: SSAValue) -> Self:
        """Build the choice between two values of one type."""
        return cls.inferred((condition, on_true, on_false))

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the type of the two values."""
        condition, on_true, on_false = operands
        require(is_bool(condition.element_type), f"the condition must be i1, found {condition}")
        require(on_true == on_false, f"the two values differ in type: {on_true} and {on_false}")
        require(
            condition.get_shape() == on_true.get_shape(),
            f"the condition {condition} should have the shape of {on_true}",
        )
        return (on_true,)


@irdl_op_definition
class CastOp(GraphOp):
    """Conversion between element types.

    Float to narrower float rounds to nearest even, float to integer truncates toward zero, integer to narrower
    integer wraps, anything to ``i1`` is ``!= 0``.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.cast %a : (tensor<4xf32>) -> tensor<4xbf16>
    ```
    """

    name = "graph.cast"
    FREE_ELEMENT: ClassVar[bool] = True
    operand = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, operand: SSAValue, element: Attribute) -> Self:
        """Build the conversion of ``operand`` to ``element``."""
        return cls.create(operands=(operand,), result_types=(tensor(shape_of(operand), element),))

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type (its element type is the builder's choice)."""
        return (operands[0],)
