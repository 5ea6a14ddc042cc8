"""Pointwise operators with bounds, conditions or three operands."""

from __future__ import annotations

from xdsl.ir import SSAValue

from dialects.graph import AddOp, DivOp, MaxOp, MinOp, MulOp, SubOp
from dialects.graph.types import Scalar, element_of, is_bool
from passes.aten.call import Call
from passes.aten.registry import handles


def clamped(call: Call, value: SSAValue, low: SSAValue | Scalar | None, high: SSAValue | Scalar | None) -> SSAValue:
    """Keep ``value`` (already of the result's type) between bounds; the upper one wins where they cross."""
    build, shape, element = call.build, call.result_shape, call.result_element
    for bound, op in ((low, MaxOp), (high, MinOp)):
        if bound is not None:
            value = build.combine(op, value, build.spread(bound, shape, element))
    return value


@handles("clamp", "clamp.Tensor", "clip", "clip.Tensor")
def clamp(call: Call) -> SSAValue:
    """Keep elements between bounds that are numbers or tensors."""
    value = call.build.spread(call.tensor("self"), call.result_shape, call.result_element)
    low = call.operand("min") if call.has("min") else None
    high = call.operand("max") if call.has("max") else None
    return clamped(call, value, low, high)


@handles("clamp_min", "clamp_min.Tensor")
def clamp_min(call: Call) -> SSAValue:
    """Keep elements above a bound."""
    value = call.build.spread(call.tensor("self"), call.result_shape, call.result_element)
    return clamped(call, value, call.operand("min"), None)


@handles("clamp_max", "clamp_max.Tensor")
def clamp_max(call: Call) -> SSAValue:
    """Keep elements below a bound."""
    value = call.build.spread(call.tensor("self"), call.result_shape, call.result_element)
    return clamped(call, value, None, call.operand("max"))


@handles("hardtanh", "relu6")
def hardtanh(call: Call) -> SSAValue:
    """Keep elements between two numbers, by default -1 and 1 (relu6: 0 and 6)."""
    six = "relu6" in call.op.overload.data
    low = 0 if six else call.number("min_val", -1)
    high = 6 if six else call.number("max_val", 1)
    return clamped(call, call.tensor("self"), low, high)


def _condition(call: Call, name: str) -> SSAValue:
    flag = call.tensor(name)
    if not is_bool(element_of(flag)):
        flag = call.build.compare(flag, 0, "ne")
    return call.build.expand(flag, call.result_shape)


@handles("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(call: Call) -> SSAValue:
    """Choose between two tensors or numbers."""
    build, shape, element = call.build, call.result_shape, call.result_element
    condition = _condition(call, "condition")
    yes, no = (build.spread(call.operand(name), shape, element) for name in ("self", "other"))
    return build.select(condition, yes, no)


@handles("masked_fill.Scalar", "masked_fill.Tensor")
def masked_fill(call: Call) -> SSAValue:
    """Put one value where the mask holds."""
    build, shape, element = call.build, call.result_shape, call.result_element
    condition = _condition(call, "mask")
    fill = build.spread(call.operand("value"), shape, element)
    return build.select(condition, fill, build.expand(call.tensor("self"), shape))


@handles("lerp.Scalar", "lerp.Tensor")
def lerp(call: Call) -> SSAValue:
    """self + weight (end - self), written from the nearer end as torch does."""
    build, shape = call.build, call.result_shape
    start, end = (build.widen(build.expand(call.tensor(name), shape)) for name in ("self", "end"))
    weight = build.spread(call.operand("weight"), shape, element_of(start))
    span = build.combine(SubOp, end, start)
    near = build.combine(AddOp, start, build.combine(MulOp, weight, span))
    back = build.combine(MulOp, span, build.combine(SubOp, build.full_like(1, weight), weight))
    far = build.combine(SubOp, end, back)
    size = build.combine(MaxOp, weight, build.combine(MulOp, weight, -1))
    return build.cast(build.select(build.compare(size, 0.5, "lt"), near, far), call.result_element)


@handles("addcmul", "addcdiv")
def addc(call: Call) -> SSAValue:
    """self + value (tensor1 times or over tensor2)."""
    build, shape, element = call.build, call.result_shape, call.result_element
    base, first, second = (
        build.widen(build.spread(call.tensor(name), shape, element)) for name in ("self", "tensor1", "tensor2")
    )
    value = call.number("value", 1)
    if value != 1:
        first = build.combine(MulOp, first, value)
    term = build.combine(DivOp if "addcdiv" in call.op.overload.data else MulOp, first, second)
    return build.cast(build.combine(AddOp, base, term), element)
