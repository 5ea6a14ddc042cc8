"""Pointwise operators of two or three tensors or numbers. A new one that has a graph op is one line of a table."""

from __future__ import annotations

from xdsl.dialects.builtin import f32, f64
from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    AndOp,
    Atan2Op,
    DivOp,
    FloorDivOp,
    FmodOp,
    IsNanOp,
    LogOp,
    MaxOp,
    MinOp,
    MulOp,
    NotOp,
    OrOp,
    PowOp,
    ReciprocalOp,
    RemOp,
    RsqrtOp,
    ShlOp,
    ShrOp,
    SqrtOp,
    SubOp,
    TruncOp,
    XorOp,
)
from dialects.graph.choose import PREDICATES
from dialects.graph.pointwise import BinaryOp
from dialects.graph.types import Scalar, element_of, is_bool, is_float
from passes.aten.builder import GraphBuilder, exact_in
from passes.aten.call import Call
from passes.aten.promotion import computation_type
from passes.aten.registry import Handler, add_handler, handles

ARITHMETIC: dict[str, type[BinaryOp]] = {
    "atan2": Atan2Op,
    "arctan2": Atan2Op,
    "bitwise_and.Tensor": AndOp,
    "bitwise_and.Scalar": AndOp,
    "__and__.Tensor": AndOp,
    "__and__.Scalar": AndOp,
    "bitwise_or.Tensor": OrOp,
    "bitwise_or.Scalar": OrOp,
    "__or__.Tensor": OrOp,
    "__or__.Scalar": OrOp,
    "bitwise_xor.Tensor": XorOp,
    "bitwise_xor.Scalar": XorOp,
    "__xor__.Tensor": XorOp,
    "__xor__.Scalar": XorOp,
    "bitwise_left_shift.Tensor": ShlOp,
    "bitwise_left_shift.Tensor_Scalar": ShlOp,
    "__lshift__.Tensor": ShlOp,
    "__lshift__.Scalar": ShlOp,
    "bitwise_right_shift.Tensor": ShrOp,
    "bitwise_right_shift.Tensor_Scalar": ShrOp,
    "__rshift__.Tensor": ShrOp,
    "__rshift__.Scalar": ShrOp,
    "div.Tensor": DivOp,
    "div.Scalar": DivOp,
    "divide.Tensor": DivOp,
    "true_divide.Tensor": DivOp,
    "floor_divide": FloorDivOp,
    "floor_divide.Scalar": FloorDivOp,
    "fmod.Tensor": FmodOp,
    "fmod.Scalar": FmodOp,
    "max.other": MaxOp,
    "maximum": MaxOp,
    "min.other": MinOp,
    "minimum": MinOp,
    "mul.Tensor": MulOp,
    "mul.Scalar": MulOp,
    "multiply.Tensor": MulOp,
    "remainder.Tensor": RemOp,
    "remainder.Scalar": RemOp,
    "remainder.Scalar_Tensor": RemOp,
}
"""Both operands are cast to the type of the result and broadcast to its shape."""

_ON_BOOL: dict[type[BinaryOp], type[BinaryOp]] = {AddOp: OrOp, MulOp: AndOp, MaxOp: OrOp, MinOp: AndOp}
"""What arithmetic on bools means."""


def arithmetic(call: Call, op: type[BinaryOp], lhs: SSAValue | Scalar, rhs: SSAValue | Scalar) -> SSAValue:
    """Compute in the type of the result; in f32 when a number would be rounded on the way into a narrower float."""
    build, shape, element = call.build, call.result_shape, call.result_element
    if is_bool(element):
        op = _ON_BOOL.get(op, op)
    numbers = [each for each in (lhs, rhs) if not isinstance(each, SSAValue)]
    if is_float(element) and not all(exact_in(each, element) for each in numbers):
        inner = f64 if element == f64 else f32
        value = op.make(build.spread(lhs, shape, inner), build.spread(rhs, shape, inner))
        return build.cast(build.emit(value), element)
    return build.emit(op.make(build.spread(lhs, shape, element), build.spread(rhs, shape, element)))


def _arithmetic(op: type[BinaryOp]) -> Handler:
    return lambda call: arithmetic(call, op, call.operand("self"), call.operand("other"))


for _name, _op in ARITHMETIC.items():
    add_handler(_name, _arithmetic(_op))


def _scaled(call: Call, value: SSAValue | Scalar) -> SSAValue | Scalar:
    """Multiply by the argument ``alpha``."""
    alpha = call.number("alpha", 1)
    if alpha == 1:
        return value
    if not isinstance(value, SSAValue):
        return value * alpha
    return call.build.combine(MulOp, call.build.cast(value, call.result_element), alpha)


@handles("add.Tensor", "add.Scalar")
def add(call: Call) -> SSAValue:
    """self + alpha other."""
    return arithmetic(call, AddOp, call.operand("self"), _scaled(call, call.operand("other")))


@handles("sub.Tensor", "sub.Scalar", "subtract.Tensor")
def sub(call: Call) -> SSAValue:
    """self - alpha other."""
    return arithmetic(call, SubOp, call.operand("self"), _scaled(call, call.operand("other")))


@handles("rsub.Tensor", "rsub.Scalar")
def rsub(call: Call) -> SSAValue:
    """other - alpha self."""
    return arithmetic(call, SubOp, call.operand("other"), _scaled(call, call.operand("self")))


