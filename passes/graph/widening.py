"""Puts all float arithmetic of a module into f32."""

from __future__ import annotations

from xdsl.dialects.builtin import FunctionType, ModuleOp, bf16, f16, f32
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects import aten
from dialects.graph import CastOp, ConstantOp, WeightOp
from dialects.graph.operation import GraphOp
from dialects.graph.types import element_of, is_float, scalar_attr, shape_of, tensor, type_of
from dialects.graph.view import PadOp
from passes.graph.rewriting import functions


def _wide(type: Attribute, value: SSAValue) -> Attribute:
    return tensor(shape_of(value), f32) if element_of(value) in (f16, bf16) else type


def widen(module: ModuleOp) -> None:
    """Rebuild every function with f32 in the place of f16 and bf16; public functions keep their signature."""
    for function in functions(module):
        private = function.sym_visibility is not None and function.sym_visibility.data == "private"
        _widen_function(function, keep_signature=not private)


def _widen_function(function: FuncOp, keep_signature: bool) -> None:
    old = function.body.block
    types = [argument.type if keep_signature else _wide(argument.type, argument) for argument in old.args]
    new = Block(arg_types=types)
    values: dict[SSAValue, SSAValue] = {}

    def add(op: Operation, source: Operation | None) -> Operation:
        if source is not None:
            op.location = source.location
        new.add_op(op)
        return op

    def wide(value: SSAValue, source: Operation | None) -> SSAValue:
        narrow = element_of(value) in (f16, bf16)
        return add(CastOp.make(value, f32), source).results[0] if narrow else value

    for before, after in zip(old.args, new.args, strict=True):
        values[before] = wide(after, None)
    for op in old.ops:
        operands = [values[operand] for operand in op.operands]
        if isinstance(op, ReturnOp):
            if keep_signature:
                operands = [_restored(value, was, op, new) for value, was in zip(operands, op.operands, strict=True)]
            add(ReturnOp(*operands), op)
        elif isinstance(op, WeightOp):
            values[op.result] = wide(add(op.clone(), op).results[0], op)
        elif isinstance(op, aten.CallOp):  # not converted: will be reported
            values.update(zip(op.results, add(op.clone(dict(values)), op).results, strict=True))
        elif isinstance(op, GraphOp | CallOp):
            results = [_wide(result.type, result) for result in op.results]
            regions = [_widened(region) for region in op.regions]
            kind = type(op)
            made = add(
                kind.create(operands=operands, result_types=results, properties=op.properties, regions=regions), op
            )
            _widen_value(made, op)
            values.update(zip(op.results, made.results, strict=True))
        else:
            raise TypeError(f"{op.name} is no operation of the graph level")
    outputs = list(new.last_op.operand_types) if new.last_op is not None else []
    function.function_type = FunctionType.from_lists(types, outputs)
    function.body.insert_block(new, 0)
    function.body.erase_block(old, safe_erase=False)


def _widened(region: Region) -> Region:
    """The region of an attention, whose operands are wide already; what converted them converts nothing now."""
    new = Block(arg_types=[_wide(argument.type, argument) for argument in region.block.args])
    values: dict[SSAValue, SSAValue] = dict(zip(region.block.args, new.args, strict=True))
    for op in region.block.ops:
        operands = [values[operand] for operand in op.operands]
        types = [_wide(result.type, result) for result in op.results]
        if isinstance(op, CastOp) and operands[0].type == types[0]:
            values[op.result] = operands[0]
            continue
        made = type(op).create(operands=operands, result_types=types, properties=op.properties, location=op.location)
        new.add_op(made)
        values.update(zip(op.results, made.results, strict=True))
    return Region(new)


def _restored(value: SSAValue, was: SSAValue, source: Operation, block: Block) -> SSAValue:
    if element_of(value) == element_of(was):
        return value
    cast = CastOp.make(value, element_of(was))
    cast.location = source.location
    block.add_op(cast)
    return cast.result


def _widen_value(op: Operation, old: Operation) -> None:
    """Give constants and padding a value of the new element type."""
    if isinstance(old, ConstantOp) and is_float(element_of(old.result)):
        type, scalar = type_of(op.results[0]), old.scalar
        wide = ConstantOp.from_array(old.to_numpy(), type) if scalar is None else ConstantOp.make(scalar, type)
        op.properties["value"] = wide.value
    elif isinstance(old, PadOp) and is_float(element_of(old.result)):
        fill = ConstantOp.create(result_types=(old.result.type,), properties={"value": old.value}).scalar
        op.properties["value"] = scalar_attr(fill or 0.0, element_of(op.results[0]))
