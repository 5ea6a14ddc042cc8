"""The pass `convert-aten-to-graph`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from dialects.aten import Argument, CallOp
from dialects.graph.types import ELEMENTS, element_of, part_element, type_of
from passes.analysis.refusals import REFUSED
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call, UnsupportedCall
from passes.aten.complex_call import ComplexCall, Parts, is_complex, part_types
from passes.aten.registry import complex_handlers, handlers
from passes.base import SfumatoPass


@dataclass(frozen=True)
class ConvertAtenToGraph(SfumatoPass):
    """Write every ``aten.call`` in graph ops.

    Each overload has a handler in ``passes/aten/families``. Broadcasting, type promotion, defaults and negative axes
    become explicit; softmax, norms and attention stay whole. A complex tensor becomes two real ones, its real and its
    imaginary part, in signatures of functions too. A call without a handler, or whose arguments a handler refuses
    (dropout while training, shapes that depend on data), stays, marked with the reason: ``graph-check-support`` reports
    them all.
    """

    name = "convert-aten-to-graph"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert every function of the module."""
        for function in [each for each in op.walk() if isinstance(each, FuncOp) and each.body.blocks]:
            _convert_function(function)


def _convert_function(function: FuncOp) -> None:
    """Rebuild the one block of ``function``: calls are rewritten, other ops move over."""
    old = function.body.block
    new = Block()
    values: dict[SSAValue, Parts] = {}
    for argument in old.args:
        parts = tuple(new.insert_arg(kind, len(new.args)) for kind in part_types(type_of(argument)))
        for part in parts:
            part.name_hint, part.location = argument.name_hint, argument.location
        values[argument] = parts
    build = GraphBuilder(new)
    op = old.first_op
    while op is not None:
        following = op.next_op
        if isinstance(op, CallOp):
            build.location = op.location
            _set_parts(op.outputs, _convert_call(op, build, values), values)
        else:
            _move(op, new, values)
        op = following
    function.body.detach_block(old)
    function.body.add_block(new)
    old.erase(safe_erase=False)
    function.update_function_type()


def _set_parts(results: Sequence[SSAValue], parts: Sequence[SSAValue], values: dict[SSAValue, Parts]) -> None:
    """Enter what results of an op became, whose parts lie one after the other."""
    place = 0
    for result in results:
        count = len(part_types(type_of(result)))
        values[result] = tuple(parts[place : place + count])
        place += count


def _convert_call(op: CallOp, build: GraphBuilder, values: dict[SSAValue, Parts]) -> Sequence[SSAValue]:
    """Return the parts of what replaces the results of ``op``: of its own, when it stays."""
    kinds = [kind for output in op.outputs for kind in part_types(type_of(output))]
    name = op.overload.data
    has_complex = any(is_complex(value.type) for value in (*op.operands, *op.outputs))
    if not has_complex and name not in handlers():
        return _keep(op, build, values, "")
    elements = [part_element(element_of(value)) for value in (*op.operands, *op.outputs)]
    unknown = next((element for element in elements if element not in ELEMENTS), None)
    if unknown is not None:
        return _keep(op, build, values, f"elements of {unknown}")
    if has_complex and name not in complex_handlers():
        return _keep(op, build, values, "complex numbers" if name in handlers() else "")
    if kinds and all(0 in kind.get_shape() for kind in kinds):  # nothing to compute
        return [build.full(0, kind.get_shape(), kind.element_type) for kind in kinds]
    try:
        if has_complex:
            results = complex_handlers()[name](ComplexCall(op, build, values))
        else:
            results = handlers()[name](Call(op, build, {operand: values[operand][0] for operand in op.operands}))
    except (UnsupportedCall, VerifyException) as refusal:  # the latter: an op that has no meaning for these operands
        return _keep(op, build, values, str(refusal))
    results = (results,) if isinstance(results, SSAValue) else results
    hints = [output.name_hint for output in op.outputs for _ in part_types(type_of(output))]
    for kind, hint, result in zip(kinds, hints, results, strict=True):
        if kind != result.type:
            return _keep(op, build, values, f"a result of {kind} where its operands make {result.type}")
        if result.name_hint is None:
            result.name_hint = hint
    return results


def _keep(op: CallOp, build: GraphBuilder, values: dict[SSAValue, Parts], reason: str) -> Sequence[SSAValue]:
    """Leave a call as it is, with the reason; of complex tensors, it takes and gives the parts."""
    op.attributes[REFUSED] = StringAttr(reason)
    if not any(is_complex(value.type) for value in (*op.operands, *op.outputs)):
        _move(op, build.block, values)
        return op.outputs
    arguments = [(name, _in_parts(op.argument(name), values)) for name, _ in op.arguments.data]
    kinds = [kind for output in op.outputs for kind in part_types(type_of(output))]
    kept = CallOp.make(op.overload.data, arguments, kinds, op.location)
    kept.attributes.update(op.attributes)
    build.block.add_op(kept)
    return kept.outputs


def _in_parts(value: Argument, values: dict[SSAValue, Parts]) -> Argument:
    if isinstance(value, tuple):
        return tuple(_in_parts(each, values) for each in value)
    if not isinstance(value, SSAValue):
        return value
    first, *rest = values[value]
    return (first, *rest) if rest else first


def _move(op: Operation, block: Block, values: dict[SSAValue, Parts]) -> None:
    """Append an op that is not ATen's (a weight, a call of a layer, the return) to ``block``."""
    operands = [part for operand in op.operands for part in values[operand]]
    if any(is_complex(result.type) for result in op.results):
        kinds = [kind for result in op.results for kind in part_types(type_of(result))]
        moved = type(op).create(operands=operands, result_types=kinds, properties=op.properties, location=op.location)
        block.add_op(moved)
        _set_parts(op.results, moved.results, values)
        return
    op.detach()
    if op.operands:
        op.operands = operands
    block.add_op(op)
    for result in op.results:
        values[result] = (result,)
