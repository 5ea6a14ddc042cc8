"""Recognises the parts of attention that is written with graph ops."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph import MatmulOp, ReduceOp, SoftmaxOp
from dialects.graph.operation import integer, integers
from dialects.graph.types import element_of, is_bool, shape_of
from passes.graph.rewriting import defining, splat_of

MASKED = -1e4
"""A score of at most this counts as masked: its exponential is zero next to any other of its row."""


@dataclass
class Scores:
    """What softmax is taken of: scale * query key^T, plus a mask or only where it holds."""

    product: MatmulOp
    scale: float
    mask: SSAValue | None = None
    mask_is_negated: bool = False


def without_casts(value: SSAValue) -> SSAValue:
    """The value before conversions between float types."""
    op = defining(value, graph.CastOp)
    while op is not None and not is_bool(element_of(op.operand)):
        value = op.operand
        op = defining(value, graph.CastOp)
    return value


def softmax_operand(value: SSAValue) -> SSAValue | None:
    """x where `value` is the softmax of x along the last axis, as one op or as exp(x - max) / sum."""
    last = len(shape_of(value)) - 1
    softmax = defining(value, SoftmaxOp)
    if softmax is not None:
        return softmax.operand if integer(softmax.properties, "axis") == last else None
    quotient = defining(value, graph.DivOp)
    if quotient is None:
        return None
    exponentials = quotient.lhs
    exponential, total = defining(exponentials, graph.ExpOp), _reduced(quotient.rhs, "add", last)
    if exponential is None or total is not exponentials:
        return None
    centred = defining(exponential.operand, graph.SubOp)
    if centred is None or _reduced(centred.rhs, "max", last) is not centred.lhs:
        return None
    return centred.lhs


def _reduced(value: SSAValue, kind: str, axis: int) -> SSAValue | None:
    """x where `value` is x reduced along `axis` and repeated to its old shape."""
    broadcast = defining(value, graph.BroadcastOp)
    if broadcast is None:
        return None
    source = broadcast.operand
    reshape = defining(source, graph.ReshapeOp)
    reduce = defining(source if reshape is None else reshape.operand, ReduceOp)
    if reduce is None or reduce.kind.data != kind or list(integers(reduce.properties, "axes")) != [axis]:
        return None
    return reduce.operand if shape_of(reduce.operand) == shape_of(value) else None


def match_scores(value: SSAValue) -> Scores | None:
    """The scores behind an operand of softmax, or None when they are no scaled and masked matrix product."""
    value = without_casts(value)
    scaled = _scaled_product(value)
    if scaled is not None:
        return scaled
    add = defining(value, graph.AddOp)
    if add is not None:
        for scores, mask in ((add.lhs, add.rhs), (add.rhs, add.lhs)):
            scaled = _scaled_product(scores)
            if scaled is not None:
                scaled.mask = mask
                return scaled
    select = defining(value, graph.SelectOp)
    if select is not None:
        for scores, fill, negated in (
            (select.on_true, select.on_false, False),
            (select.on_false, select.on_true, True),
        ):
            scaled, constant = _scaled_product(scores), splat_of(fill)
            if scaled is not None and constant is not None and constant <= MASKED:
                scaled.mask, scaled.mask_is_negated = select.condition, negated
                return scaled
    return None


def _scaled_product(value: SSAValue) -> Scores | None:
    scale = 1.0
    value = without_casts(value)
    while True:
        product = defining(value, MatmulOp)
        if product is not None:
            return Scores(product, scale)
        value, factor = without_factor(value)
        if factor is None:
            return None
        scale *= factor
        value = without_casts(value)


def without_factor(value: SSAValue) -> tuple[SSAValue, float | None]:
    """x and c where `value` is x * c or x / (1 / c) with a constant c; else the value and None."""
    product = defining(value, graph.MulOp)
    if product is not None:
        for factor, other in ((product.rhs, product.lhs), (product.lhs, product.rhs)):
            constant = splat_of(factor)
            if constant is not None:
                return other, float(constant)
    quotient = defining(value, graph.DivOp)
    divisor = None if quotient is None else splat_of(quotient.rhs)
    if quotient is not None and divisor:
        return quotient.lhs, 1.0 / float(divisor)
    return value, None


def shared_heads(value: SSAValue) -> tuple[SSAValue, tuple[int, int, int, int]] | None:
    """The tensor before its heads were repeated to match the query's, and its shape [B, Hkv, S, D].

    The repetition is a broadcast to [B, Hkv, groups, S, D] merged to [B, Hkv * groups, S, D].
    """
    reshape = defining(value, graph.ReshapeOp)
    broadcast = None if reshape is None else defining(reshape.operand, graph.BroadcastOp)
    if broadcast is None:
        return None
    full, merged = shape_of(broadcast.result), shape_of(value)
    if len(full) != 5 or len(merged) != 4 or merged != (full[0], full[1] * full[2], full[3], full[4]):
        return None
    sizes = dict(zip(integers(broadcast.properties, "dims"), shape_of(broadcast.operand), strict=True))
    kept = all(sizes.get(axis, 1) == full[axis] for axis in (0, 1, 3, 4))
    if not kept or sizes.get(2, 1) != 1:
        return None
    return broadcast.operand, (full[0], full[1], full[3], full[4])
