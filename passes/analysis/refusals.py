"""One report of everything in a model that is not supported: how often it occurs, where it is first, and why."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Operation

from dialects.errors import SfumatoError, location_text

REFUSED = "sfumato.refused"
"""The attribute in which `convert-aten-to-graph` says why it left a call as it is (empty: there is no handler)."""


@dataclass
class _Refusal:
    reason: str
    location: Attribute
    count: int = 0


class Refusals:
    """What is refused, by operator and reason in the order of the program."""

    def __init__(self, module: ModuleOp) -> None:
        """Report on ``module``; an operator of an outlined layer counts once for each time that the layer is run."""
        self._found: dict[tuple[str, str], _Refusal] = {}
        self._runs: dict[FuncOp, int] = {}
        self._callers: dict[str, list[Operation]] = {}
        for op in module.walk():
            if isinstance(op, CallOp):
                self._callers.setdefault(op.callee.root_reference.data, []).append(op)

    def add(self, name: str, op: Operation, reason: str) -> None:
        """Count ``op``, of the operator ``name``."""
        refusal = self._found.setdefault((name, reason), _Refusal(reason, op.location))
        refusal.count += self._runs_of(op)

    def _runs_of(self, op: Operation) -> int:
        """How often an op is run: as often as its function is called, but once if nothing calls that."""
        function = op.parent_op()
        while function is not None and not isinstance(function, FuncOp):
            function = function.parent_op()
        if function is None:
            return 1
        if function not in self._runs:
            callers = self._callers.get(function.sym_name.data, [])
            self._runs[function] = sum(map(self._runs_of, callers)) if callers else 1
        return self._runs[function]

    def check(self) -> None:
        """Raise one error that lists all refusals, if there are any."""
        if not self._found:
            return
        width = max(len(name) for name, _ in self._found)
        lines = [
            f"  {name:<{width}}  {refusal.count:>4} x  first at {location_text(refusal.location) or 'unknown'}"
            + (f"  ({refusal.reason})" if refusal.reason else "")
            for (name, _), refusal in self._found.items()
        ]
        raise SfumatoError(
            f"{len(lines)} operator{'s' if len(lines) > 1 else ''} of this model "
            f"{'are' if len(lines) > 1 else 'is'} not supported:\n" + "\n".join(lines) + "\n" + self._advice()
        )

    def _advice(self) -> str:
        """Say what helps: torch decomposes its own operators, not those of other libraries."""
        decomposed = [name.startswith(("aten.", "graph.")) for name, _ in self._found]
        if all(decomposed):
            return "Rewrite these lines of the model, or export it with run_decompositions() and try again."
        if any(decomposed):
            return "Rewrite these lines of the model; run_decompositions() may replace the operators of aten."
        return "Rewrite these lines of the model with operators of aten ('sfumato ops' lists them)."
