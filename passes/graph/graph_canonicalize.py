"""The pass that brings graph ops into their simplest form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects.graph.operation import GraphOp
from passes.base import SfumatoPass
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import Rewriter, Rule, blocks, functions, rewrite_block
from passes.graph.simplifications.arithmetic import ARITHMETIC_RULES
from passes.graph.simplifications.empty import without_elements
from passes.graph.simplifications.products import PRODUCT_RULES
from passes.graph.simplifications.views import VIEW_RULES

RULES: dict[type[GraphOp], Rule] = {**VIEW_RULES, **ARITHMETIC_RULES, **PRODUCT_RULES}
"""Every identity, by the op it starts from."""

MAXIMUM_WALKS = 8
"""Walks over a function; each simplifies whole chains, so that more than three are rare."""


@dataclass(frozen=True)
class GraphCanonicalize(SfumatoPass):
    """Apply the local identities of the graph dialect until none applies, and remove what became unused.

    Views: identity views go, reshapes, permutations and broadcasts compose, a view of a splat is a splat, repeated axes
    leave the operands of broadcasts, slices move before broadcasts and concatenations. Arithmetic: x + 0, x * 1, double
    negation, exact casts in a row, known selections. Products: permutations of the last two axes become
    transposition flags of graph.matmul. Tensors without elements become constants, so that no kernel has them. Values
    do not change, but for the sign of a zero in x + 0.
    """

    name = "graph-canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Simplify every function, recurrences included."""
        for function in functions(op):
            for block in blocks(function):
                for _ in range(MAXIMUM_WALKS):
                    changed = rewrite_block(block, simplify)
                    sweep(block)
                    if not changed:
                        break


def simplify(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """Apply the identity of the op's kind."""
    known = without_elements(op, rewriter)
    if known is not None:
        return known
    rule = RULES.get(cast("type[GraphOp]", type(op)))
    return None if rule is None else rule(op, rewriter)
