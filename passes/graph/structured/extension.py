"""Padding as concatenation, and reductions over sliding windows as combinations of shifted slices."""

from __future__ import annotations

from xdsl.dialects.builtin import bf16, f16, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integers
from dialects.graph.types import element_of, shape_of
from passes.analysis.combining import COMBINE, neutral
from passes.graph.structured.steps import Steps


def pad(op: Operation, steps: Steps) -> list[SSAValue]:
    """Margins of the fill put around the operand, an axis at a time."""
    assert isinstance(op, graph.PadOp)
    value = op.operand
    fill = graph.ConstantOp.create(result_types=(op.result.type,), properties={"value": op.value}).scalar
    assert fill is not None
    for axis, (low, high) in enumerate(
        zip(integers(op.properties, "low"), integers(op.properties, "high"), strict=True)
    ):
        value = steps.pad(value, axis, low, high, fill)
    return [value]


def reduce_window(op: Operation, steps: Steps) -> list[SSAValue]:
    """A window is a box: one axis is reduced after the other; sums of narrow floats are rounded once."""
    assert isinstance(op, graph.ReduceWindowOp)
    kind, element, sizes = op.kind.data, element_of(op.operand), shape_of(op.result)
    value = steps.cast(op.operand, f32) if kind == "add" and element in (f16, bf16) else op.operand
    names = ("window", "strides", "padding_low", "padding_high", "dilation")
    parameters = zip(*(integers(op.properties, name) for name in names), strict=True)
    for axis, (window, stride, low, high, dilation) in enumerate(parameters):
        value = steps.pad(value, axis, low, high, neutral(kind, element_of(value)))
        reach = (sizes[axis] - 1) * stride + 1
        combined = steps.slice(value, axis, 0, reach, stride)
        for start in range(dilation, dilation * window, dilation):
            combined = steps.combine(COMBINE[kind], combined, steps.slice(value, axis, start, start + reach, stride))
        value = combined
    return [steps.cast(value, element)]
