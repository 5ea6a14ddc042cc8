"""Sliding windows as a view: what a convolution or a pooling looks at, without copying it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import DenseArrayBase, TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from dialects.graph.operation import GraphOp, Properties, integers, require
from dialects.graph.types import Tensor, tensor
from dialects.interned import i64_array


@irdl_op_definition
class WindowOp(GraphOp):
    """Every window of `sizes` elements along `axes`: windows overlap where they are larger than the stride.

    A windowed axis then counts windows; the places inside the window are one more axis each, at the end. Element
    (.., i, .., p) is the operand's element (.., i * stride + p * dilation, ..).

    ```mlir
    %x = "test.op"() : () -> tensor<2x9x3xf32>
    %0 = graph.window %x
      <{axes = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 2>, dilation = array<i64: 1>}>
      : (tensor<2x9x3xf32>) -> tensor<2x4x3x3xf32>
    ```
    """

    name = "graph.window"
    operand = operand_def(TensorType)
    result = result_def(TensorType)
    axes = prop_def(DenseArrayBase)
    sizes = prop_def(DenseArrayBase)
    strides = prop_def(DenseArrayBase)
    dilation = prop_def(DenseArrayBase)

    @classmethod
    def make(
        cls,
        operand: SSAValue,
        axes: Sequence[int],
        sizes: Sequence[int],
        strides: Sequence[int],
        dilation: Sequence[int],
    ) -> Self:
        """Build the view; every list has one entry a windowed axis."""
        lists = {"axes": axes, "sizes": sizes, "strides": strides, "dilation": dilation}
        return cls.inferred((operand,), {name: i64_array(values) for name, values in lists.items()})

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the number of windows along each axis, then the sizes of the windows."""
        axes, sizes, strides, dilation = (integers(properties, n) for n in ("axes", "sizes", "strides", "dilation"))
        require(len(axes) == len(sizes) == len(strides) == len(dilation), "the lists need one entry a windowed axis")
        shape = list(operands[0].get_shape())
        for axis, size, stride, step in zip(axes, sizes, strides, dilation, strict=True):
            require(0 <= axis < len(shape), f"axis {axis} is outside a tensor of rank {len(shape)}")
            require(size > 0 and stride > 0 and step > 0, "sizes, strides and dilation must be positive")
            room = shape[axis] - step * (size - 1) - 1
            require(room >= 0, f"a window of {size} does not fit into an axis of size {shape[axis]}")
            shape[axis] = room // stride + 1
        return (tensor((*shape, *sizes), operands[0].element_type),)
