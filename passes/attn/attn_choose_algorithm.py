"""The pass that decides how attention is computed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from dialects.attn import ALGORITHMS, AttentionOp
from dialects.errors import SfumatoError
from dialects.interned import text_attr
from passes.base import SfumatoPass
from passes.graph.rewriting import functions


@dataclass(frozen=True)
class AttnChooseAlgorithm(SfumatoPass):
    """Set the `algorithm` of every attn.attention that has none.

    `standard` computes all scores, then softmax, then the product with the values; `flash` runs over blocks of keys and
    carries the softmax; `amla` does so with a sum in memory whose exponents are added to (`attn-expand-amla`), `pasa`
    in f16, with scores that are shifted so that they do not overflow (`attn-expand-pasa`). `auto` means `flash`.
    """

    name = "attn-choose-algorithm"
    algorithm: str = "auto"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Choose in every function."""
        algorithm = "flash" if self.algorithm == "auto" else self.algorithm
        if algorithm not in ALGORITHMS:
            raise SfumatoError(f"there is no attention algorithm '{algorithm}': expected auto, {', '.join(ALGORITHMS)}")
        for function in functions(op):
            for attention in function.body.block.ops:
                if isinstance(attention, AttentionOp) and attention.algorithm is None:
                    attention.properties["algorithm"] = text_attr(algorithm)
