"""The pass that writes ops which read, write or combine along an axis as those that kernels are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects.graph.operation import GraphOp
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite
from passes.graph.structured.steps import Steps
from passes.graph.structured.table import EXPANSIONS


@dataclass(frozen=True)
class GraphExpandStructured(SfumatoPass):
    """Expand gathers, scatters, index_put, scans, arg_reduce, sort, topk, padding and windows, all from one table.

    What is left are pointwise ops, reductions, concatenations, views, and lookups of whole rows (`graph.take` along
    axis 0). Elements are selected, never multiplied by 0, so infinities and NaN stay where they are. Sorting
    counts, for each element, those that come before it: n comparisons an element. Convolution is not expanded.
    """

    name = "graph-expand-structured"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The simpler ops that compute `op`, or None if it is one."""
    expansion = EXPANSIONS.get(cast("type[GraphOp]", type(op)))
    return None if expansion is None else expansion(op, Steps(rewriter))
