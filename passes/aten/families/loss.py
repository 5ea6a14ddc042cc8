"""Loss functions: pointwise terms that are summed, averaged or kept as the call says."""

from __future__ import annotations

from math import prod

from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    DivOp,
    ExpOp,
    LogOp,
    MaxOp,
    MulOp,
    PowOp,
    SqrtOp,
    SubOp,
)
from dialects.graph.types import element_of, shape_of
from passes.aten.call import Call
from passes.aten.families.index import broadcast_shape
from passes.aten.registry import handles

NONE, MEAN, SUM = 0, 1, 2
"""Torch's numbers for how a loss is reduced."""


def reduced(call: Call, terms: SSAValue) -> SSAValue:
    """Return terms as the call reduces them."""
    build, reduction = call.build, call.integer("reduction", MEAN)
    if reduction != NONE:
        count = prod(shape_of(terms))
        terms = build.reduce(terms, "add", tuple(range(len(shape_of(terms)))))
        if reduction == MEAN:
            terms = build.combine(DivOp, terms, count)
    return build.cast(terms, call.result_element)


def pair_of(call: Call) -> tuple[SSAValue, SSAValue]:
    """Return input and target in one type and shape."""
    build = call.build
    value, target = call.tensor("self"), call.tensor("target")
    shape = broadcast_shape([shape_of(value), shape_of(target)])
    value = build.widen(build.cast(value, call.result_element))
    target = build.cast(target, element_of(value))
    return build.expand(value, shape), build.expand(target, shape)


def _difference(call: Call) -> SSAValue:
    return call.build.combine(SubOp, *pair_of(call))


@handles("mse_loss", "l1_loss")
def distance_loss(call: Call) -> SSAValue:
    """Squares (mse) or sizes (l1) of the differences."""
    gap = _difference(call)
    squared = "mse" in call.op.overload.data
    return reduced(call, call.build.combine(MulOp, gap, gap) if squared else call.build.apply(AbsOp, gap))


@handles("smooth_l1_loss", "huber_loss")
def huber_loss(call: Call) -> SSAValue:
    """Squares of small differences, sizes of large ones; huber is smooth_l1 times its width."""
    build, smooth = call.build, "smooth" in call.op.overload.data
    width = float(call.number("beta" if smooth else "delta", 1.0))
    size = build.apply(AbsOp, _difference(call))
    if width == 0:
        return reduced(call, size)
    square = build.combine(MulOp, build.combine(MulOp, size, size), 0.5 / width if smooth else 0.5)
    line = build.combine(SubOp, size, 0.5 * width)
    if not smooth:
        line = build.combine(MulOp, line, width)
    return reduced(call, build.select(build.compare(size, width, "lt"), square, line))


@handles("kl_div")
def kl_div(call: Call) -> SSAValue:
    """target (log target - input), 0 where the target is; the input is a logarithm already."""
    build = call.build
    value, target = pair_of(call)
    if call.flag("log_target"):
        return reduced(call, build.combine(MulOp, build.apply(ExpOp, target), build.combine(SubOp, target, value)))
    terms = build.combine(MulOp, target, build.combine(SubOp, build.apply(LogOp, target), value))
    return reduced(call, build.select(build.compare(target, 0, "eq"), build.full_like(0, terms), terms))


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
    return reduced(call, build.combine(MaxOp, terms, 0))


@handles("margin_ranking_loss")
def margin_ranking_loss(call: Call) -> SSAValue:
    """max(0, target (second - first) + margin)."""
    build = call.build
    tensors = [call.tensor(name) for name in ("input1", "input2", "target")]
    shape = broadcast_shape([shape_of(each) for each in tensors])
    first, second, target = (build.widen(build.spread(each, shape, call.result_element)) for each in tensors)
    terms = build.combine(MulOp, target, build.combine(SubOp, second, first))
    return reduced(call, build.combine(MaxOp, build.combine(AddOp, terms, float(call.number("margin", 0))), 0))


@handles("hinge_embedding_loss")
def hinge_embedding_loss(call: Call) -> SSAValue:
    """The input where the target is 1, max(0, margin - input) where it is -1."""
    build = call.build
    value, target = pair_of(call)
    zero = build.full_like(0, value)
    gap = build.combine(MaxOp, build.combine(SubOp, build.full_like(float(call.number("margin", 1)), value), value), 0)
    near = build.select(build.compare(target, 1, "ne"), zero, value)
    return reduced(call, build.combine(AddOp, near, build.select(build.compare(target, -1, "ne"), zero, gap)))


@handles("pairwise_distance")
def pairwise_distance(call: Call) -> SSAValue:
    """The p-norm of the difference, with ``eps`` added, along the last axis."""
    build, names = call.build, ("x1", "x2")
    shape = broadcast_shape([shape_of(call.tensor(name)) for name in names])
    first, second = (build.widen(build.spread(call.tensor(name), shape, call.result_element)) for name in names)
    value = _distance(call, first, second, float(call.number("p", 2)), float(call.number("eps", 1e-6)))
    return build.reshape(build.cast(value, call.result_element), call.result_shape)
