"""The quant dialect: tensors as small integer codes times scales. Symmetric: code 0 means 0.

A value of 8 bits is a code in -127 ... 127 (-128 is not used, so that negation stays exact) times the scale of the
slice it lies in. Products of codes are plain `graph.matmul` ops with i32 sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import IntegerAttr, TensorType, f32, i8, i32
from xdsl.ir import Dialect, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from dialects.graph.operation import GraphOp, Properties, axis_of, require
from dialects.graph.types import Tensor, tensor
from dialects.interned import i64_attr

LARGEST_CODE = 127
"""The largest magnitude of an 8-bit code."""

SMALLEST_SCALE = 2.0**-126
"""The scale of a slice of zeros: the smallest normal f32, so that dividing by a scale is always defined."""


@irdl_op_definition
class ScaleOp(GraphOp):
    """The scale of each slice along one axis: its largest magnitude over 127, in f32, at least 2^-126.

    A slice holds all elements that differ only in their index along ``axis``, which the result lacks. Along the inner
    axis of a matmul's operand this gives one scale a token of an activation, one an output channel of a weight.

    ```mlir
    %x = "test.op"() : () -> tensor<37x64xf32>
    %0 = quant.scale %x <{axis = 1 : i64}> : (tensor<37x64xf32>) -> tensor<37xf32>
    ```
    """

    name = "quant.scale"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, axis: int) -> Self:
        """Build the scales of the slices of ``operand`` along ``axis``."""
        return cls.inferred((operand,), {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's shape without the axis."""
        (source,) = operands
        return (_scales(source, properties),)


@irdl_op_definition
class QuantizeOp(GraphOp):
    """The codes of f32 elements: x / scale, rounded to nearest (half to even), at most 127 in magnitude.

    The scales have the shape that `quant.scale` gives along ``axis``.

    ```mlir
    %x, %s = "test.op"() : () -> (tensor<37x64xf32>, tensor<37xf32>)
    %0 = quant.quantize %x, %s <{axis = 1 : i64}> : (tensor<37x64xf32>, tensor<37xf32>) -> tensor<37x64xi8>
    ```
    """

    name = "quant.quantize"
    operand = operand_def(TensorType)
    scale = operand_def(TensorType)
    result = result_def(TensorType)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, scale: SSAValue, axis: int) -> Self:
        """Build the codes of ``operand``, one scale for each slice along ``axis``."""
        return cls.inferred((operand, scale), {"axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return i8 elements in the operand's shape."""
        source, scale = operands
        expected = _scales(source, properties)
        require(scale == expected, f"the scales should be {expected}, found {scale}")
        return (tensor(source.get_shape(), i8),)


@irdl_op_definition
class DequantizeOp(GraphOp):
    """The real numbers that i32 sums of a product of codes stand for: sum x row scale x column scale, in that order.

    Sums are [batch..., M, N], row scales [batch..., M], column scales [batch..., N]; each step is rounded to f32.

    ```mlir
    %c, %r, %s = "test.op"() : () -> (tensor<37x88xi32>, tensor<37xf32>, tensor<88xf32>)
    %0 = quant.dequantize %c, %r, %s : (tensor<37x88xi32>, tensor<37xf32>, tensor<88xf32>) -> tensor<37x88xf32>
    ```
    """

    name = "quant.dequantize"
    sums = operand_def(TensorType)
    row_scale = operand_def(TensorType)
    column_scale = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, sums: SSAValue, row_scale: SSAValue, column_scale: SSAValue) -> Self:
        """Build the f32 values of ``sums``."""
        return cls.inferred((sums, row_scale, column_scale))

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return f32 elements in the shape of the sums."""
        sums, row_scale, column_scale = operands
        shape = sums.get_shape()
        if len(shape) < 2 or sums.element_type != i32:
            raise VerifyException(f"sums should be a matrix of i32, found {sums}")
        for scale, expected in (
            (row_scale, tensor(shape[:-1], f32)),
            (column_scale, tensor((*shape[:-2], shape[-1]), f32)),
        ):
            require(scale == expected, f"scales of {sums} should be {expected}, found {scale}")
        return (tensor(shape, f32),)


def _scales(source: Tensor, properties: Properties) -> Tensor:
    """Return the type of the scales of ``source``, one for each slice along the property ``axis``."""
    require(source.element_type == f32, f"only f32 elements are quantised, found {source}")
    shape = source.get_shape()
    axis = axis_of(properties, len(shape))
    return tensor((*shape[:axis], *shape[axis + 1 :]), f32)


Quant = Dialect("quant", [ScaleOp, QuantizeOp, DequantizeOp])
