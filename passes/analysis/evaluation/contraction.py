"""Matrix products and convolutions: f16 and bf16 accumulate in f32, i8 in i32."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from dialects import graph
from dialects.graph.matmul import ConvolutionOp, MatmulOp
from dialects.graph.operation import GraphOp, integer, integers
from passes.analysis.evaluation.array import Array, Meaning, dtype_of, only


def _accumulator(array: Array, is_float: bool) -> Array:
    """f32 for floats; float64, exact for sums below 2**53, for integers (numpy's integer product is slow)."""
    wide = np.float64 if not is_float or array.dtype == np.float64 else np.float32
    return array.astype(wide, copy=False)


def _integral(array: Array, is_float: bool) -> Array:
    return array if is_float else array.astype(np.int64)


def _matmul(op: MatmulOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    is_float = dtype_of(op.lhs).is_float
    lhs, rhs = (_accumulator(operand, is_float) for operand in operands)
    lhs = lhs.swapaxes(-1, -2) if op.transpose_a is not None else lhs
    rhs = rhs.swapaxes(-1, -2) if op.transpose_b is not None else rhs
    return only(op, _integral(np.matmul(lhs, rhs), is_float))


def _convolution(op: ConvolutionOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    """A sum over kernel positions of products over channels, group by group."""
    is_float = dtype_of(op.input).is_float
    source, weight = (_accumulator(operand, is_float) for operand in operands)
    strides, dilation = integers(op.properties, "strides"), integers(op.properties, "dilation")
    low, high = integers(op.properties, "padding_low"), integers(op.properties, "padding_high")
    groups = integer(op.properties, "groups")
    padded = np.pad(source, ((0, 0), (0, 0), *zip(low, high, strict=True)))
    spatial = op.result.type.get_shape()[2:]
    batch, channels = padded.shape[0], padded.shape[1] // groups
    outputs = weight.shape[0] // groups
    result = np.zeros((batch, groups, outputs, int(np.prod(spatial))), padded.dtype)
    for position in product(*(range(size) for size in weight.shape[2:])):
        window = tuple(
            slice(place * step, place * step + (size - 1) * stride + 1, stride)
            for place, step, stride, size in zip(position, dilation, strides, spatial, strict=True)
        )
        taps = padded[(slice(None), slice(None), *window)].reshape(batch, groups, channels, -1)
        kernel = weight[(slice(None), slice(None), *position)].reshape(1, groups, outputs, channels)
        result += np.matmul(kernel, taps)
    return only(op, _integral(result.reshape(batch, groups * outputs, *spatial), is_float))


CONTRACTIONS: dict[type[GraphOp], Meaning] = {graph.MatmulOp: _matmul, graph.ConvolutionOp: _convolution}
"""What each op of the cube unit computes."""
