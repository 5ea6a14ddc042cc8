"""Pointwise ops of one tensor that the vector unit has, or nearly has, an instruction for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import i1
from xdsl.irdl import irdl_op_definition

from dialects.graph.operation import Properties
from dialects.graph.pointwise import Elements, UnaryOp
from dialects.graph.types import Tensor, tensor


@irdl_op_definition
class NegOp(UnaryOp):
    """Negation.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.neg %a : tensor<4xf32>
    ```
    """

    name = "graph.neg"


@irdl_op_definition
class AbsOp(UnaryOp):
    """Absolute value.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.abs %a : tensor<4xf32>
    ```
    """

    name = "graph.abs"


@irdl_op_definition
class SignOp(UnaryOp):
    """-1, 0 or 1; NaN stays NaN.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.sign %a : tensor<4xf32>
    ```
    """

    name = "graph.sign"


@irdl_op_definition
class ExpOp(UnaryOp):
    """e to the power of x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.exp %a : tensor<4xf32>
    ```
    """

    name = "graph.exp"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class LogOp(UnaryOp):
    """Natural logarithm.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.log %a : tensor<4xf32>
    ```
    """

    name = "graph.log"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class SqrtOp(UnaryOp):
    """Square root.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.sqrt %a : tensor<4xf32>
    ```
    """

    name = "graph.sqrt"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class RsqrtOp(UnaryOp):
    """1 / sqrt(x).

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.rsqrt %a : tensor<4xf32>
    ```
    """

    name = "graph.rsqrt"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class ReciprocalOp(UnaryOp):
    """1 / x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.reciprocal %a : tensor<4xf32>
    ```
    """

    name = "graph.reciprocal"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class ReluOp(UnaryOp):
    """max(x, 0); NaN stays NaN.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.relu %a : tensor<4xf32>
    ```
    """

    name = "graph.relu"


@irdl_op_definition
class FloorOp(UnaryOp):
    """Largest integer not above x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.floor %a : tensor<4xf32>
    ```
    """

    name = "graph.floor"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class CeilOp(UnaryOp):
    """Smallest integer not below x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.ceil %a : tensor<4xf32>
    ```
    """

    name = "graph.ceil"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class RoundOp(UnaryOp):
    """Nearest integer, ties to even.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.round %a : tensor<4xf32>
    ```
    """

    name = "graph.round"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class TruncOp(UnaryOp):
    """x without its fraction.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.trunc %a : tensor<4xf32>
    ```
    """

    name = "graph.trunc"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class NotOp(UnaryOp):
    """Bitwise complement (of ``i1``, logical not).

    ```mlir
    %a = "test.op"() : () -> tensor<4xi32>
    %0 = graph.not %a : tensor<4xi32>
    ```
    """

    name = "graph.not"
    COMPUTES_ON: ClassVar[Elements] = "integer"


@irdl_op_definition
class IsNanOp(UnaryOp):
    """Whether an element is NaN.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.is_nan %a : (tensor<4xf32>) -> tensor<4xi1>
    ```
    """

    name = "graph.is_nan"
    COMPUTES_ON: ClassVar[Elements] = "float"

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's shape with ``i1`` elements."""
        super().infer(operands, properties)
        return (tensor(operands[0].get_shape(), i1),)


@irdl_op_definition
class IsInfOp(UnaryOp):
    """Whether an element is plus or minus infinity.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.is_inf %a : (tensor<4xf32>) -> tensor<4xi1>
    ```
    """

    name = "graph.is_inf"
    COMPUTES_ON: ClassVar[Elements] = "float"

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's shape with ``i1`` elements."""
        super().infer(operands, properties)
        return (tensor(operands[0].get_shape(), i1),)
