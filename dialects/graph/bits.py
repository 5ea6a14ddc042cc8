"""Arithmetic on the bit patterns of floating-point numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import TensorType, f32, i32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from dialects.graph.operation import Properties, require
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import Tensor


@irdl_op_definition
class AddBitsOp(PointwiseOp):
    """The f32 whose bits, as an i32, are those of each element plus an integer: AS_F32(AS_I32(x) + n), which wraps.

    n = k * 2^23 multiplies a normal number by 2^k, as long as the result is normal too; of anything else, zero
    included, only the bits have a meaning.

    ```mlir
    %x, %n = "test.op"() : () -> (tensor<4xf32>, tensor<4xi32>)
    %0 = graph.add_bits %x, %n : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
    ```
    """

    name = "graph.add_bits"
    value = operand_def(TensorType)
    number = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, value: SSAValue, number: SSAValue) -> Self:
        """Build the op on an ``f32`` and an ``i32`` value of one shape."""
        return cls.inferred((value, number))

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the first operand's type."""
        value, number = operands
        same = value.get_shape() == number.get_shape()
        right = value.element_type == f32 and number.element_type == i32
        require(same and right, f"{cls.name} adds i32 to f32 of the same shape, found {value} and {number}")
        return (value,)
