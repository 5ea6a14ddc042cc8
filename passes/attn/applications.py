"""What pointwise ops make of expressions: positions, known truth values, choices between numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import isfinite, isnan

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation

from dialects import graph
from dialects.graph.operation import GraphOp
from dialects.graph.types import element_of, is_bool, is_float
from passes.attn.expressions import (
    Apply,
    Leaf,
    Node,
    Number,
    Position,
    both,
    compare,
    either,
    leaves_of,
    opposite,
    select,
)
from passes.attn.positions import Line

_ARITHMETIC: dict[type[GraphOp], Callable[..., float]] = {
    graph.AddOp: operator.add,
    graph.SubOp: operator.sub,
    graph.MulOp: operator.mul,
    graph.NegOp: float.__neg__,
    graph.MaxOp: max,
    graph.MinOp: min,
}
_PREDICATES: dict[str, Callable[..., bool]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}
_INTEGER_OPS = (graph.AddOp, graph.SubOp, graph.MulOp, graph.MaxOp, graph.MinOp, graph.NegOp)


def applied(op: Operation, operands: tuple[Node, ...]) -> Node | None:
    """What a pointwise op makes of expressions; None if it cannot be one."""
    kind = type(op)
    assert issubclass(kind, GraphOp)
    element = element_of(op.operands[-1])
    if is_bool(element) and not isinstance(op, graph.AndOp | graph.OrOp | graph.NotOp):
        return _chosen(*operands) if isinstance(op, graph.SelectOp) else None
    if is_bool(element):
        return opposite(*operands) if kind is graph.NotOp else (both if kind is graph.AndOp else either)(*operands)
    if not is_float(element) and not is_bool(element):
        if not isinstance(op, (*_INTEGER_OPS, graph.CompareOp, graph.SelectOp)):
            return None
        line = _counted(op, operands)
        if line is not None:
            return Position(line)
        if len(frozenset[Leaf]().union(*(leaves_of(node) for node in operands))) > 1:
            return None
    predicate = op.properties.get("predicate")
    name = predicate.data if isinstance(predicate, StringAttr) else None
    if name is not None:
        return compared(operands[0], operands[1], name)
    return _of_choices(kind, operands) or Apply(kind, operands)


def compared(lhs: Node, rhs: Node, predicate: str) -> Node:
    """A comparison; one of a choice with a number is one of what is chosen."""
    if isinstance(lhs, Number) and isinstance(rhs, Number):
        return Number(_PREDICATES[predicate](lhs.value, rhs.value))
    if isinstance(rhs, Number) and isinstance(lhs, Apply) and lhs.kind is graph.SelectOp:
        condition, *values = lhs.operands
        if any(isinstance(value, Number) for value in values):
            on_true, on_false = (compared(value, rhs, predicate) for value in values)
            return _chosen(condition, on_true, on_false)
    return compare(lhs, rhs, predicate)


def _of_choices(kind: type[GraphOp], operands: Sequence[Node]) -> Node | None:
    """What arithmetic makes of a choice between two numbers: another choice, if both of its values are known."""
    if kind is graph.SelectOp:
        return _chosen_once(*operands)
    for place, node in enumerate(operands):
        choice = _choice(node)
        if choice is None:
            continue
        condition, *numbers = choice
        values = [_calculated(kind, (*operands[:place], number, *operands[place + 1 :])) for number in numbers]
        if values[0] is not None and values[1] is not None:
            return select(condition, values[0], values[1])
    return None


def _choice(node: Node) -> tuple[Node, Number, Number] | None:
    """Predicate and numbers of a choice between two numbers."""
    if isinstance(node, Apply) and node.kind is graph.SelectOp:
        predicate, on_true, on_false = node.operands
        if isinstance(on_true, Number) and isinstance(on_false, Number):
            return predicate, on_true, on_false
    return None


def _calculated(kind: type[GraphOp], operands: Sequence[Node]) -> Node | None:
    """The result of arithmetic on numbers, or of a product with one or zero."""
    function = _ARITHMETIC.get(kind)
    numbers = [float(node.value) for node in operands if isinstance(node, Number)]
    if function is not None and len(numbers) == len(operands):
        value = function(*numbers)
        return None if isnan(value) else Number(value)
    if kind is not graph.MulOp or len(numbers) != 1:
        return None
    (other,) = (node for node in operands if not isinstance(node, Number))
    if numbers[0] == 1:
        return other
    return Number(0.0) if numbers[0] == 0 and _is_finite(other) else None


def _is_finite(node: Node) -> bool:
    """Whether an expression is never infinite or NaN, as integers and choices between finite numbers are."""
    match node:
        case Number():
            return isfinite(node.value)
        case Position():
            return True
        case Leaf():
            return not is_float(element_of(node.value))
        case Apply():
            return node.kind is graph.SelectOp and all(_is_finite(value) for value in node.operands[1:])


def _chosen_once(condition: Node, on_true: Node, on_false: Node) -> Node | None:
    """A choice without the same choice inside."""
    values = _known(on_true, condition, True), _known(on_false, condition, False)
    return None if values == (on_true, on_false) else select(condition, *values)


def _known(node: Node, condition: Node, holds: bool) -> Node:
    """An expression where a predicate is known to hold, or not to."""
    if not isinstance(node, Apply) or node.kind is not graph.SelectOp:
        return node
    tested, *values = node.operands
    (tested, found), (condition, wanted) = _unnegated(tested, True), _unnegated(condition, holds)
    return values[0 if found == wanted else 1] if tested is condition else node


def _unnegated(node: Node, holds: bool) -> tuple[Node, bool]:
    if isinstance(node, Apply) and node.kind is graph.NotOp:
        return node.operands[0], not holds
    return node, holds


def _chosen(condition: Node, on_true: Node, on_false: Node) -> Node:
    """A choice between truth values."""
    return either(both(condition, on_true), both(opposite(condition), on_false))


def _counted(op: Operation, operands: Sequence[Node]) -> Line | None:
    """The position that integer arithmetic on positions gives."""
    lines: list[Line] = []
    for node in operands:
        if isinstance(node, Number):
            lines.append(Line(int(node.value)))
        elif isinstance(node, Position):
            lines.append(node.line)
        else:
            return None
    match op:
        case graph.AddOp():
            return lines[0].plus(lines[1])
        case graph.SubOp():
            return lines[0].plus(lines[1], -1)
        case graph.NegOp():
            return lines[0].scaled(-1)
        case graph.MulOp() if lines[0].is_constant or lines[1].is_constant:
            constant, other = lines if lines[0].is_constant else reversed(lines)
            return other.scaled(constant.constant)
        case _:
            return None
