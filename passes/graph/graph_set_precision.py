"""The pass that decides the float types that a model computes in."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, bf16, f16

from dialects.errors import SfumatoError
from dialects.interned import text_attr
from passes.base import SfumatoPass
from passes.graph.precision import narrow_products
from passes.graph.widening import widen

PRECISIONS = ("keep", "fp32", "hf32", "fp16", "bf16")
"""What can be asked for."""


@dataclass(frozen=True)
class GraphSetPrecision(SfumatoPass):
    """Convert the model's arithmetic; its inputs and outputs keep the exported types.

    `fp16` and `bf16` narrow the operands of matrix products, convolutions and attention, weights included, and keep
    their sums and all other arithmetic as exported (f32 of an f32 model): the cube gets its speed, and residual
    streams, normalisations and softmax lose no digits. `fp32` widens everything. `hf32` changes no type: products of
    f32 are rounded to HF32 in the cube. `keep` changes nothing. The choice is left in the module's attribute
    `sfumato.precision`. Runs before composites are expanded.
    """

    name = "graph-set-precision"
    precision: str = "keep"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Convert the whole module."""
        if self.precision not in PRECISIONS:
            raise SfumatoError(f"there is no precision '{self.precision}': expected one of {', '.join(PRECISIONS)}")
        op.attributes["sfumato.precision"] = text_attr(self.precision)
        match self.precision:
            case "fp16":
                narrow_products(op, f16)
            case "bf16":
                narrow_products(op, bf16)
            case "fp32":
                widen(op)
            case _:
                pass
