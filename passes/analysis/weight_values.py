"""Which values of a module depend on nothing but the model's weights, across the calls of outlined layers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Operation, SSAValue

from dialects.graph import WeightOp
from dialects.graph.operation import GraphOp


class Origin(IntEnum):
    """What a value is computed from; the smallest one counts where several meet."""

    INPUT = 0
    """From an input of the model, at least in part."""
    CONSTANT = 1
    """From numbers in the program only."""
    WEIGHT = 2
    """From weights, and numbers in the program at most."""


class WeightValues:
    """The origin of every value. An argument of a private function has the least origin that any call gives it."""

    def __init__(self, module: ModuleOp) -> None:
        """Analyse ``module``."""
        self._functions = [op for op in module.body.block.ops if isinstance(op, FuncOp) and op.body.blocks]
        self._arguments = {function.sym_name.data: _assumed(function) for function in self._functions}
        self._origins: dict[SSAValue, Origin] = {}
        while self._visit_all():
            pass

    def origin(self, value: SSAValue) -> Origin:
        """Return what ``value`` is computed from; of one made since the analysis, the worst is assumed."""
        return self._origins.get(value, Origin.INPUT)

    def is_weight(self, value: SSAValue) -> bool:
        """Whether ``value`` is computed from weights and constants, with a weight among them."""
        return self._origins[value] is Origin.WEIGHT

    def _visit_all(self) -> bool:
        """Walk every function once under the present assumptions; return whether a call contradicted one."""
        changed = False
        for function in self._functions:
            block = function.body.block
            self._origins.update(zip(block.args, self._arguments[function.sym_name.data], strict=True))
            for op in block.ops:
                origin = self._computed(op)
                self._origins.update((result, origin) for result in op.results)
                if isinstance(op, CallOp):
                    changed |= self._pass(op)
        return changed

    def _computed(self, op: Operation) -> Origin:
        if isinstance(op, WeightOp):
            return Origin.WEIGHT
        if not isinstance(op, GraphOp):
            return Origin.INPUT
        return _joined(self._origins[operand] for operand in op.operands)

    def _pass(self, call: CallOp) -> bool:
        """Lower the origins of the callee's arguments to those of the call's operands."""
        known = self._arguments.get(call.callee.root_reference.data)
        if known is None:
            return False
        met = [min(one, self._origins[operand]) for one, operand in zip(known, call.operands, strict=True)]
        changed = met != known
        known[:] = met
        return changed


def _assumed(function: FuncOp) -> list[Origin]:
    """What the arguments are taken for until a call shows otherwise: only calls reach a private function's."""
    private = function.sym_visibility is not None and function.sym_visibility.data == "private"
    return [Origin.WEIGHT if private else Origin.INPUT] * len(function.body.block.args)


def _joined(origins: Iterable[Origin]) -> Origin:
    """Return the origin of what is computed from values of these origins (none: a number in the program)."""
    found = Origin.CONSTANT
    for origin in origins:
        if origin is Origin.INPUT:
            return origin
        found = max(found, origin)
    return found
