"""Convolutions. With a bias, sum and bias stay in f32 and are rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import bf16, f16, f32
from xdsl.ir import SSAValue

from dialects.graph import AddOp, ConvolutionOp, PadOp
from dialects.graph.types import element_of, shape_of, tensor
from passes.aten.call import Call
from passes.aten.registry import handles


@dataclass
class Window:
    """Stride, padding before and after, and dilation, one entry a spatial axis."""

    strides: Sequence[int]
    low: Sequence[int]
    high: Sequence[int]
    dilation: Sequence[int]


@handles("convolution", "conv1d", "conv2d", "conv3d", "conv1d.padding", "conv2d.padding", "conv3d.padding")
def convolution(call: Call) -> SSAValue:
    """Convolution over one to three spatial axes, transposed where the call says so."""
    weight = call.tensor("weight")
    rank = len(shape_of(weight)) - 2
    window = _window(call, rank, shape_of(weight)[2:])
    if call.flag("transposed"):
        return _finish(call, _transposed(call, window, call.integers("output_padding", (0,), rank)))
    return _finish(call, _product(call, _input(call, rank), weight, window))


@handles("conv_transpose1d", "conv_transpose2d.input", "conv_transpose3d.input")
def conv_transpose(call: Call) -> SSAValue:
    """Transposed convolution."""
    rank = len(shape_of(call.tensor("weight"))) - 2
    window = _window(call, rank, shape_of(call.tensor("weight"))[2:])
    return _finish(call, _transposed(call, window, call.integers("output_padding", (0,), rank)))


def _window(call: Call, rank: int, kernel: Sequence[int]) -> Window:
    strides = call.integers("stride", (1,), rank)
    dilation = call.integers("dilation", (1,), rank)
    if not call.op.overload.data.endswith(".padding"):
        padding = call.integers("padding", (0,), rank)
        return Window(strides, padding, padding, dilation)
    if call.text("padding", "valid") == "valid":
        return Window(strides, [0] * rank, [0] * rank, dilation)
    reach = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
    return Window(strides, [size // 2 for size in reach], [size - size // 2 for size in reach], dilation)


def _input(call: Call, rank: int) -> SSAValue:
    """Return the input with a batch axis."""
    value = call.tensor("input")
    return value if len(shape_of(value)) == rank + 2 else call.build.reshape(value, (1, *shape_of(value)))


def _product(call: Call, value: SSAValue, weight: SSAValue, window: Window) -> SSAValue:
    groups = call.integer("groups", 1)
    op = ConvolutionOp.make(value, weight, window.strides, window.low, window.high, window.dilation, groups)
    if call.has("bias") and element_of(value) in (f16, bf16):
        wide = tensor(shape_of(op.result), f32)
        op = ConvolutionOp.create(operands=op.operands, result_types=(wide,), properties=op.properties)
    return call.build.emit(op)


def _finish(call: Call, value: SSAValue) -> SSAValue:
    """Add the bias, one element an output channel, and drop a batch axis that was added."""
    build, bias = call.build, call.optional_tensor("bias")
    if bias is not None:
        bias = build.place(build.cast(bias, element_of(value)), shape_of(value), (1,))
        value = build.combine(AddOp, value, bias)
    return build.reshape(build.cast(value, call.result_element), call.result_shape)


def _transposed(call: Call, window: Window, extra: Sequence[int]) -> SSAValue:
    """Write a transposed convolution as one of the input, spread by the strides, with the turned kernel."""
    build, weight = call.build, call.tensor("weight")
    shape, groups = shape_of(weight), call.integer("groups", 1)
    rank = len(shape) - 2
    value = _input(call, rank)
    for axis in range(2, rank + 2):
        value = _spread_axis(call, value, axis, window.strides[axis - 2])
        weight = build.slice(weight, axis, shape[axis] - 1, -1, -1) if shape[axis] > 1 else weight
    channels, outputs, kernel = shape[0] // groups, shape[1], shape[2:]
    weight = build.reshape(weight, (groups, channels, outputs, *kernel))
    weight = build.reshape(build.swap(weight, 1, 2), (groups * outputs, channels, *kernel))
    reach = [step * (size - 1) for step, size in zip(window.dilation, kernel, strict=True)]
    low = [far - pad for far, pad in zip(reach, window.low, strict=True)]
    high = [far - pad + more for far, pad, more in zip(reach, window.high, extra, strict=True)]
    for axis in range(2, rank + 2):
        start, cut = max(0, -low[axis - 2]), max(0, -high[axis - 2])
        value = build.slice(value, axis, start, shape_of(value)[axis] - cut)
    low, high = [max(0, amount) for amount in low], [max(0, amount) for amount in high]
    return _product(call, value, weight, Window([1] * rank, low, high, window.dilation))


def _spread_axis(call: Call, value: SSAValue, axis: int, stride: int) -> SSAValue:
    """Put stride - 1 zeros between the elements of an axis."""
    if stride == 1:
        return value
    build, shape = call.build, shape_of(value)
    split = build.reshape(value, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
    none = [0] * (len(shape) + 1)
    more = list(none)
    more[axis + 1] = stride - 1
    joined = build.reshape(
        build.emit(PadOp.make(split, none, more)), (*shape[:axis], shape[axis] * stride, *shape[axis + 1 :])
    )
    return build.slice(joined, axis, 0, (shape[axis] - 1) * stride + 1)
