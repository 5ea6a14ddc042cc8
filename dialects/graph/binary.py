"""Pointwise ops of two tensors of one type."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition

from dialects.graph.pointwise import BinaryOp, Elements


@irdl_op_definition
class AddOp(BinaryOp):
    """Sum of two tensors (integers wrap).

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.add %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.add"


@irdl_op_definition
class SubOp(BinaryOp):
    """Difference of two tensors (integers wrap).

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.sub %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.sub"


@irdl_op_definition
class MulOp(BinaryOp):
    """Product of two tensors (integers wrap).

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.mul %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.mul"


@irdl_op_definition
class DivOp(BinaryOp):
    """Quotient; of integers, truncated toward zero.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.div %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.div"


@irdl_op_definition
class MaxOp(BinaryOp):
    """Larger of two elements; NaN if either is NaN.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.max %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.max"
    COMPUTES_ON: ClassVar[Elements] = "any"


@irdl_op_definition
class MinOp(BinaryOp):
    """Smaller of two elements; NaN if either is NaN.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.min %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.min"
    COMPUTES_ON: ClassVar[Elements] = "any"


@irdl_op_definition
class PowOp(BinaryOp):
    """First operand to the power of the second.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.pow %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.pow"


@irdl_op_definition
class RemOp(BinaryOp):
    """Remainder with the sign of the divisor, as Python's ``%``.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.rem %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.rem"


@irdl_op_definition
class FmodOp(BinaryOp):
    """Remainder with the sign of the dividend, as C's ``fmod``.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.fmod %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.fmod"


@irdl_op_definition
class FloorDivOp(BinaryOp):
    """Quotient rounded toward minus infinity.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.floor_div %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.floor_div"


@irdl_op_definition
class Atan2Op(BinaryOp):
    """Angle of the point (second, first) in (-pi, pi].

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xf32>, tensor<4xf32>)
    %0 = graph.atan2 %a, %b : tensor<4xf32>
    ```
    """

    name = "graph.atan2"
    COMPUTES_ON: ClassVar[Elements] = "float"


@irdl_op_definition
class AndOp(BinaryOp):
    """Bitwise and (of ``i1``, logical and).

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.and %a, %b : tensor<4xi32>
    ```
    """

    name = "graph.and"
    COMPUTES_ON: ClassVar[Elements] = "integer"


@irdl_op_definition
class OrOp(BinaryOp):
    """Bitwise or (of ``i1``, logical or).

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.or %a, %b : tensor<4xi32>
    ```
    """

    name = "graph.or"
    COMPUTES_ON: ClassVar[Elements] = "integer"


@irdl_op_definition
class XorOp(BinaryOp):
    """Bitwise exclusive or.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.xor %a, %b : tensor<4xi32>
    ```
    """

    name = "graph.xor"
    COMPUTES_ON: ClassVar[Elements] = "integer"


@irdl_op_definition
class ShlOp(BinaryOp):
    """Shift left by the second operand.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.shl %a, %b : tensor<4xi32>
    ```
    """

    name = "graph.shl"
    COMPUTES_ON: ClassVar[Elements] = "integer"


@irdl_op_definition
class ShrOp(BinaryOp):
    """Arithmetic shift right by the second operand.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4xi32>, tensor<4xi32>)
    %0 = graph.shr %a, %b : tensor<4xi32>
    ```
    """

    name = "graph.shr"
    COMPUTES_ON: ClassVar[Elements] = "integer"
