"""The pass `tile-expand-matmul`: products of windows become loops over chunks of k in L1 and in L0."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from dialects.interned import text_attr
from dialects.tile.compute import MatmulOp
from passes.base import SfumatoPass
from passes.tile.product_loops import Product
from passes.tile.product_parts import PartedProduct


@dataclass(frozen=True)
class TileExpandMatmul(SfumatoPass):
    """Expand each `tile.matmul`: load chunks of k to L1, move parts of them to L0A and L0B, sum products in L0C.

    The chunk sizes are the op's `l1_k` and `l0_k`. An operand that is stored transposed is turned on the way to L0. One
    whose window is named outside a loop around the op, and of which one chunk holds all, is loaded there, once.
    A product that has `l1_n` and `l0_n` is made in parts of so many columns, each of which leaves L0C when complete.
    Products of f32 are rounded to HF32 where the module's `sfumato.precision` is `hf32`.
    """

    name = "tile-expand-matmul"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand every product of the module."""
        hf32 = op.attributes.get("sfumato.precision") == text_attr("hf32")
        for product in list(op.walk()):
            if isinstance(product, MatmulOp):
                expand = PartedProduct if product.l0_n is not None else Product
                expand(product, hf32).expand()
