"""The pass `convert-aten-to-graph`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from dialects.aten import CallOp
from dialects.graph.types import ELEMENTS, element_of, type_of
from passes.analysis.refusals import REFUSED
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call, UnsupportedCall
from passes.aten.registry import Handler, handlers
from passes.base import SfumatoPass


@dataclass(frozen=True)
class ConvertAtenToGraph(SfumatoPass):
    """Write every ``aten.call`` in graph ops.

    Each overload has a handler in ``passes/aten/families``. Broadcasting, type promotion, defaults and negative axes
    become explicit; softmax, norms and attention stay whole. Signatures of functions do not change. A call without a
    handler, or whose arguments a handler refuses (dropout while training, shapes that depend on data, complex numbers),
    stays, marked with the reason: ``graph-check-support`` reports them all.
    """

    name = "convert-aten-to-graph"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert every function of the module."""
        table = handlers()
        for function in [each for each in op.walk() if isinstance(each, FuncOp) and each.body.blocks]:
            _convert_function(function, table)


def _convert_function(function: FuncOp, table: dict[str, Handler]) -> None:
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
            build.location, outputs = op.location, list(op.outputs)
            results = _convert_call(op, build, values, table.get(op.overload.data))
            values.update(zip(outputs, results, strict=True))
        else:
            _move(op, new, values)
        op = following
    function.body.detach_block(old)
    function.body.add_block(new)
    old.erase(safe_erase=False)


def _convert_call(
    op: CallOp, build: GraphBuilder, values: dict[SSAValue, SSAValue], handler: Handler | None
) -> Sequence[SSAValue]:
    """Return the values that replace the results of ``op``: its own, when it stays."""
    kinds = [type_of(output) for output in op.outputs]
    if handler is None:
        return _keep(op, build, values, "")
    elements = [element_of(value) for value in (*op.operands, *op.outputs)]
    unknown = next((element for element in elements if element not in ELEMENTS), None)
    if unknown is not None:
        return _keep(op, build, values, f"elements of {unknown}")
    if kinds and all(0 in kind.get_shape() for kind in kinds):  # nothing to compute
        return [build.full(0, kind.get_shape(), kind.element_type) for kind in kinds]
    try:
        results = handler(Call(op, build, values))
    except (UnsupportedCall, VerifyException) as refusal:  # the latter: an op that has no meaning for these operands
        return _keep(op, build, values, str(refusal))
    results = (results,) if isinstance(results, SSAValue) else results
    for output, result in zip(op.outputs, results, strict=True):
        if output.type != result.type:
            raise TypeError(f"{op.overload.data} gives {output.type}, its handler built {result.type}")
        if result.name_hint is None:
            result.name_hint = output.name_hint
    return results


def _keep(op: CallOp, build: GraphBuilder, values: dict[SSAValue, SSAValue], reason: str) -> Sequence[SSAValue]:
    """Leave a call as it is, with the reason."""
    op.attributes[REFUSED] = StringAttr(reason)
    _move(op, build.block, values)
    return op.outputs


def _move(op: Operation, block: Block, values: dict[SSAValue, SSAValue]) -> None:
    """Append an op that is not ATen's (a weight, a call of a layer, the return) to ``block``."""
    op.detach()
    if op.operands:
        op.operands = [values[operand] for operand in op.operands]
    block.add_op(op)
    for result in op.results:
        values[result] = result
