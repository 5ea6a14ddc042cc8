"""Which graph ops have kernels: one set of rules, for the report and for the passes that rely on it."""

from __future__ import annotations

from xdsl.dialects.builtin import bf16, f16, f32, f64
from xdsl.ir import Operation

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.operation import GraphOp
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import element_of, is_bool, is_float

FLOAT64 = "float64: the NPU does not compute in it, export the model in float32"
CONVOLVED = (f32, f16, bf16)
"""Element types that convolutions have."""
DIVISIONS = (graph.DivOp, graph.FloorDivOp, graph.RemOp, graph.FmodOp)
UNTOUCHED = (
    graph.WeightOp,
    graph.ConstantOp,
    graph.ReshapeOp,
    graph.PermuteOp,
    graph.BroadcastOp,
    graph.SliceOp,
)
"""Ops that compute nothing: what lies in memory may be of any type."""


def lacking(op: Operation) -> str | None:
    """Why no kernel computes ``op``, or None if one does."""
    if not isinstance(op, GraphOp) or isinstance(op, UNTOUCHED):
        return None
    if any(element_of(value) == f64 for value in (*op.operands, *op.results)):
        return FLOAT64
    if isinstance(op, graph.ConvolutionOp) and element_of(op.input) not in CONVOLVED:
        return (
            f"the NPU has no convolution of {DType.of(element_of(op.input)).name} elements: export the model in float32"
        )
    if isinstance(op, graph.MatmulOp) and is_bool(element_of(op.lhs)):
        return "the NPU has no matrix product of truth values"
    if isinstance(op, PointwiseOp) and not is_float(element_of(op.operands[0])):
        return _integer_fault(op)
    return None


def _integer_fault(op: PointwiseOp) -> str | None:
    second = op.operands[1].owner if len(op.operands) > 1 else None
    number = second.scalar if isinstance(second, graph.ConstantOp) else None
    if isinstance(op, DIVISIONS) and number == 0:
        return "an integer divided by 0 has no value"
    if isinstance(op, graph.PowOp) and (not isinstance(number, int) or number < 0):
        return "a power of integers needs one constant exponent of at least 0: compute it in floating point"
    return None
