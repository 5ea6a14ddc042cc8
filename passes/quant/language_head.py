"""Finds the language-model head: the product that turns hidden states into a score for each word of the vocabulary."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Operation, SSAValue

from dialects.graph import MatmulOp, TakeOp
from dialects.graph.operation import integer
from dialects.graph.types import shape_of
from passes.analysis.weight_values import Origin, WeightValues


def language_heads(module: ModuleOp, origins: WeightValues) -> frozenset[Operation]:
    """Return the language-model heads of ``module``.

    A head is a matmul in `main` with two marks. Its weight has the size of an embedding table, [words, width]: a table
    whose rows are taken by indices that depend on an input (the two may be one tensor, as in GPT-2, or not, as in
    Llama). And no other matmul and no outlined layer depends on its result. Both are needed: position tables can be as
    square as a projection, and the last layer of any classifier comes last.
    """
    functions = [op for op in module.body.block.ops if isinstance(op, FuncOp) and op.body.blocks]
    tables = {
        shape_of(op.operands[0])
        for function in functions
        for op in function.body.block.ops
        if isinstance(op, TakeOp) and _is_embedding(op, origins)
    }
    return frozenset(
        op
        for function in functions
        if function.sym_name.data == "main"
        for op in function.body.block.ops
        if isinstance(op, MatmulOp) and _weight_size(op, origins) in tables and not _feeds_a_product(op.result)
    )


def _is_embedding(op: TakeOp, origins: WeightValues) -> bool:
    table, indices = op.operands
    chosen = origins.is_weight(table) and origins.origin(indices) is Origin.INPUT
    return chosen and len(shape_of(table)) == 2 and integer(op.properties, "axis") == 0


def _weight_size(op: MatmulOp, origins: WeightValues) -> tuple[int, int] | None:
    """Return (outputs, inputs) of the projection that ``op`` is, None when its right operand is no weight matrix."""
    shape = shape_of(op.rhs)
    if not origins.is_weight(op.rhs) or len(shape) != 2:
        return None
    return (shape[0], shape[1]) if op.transpose_b is not None else (shape[1], shape[0])


def _feeds_a_product(value: SSAValue) -> bool:
    """Whether a matmul, a call or an op with a body depends on ``value``."""
    pending, seen = [value], {value}
    while pending:
        for use in pending.pop().uses:
            if isinstance(use.operation, MatmulOp | CallOp) or use.operation.regions:
                return True
            for result in use.operation.results:
                if result not in seen:
                    seen.add(result)
                    pending.append(result)
    return False