@handles("div.Tensor_mode", "div.Scalar_mode", "divide.Tensor_mode")
def div_mode(call: Call) -> SSAValue:
    """Division that is rounded down, toward zero, or not at all."""
    lhs, rhs = call.operand("self"), call.operand("other")
    mode = call.text("rounding_mode") if call.has("rounding_mode") else ""
    quotient = arithmetic(call, FloorDivOp if mode == "floor" else DivOp, lhs, rhs)
    return call.build.apply(TruncOp, quotient) if mode == "trunc" and is_float(call.result_element) else quotient


@handles("pow.Tensor_Tensor", "pow.Scalar")
def power(call: Call) -> SSAValue:
    """Raise a tensor or a number to the power of a tensor."""
    return arithmetic(call, PowOp, call.operand("self"), call.operand("exponent"))


@handles("pow.Tensor_Scalar")
def power_scalar(call: Call) -> SSAValue:
    """Raise to a fixed power; the common ones are products and roots, as in torch."""
    build, exponent = call.build, call.number("exponent")
    value = build.cast(call.tensor("self"), call.result_element)
    floating = is_float(call.result_element)
    if exponent == 0:
        return build.full_like(1, value)
    if exponent == 1:
        return value
    if exponent in (2, 3) or (floating and exponent == -2):
        squared = build.combine(MulOp, value, value)
        if exponent == 3:
            return build.combine(MulOp, squared, value)
        return squared if exponent == 2 else build.apply(ReciprocalOp, squared)
    roots = {0.5: SqrtOp, -0.5: RsqrtOp, -1: ReciprocalOp}
    if floating and exponent in roots:
        return build.apply(roots[exponent], value)
    return arithmetic(call, PowOp, value, exponent)


def _comparison(predicate: str) -> Handler:
    def convert(call: Call) -> SSAValue:
        lhs, rhs = call.operand("self"), call.operand("other")
        element = computation_type((lhs, rhs))
        build, shape = call.build, call.result_shape
        return build.compare(build.spread(lhs, shape, element), build.spread(rhs, shape, element), predicate)

    return convert


for _name in PREDICATES:
    for _overload in ("Tensor", "Scalar"):
        add_handler(f"{_name}.{_overload}", _comparison(_name))
_ALIASES = {"greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne"}
for _alias, _name in _ALIASES.items():
    for _overload in ("Tensor", "Scalar"):
        add_handler(f"{_alias}.{_overload}", _comparison(_name))


def _truth(call: Call, value: SSAValue) -> SSAValue:
    build = call.build
    flag = value if is_bool(element_of(value)) else build.compare(value, 0, "ne")
    return build.expand(flag, call.result_shape)


def _logical(op: type[BinaryOp]) -> Handler:
    return lambda call: call.build.combine(op, _truth(call, call.tensor("self")), _truth(call, call.tensor("other")))


for _name, _op in {"logical_and": AndOp, "logical_or": OrOp, "logical_xor": XorOp}.items():
    add_handler(_name, _logical(_op))


@handles("fmax", "fmin")
def skip_nan(call: Call) -> SSAValue:
    """The larger or smaller element; NaN only if both are."""
    build, shape, element = call.build, call.result_shape, call.result_element
    lhs, rhs = (build.spread(call.tensor(name), shape, element) for name in ("self", "other"))
    op = MaxOp if "fmax" in call.op.overload.data else MinOp
    if not is_float(element):
        return arithmetic(call, op, lhs, rhs)
    result = build.select(build.apply(IsNanOp, lhs), rhs, build.combine(op, lhs, rhs))
    return build.select(build.apply(IsNanOp, rhs), lhs, result)


@handles("hypot")
def hypot(call: Call) -> SSAValue:
    """sqrt(a^2 + b^2)."""
    shape, element = call.result_shape, call.result_element
    return magnitude(call.build, *(call.build.spread(call.tensor(name), shape, element) for name in ("self", "other")))


def magnitude(build: GraphBuilder, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    """sqrt(a^2 + b^2) of two tensors of one type, scaled by the larger so that squares do not overflow."""
    lhs, rhs = (build.apply(AbsOp, value) for value in (lhs, rhs))
    large, small = build.combine(MaxOp, lhs, rhs), build.combine(MinOp, lhs, rhs)
    ratio = build.combine(DivOp, small, large)
    grown = build.apply(SqrtOp, build.combine(AddOp, build.combine(MulOp, ratio, ratio), 1))
    return build.select(build.compare(small, 0, "eq"), large, build.combine(MulOp, large, grown))


@handles("xlogy.Tensor", "xlogy.Scalar_Other", "xlogy.Scalar_Self", "special_xlogy")
def xlogy(call: Call) -> SSAValue:
    """x log(y), 0 where x is 0 (NaN where y is NaN)."""
    build, shape, element = call.build, call.result_shape, call.result_element
    factor, value = (build.spread(call.operand(name), shape, element) for name in ("self", "other"))
    product = build.combine(MulOp, factor, build.apply(LogOp, value))
    zero = build.combine(AndOp, build.compare(factor, 0, "eq"), build.apply(NotOp, build.apply(IsNanOp, value)))
    return build.select(zero, build.full_like(0, factor), product)


@handles("copysign.Tensor", "copysign.Scalar")
def copysign(call: Call) -> SSAValue:
    """The size of the first with the sign of the second; the sign of zero is that of its reciprocal."""
    build, shape, element = call.build, call.result_shape, call.result_element
    size, sign = (build.spread(call.operand(name), shape, element) for name in ("self", "other"))
    size = build.apply(AbsOp, size)
    below = build.compare(sign, 0, "lt")
    minus_zero = build.compare(build.apply(ReciprocalOp, sign), float("-inf"), "eq")
    negated = build.combine(MulOp, size, -1)
    return build.select(build.combine(OrOp, below, minus_zero), negated, size)
