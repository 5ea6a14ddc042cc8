"""The two halves of 64-bit integers: what computing in 32 bits is made of."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import TensorType, i32, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def

from dialects.graph.operation import Properties, require
from dialects.graph.pointwise import PointwiseOp, UnaryOp
from dialects.graph.types import Tensor, tensor


class WordOp(UnaryOp, ABC):
    """A half of each element."""

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's shape with ``i32`` elements."""
        require(operands[0].element_type == i64, f"{cls.name} takes apart i64 elements, found {operands[0]}")
        return (tensor(operands[0].get_shape(), i32),)


@irdl_op_definition
class LowWordOp(WordOp):
    """The low 32 bits of each element: what it wraps to in ``i32``.

    ```mlir
    %a = "test.op"() : () -> tensor<4xi64>
    %0 = graph.low_word %a : (tensor<4xi64>) -> tensor<4xi32>
    ```
    """

    name = "graph.low_word"


@irdl_op_definition
class HighWordOp(WordOp):
    """The high 32 bits of each element: floor(x / 2^32).

    ```mlir
    %a = "test.op"() : () -> tensor<4xi64>
    %0 = graph.high_word %a : (tensor<4xi64>) -> tensor<4xi32>
    ```
    """

    name = "graph.high_word"


@irdl_op_definition
class JoinWordsOp(PointwiseOp):
    """The 64-bit elements that consist of a low and a high word.

    ```mlir
    %low, %high = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.join_words %low, %high : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi64>
    ```
    """

    name = "graph.join_words"
    low = operand_def(TensorType)
    high = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, low: SSAValue, high: SSAValue) -> Self:
        """Build the op on two ``i32`` values of one shape."""
        return cls.inferred((low, high))

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operands' shape with ``i64`` elements."""
        (common,) = super().infer(operands, properties)
        require(common.element_type == i32, f"{cls.name} joins i32 elements, found {common}")
        return (tensor(common.get_shape(), i64),)
