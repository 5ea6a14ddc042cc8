"""The pass that finds attention in graph ops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from dialects.attn import AttentionOp
from dialects.graph import MatmulOp, SoftmaxOp
from dialects.graph.operation import GraphOp
from passes.analysis.weight_values import WeightValues
from passes.attn.candidates import Unfused, candidate_of, written_candidate
from passes.attn.construction import Construction
from passes.attn.passed_arguments import PassedArguments
from passes.attn.softmax_forms import softmax_of
from passes.base import SfumatoPass
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import Rewriter, functions, rewrite_block
from passes.remarks import remark


@dataclass(frozen=True)
class AttnFuseAttention(SfumatoPass):
    """Turn a softmax between two matrix products into attn.attention, and simplify the attention there is.

    Softmax may be one op or written out, with a maximum subtracted or not, guarded against rows of minus infinities,
    with a further column that is dropped again (sinks). Whatever pointwise ops and views lie between the product of
    queries and keys and the softmax (scales, biases, soft-caps, masks, casts, in any order) become the attention's
    region. A sum of products is one product of longer queries and keys. Constant factors of queries, keys and scores
    become the scale. Keys and values that repeat heads are taken before the repetition.

    Masks are read as predicates over query i and key j. One that is a band along the diagonal (causal, windows) becomes
    the attributes `lower` and `upper`, so that no mask is loaded and what it hides is not computed. A finite number in
    the place of hidden scores allows this only if no row can be hidden wholly. What else follows from positions and
    from tensors smaller than the mask is computed inside the attention.

    Left alone, with a remark: softmax whose operand is no product of queries and keys or whose weights multiply no
    values, and scores or weights that something else reads too (they would be computed twice).
    """

    name = "attn-fuse-attention"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Fuse in every function."""
        passed, origins = PassedArguments(op), WeightValues(op)
        for function in functions(op):
            fusion = _Fusion(passed, origins)
            rewrite_block(function.body.block, fusion.fuse)
            sweep(function.body.block)
            self._explain(function, fusion.reasons)

    def _explain(self, function: FuncOp, reasons: dict[Operation, str]) -> None:
        """Say why each softmax that is left was not fused."""
        for op in function.body.block.ops:
            if not isinstance(op, GraphOp) or len(op.results) != 1:
                continue
            found = softmax_of(op.results[0])
            if isinstance(op, SoftmaxOp) or (found is not None and found.op is op):
                remark(self.name, op, f"softmax not fused: {reasons.get(op) or _why_no_weights(op)}")


def _why_no_weights(op: Operation) -> str:
    """Why the result of a softmax takes part in no attention."""
    if isinstance(op, SoftmaxOp) and op.axis.value.data != len(op.result.type.get_shape()) - 1:
        return f"it is along axis {op.axis.value.data}, not the last"
    users = sorted({use.operation.name for use in op.results[0].uses})
    return f"its result is no operand of a product with values: {', '.join(users) or 'nothing'} reads it"


class _Fusion:
    """One walk over a function; remembers why softmaxes were left."""

    def __init__(self, passed: PassedArguments, origins: WeightValues) -> None:
        self.passed, self.origins = passed, origins
        self.reasons: dict[Operation, str] = {}

    def fuse(self, op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
        """The attention in the place of a product with values, or of an attention that can be simplified."""
        if isinstance(op, AttentionOp):
            found = candidate_of(op, self.passed.value)
        elif isinstance(op, MatmulOp):
            found = written_candidate(op, self.passed.value, self.reasons)
        else:
            return None
        try:
            return None if found is None else [Construction(found, self.passed.value, self.origins, rewriter).result()]
        except Unfused as reason:
            if found is not None and found.softmax is not None:
                self.reasons[found.softmax] = str(reason)
            return None
