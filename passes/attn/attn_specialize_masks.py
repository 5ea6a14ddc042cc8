"""The pass that gives layers with different masks functions of their own."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import SSAValue

from dialects.graph.types import shape_of
from passes.attn.expressions import Apply, leaves_of
from passes.attn.mask_recipes import recipe_of, serves_as_mask
from passes.attn.passed_arguments import PassedArguments, is_private
from passes.attn.positions import COLUMN, ROW, digits
from passes.attn.reader import Reader
from passes.base import SfumatoPass
from passes.graph.rewriting import functions


@dataclass(frozen=True)
class AttnSpecializeMasks(SfumatoPass):
    """Copy a layer's function for each mask that its calls pass, where masks are made of positions and small tensors.

    Layers are outlined once whatever values they are handed. A mask that all calls share is read through the call by
    `attn-fuse-attention`; where some layers see a window and others all keys, each kind of layer gets a function.
    """

    name = "attn-specialize-masks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Specialise every private function."""
        calls = PassedArguments(op).calls
        for function in list(functions(op)):
            if is_private(function):
                _specialize(function, calls.get(function.sym_name.data, []))


def _specialize(function: FuncOp, calls: list[CallOp]) -> None:
    masks = [
        index
        for index, argument in enumerate(function.body.block.args)
        if len({call.operands[index] for call in calls}) > 1
        and (
            all(_is_mask(call.operands[index]) for call in calls)
            or (serves_as_mask(argument) and all(recipe_of(call.operands[index]) is not None for call in calls))
        )
    ]
    kinds: dict[tuple[SSAValue, ...], str] = {}
    for call in calls:
        key = tuple(call.operands[index] for index in masks)
        if key not in kinds:
            kinds[key] = _copied(function, len(kinds))
        call.properties["callee"] = SymbolRefAttr(kinds[key])


def _copied(function: FuncOp, number: int) -> str:
    """The name of the function itself the first time, then of a copy behind it."""
    name = function.sym_name.data
    if number == 0:
        return name
    copy = function.clone()
    copy.properties["sym_name"] = StringAttr(f"{name}_mask_{number}")
    for before, after in zip(function.walk(), copy.walk(), strict=True):
        after.location = before.location
    block = function.parent
    assert block is not None
    block.insert_op_after(copy, function)
    return copy.sym_name.data


def _is_mask(value: SSAValue) -> bool:
    """Whether a value's last two axes are queries and keys, and its elements follow from their positions alone."""
    shape = shape_of(value)
    if len(shape) < 2 or 1 in shape[-2:]:
        return False
    reader = Reader(None, shape[-2], shape[-1], lambda _: None)
    node = reader.read(value, (*digits(shape[:-2]), ROW, COLUMN))
    return isinstance(node, Apply) and not leaves_of(node)
