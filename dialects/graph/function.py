"""Exponentials, logarithms, trigonometric, hyperbolic and error functions: the vector unit has no
instruction for them, one table expands them to primitives.
"""

from __future__ import annotations

from xdsl.irdl import irdl_op_definition

from dialects.graph.pointwise import FunctionOp


@irdl_op_definition
class Exp2Op(FunctionOp):
    """2 to the power of x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.exp2 %a : tensor<4xf32>
    ```
    """

    name = "graph.exp2"


@irdl_op_definition
class Expm1Op(FunctionOp):
    """exp(x) - 1, accurate near 0.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.expm1 %a : tensor<4xf32>
    ```
    """

    name = "graph.expm1"


@irdl_op_definition
class Log1pOp(FunctionOp):
    """log(1 + x), accurate near 0.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.log1p %a : tensor<4xf32>
    ```
    """

    name = "graph.log1p"


@irdl_op_definition
class Log2Op(FunctionOp):
    """Logarithm to base 2.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.log2 %a : tensor<4xf32>
    ```
    """

    name = "graph.log2"


@irdl_op_definition
class Log10Op(FunctionOp):
    """Logarithm to base 10.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.log10 %a : tensor<4xf32>
    ```
    """

    name = "graph.log10"


@irdl_op_definition
class SinOp(FunctionOp):
    """Sine of x radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.sin %a : tensor<4xf32>
    ```
    """

    name = "graph.sin"


@irdl_op_definition
class CosOp(FunctionOp):
    """Cosine of x radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.cos %a : tensor<4xf32>
    ```
    """

    name = "graph.cos"


@irdl_op_definition
class TanOp(FunctionOp):
    """Tangent of x radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.tan %a : tensor<4xf32>
    ```
    """

    name = "graph.tan"


@irdl_op_definition
class AsinOp(FunctionOp):
    """Inverse sine, in radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.asin %a : tensor<4xf32>
    ```
    """

    name = "graph.asin"


@irdl_op_definition
class AcosOp(FunctionOp):
    """Inverse cosine, in radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.acos %a : tensor<4xf32>
    ```
    """

    name = "graph.acos"


@irdl_op_definition
class AtanOp(FunctionOp):
    """Inverse tangent, in radians.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.atan %a : tensor<4xf32>
    ```
    """

    name = "graph.atan"


@irdl_op_definition
class SinhOp(FunctionOp):
    """Hyperbolic sine.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.sinh %a : tensor<4xf32>
    ```
    """

    name = "graph.sinh"


@irdl_op_definition
class CoshOp(FunctionOp):
    """Hyperbolic cosine.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.cosh %a : tensor<4xf32>
    ```
    """

    name = "graph.cosh"


@irdl_op_definition
class TanhOp(FunctionOp):
    """Hyperbolic tangent.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.tanh %a : tensor<4xf32>
    ```
    """

    name = "graph.tanh"


@irdl_op_definition
class AsinhOp(FunctionOp):
    """Inverse hyperbolic sine.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.asinh %a : tensor<4xf32>
    ```
    """

    name = "graph.asinh"


@irdl_op_definition
class AcoshOp(FunctionOp):
    """Inverse hyperbolic cosine.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.acosh %a : tensor<4xf32>
    ```
    """

    name = "graph.acosh"


@irdl_op_definition
class AtanhOp(FunctionOp):
    """Inverse hyperbolic tangent.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.atanh %a : tensor<4xf32>
    ```
    """

    name = "graph.atanh"


@irdl_op_definition
class ErfOp(FunctionOp):
    """Error function.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.erf %a : tensor<4xf32>
    ```
    """

    name = "graph.erf"


@irdl_op_definition
class ErfcOp(FunctionOp):
    """1 - erf(x), accurate for large x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.erfc %a : tensor<4xf32>
    ```
    """

    name = "graph.erfc"


@irdl_op_definition
class ErfinvOp(FunctionOp):
    """Inverse of the error function.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.erfinv %a : tensor<4xf32>
    ```
    """

    name = "graph.erfinv"
