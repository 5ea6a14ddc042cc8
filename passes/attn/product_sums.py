"""Sums of matrix products in expressions: scores that are added up from several pairs of queries and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dialects import graph
from passes.attn.expressions import Apply, Leaf, Node, Number


def replaced_sum(node: Node, old: Apply, new: Leaf) -> Node:
    """The expression with a sum of products taken as one."""
    known: dict[Node, Node] = {old: new}

    def replaced(node: Node) -> Node:
        if not isinstance(node, Apply):
            return node
        if node not in known:
            operands = tuple(replaced(operand) for operand in node.operands)
            same = all(one is other for one, other in zip(operands, node.operands, strict=True))
            known[node] = node if same else replace(node, operands=operands)
        return known[node]

    return replaced(node)


def product_terms(node: Node, is_product: Callable[[Leaf], bool]) -> list[tuple[Leaf, float]] | None:
    """The products that an expression adds up, each with a constant factor; None if it does more than that."""
    if isinstance(node, Leaf):
        return [(node, 1.0)] if is_product(node) else None
    if not isinstance(node, Apply):
        return None
    if node.kind is graph.AddOp:
        sides = [product_terms(operand, is_product) for operand in node.operands]
        return None if sides[0] is None or sides[1] is None else sides[0] + sides[1]
    scaled = _scaled(node)
    terms = None if scaled is None else product_terms(scaled[0], is_product)
    return None if scaled is None or terms is None else [(leaf, factor * scaled[1]) for leaf, factor in terms]


def _scaled(node: Apply) -> tuple[Node, float] | None:
    """x and c where an expression is c x or x / (1 / c)."""
    if node.kind is graph.NegOp:
        return node.operands[0], -1.0
    if node.kind is graph.MulOp:
        for other, factor in (node.operands, node.operands[::-1]):
            if isinstance(factor, Number):
                return other, float(factor.value)
    if node.kind is graph.DivOp and isinstance(node.operands[1], Number) and node.operands[1].value:
        return node.operands[0], 1.0 / float(node.operands[1].value)
    return None
