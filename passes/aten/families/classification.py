"""Losses of classifiers: of logits, probabilities and labels."""

from __future__ import annotations

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
    SubOp,
)
from dialects.graph.types import element_of, is_float, shape_of
from passes.aten.call import Call
from passes.aten.families.loss import MEAN, NONE, pair_of, reduced
from passes.aten.registry import handles

LEAST_LOG = -100.0
"""What torch takes for the logarithm of a probability of 0."""


def _softplus(call: Call, value: SSAValue) -> SSAValue:
    """log(1 + exp(value)), of large values too."""
    build = call.build
    tail = build.apply(Log1pOp, build.apply(ExpOp, build.apply(NegOp, build.apply(AbsOp, value))))
    return build.combine(AddOp, build.combine(MaxOp, value, 0), tail)


def _weighted(call: Call, terms: SSAValue, name: str) -> SSAValue:
    weight = call.optional_tensor(name)
    if weight is None:
        return terms
    return call.build.combine(MulOp, terms, call.build.spread(weight, shape_of(terms), element_of(terms)))


@handles("binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(call: Call) -> SSAValue:
    """(1 - t) x + (1 + (p - 1) t) log(1 + exp(-x)), p the weight of positive examples."""
    build = call.build
    value, target = pair_of(call)
    absent = build.combine(SubOp, build.full_like(1, target), target)
    tail = _softplus(call, build.apply(NegOp, value))
    if call.has("pos_weight"):
        tail = build.combine(MulOp, tail, build.combine(AddOp, absent, _weighted(call, target, "pos_weight")))
    return reduced(call, _weighted(call, build.combine(AddOp, build.combine(MulOp, absent, value), tail), "weight"))


@handles("binary_cross_entropy")
def binary_cross_entropy(call: Call) -> SSAValue:
    """-(t log(x) + (1 - t) log(1 - x))."""
    build = call.build
    value, target = pair_of(call)
    one = build.full_like(1, value)
    present, absent = (
        build.combine(MaxOp, build.apply(LogOp, each), LEAST_LOG) for each in (value, build.combine(SubOp, one, value))
    )
    terms = build.combine(MulOp, build.combine(SubOp, target, one), absent)
    return reduced(call, _weighted(call, build.combine(SubOp, terms, build.combine(MulOp, target, present)), "weight"))


@handles("soft_margin_loss")
def soft_margin_loss(call: Call) -> SSAValue:
    """log(1 + exp(-t x))."""
    return reduced(call, _softplus(call, call.build.apply(NegOp, call.build.combine(MulOp, *pair_of(call)))))


@handles("cross_entropy_loss", "nll_loss_nd")
def cross_entropy(call: Call) -> SSAValue:
    """Minus the logarithm of the probability of the right class (axis 1), or of each class by its probability.

    Classes may have weights; label smoothing gives all of them a share. Ignored examples do not count.
    """
    build, target = call.build, call.tensor("target")
    value = _logarithms(call)
    classes, shape = shape_of(value)[1], (shape_of(value)[0], *shape_of(value)[2:])
    smoothing = float(call.number("label_smoothing", 0.0)) if "cross_entropy" in call.op.overload.data else 0.0
    weight = _class_weights(call, value)
    losses = build.apply(NegOp, value if weight is None else build.combine(MulOp, value, weight))
    if is_float(element_of(target)):
        shares = build.reshape(build.cast(target, element_of(value)), shape_of(value))
        shares = build.combine(AddOp, build.combine(MulOp, shares, 1 - smoothing), smoothing / classes)
        terms = build.reduce(build.combine(MulOp, losses, shares), "add", (1,))
        return _averaged(call, terms, build.full_like(1, terms))
    target = build.reshape(build.cast(target, i64), shape)
    valid = build.compare(target, call.integer("ignore_index", -100), "ne")
    places = build.reshape(build.select(valid, target, build.full_like(0, target)), (shape[0], 1, *shape[1:]))
    terms = _at(call, losses, places)
    if smoothing:
        spread = build.combine(MulOp, build.reduce(losses, "add", (1,)), smoothing / classes)
        terms = build.combine(AddOp, build.combine(MulOp, terms, 1 - smoothing), spread)
    counts = build.full_like(1, terms) if weight is None else _at(call, weight, places)
    zero = build.full_like(0, terms)
    return _averaged(call, build.select(valid, terms, zero), build.select(valid, counts, zero))


def _logarithms(call: Call) -> SSAValue:
    """Return the logarithms of the classes' probabilities, (examples, classes, ...)."""
    build = call.build
    value = build.widen(call.tensor("self"))
    if len(shape_of(value)) == 1:
        value = build.reshape(value, (1, *shape_of(value)))
    return build.emit(LogSoftmaxOp.make(value, 1)) if "cross_entropy" in call.op.overload.data else value


def _class_weights(call: Call, value: SSAValue) -> SSAValue | None:
    """Return the weight of each class at every place of ``value``, None if the classes have none."""
    weight = call.optional_tensor("weight")
    if weight is None:
        return None
    return call.build.place(call.build.cast(weight, element_of(value)), shape_of(value), (1,))


def _at(call: Call, value: SSAValue, places: SSAValue) -> SSAValue:
    """Return what ``value`` has for the class of each example."""
    found = call.build.emit(GatherOp.make(value, places, 1))
    return call.build.reshape(found, (shape_of(places)[0], *shape_of(places)[2:]))


def _averaged(call: Call, terms: SSAValue, counts: SSAValue) -> SSAValue:
    """Return the terms as the call reduces them; a mean divides by the sum of ``counts``."""
    build, reduction = call.build, call.integer("reduction", MEAN)
    if reduction != NONE:
        axes = tuple(range(len(shape_of(terms))))
        terms = build.reduce(terms, "add", axes)
        if reduction == MEAN:
            terms = build.combine(DivOp, terms, build.reduce(counts, "add", axes))
    return build.reshape(build.cast(terms, call.result_element), call.result_shape)
