"""What a mask known while compiling says: nothing, causal, or something else."""

from __future__ import annotations

from math import prod
from typing import Literal

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import BlockArgument, SSAValue

from dialects.graph import WeightOp
from dialects.graph.operation import GraphOp
from dialects.graph.types import shape_of
from passes.analysis.evaluate import MEANINGS, evaluate_op
from passes.analysis.evaluation.array import Array
from passes.attn.matching import MASKED
from passes.graph.rewriting import functions

MAXIMUM_ELEMENTS = 1 << 22
"""Larger masks are not computed while compiling."""

Meaning = Literal["none", "causal", "other"]


def known(value: SSAValue, cache: dict[SSAValue, Array | None]) -> Array | None:
    """The elements of a value made of constants and iotas only, or None."""
    if value not in cache:
        cache[value] = _computed(value, cache)
    return cache[value]


def _computed(value: SSAValue, cache: dict[SSAValue, Array | None]) -> Array | None:
    op = value.owner
    if isinstance(value, BlockArgument):
        passed = _passed(value)
        return None if passed is None else known(passed, cache)
    if not isinstance(op, GraphOp) or isinstance(op, WeightOp) or type(op) not in MEANINGS:
        return None
    if len(op.results) != 1 or prod(shape_of(value)) > MAXIMUM_ELEMENTS:
        return None
    operands: list[Array] = []
    for operand in op.operands:
        array = known(operand, cache)
        if array is None:
            return None
        operands.append(array)
    return evaluate_op(op, operands)[0]


def _passed(argument: BlockArgument) -> SSAValue | None:
    """The one value that every call passes for an argument of a private function, if it is one."""
    function = argument.owner.parent_op()
    module = None if function is None else function.parent_op()
    if not isinstance(function, FuncOp) or not isinstance(module, ModuleOp) or function.sym_visibility is None:
        return None
    name, values = function.sym_name.data, list[SSAValue]()
    for caller in functions(module):
        for call in caller.body.block.ops:
            if isinstance(call, CallOp) and call.callee.root_reference.data == name:
                values.append(call.operands[argument.index])
    private = function.sym_visibility.data == "private"
    return values[0] if private and values and all(value is values[0] for value in values) else None


def meaning(mask: Array, negated: bool, rows: int, columns: int) -> Meaning:
    """What a mask keeps of scores [rows, columns]: all, the causal lower triangle, or something else.

    A mask is a truth value (True keeps) or is added to the scores.
    """
    if mask.dtype == np.bool_:
        keeps = ~mask if negated else mask
    else:
        added = mask.astype(np.float64)
        if not bool(((added == 0) | (added <= MASKED)).all()):
            return "other"
        keeps = added == 0
    if bool(keeps.all()):
        return "none"
    if keeps.shape[-2:] == (rows, columns) and bool((keeps == np.tri(rows, columns, dtype=np.bool_)).all()):
        return "causal"
    return "other"
