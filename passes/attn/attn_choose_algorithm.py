"""The pass that decides how attention is computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32

from dialects.attn import ALGORITHMS, AttentionOp
from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.graph.types import element_of, shape_of
from dialects.interned import text_attr
from passes.base import SfumatoPass, target_of
from passes.graph.rewriting import functions
from runtime.machine.description import Machine, load

FULL_TILE = 128
"""Rows of a tile that the cube cores keep busy with: below that, keys and values are loaded more often than need be."""


@dataclass(frozen=True)
class AttnChooseAlgorithm(SfumatoPass):
    """Set the `algorithm` of every attn.attention that has none.

    `standard` computes all scores, then softmax, then the product with the values; `flash` runs over blocks of keys and
    carries the softmax; `amla` does so with a sum in memory whose exponents are added to (`attn-expand-amla`), `pasa`
    in f16, with scores that are shifted so that they do not overflow (`attn-expand-pasa`).

    `auto` means `flash`, but `amla` where it takes fewer cycles: where a full tile of the sum and what a chunk of keys
    adds to it do not fit into UB (multi-head latent attention: values of 512), each core has such a tile, no band hides
    keys, and the model computes in 16 bits.
    """

    name = "attn-choose-algorithm"
    algorithm: str = "auto"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Choose in every function."""
        if self.algorithm not in ("auto", *ALGORITHMS):
            known = ", ".join(("auto", *ALGORITHMS))
            raise SfumatoError(f"there is no attention algorithm '{self.algorithm}': expected {known}")
        machine = load(target_of(op))
        for function in functions(op):
            for attention in function.body.block.ops:
                if isinstance(attention, AttentionOp) and attention.algorithm is None:
                    algorithm = _cheapest(attention, machine) if self.algorithm == "auto" else self.algorithm
                    attention.properties["algorithm"] = text_attr(algorithm)


def _cheapest(op: AttentionOp, machine: Machine) -> str:
    """The algorithm that takes the fewest cycles."""
    *lead, rows, _ = op.scores.get_shape()
    own = [size for size, keys in zip(lead, shape_of(op.key)[:-2], strict=True) if keys > 1]
    heads = prod(lead) // prod(own)  # that share keys: their queries are rows of the same products
    tiles = prod(own) * (rows * heads // FULL_TILE)
    summed = 2 * (FULL_TILE // machine.vector_per_cube) * shape_of(op.value)[-1] * DType.f32.size
    banded = any(limit is not None for limit in op.band)
    narrow = element_of(op.query) != f32
    return "amla" if narrow and not banded and tiles >= machine.cube_cores and summed > machine.ub_bytes else "flash"
