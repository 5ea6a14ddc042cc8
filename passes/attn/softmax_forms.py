"""Recognises softmax along the last axis, in one op or written out."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph import ReduceOp, SoftmaxOp
from dialects.graph.operation import integer, integers
from dialects.graph.types import element_of, is_float, shape_of
from passes.graph.rewriting import defining, splat_of


@dataclass(frozen=True)
class Softmax:
    """Softmax of ``operand`` along the last axis; ``guarded``: a row of minus infinities gives zeros."""

    op: Operation
    operand: SSAValue
    guarded: bool = False


def softmax_of(value: SSAValue) -> Softmax | None:
    """The softmax that ``value`` is, if it is one.

    Written out it is e / sum(e) or e * (1 / sum(e)), e = exp(x - max x) or exp x, or exp(log_softmax x). A selection of
    zeros for the rows whose scores are all minus infinity guards it.
    """
    select = defining(value, graph.SelectOp)
    if select is not None:
        return _guarded(select)
    op = value.owner
    operand = _operand(value)
    return None if operand is None or not isinstance(op, Operation) else Softmax(op, without_maximum(operand))


def _operand(value: SSAValue) -> SSAValue | None:
    last = len(shape_of(value)) - 1
    softmax = defining(value, SoftmaxOp)
    if softmax is not None:
        return softmax.operand if integer(softmax.properties, "axis") == last else None
    exponential = defining(value, graph.ExpOp)
    logarithm = None if exponential is None else defining(exponential.operand, graph.LogSoftmaxOp)
    if logarithm is not None:
        return logarithm.operand if integer(logarithm.properties, "axis") == last else None
    quotient, product = defining(value, graph.DivOp), defining(value, graph.MulOp)
    shares = None
    if quotient is not None and _reduces(quotient.rhs, "add", quotient.lhs):
        shares = quotient.lhs
    elif product is not None:
        pairs = (product.operands, tuple(product.operands)[::-1])
        shares = next((share for share, inverse in pairs if _reduces(inverse, "add", share, inverted=True)), None)
    exponential = None if shares is None else defining(shares, graph.ExpOp)
    return None if exponential is None else exponential.operand


def without_maximum(value: SSAValue) -> SSAValue:
    """x where ``value`` is x - max x along the last axis, which softmax does not notice; casts of floats go too."""
    while True:
        value = without_casts(value)
        centred = defining(value, graph.SubOp)
        if centred is None or not _reduces(centred.rhs, "max", centred.lhs):
            return value
        value = centred.lhs


def without_casts(value: SSAValue) -> SSAValue:
    """The value before conversions between float types."""
    op = defining(value, graph.CastOp)
    while op is not None and is_float(element_of(op.operand)) and is_float(element_of(op.result)):
        value = op.operand
        op = defining(value, graph.CastOp)
    return value


def _reduces(value: SSAValue, kind: str, operand: SSAValue, inverted: bool = False) -> bool:
    """Whether ``value`` is ``operand`` reduced along its last axis (``inverted``: one over that) and repeated.

    A single element along that axis is its own sum and maximum. A scalar has no axis.
    """
    shape = shape_of(operand)
    if not shape:
        return False
    if shape[-1] == 1:
        return (inverted, _base(operand)) == _unrepeated(value)
    found, source = _unrepeated(value)
    reduce = defining(source, ReduceOp)
    if found != inverted or reduce is None or reduce.kind.data != kind or shape_of(reduce.operand) != shape:
        return False
    return _is_along_last(reduce) and without_casts(reduce.operand) is without_casts(operand)


def _unrepeated(value: SSAValue) -> tuple[bool, SSAValue]:
    """A value before it was repeated, reshaped and converted, and whether it was inverted."""
    inverted = False
    while True:
        op = value.owner
        if isinstance(op, graph.ReciprocalOp):
            inverted = not inverted
        elif isinstance(op, graph.DivOp) and splat_of(op.lhs) == 1:
            inverted = not inverted
            value = op.rhs
            continue
        elif not isinstance(op, graph.BroadcastOp | graph.ReshapeOp | graph.CastOp):
            return inverted, value
        value = op.operands[0]


def _base(value: SSAValue) -> SSAValue:
    return _unrepeated(value)[1]


def _guarded(select: graph.SelectOp) -> Softmax | None:
    """A softmax with zeros (or the scores that give them) in the rows that hold minus infinities only."""
    for zeros, inner, emptied in (
        (select.on_true, select.on_false, True),
        (select.on_false, select.on_true, False),
    ):
        softmax = softmax_of(inner) if splat_of(zeros) == 0 else None
        compared = None if softmax is None else _tested_rows(select.condition, emptied)
        if softmax is None or compared is None or without_maximum(compared) is not softmax.operand:
            continue
        # Less their maximum, scores are never minus infinity throughout: such a test guards nothing.
        return Softmax(softmax.op, softmax.operand, guarded=without_casts(compared) is softmax.operand)
    return None


def _tested_rows(condition: SSAValue, emptied: bool) -> SSAValue | None:
    """x where a condition holds (or, not ``emptied``, does not hold) in just the rows of x that are minus infinities.

    It is all(x == -inf), any(x != -inf) or max x == -inf along the last axis, or x == -inf where that has one element.
    """
    condition, emptied = _unwrapped(condition, emptied)
    reduce = defining(condition, ReduceOp)
    if reduce is not None:
        if not _is_along_last(reduce) or reduce.kind.data != ("and" if emptied else "or"):
            return None
        condition, emptied = _unwrapped(reduce.operand, emptied)
    compare = defining(condition, graph.CompareOp)
    if compare is None or splat_of(compare.rhs) != float("-inf"):
        return None
    if compare.predicate.data != ("eq" if emptied else "ne"):
        return None
    if reduce is not None:
        return compare.lhs
    _, top = _unrepeated(compare.lhs)
    maximum = defining(top, ReduceOp)
    if maximum is not None and maximum.kind.data == "max" and _is_along_last(maximum):
        return maximum.operand
    return compare.lhs if shape_of(compare.lhs)[-1] == 1 else None


def _is_along_last(reduce: ReduceOp) -> bool:
    return list(integers(reduce.properties, "axes")) == [len(shape_of(reduce.operand)) - 1]


def _unwrapped(condition: SSAValue, holds: bool) -> tuple[SSAValue, bool]:
    """A condition before it was repeated or negated, and the truth value that it then has."""
    while isinstance(op := condition.owner, graph.NotOp | graph.BroadcastOp | graph.ReshapeOp):
        holds ^= isinstance(op, graph.NotOp)
        condition = op.operands[0]
    return condition, holds
