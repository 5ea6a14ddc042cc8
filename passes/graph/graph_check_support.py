"""The pass that reports, before anything is lowered, all that the compiler has no way to compute."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr

from dialects.aten import CallOp
from passes.analysis.refusals import REFUSED, Refusals
from passes.analysis.support import lacking
from passes.base import SfumatoPass


@dataclass(frozen=True)
class GraphCheckSupport(SfumatoPass):
    """Report calls of torch operators that were not converted, and graph ops that no kernel computes, in one error.

    Each line names an operator, how often the model runs it, the first source line, and what is the matter. Runs when
    the graph is simplified: what was folded or not used does not count. Changes nothing.
    """

    name = "graph-check-support"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Check every function."""
        refusals = Refusals(op)
        for one in op.walk():
            if isinstance(one, CallOp):
                reason = one.attributes.get(REFUSED)
                refusals.add(one.overload.data, one, reason.data if isinstance(reason, StringAttr) else "")
            elif (reason := lacking(one)) is not None:
                refusals.add(one.name, one, reason)
        refusals.check()
