"""Activation functions; like all functions they are expanded to primitives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import FloatAttr, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def

from dialects.graph.operation import Properties, number, text
from dialects.graph.pointwise import FunctionOp
from dialects.graph.types import Tensor
from dialects.interned import f64_attr, text_attr


@irdl_op_definition
class GeluOp(FunctionOp):
    """x * Phi(x), exact (``none``) or by the ``tanh`` formula.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.gelu %a <{approximate = "none"}> : tensor<4xf32>
    ```
    """

    name = "graph.gelu"
    approximate = prop_def(StringAttr)

    @classmethod
    def make(cls, operand: SSAValue, approximate: str = "none") -> Self:
        """Build with ``approximate`` either ``none`` or ``tanh``."""
        return cls.inferred((operand,), {"approximate": text_attr(approximate)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        text(properties, "approximate", ("none", "tanh"))
        return super().infer(operands, properties)


@irdl_op_definition
class SoftplusOp(FunctionOp):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.softplus %a <{beta = 1.0 : f64, threshold = 20.0 : f64}> : tensor<4xf32>
    ```
    """

    name = "graph.softplus"
    beta = prop_def(FloatAttr)
    threshold = prop_def(FloatAttr)

    @classmethod
    def make(cls, operand: SSAValue, beta: float = 1.0, threshold: float = 20.0) -> Self:
        """Build with torch's defaults."""
        return cls.inferred((operand,), {"beta": f64_attr(float(beta)), "threshold": f64_attr(float(threshold))})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        number(properties, "beta")
        number(properties, "threshold")
        return super().infer(operands, properties)


@irdl_op_definition
class EluOp(FunctionOp):
    """x where x > 0, else alpha (exp(input_scale x) - 1); both times scale.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.elu %a <{alpha = 1.0 : f64, scale = 1.0 : f64, input_scale = 1.0 : f64}> : tensor<4xf32>
    ```
    """

    name = "graph.elu"
    alpha = prop_def(FloatAttr)
    scale = prop_def(FloatAttr)
    input_scale = prop_def(FloatAttr)

    @classmethod
    def make(cls, operand: SSAValue, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Self:
        """Build ELU; SELU and CELU are settings of the three parameters."""
        values = {"alpha": alpha, "scale": scale, "input_scale": input_scale}
        return cls.inferred((operand,), {name: f64_attr(float(value)) for name, value in values.items()})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        for name in ("alpha", "scale", "input_scale"):
            number(properties, name)
        return super().infer(operands, properties)


@irdl_op_definition
class LeakyReluOp(FunctionOp):
    """x where x > 0, else slope x.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.leaky_relu %a <{slope = 0.01 : f64}> : tensor<4xf32>
    ```
    """

    name = "graph.leaky_relu"
    slope = prop_def(FloatAttr)

    @classmethod
    def make(cls, operand: SSAValue, slope: float = 0.01) -> Self:
        """Build with the slope of the negative side."""
        return cls.inferred((operand,), {"slope": f64_attr(float(slope))})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        number(properties, "slope")
        return super().infer(operands, properties)


@irdl_op_definition
class SigmoidOp(FunctionOp):
    """1 / (1 + exp(-x)).

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.sigmoid %a : tensor<4xf32>
    ```
    """

    name = "graph.sigmoid"


@irdl_op_definition
class SiluOp(FunctionOp):
    """x * sigmoid(x).

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.silu %a : tensor<4xf32>
    ```
    """

    name = "graph.silu"


@irdl_op_definition
class MishOp(FunctionOp):
    """x * tanh(log(1 + exp(x))).

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.mish %a : tensor<4xf32>
    ```
    """

    name = "graph.mish"


@irdl_op_definition
class HardswishOp(FunctionOp):
    """x * clamp(x + 3, 0, 6) / 6.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.hardswish %a : tensor<4xf32>
    ```
    """

    name = "graph.hardswish"


@irdl_op_definition
class HardsigmoidOp(FunctionOp):
    """clamp(x + 3, 0, 6) / 6.

    ```mlir
    %a = "test.op"() : () -> tensor<4xf32>
    %0 = graph.hardsigmoid %a : tensor<4xf32>
    ```
    """

    name = "graph.hardsigmoid"
