"""Ops that combine the elements of an axis: reduce, arg_reduce, scan and reductions over windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, StringAttr, TensorType, i64
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, axis_of, integers, require, text
from dialects.graph.types import Tensor, is_bool, is_float, tensor
from dialects.interned import i64_array, i64_attr, text_attr

KINDS = ("add", "mul", "max", "min", "and", "or")
"""How elements are combined."""


@irdl_op_definition
class ReduceOp(GraphOp):
    """Elements combined along axes, which leave the shape.

    ```mlir
    %a = "test.op"() : () -> tensor<2x3x4xf32>
    %0 = graph.reduce %a <{kind = "add", axes = array<i64: 0, 2>}> : (tensor<2x3x4xf32>) -> tensor<3xf32>
    ```
    """

    name = "graph.reduce"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    kind = prop_def(StringAttr)
    axes = prop_def(DenseArrayBase)

    @classmethod
    def make(cls, operand: SSAValue, kind: str, axes: Sequence[int]) -> Self:
        """Build the reduction over ascending ``axes``."""
        return cls.inferred((operand,), {"kind": text_attr(kind), "axes": i64_array(axes)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type without the axes."""
        kind, axes = text(properties, "kind", KINDS), integers(properties, "axes")
        shape, element = operands[0].get_shape(), operands[0].element_type
        ascending = list(axes) == sorted(set(axes)) and all(0 <= axis < len(shape) for axis in axes)
        require(ascending, f"axes {list(axes)} must ascend within rank {len(shape)}")
        bits = kind in ("and", "or")
        require(not is_float(element) if bits else not is_bool(element), f"cannot reduce {element} with '{kind}'")
        empty = kind in ("max", "min") and any(shape[axis] == 0 for axis in axes)
        require(not empty, f"'{kind}' of no elements has no value")
        return (tensor([size for axis, size in enumerate(shape) if axis not in axes], element),)


@irdl_op_definition
class ArgReduceOp(GraphOp):
    """Index of the largest or smallest element along an axis: the first of equals, NaN before all others.

    ```mlir
    %a = "test.op"() : () -> tensor<2x3xf32>
    %0 = graph.arg_reduce %a <{kind = "max", axis = 1 : i64}> : (tensor<2x3xf32>) -> tensor<2xi64>
    ```
    """

    name = "graph.arg_reduce"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    kind = prop_def(StringAttr)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, kind: str, axis: int) -> Self:
        """Build the search for the ``max`` or ``min`` along ``axis``."""
        return cls.inferred((operand,), {"kind": text_attr(kind), "axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's shape without the axis, as ``i64``."""
        text(properties, "kind", ("max", "min"))
        shape = operands[0].get_shape()
        axis = axis_of(properties, len(shape))
        require(shape[axis] > 0, "no element is the largest or smallest of none")
        return (tensor((*shape[:axis], *shape[axis + 1 :]), i64),)


@irdl_op_definition
class ScanOp(GraphOp):
    """Running combination along an axis, the element itself included (cumsum, cumprod, cummax, cummin).

    ```mlir
    %a = "test.op"() : () -> tensor<2x3xf32>
    %0 = graph.scan %a <{kind = "add", axis = 1 : i64}> : tensor<2x3xf32>
    ```
    """

    name = "graph.scan"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    kind = prop_def(StringAttr)
    axis = prop_def(IntegerAttr)

    @classmethod
    def make(cls, operand: SSAValue, kind: str, axis: int) -> Self:
        """Build the scan along ``axis``."""
        return cls.inferred((operand,), {"kind": text_attr(kind), "axis": i64_attr(axis)})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type."""
        text(properties, "kind", ("add", "mul", "max", "min"))
        axis_of(properties, operands[0].get_num_dims())
        require(not is_bool(operands[0].element_type), "cannot scan bool elements")
        return (operands[0],)


@irdl_op_definition
class ReduceWindowOp(GraphOp):
    """Elements combined in a window that slides over all axes: a pool without its division.

    All lists have an entry an axis. Padding adds nothing (the neutral element); an axis that is not pooled has window
    1, stride 1. The result has floor((low + size + high - dilation (window - 1) - 1) / stride) + 1 elements an axis.

    ```mlir
    %a = "test.op"() : () -> tensor<1x8x8xf32>
    %0 = graph.reduce_window %a
      <{kind = "max", window = array<i64: 1, 3, 3>, strides = array<i64: 1, 2, 2>, padding_low = array<i64: 0, 1, 1>,
        padding_high = array<i64: 0, 1, 1>, dilation = array<i64: 1, 1, 1>}>
      : (tensor<1x8x8xf32>) -> tensor<1x4x4xf32>
    ```
    """

    name = "graph.reduce_window"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    kind = prop_def(StringAttr)
    window = prop_def(DenseArrayBase)
    strides = prop_def(DenseArrayBase)
    padding_low = prop_def(DenseArrayBase)
    padding_high = prop_def(DenseArrayBase)
    dilation = prop_def(DenseArrayBase)

    @classmethod
    def make(
        cls,
        operand: SSAValue,
        kind: str,
        window: Sequence[int],
        strides: Sequence[int],
        padding_low: Sequence[int],
        padding_high: Sequence[int],
        dilation: Sequence[int],
    ) -> Self:
        """Build the windowed reduction; every list has one entry an axis of ``operand``."""
        properties = {
            "kind": text_attr(kind),
            "window": i64_array(window),
            "strides": i64_array(strides),
            "padding_low": i64_array(padding_low),
            "padding_high": i64_array(padding_high),
            "dilation": i64_array(dilation),
        }
        return cls.inferred((operand,), properties)

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the operand's type with the number of window positions along each axis."""
        text(properties, "kind", ("add", "max", "min"))
        shape = operands[0].get_shape()
        names = ("window", "strides", "padding_low", "padding_high", "dilation")
        lists = [integers(properties, name) for name in names]
        require(all(len(each) == len(shape) for each in lists), f"{', '.join(names)} need {len(shape)} entries")
        sizes: list[int] = []
        for size, window, stride, low, high, dilation in zip(shape, *lists, strict=True):
            require(window > 0 and stride > 0 and dilation > 0, "window, strides and dilation must be positive")
            require(low >= 0 and high >= 0, "padding cannot be negative")
            room = low + size + high - dilation * (window - 1) - 1
            require(room >= 0, f"a window of {window} does not fit into an axis of size {size}")
            sizes.append(room // stride + 1)
        return (tensor(sizes, operands[0].element_type),)
