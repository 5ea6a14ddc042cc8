"""Softmax and normalisations, kept whole until they are expanded or matched by a fused kernel.

Their arithmetic is in f32 when the elements are narrower, and rounded once at the end, as torch does.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import prod
from typing import Self

from xdsl.dialects.builtin import FloatAttr, IntegerAttr, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def, var_operand_def

from dialects.graph.operation import GraphOp, Properties, axis_of, integer, number, require
from dialects.graph.types import Tensor, is_float, tensor
from dialects.interned import f64_attr, i64_attr


class SoftmaxBase(GraphOp, ABC):
    """A softmax along one axis."""

    operand = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, axis: int) -> Self:
        """Build the op along ``axis`` (not negative)."""
        return cls.inferred((operand,), {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        axis_of(properties, operands[0].get_num_dims())
        require(is_float(operands[0].element_type), f"softmax needs floats, found {operands[0]}")
        return (operands[0],)


@irdl_op_definition
class SoftmaxOp(SoftmaxBase):
    """exp(x - max) / sum(exp(x - max)) along an axis.

    ```mlir
    %a = "test.op"() : () -> tensor<4x8xf32>
    %0 = graph.softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>
    ```
    """

    name = "graph.softmax"


@irdl_op_definition
class LogSoftmaxOp(SoftmaxBase):
    """(x - max) - log(sum(exp(x - max))) along an axis.

    ```mlir
    %a = "test.op"() : () -> tensor<4x8xf32>
    %0 = graph.log_softmax %a <{axis = 1 : i64}> : tensor<4x8xf32>
    ```
    """

    name = "graph.log_softmax"


class NormOp(GraphOp, ABC):
    """A normalisation over the last ``axes`` axes, then an optional scale and offset of their shape."""

    operand = operand_def(TensorType)
    parameters = var_operand_def(TensorType)
    result = result_def(TensorType)
    axes = prop_def(IntegerAttr)
    epsilon = prop_def(FloatAttr)

    @property
    def weight(self) -> SSAValue | None:
        """The scale, if there is one."""
        return self.parameters[0] if self.parameters else None

    @property
    def bias(self) -> SSAValue | None:
        """The offset, if there is one."""
        return self.parameters[1] if len(self.parameters) > 1 else None

    @classmethod
    def make(
        cls,
        operand: SSAValue,
        weight: SSAValue | None = None,
        bias: SSAValue | None = None,
        *,
        axes: int = 1,
        epsilon: float,
    ) -> Self:
        """Build the norm over the last ``axes`` axes; a ``bias`` needs a ``weight``."""
        if bias is not None and weight is None:
            raise ValueError("an offset needs a scale before it")
        operands = [each for each in (operand, weight, bias) if each is not None]
        return cls.inferred(operands, {"axes": i64_attr(axes), "epsilon": f64_attr(float(epsilon))})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the first operand's type."""
        source = operands[0]
        shape, axes = source.get_shape(), integer(properties, "axes")
        number(properties, "epsilon")
        require(is_float(source.element_type), f"a norm needs floats, found {source}")
        require(1 <= axes <= len(shape), f"cannot normalise {axes} axes of {source}")
        for parameter in operands[1:]:
            expected = tensor(shape[len(shape) - axes :], source.element_type)
            require(parameter == expected, f"scale and offset should be {expected}, found {parameter}")
        require(prod(shape[len(shape) - axes :]) > 0, f"cannot normalise no elements: {source}")
        return (source,)


@irdl_op_definition
class LayerNormOp(NormOp):
    """(x - mean) / sqrt(variance + epsilon) over the last axes, then times weight and plus bias where given.

    ```mlir
    %x, %w, %b = "test.op"() : () -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>)
    %0 = graph.layer_norm %x, %w, %b <{axes = 1 : i64, epsilon = 1.000000e-05 : f64}>
      : (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
    ```
    """

    name = "graph.layer_norm"

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the first operand's type."""
        require(len(operands) <= 3, "layer_norm takes an operand, a weight and a bias")
        return super().infer(operands, properties)


@irdl_op_definition
class RmsNormOp(NormOp):
    """x / sqrt(mean(x^2) + epsilon) over the last axes, then times weight where given.

    ```mlir
    %x, %w = "test.op"() : () -> (tensor<4x8xbf16>, tensor<8xbf16>)
    %0 = graph.rms_norm %x, %w <{axes = 1 : i64, epsilon = 1.000000e-06 : f64}>
      : (tensor<4x8xbf16>, tensor<8xbf16>) -> tensor<4x8xbf16>
    ```
    """

    name = "graph.rms_norm"

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the first operand's type."""
        require(len(operands) <= 2, "rms_norm takes an operand and a weight")
        return super().infer(operands, properties)
