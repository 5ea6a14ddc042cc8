"""What queries, keys and values are views of: before heads were repeated, constants multiplied, floats widened."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from xdsl.dialects.builtin import bf16, f16, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.types import element_of, shape_of
from passes.attn.expressions import Leaf
from passes.attn.positions import source_index
from passes.attn.reader import Reader
from passes.graph.rewriting import splat_of

VIEWS = (graph.ReshapeOp, graph.PermuteOp, graph.BroadcastOp, graph.SliceOp)
"""Ops that only say where elements are."""


def factored(leaf: Leaf, reader: Reader) -> tuple[Leaf, float]:
    """Queries or keys before they were multiplied by a constant, and that."""
    for step in _sources(leaf, reader):
        op = step.value.owner
        factor, other = _constant_factor(op) if isinstance(op, Operation) else (None, None)
        if factor is not None and other is not None:
            inner, further = factored(Leaf(other, step.index), reader)
            return inner, factor * further
    return leaf, 1.0


def _constant_factor(op: Operation) -> tuple[float | None, SSAValue | None]:
    if isinstance(op, graph.MulOp):
        for factor, other in (op.operands, tuple(op.operands)[::-1]):
            constant = splat_of(factor)
            if constant is not None:
                return float(constant), other
    divisor = splat_of(op.rhs) if isinstance(op, graph.DivOp) else None
    if divisor:
        return 1.0 / float(divisor), op.operands[0]
    return None, None


def _sources(leaf: Leaf, reader: Reader) -> Iterator[Leaf]:
    """A tensor, what it is a view of, what that is a view of; exact conversions of floats count as views."""
    while True:
        yield leaf
        op = leaf.value.owner
        if isinstance(op, graph.CastOp) and _widens(op):
            leaf = Leaf(op.operand, leaf.index)
        elif isinstance(op, VIEWS):
            index = source_index(op, leaf.index)
            if index is None or not reader.places(op.operands[0], index):
                return
            leaf = Leaf(op.operands[0], index)
        else:
            return


def _widens(op: graph.CastOp) -> bool:
    return element_of(op.operand) in (f16, bf16) and element_of(op.result) == f32


def smallest(leaf: Leaf, reader: Reader) -> Leaf:
    """The tensor before its elements were repeated or widened: no copy of heads that share keys need be made."""
    return min(_sources(leaf, reader), key=_bytes)


def _bytes(leaf: Leaf) -> int:
    return prod(shape_of(leaf.value)) * (2 if element_of(leaf.value) in (f16, bf16) else 4)
