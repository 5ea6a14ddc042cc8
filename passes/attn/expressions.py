"""Scores as expressions of (n, i, j): graph values read backwards, through views, as functions of the score's place.

Numbers are f32 here whatever their type was: casts between floats vanish, positions are exact up to 2^24. Integers
that are no positions take part while each expression holds at most one of them, so that a rounded one still compares
like itself with any position.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.operation import GraphOp
from dialects.graph.types import shape_of
from passes.attn.positions import Index, Line, unjoined

EXACT = 1 << 24
"""Integers up to here are exact in f32."""


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


def elements_of(value: SSAValue) -> int:
    """How many elements a tensor has."""
    return prod(shape_of(value))
