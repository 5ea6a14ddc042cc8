"""Ops for the cube unit: matrix product and convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, TensorType, UnitAttr, f32, i8, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from dialects.graph.operation import GraphOp, Properties, integer, integers, require
from dialects.graph.types import Tensor, element_of, is_float, tensor, type_of
from dialects.interned import UNIT, i64_array, i64_attr


def _verify_accumulator(operand: Attribute, result: Attribute) -> None:
    """Check the result element of a product: the operands' own, f32 of narrower floats, or i32 of i8."""
    wide = (is_float(operand) and result == f32) or (operand == i8 and result == i32)
    require(result == operand or wide, f"a product of {operand} elements cannot have {result} elements")


@irdl_op_definition
class MatmulOp(GraphOp):
    """Batched matrix product [batch..., M, K] x [batch..., K, N]; a flag says an operand is stored transposed.

    f16 and bf16 products may be kept in f32, i8 ones in i32: the sum is always formed there.

    ```mlir
    %a, %b = "test.op"() : () -> (tensor<4x37x64xf16>, tensor<4x88x64xf16>)
    %0 = graph.matmul %a, %b <{transpose_b}> : (tensor<4x37x64xf16>, tensor<4x88x64xf16>) -> tensor<4x37x88xf32>
    ```
    """

    name = "graph.matmul"
    FREE_ELEMENT: ClassVar[bool] = True
    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)
    transpose_a = opt_prop_def(UnitAttr)
    transpose_b = opt_prop_def(UnitAttr)

    @classmethod
    def make(
        cls,
        lhs: SSAValue,
        rhs: SSAValue,
        *,
        transpose_a: bool = False,
        transpose_b: bool = False,
        element: Attribute | None = None,
    ) -> Self:
        """Build the product; ``element`` is the result's element type, the operands' own by default."""
        properties: dict[str, Attribute] = {}
        if transpose_a:
            properties["transpose_a"] = UNIT
        if transpose_b:
            properties["transpose_b"] = UNIT
        (result,) = cls.infer((type_of(lhs), type_of(rhs)), properties)
        if element is not None:
            result = tensor(result.get_shape(), element)
        return cls.create(operands=(lhs, rhs), result_types=(result,), properties=properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return [batch..., M, N] with the operands' element type."""
        lhs, rhs = operands
        a, b = lhs.get_shape(), rhs.get_shape()
        require(len(a) == len(b) >= 2, f"operands need one rank of at least 2, found {lhs} and {rhs}")
        require(lhs.element_type == rhs.element_type, f"operands differ in element type: {lhs} and {rhs}")
        require(a[:-2] == b[:-2], f"batch sizes differ: {lhs} and {rhs}")
        m, k = (a[-1], a[-2]) if "transpose_a" in properties else (a[-2], a[-1])
        n, depth = (b[-2], b[-1]) if "transpose_b" in properties else (b[-1], b[-2])
        require(k == depth, f"inner sizes differ: {k} of {lhs} and {depth} of {rhs}")
        return (tensor((*a[:-2], m, n), lhs.element_type),)

    def verify_(self) -> None:
        """Check shapes and the element type of the sum."""
        super().verify_()
        _verify_accumulator(element_of(self.lhs), element_of(self.result))


@irdl_op_definition
class ConvolutionOp(GraphOp):
    """Cross-correlation of [N, C, spatial...] with [O, C / groups, kernel...], 1 to 3 spatial axes.

    ``padding_low`` and ``padding_high`` zeros are added around each spatial axis; size o of the result is
    floor((low + size + high - dilation (kernel - 1) - 1) / stride) + 1.

    ```mlir
    %x, %w = "test.op"() : () -> (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>)
    %0 = graph.convolution %x, %w
      <{strides = array<i64: 2, 2>, padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>,
        dilation = array<i64: 1, 1>, groups = 1 : i64}>
      : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x4x4xf32>
    ```
    """

    name = "graph.convolution"
    FREE_ELEMENT: ClassVar[bool] = True
    input = operand_def(TensorType)
    weight = operand_def(TensorType)
    result = result_def(TensorType)
    strides = prop_def(DenseArrayBase)
    padding_low = prop_def(DenseArrayBase)
    padding_high = prop_def(DenseArrayBase)
    dilation = prop_def(DenseArrayBase)
    groups = prop_def(IntegerAttr)

    @classmethod
    def make(
        cls,
        input: SSAValue,
        weight: SSAValue,
        strides: Sequence[int],
        padding_low: Sequence[int],
        padding_high: Sequence[int],
        dilation: Sequence[int],
        groups: int = 1,
    ) -> Self:
        """Build the convolution; every list has one entry a spatial axis."""
        properties: dict[str, Attribute] = {
            "strides": i64_array(strides),
            "padding_low": i64_array(padding_low),
            "padding_high": i64_array(padding_high),
            "dilation": i64_array(dilation),
            "groups": i64_attr(groups),
        }
        return cls.inferred((input, weight), properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return [N, O, spatial...] with the operands' element type."""
        source, weight = operands
        x, w = source.get_shape(), weight.get_shape()
        require(3 <= len(x) == len(w) <= 5, f"operands need one rank of 3 to 5, found {source} and {weight}")
        require(source.element_type == weight.element_type, f"operands differ in element type: {source} and {weight}")
        names = ("strides", "padding_low", "padding_high", "dilation")
        lists = [integers(properties, name) for name in names]
        require(all(len(each) == len(x) - 2 for each in lists), f"{', '.join(names)} need {len(x) - 2} entries")
        groups = integer(properties, "groups")
        fits = groups > 0 and w[1] * groups == x[1] and w[0] % groups == 0
        require(fits, f"{groups} groups do not divide {source} and {weight}")
        sizes: list[int] = []
        for size, kernel, stride, low, high, dilation in zip(x[2:], w[2:], *lists, strict=True):
            if stride < 1 or dilation < 1 or low < 0 or high < 0:
                raise VerifyException("strides and dilation must be positive, padding not negative")
            room = low + size + high - dilation * (kernel - 1) - 1
            require(room >= 0, f"a kernel of {kernel} does not fit into an axis of size {size}")
            sizes.append(room // stride + 1)
        return (tensor((x[0], w[0], *sizes), source.element_type),)

    def verify_(self) -> None:
        """Check shapes and the element type of the sum."""
        super().verify_()
        _verify_accumulator(element_of(self.input), element_of(self.result))
