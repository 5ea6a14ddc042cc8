"""The pass that makes masks in the layers that they are handed to."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Operation, SSAValue

from passes.attn.mask_recipes import Recipe, recipe_of, serves_as_mask
from passes.attn.passed_arguments import PassedArguments, is_private
from passes.base import SfumatoPass
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import functions


@dataclass(frozen=True)
class AttnSinkMasks(SfumatoPass):
    """Compute a mask inside each layer that is handed it, where it is made of positions and smaller tensors.

    A causal mask joined with one of padding has an element for each query and key; in the layer, where
    `attn-fuse-attention` sees how it is made, it becomes a band and one truth value a key, and is not loaded. Masks
    that are inputs of the model stay arguments.
    """

    name = "attn-sink-masks"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Sink into every private function."""
        passed = PassedArguments(op)
        for function in functions(op):
            if is_private(function):
                _sink(function, passed)
        for function in functions(op):
            sweep(function.body.block)


def _sink(function: FuncOp, passed: PassedArguments) -> None:
    block = function.body.block
    for argument in list(block.args):
        mask = passed.value(argument)
        recipe = None if mask is None or not serves_as_mask(argument) else recipe_of(mask)
        if mask is None or recipe is None:
            continue
        calls = passed.calls[function.sym_name.data]
        argument.replace_all_uses_with(_made(function, recipe, calls)[mask])
        for call in calls:
            call.operands = [operand for index, operand in enumerate(call.operands) if index != argument.index]
        block.erase_arg(argument)
        function.update_function_type()


def _made(function: FuncOp, recipe: Recipe, calls: list[CallOp]) -> dict[SSAValue, SSAValue]:
    """Write a recipe at the beginning of a function, whose calls pass what it reads; what its values became."""
    block = function.body.block
    values: dict[SSAValue, SSAValue] = {}
    for leaf in recipe.leaves:
        values[leaf] = block.insert_arg(leaf.type, len(block.args))
        for call in calls:
            call.operands = [*call.operands, leaf]
    first = block.first_op
    assert first is not None
    for op in recipe.ops:
        made = _copy(op, values)
        block.insert_op_before(made, first)
    return values


def _copy(op: Operation, values: dict[SSAValue, SSAValue]) -> Operation:
    made = op.clone(value_mapper=values)
    made.location = op.location
    return made
