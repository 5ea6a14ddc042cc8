"""Loss functions: pointwise terms that are summed, averaged or kept as the call says."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    DivOp,
    ExpOp,
    GatherOp,
    Log1pOp,
    LogOp,
    LogSoftmaxOp,
    MaxOp,
    MulOp,
    NegOp,
    PowOp,
    SqrtOp,
    SubOp,
)
from dialects.graph.types import element_of, is_float, shape_of
from passes.aten.call import Call
from passes.aten.families.index import broadcast_shape
from passes.aten.registry import handles

NONE, MEAN, SUM = 0, 1, 2
"""Torch's numbers for how a loss is reduced."""


def _reduced(call: Call, terms: SSAValue) -> SSAValue:
    build, reduction = call.build, call.integer("reduction", MEAN)
    if reduction != NONE:
        count = prod(shape_of(terms))
        terms = build.reduce(terms, "add", tuple(range(len(shape_of(terms)))))
        if reduction == MEAN:
            terms = build.combine(DivOp, terms, count)
    return build.cast(terms, call.result_element)


def _pair(call: Call) -> tuple[SSAValue, SSAValue]:
    """Return input and target in one type and shape."""
    build = call.build
    value, target = call.tensor("self"), call.tensor("target")
    shape = broadcast_shape([shape_of(value), shape_of(target)])
    value = build.widen(build.cast(value, call.result_element))
    target = build.cast(target, element_of(value))
    return build.expand(value, shape), build.expand(target, shape)


def _difference(call: Call) -> SSAValue:
    return call.build.combine(SubOp, *_pair(call))


@handles("mse_loss", "l1_loss")
def distance_loss(call: Call) -> SSAValue:
    """Squares (mse) or sizes (l1) of the differences."""
    gap = _difference(call)
    squared = "mse" in call.op.overload.data
    return _reduced(call, call.build.combine(MulOp, gap, gap) if squared else call.build.apply(AbsOp, gap))


@handles("smooth_l1_loss", "huber_loss")
def huber_loss(call: Call) -> SSAValue:
    """Squares of small differences, sizes of large ones; huber is smooth_l1 times its width."""
    build, smooth = call.build, "smooth" in call.op.overload.data
    width = float(call.number("beta" if smooth else "delta", 1.0))
    size = build.apply(AbsOp, _difference(call))
    if width == 0:
        return _reduced(call, size)
    square = build.combine(MulOp, build.combine(MulOp, size, size), 0.5 / width if smooth else 0.5)
    line = build.combine(SubOp, size, 0.5 * width)
    if not smooth:
        line = build.combine(MulOp, line, width)
    return _reduced(call, build.select(build.compare(size, width, "lt"), square, line))


@handles("kl_div")
def kl_div(call: Call) -> SSAValue:
    """target (log target - input), 0 where the target is; the input is a logarithm already."""
    build = call.build
    value, target = _pair(call)
    if call.flag("log_target"):
        return _reduced(call, build.combine(MulOp, build.apply(ExpOp, target), build.combine(SubOp, target, value)))
    terms = build.combine(MulOp, target, build.combine(SubOp, build.apply(LogOp, target), value))
    return _reduced(call, build.select(build.compare(target, 0, "eq"), build.full_like(0, terms), terms))


@handles("binary_cross_entropy_with_logits")
def binary_cross_entropy(call: Call) -> SSAValue:
    """max(x, 0) - x t + log(1 + exp(-|x|)), weighted where a weight is given."""
    build = call.build
    value, target = _pair(call)
    if call.has("pos_weight"):
        call.unsupported("a weight of positive examples")
    tail = build.apply(Log1pOp, build.apply(ExpOp, build.apply(NegOp, build.apply(AbsOp, value))))
    terms = build.combine(SubOp, build.combine(MaxOp, value, 0), build.combine(MulOp, value, target))
    terms = build.combine(AddOp, terms, tail)
    weight = call.optional_tensor("weight")
    if weight is not None:
        terms = build.combine(MulOp, terms, build.spread(weight, shape_of(terms), element_of(terms)))
    return _reduced(call, terms)


