"""The pass that computes equal things once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from dialects.graph.operation import GraphOp
from passes.base import SfumatoPass
from passes.graph.rewriting import blocks, functions


@dataclass(frozen=True)
class GraphCse(SfumatoPass):
    """Replace a graph op that repeats an earlier one of the function (same operands, properties and types) by it.

    A single forward walk finds all of them, since operands are replaced before their users are looked at. The first
    op, and so its source line, stays.
    """

    name = "graph-cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Merge in every function."""
        for function in functions(op):
            for block in blocks(function):
                merge(block)


def _key(op: Operation) -> Hashable:
    properties = tuple(sorted(op.properties.items(), key=lambda item: item[0]))
    return (type(op), op.operands, properties, tuple(result.type for result in op.results))


def merge(block: Block) -> None:
    """Merge the repeated graph ops of a block."""
    seen: dict[Hashable, tuple[SSAValue, ...]] = {}
    for op in list(block.ops):
        if not isinstance(op, GraphOp) or op.regions:
            continue
        first = seen.setdefault(_key(op), tuple(op.results))
        if first[0] is op.results[0]:
            continue
        for old, new in zip(op.results, first, strict=True):
            old.replace_all_uses_with(new)
        op.detach()
        op.erase()
