"""Scores as expressions of (n, i, j): graph values read backwards, through views, as functions of the score's place.

Numbers are f32 here whatever their type was: casts between floats vanish, positions are exact up to 2^24. Integers
that are no positions take part while each expression holds at most one of them, so that a rounded one still compares
like itself with any position.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan, prod
from typing import TypeAlias

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import GraphOp
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.attn.positions import Index, Line, unjoined

EXACT = 1 << 24
"""Integers up to here are exact in f32."""

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


@dataclass(frozen=True)
class Number:
    """A number or a truth value."""

    value: float | bool


@dataclass(frozen=True)
class Position:
    """An integer that counts along queries and keys."""

    line: Line


@dataclass(frozen=True, eq=False)
class Leaf:
    """An element of a tensor."""

    value: SSAValue
    index: tuple[Index, ...]

    @property
    def places(self) -> tuple[Index, ...]:
        """The index with axes that run through several places taken apart."""
        return unjoined(self.index, shape_of(self.value))[0]


@dataclass(frozen=True, eq=False)
class Apply:
    """A pointwise op; ``origin`` is the tensor that holds its results, if there is one where it is read."""

    kind: type[GraphOp]
    operands: tuple[Node, ...]
    predicate: str | None = None
    origin: Leaf | None = None
    leaves: frozenset[Leaf] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the tensors that the expression reads."""
        object.__setattr__(self, "leaves", frozenset[Leaf]().union(*(leaves_of(node) for node in self.operands)))


Node: TypeAlias = Number | Position | Leaf | Apply


def leaves_of(node: Node) -> frozenset[Leaf]:
    """The tensors that an expression reads."""
    if isinstance(node, Leaf):
        return frozenset((node,))
    return node.leaves if isinstance(node, Apply) else frozenset()


def select(condition: Node, on_true: Node, on_false: Node) -> Apply:
    """One of two values."""
    return Apply(graph.SelectOp, (condition, on_true, on_false))


def compare(lhs: Node, rhs: Node, predicate: str) -> Apply:
    """Whether a predicate holds."""
    return Apply(graph.CompareOp, (lhs, rhs), predicate)


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
    return _of_choice(kind, operands, name) or Apply(kind, operands, name)


def _of_choice(kind: type[GraphOp], operands: Sequence[Node], predicate: str | None) -> Node | None:
    """What arithmetic with numbers makes of one choice between two numbers: another, or the choice's predicate."""
    function = _PREDICATES.get(predicate) if predicate is not None else _ARITHMETIC.get(kind)
    chosen = [node for node in operands if not isinstance(node, Number)]
    choice = _choice(chosen[0]) if len(chosen) == 1 else None
    if function is None or choice is None:
        return None
    condition, *numbers = choice
    values = [
        function(*(float((node if isinstance(node, Number) else number).value) for node in operands))
        for number in numbers
    ]
    if predicate is not None:
        return either(both(condition, Number(values[0])), both(opposite(condition), Number(values[1])))
    return None if any(isnan(value) for value in values) else select(condition, *(Number(value) for value in values))


def _choice(node: Node) -> tuple[Node, Number, Number] | None:
    """Predicate and numbers of a choice between two numbers."""
    if isinstance(node, Apply) and node.kind is graph.SelectOp:
        predicate, on_true, on_false = node.operands
        if isinstance(on_true, Number) and isinstance(on_false, Number):
            return predicate, on_true, on_false
    return None


def _chosen(condition: Node, on_true: Node, on_false: Node) -> Node:
    """A choice between truth values."""
    return either(both(condition, on_true), both(opposite(condition), on_false))


def both(lhs: Node, rhs: Node) -> Node:
    """Whether two truth values hold; known ones do not stay."""
    for known, other in ((lhs, rhs), (rhs, lhs)):
        if isinstance(known, Number):
            return other if known.value else Number(False)
    return Apply(graph.AndOp, (lhs, rhs))


def either(lhs: Node, rhs: Node) -> Node:
    """Whether one of two truth values holds; known ones do not stay."""
    for known, other in ((lhs, rhs), (rhs, lhs)):
        if isinstance(known, Number):
            return Number(True) if known.value else other
    return Apply(graph.OrOp, (lhs, rhs))


def opposite(node: Node) -> Node:
    """Whether a truth value does not hold."""
    if isinstance(node, Number):
        return Number(not node.value)
    return node.operands[0] if isinstance(node, Apply) and node.kind is graph.NotOp else Apply(graph.NotOp, (node,))


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


def elements_of(value: SSAValue) -> int:
    """How many elements a tensor has."""
    return prod(shape_of(value))
