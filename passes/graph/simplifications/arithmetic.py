"""Identities of pointwise ops. They hold exactly, but for the sign of a zero in x + 0."""

from __future__ import annotations

from collections.abc import Sequence
from math import frexp, isfinite

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.operation import GraphOp
from dialects.graph.types import element_of, is_bool, is_float, type_of
from passes.graph.rewriting import Rewriter, Rule, defining, splat_of

Values = Sequence[SSAValue] | None

_NEGATED = {"eq": "ne", "ne": "eq"}
"""Predicates whose negation is a predicate also for NaN."""


def add(op: Operation, rewriter: Rewriter) -> Values:
    """x + 0 = x."""
    del rewriter
    for index in (0, 1):
        if splat_of(op.operands[index]) == 0:
            return [op.operands[1 - index]]
    return None


def sub(op: Operation, rewriter: Rewriter) -> Values:
    """x - 0 = x."""
    del rewriter
    return [op.operands[0]] if splat_of(op.operands[1]) == 0 else None


def mul(op: Operation, rewriter: Rewriter) -> Values:
    """x * 1 = x and x * -1 = -x; of integers x * 0 = 0."""
    for index in (0, 1):
        factor, other = splat_of(op.operands[index]), op.operands[1 - index]
        if factor == 1:
            return [other]
        if factor == -1:
            return [rewriter.add(graph.NegOp.make(other))]
        if factor == 0 and not is_float(element_of(other)):
            return [op.operands[index]]
    return None


def div(op: Operation, rewriter: Rewriter) -> Values:
    """x / 1 = x; a float divided by a power of two is multiplied by its reciprocal."""
    divisor = splat_of(op.operands[1])
    if divisor == 1:
        return [op.operands[0]]
    if isinstance(divisor, float) and divisor and isfinite(divisor) and abs(frexp(divisor)[0]) == 0.5:
        inverse = rewriter.splat(1.0 / divisor, type_of(op.operands[1]))
        if splat_of(inverse) == 1.0 / divisor and abs(frexp(divisor)[1]) < 15:
            return [rewriter.add(graph.MulOp.make(op.operands[0], inverse))]
    return None


def pow_(op: Operation, rewriter: Rewriter) -> Values:
    """x**1 = x and x**2 = x * x."""
    exponent, base = splat_of(op.operands[1]), op.operands[0]
    if exponent == 1:
        return [base]
    return [rewriter.add(graph.MulOp.make(base, base))] if exponent == 2 else None


def logical(absorbing: int) -> Rule:
    """Of truth values: x and true = x, x and false = false; likewise for or."""

    def rule(op: Operation, rewriter: Rewriter) -> Values:
        del rewriter
        if op.operands[0] is op.operands[1]:
            return [op.operands[0]]
        if not is_bool(element_of(op.operands[0])):
            return None
        for index in (0, 1):
            value = splat_of(op.operands[index])
            if value is not None:
                return [op.operands[index if bool(value) == bool(absorbing) else 1 - index]]
        return None

    return rule


def idempotent(op: Operation, rewriter: Rewriter) -> Values:
    """max(x, x) = x."""
    del rewriter
    return [op.operands[0]] if op.operands[0] is op.operands[1] else None


def neg(op: Operation, rewriter: Rewriter) -> Values:
    """-(-x) = x."""
    del rewriter
    inner = defining(op.operands[0], graph.NegOp)
    return None if inner is None else [inner.operand]


def not_(op: Operation, rewriter: Rewriter) -> Values:
    """not not x = x; not (a == b) is a != b."""
    inner = defining(op.operands[0], graph.NotOp)
    if inner is not None:
        return [inner.operand]
    compare = defining(op.operands[0], graph.CompareOp)
    predicate = None if compare is None else _NEGATED.get(compare.predicate.data)
    if compare is None or predicate is None:
        return None
    return [rewriter.add(graph.CompareOp.make(compare.lhs, compare.rhs, predicate))]


def abs_(op: Operation, rewriter: Rewriter) -> Values:
    """|-x| = |x| and ||x|| = |x|."""
    inner = defining(op.operands[0], graph.NegOp) or defining(op.operands[0], graph.AbsOp)
    return None if inner is None else [rewriter.add(graph.AbsOp.make(inner.operand))]


def select(op: Operation, rewriter: Rewriter) -> Values:
    """A known condition, equal values, a negated condition."""
    condition, positive, negative = op.operands
    if positive is negative:
        return [positive]
    known = splat_of(condition)
    if known is not None:
        return [positive if known else negative]
    inner = defining(condition, graph.NotOp)
    return None if inner is None else [rewriter.add(graph.SelectOp.make(inner.operand, negative, positive))]


def is_exact(source: Attribute, target: Attribute) -> bool:
    """Whether every value of one element type is a value of the other."""
    if source == target:
        return True
    first, second = DType.of(source), DType.of(target)
    if first is DType.i1:
        return True
    if second is DType.i1:
        return False
    if first.is_float:
        return second.is_float and second.bits > first.bits
    digits = {DType.f64: 53, DType.f32: 24, DType.f16: 11, DType.bf16: 8}.get(second, second.bits - second.is_signed)
    return first.bits - first.is_signed <= digits and (second.is_signed or not first.is_signed)


def cast(op: Operation, rewriter: Rewriter) -> Values:
    """Drop a cast to the same type, one of a splat, and the first of two when it loses nothing."""
    operand, result = op.operands[0], op.results[0]
    source, target = element_of(operand), element_of(result)
    if source == target:
        return [operand]
    inner = defining(operand, graph.CastOp)
    if inner is not None and is_exact(element_of(inner.operand), source):
        return [rewriter.cast(inner.operand, target)]
    value = splat_of(operand)
    if value is None or (isinstance(value, float) and not isfinite(value) and not is_float(target)):
        return None
    return [rewriter.splat(int(value) if not is_float(target) and not is_bool(target) else value, type_of(result))]


def compare(op: Operation, rewriter: Rewriter) -> Values:
    """A truth value that differs from false is itself."""
    lhs, rhs = op.operands
    predicate = op.properties["predicate"]
    if not is_bool(element_of(lhs)) or not isinstance(predicate, StringAttr) or predicate.data not in ("eq", "ne"):
        return None
    for value, other in ((splat_of(rhs), lhs), (splat_of(lhs), rhs)):
        if value is not None:
            same = bool(value) == (predicate.data == "eq")
            return [other if same else rewriter.add(graph.NotOp.make(other))]
    return None


ARITHMETIC_RULES: dict[type[GraphOp], Rule] = {
    graph.AddOp: add,
    graph.SubOp: sub,
    graph.MulOp: mul,
    graph.DivOp: div,
    graph.PowOp: pow_,
    graph.AndOp: logical(0),
    graph.OrOp: logical(1),
    graph.MaxOp: idempotent,
    graph.MinOp: idempotent,
    graph.NegOp: neg,
    graph.NotOp: not_,
    graph.AbsOp: abs_,
    graph.SelectOp: select,
    graph.CastOp: cast,
    graph.CompareOp: compare,
}
"""The identities by op."""
