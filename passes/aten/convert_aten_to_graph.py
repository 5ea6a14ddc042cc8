"""The pass `convert-aten-to-graph`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from dialects.aten import CallOp
from dialects.errors import SfumatoError, location_text
from dialects.graph.types import Tensor, type_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call, UnsupportedCall
from passes.aten.registry import Handler, handlers
from passes.base import SfumatoPass


@dataclass
class _Refusal:
    """An overload that cannot be converted: how often it occurs, and the first place."""

    reason: str
    location: Attribute
    count: int = 0


class _Refusals:
    """Everything that cannot be converted, by overload and reason in the order of the program."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], _Refusal] = {}

    def add(self, op: CallOp, reason: str) -> None:
        """Count one refused call."""
        key = (op.overload.data, reason)
        self._found.setdefault(key, _Refusal(reason, op.location)).count += 1

    def check(self) -> None:
        """Raise one error that lists all refusals, if there are any."""
        if not self._found:
            return
        width = max(len(overload) for overload, _ in self._found)
        lines = [
            f"  {overload:<{width}}  {refusal.count:>4} x  first at {location_text(refusal.location) or 'unknown'}"
            + (f"  ({refusal.reason})" if refusal.reason else "")
            for (overload, _), refusal in self._found.items()
        ]
        raise SfumatoError(
            f"{len(lines)} operator{'s' if len(lines) > 1 else ''} of this model "
            f"{'are' if len(lines) > 1 else 'is'} not supported:\n" + "\n".join(lines) + "\n" + self._advice()
        )

    def _advice(self) -> str:
        """Say what helps: torch decomposes its own operators, not those of other libraries."""
        decomposed = [overload.startswith("aten.") for overload, _ in self._found]
        if all(decomposed):
            return "Rewrite these lines of the model, or export it with run_decompositions() and try again."
        if any(decomposed):
            return "Rewrite these lines of the model; run_decompositions() may replace the operators of aten."
        return "Rewrite these lines of the model with operators of aten ('sfumato ops' lists them)."


@dataclass(frozen=True)
class ConvertAtenToGraph(SfumatoPass):
    """Write every ``aten.call`` in graph ops; nothing of ATen is left.

    Each overload has a handler in ``passes/aten/families``. Broadcasting, type promotion, defaults and negative axes
    become explicit; softmax, norms and attention stay whole. Signatures of functions do not change. Calls without a
    handler are collected first and reported in one error before anything is converted; calls whose arguments a
    handler refuses (dropout while training, shapes that depend on data, complex numbers) are reported together too.
    """

    name = "convert-aten-to-graph"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert every function of the module."""
        functions = [each for each in op.walk() if isinstance(each, FuncOp) and each.body.blocks]
        table = handlers()
        refusals = _Refusals()
        for function in functions:
            for call in function.body.block.ops:
                if isinstance(call, CallOp) and call.overload.data not in table:
                    refusals.add(call, "")
        refusals.check()
        for function in functions:
            _convert_function(function, table, refusals)
        refusals.check()


def _convert_function(function: FuncOp, table: dict[str, Handler], refusals: _Refusals) -> None:
    """Rebuild the one block of ``function``: calls are rewritten, other ops move over."""
    old = function.body.block
    new = Block(arg_types=old.arg_types)
    values: dict[SSAValue, SSAValue] = {}
    for before, after in zip(old.args, new.args, strict=True):
        after.name_hint, after.location = before.name_hint, before.location
        values[before] = after
    build = GraphBuilder(new)
    op = old.first_op
    while op is not None:
        following = op.next_op
        if isinstance(op, CallOp):
            build.location = op.location
            results = _convert_call(op, build, values, table[op.overload.data], refusals)
            values.update(zip(op.outputs, results, strict=True))
        else:
            _move(op, new, values)
        op = following
    function.body.detach_block(old)
    function.body.add_block(new)
    old.erase(safe_erase=False)


def _convert_call(
    op: CallOp, build: GraphBuilder, values: dict[SSAValue, SSAValue], handler: Handler, refusals: _Refusals
) -> Sequence[SSAValue]:
    """Return the values that replace the results of ``op``; after a refusal, stand-ins that let the rest be checked."""
    kinds = [type_of(output) for output in op.outputs]
    if kinds and all(0 in kind.get_shape() for kind in kinds):  # nothing to compute
        return _zeros(build, kinds)
    try:
        results = handler(Call(op, build, values))
    except UnsupportedCall as refusal:
        refusals.add(op, str(refusal))
        return _zeros(build, kinds)
    results = (results,) if isinstance(results, SSAValue) else results
    for output, result in zip(op.outputs, results, strict=True):
        if output.type != result.type:
            raise TypeError(f"{op.overload.data} gives {output.type}, its handler built {result.type}")
        if result.name_hint is None:
            result.name_hint = output.name_hint
    return results


def _zeros(build: GraphBuilder, kinds: Sequence[Tensor]) -> list[SSAValue]:
    return [build.full(0, kind.get_shape(), kind.element_type) for kind in kinds]


def _move(op: Operation, block: Block, values: dict[SSAValue, SSAValue]) -> None:
    """Append an op that is not ATen's (a weight, a call of a layer, the return) to ``block``."""
    op.detach()
    if op.operands:
        op.operands = [values[operand] for operand in op.operands]
    block.add_op(op)
    for result in op.results:
        values[result] = result