@handles("cross_entropy_loss", "nll_loss_nd")
def cross_entropy(call: Call) -> SSAValue:
    """Minus the logarithm of the probability of the right class (axis 1); ignored examples do not count."""
    build, value, target = call.build, call.tensor("self"), call.tensor("target")
    if call.has("weight") or float(call.number("label_smoothing", 0.0)) != 0 or is_float(element_of(target)):
        call.unsupported("class weights, label smoothing or targets that are probabilities")
    value = build.widen(value)
    if len(shape_of(value)) == 1:
        value, target = build.reshape(value, (1, *shape_of(value))), build.reshape(target, (1,))
    if "cross_entropy" in call.op.overload.data:
        value = build.emit(LogSoftmaxOp.make(value, 1))
    target = build.cast(target, i64)
    valid = build.compare(target, call.integer("ignore_index", -100), "ne")
    zero = build.full_like(0, target)
    shape = shape_of(target)
    places = build.reshape(build.select(valid, target, zero), (shape[0], 1, *shape[1:]))
    terms = build.apply(NegOp, build.reshape(build.emit(GatherOp.make(value, places, 1)), shape))
    terms = build.select(valid, terms, build.full_like(0, terms))
    reduction = call.integer("reduction", MEAN)
    if reduction == NONE:
        return build.reshape(build.cast(terms, call.result_element), call.result_shape)
    axes = tuple(range(len(shape)))
    total = build.reduce(terms, "add", axes)
    if reduction == MEAN:
        total = build.combine(DivOp, total, build.reduce(build.cast(valid, element_of(terms)), "add", axes))
    return build.cast(total, call.result_element)


@handles("cosine_similarity")
def cosine_similarity(call: Call) -> SSAValue:
    """Product along an axis of the tensors divided by their lengths, each at least ``eps``."""
    build, element = call.build, call.result_element
    first, second = call.tensor("x1"), call.tensor("x2")
    shape = broadcast_shape([shape_of(first), shape_of(second)])
    axis = call.axis("dim", len(shape), 1)
    units: list[SSAValue] = []
    for value in (first, second):
        value = build.widen(build.spread(value, shape, element))
        length = build.apply(SqrtOp, build.reduce(build.combine(MulOp, value, value), "add", (axis,), True))
        length = build.combine(MaxOp, length, float(call.number("eps", 1e-8)))
        units.append(build.combine(DivOp, value, build.expand(length, shape)))
    return build.cast(build.reduce(build.combine(MulOp, *units), "add", (axis,)), element)


def _distance(call: Call, first: SSAValue, second: SSAValue, order: float, eps: float) -> SSAValue:
    """Return the p-norm over the last axis of the difference plus ``eps``."""
    build = call.build
    gap = build.combine(AddOp, build.combine(SubOp, first, second), eps)
    axis = (len(shape_of(gap)) - 1,)
    if order == 2:
        return build.apply(SqrtOp, build.reduce(build.combine(MulOp, gap, gap), "add", axis))
    total = build.reduce(build.combine(PowOp, build.apply(AbsOp, gap), order), "add", axis)
    return build.combine(PowOp, total, 1 / order)


@handles("triplet_margin_loss")
def triplet_margin_loss(call: Call) -> SSAValue:
    """max(0, distance to the positive - distance to the negative + margin)."""
    build = call.build
    anchor, positive, negative = (
        build.widen(build.cast(call.tensor(name), call.result_element)) for name in ("anchor", "positive", "negative")
    )
    if call.flag("swap") or not shape_of(anchor) == shape_of(positive) == shape_of(negative):
        call.unsupported("a triplet loss with swap, or of different shapes")
    order, eps = float(call.number("p", 2)), float(call.number("eps", 1e-6))
    near = _distance(call, anchor, positive, order, eps)
    far = _distance(call, anchor, negative, order, eps)
    terms = build.combine(AddOp, build.combine(SubOp, near, far), float(call.number("margin", 1)))
    return _reduced(call, build.combine(MaxOp, terms, 0))
