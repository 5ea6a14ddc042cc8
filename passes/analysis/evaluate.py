"""The meaning of graph-level programs: runs functions in numpy, for constant folding and as the tests' reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue

from dialects.attn import AttentionOp
from dialects.errors import SfumatoError
from dialects.graph import WeightOp
from dialects.graph.operation import GraphOp
from dialects.graph.recurrence import RecurrenceOp
from passes.analysis.evaluation.array import Array, Meaning, rounded
from passes.analysis.evaluation.attention import attend
from passes.analysis.evaluation.composite import COMPOSITES
from passes.analysis.evaluation.contraction import CONTRACTIONS
from passes.analysis.evaluation.indexing import INDEXING
from passes.analysis.evaluation.pointwise import POINTWISE
from passes.analysis.evaluation.recurrence import walk
from passes.analysis.evaluation.reduction import REDUCTIONS
from passes.analysis.evaluation.view import VIEWS

MEANINGS: dict[type[GraphOp], Meaning] = {
    **POINTWISE,
    **VIEWS,
    **REDUCTIONS,
    **CONTRACTIONS,
    **INDEXING,
    **COMPOSITES,
}
"""What each graph op computes; weights are looked up instead."""


def evaluate_op(op: Operation, operands: Sequence[Array], chunk: int | None = None) -> tuple[Array, ...]:
    """The results of one operation for the values of its operands; recurrences walk ``chunk`` elements at a time."""
    if isinstance(op, RecurrenceOp):
        return walk(op, operands, evaluate_op, chunk)
    if isinstance(op, AttentionOp):
        with np.errstate(all="ignore"):
            return attend(op, operands, evaluate_op)
    meaning = MEANINGS.get(cast("type[GraphOp]", type(op)))
    if meaning is None:
        raise SfumatoError(f"'{op.name}' has no numpy meaning", op.location)
    with np.errstate(all="ignore"):
        return meaning(op, operands)


def evaluate(
    program: ModuleOp | FuncOp,
    inputs: Sequence[Array],
    weights: Mapping[str, Array] | None = None,
    chunk: int | None = None,
) -> list[Array]:
    """The outputs of a function, or of a module's function `main`.

    Inputs are given in the order of the arguments; `weights` maps archive keys to arrays of the right shape.
    Functions that are called are looked up in the module around the function. ``chunk`` is the number of elements that
    recurrences walk at a time (``None``: the whole axis); it changes rounding only.
    """
    return _Evaluator({} if weights is None else weights, chunk).run(_main(program), inputs)


def _main(program: ModuleOp | FuncOp) -> FuncOp:
    if isinstance(program, FuncOp):
        return program
    for op in program.body.block.ops:
        if isinstance(op, FuncOp) and op.sym_name.data == "main":
            return op
    raise SfumatoError("the module has no function 'main' to run")


def _callee(call: CallOp) -> FuncOp:
    module = call.parent_op()
    while module is not None and not isinstance(module, ModuleOp):
        module = module.parent_op()
    name = call.callee.root_reference.data
    for op in module.body.block.ops if module else ():
        if isinstance(op, FuncOp) and op.sym_name.data == name:
            return op
    raise SfumatoError(f"function '@{name}' is called but not defined", call.location)


class _Evaluator:
    def __init__(self, weights: Mapping[str, Array], chunk: int | None) -> None:
        self.weights = weights
        self.chunk = chunk

    def run(self, function: FuncOp, inputs: Sequence[Array]) -> list[Array]:
        block = function.body.block
        values: dict[SSAValue, Array] = {
            argument: rounded(value, argument) for argument, value in zip(block.args, inputs, strict=True)
        }
        for op in block.ops:
            operands = [values[operand] for operand in op.operands]
            if isinstance(op, ReturnOp):
                return operands
            values.update(zip(op.results, self.results(op, operands), strict=True))
        raise SfumatoError(f"function '@{function.sym_name.data}' does not return", function.location)

    def results(self, op: Operation, operands: Sequence[Array]) -> Sequence[Array]:
        if isinstance(op, CallOp):
            return self.run(_callee(op), operands)
        if isinstance(op, WeightOp):
            if op.key.data not in self.weights:
                raise SfumatoError(f"weight '{op.key.data}' is not given", op.location)
            return (rounded(self.weights[op.key.data], op.result),)
        return evaluate_op(op, operands, self.chunk)
