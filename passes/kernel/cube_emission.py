"""What the cube core does with tiles: moves to L0, products, and sums written out by the fixpipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.ir import Attribute, Operation, SSAValue

from dialects.dtypes import DType
from dialects.kernel import INTRINSICS
from dialects.tile import compute, data
from dialects.tile.types import TileType
from passes.analysis.tile_storage import l1_pitch
from passes.kernel.channel_slots import DRAINED, accumulator_pitch, dtype_of
from passes.kernel.windows import Window
from passes.scope import Index, Scope

if TYPE_CHECKING:
    from passes.kernel.program_builder import ProgramBuilder


def combination(op: Operation) -> dict[str, str]:
    """Return how a store combines with what lies in memory, if it does."""
    return {"atomic": op.atomic.data} if isinstance(op, data.StoreOp) and op.atomic is not None else {}


class CubeEmitter:
    """Emits the intrinsics of one op on the cube core."""

    def __init__(self, builder: ProgramBuilder, scope: Scope) -> None:
        """Emit into ``scope``."""
        self.builder = builder
        self.scope = scope

    def _make(self, name: str, tensors: list[SSAValue], **fields: Index | str) -> None:
        self.scope.add(INTRINSICS[name].make(tensors, fields))

    def move(self, op: data.MoveOp) -> None:
        """Move a part of a tile in L1 to L0A or L0B."""
        part = self.builder.windows.known[op.source]
        whole = cast("TileType", part.tensor.type)
        window = Window(self.builder.local(part.tensor, "MTE1"), part.offset)
        space = op.tile.type.space.data
        fields: dict[str, Index | str] = {
            "m" if space == "l0a" else "n": self.builder.index(op.rows),
            "k": self.builder.index(op.cols),
            "src_rows": l1_pitch(whole, self.builder.machine.cube),
            "transpose": int(op.transpose is not None),
            "type": dtype_of(op.tile).name,
        }
        name = f"load_{space}"
        self._make(name, [self.builder.local(op.tile, "MTE1"), window.tensor_in(self.scope)], **fields)

    def mmad(self, op: compute.MmadOp) -> None:
        """Add a product to sums in L0C."""
        index = self.builder.index
        self.builder.aliases[op.tile] = op.accumulator
        accumulator = self.builder.local(op.accumulator, "M")
        self._make(
            "mmad",
            [accumulator, self.builder.local(op.lhs, "M"), self.builder.local(op.rhs, "M")],
            m=index(op.m),
            n=index(op.n),
            k=index(op.k),
            init=index(op.first),
            type=dtype_of(op.lhs).name,
            acc=dtype_of(op.tile).name,
            mode="none" if op.hf32 is None else "hf32",
        )

    def drain(
        self, source: SSAValue, window: Window, extents: tuple[Index, Index], element: Attribute, op: Operation
    ) -> None:
        """Write sums in L0C to a window of GM by the fixpipe, rounded to the window's type."""
        acc, out = dtype_of(source), DType.of(element)
        self._make(
            "fixpipe",
            [window.tensor_in(self.scope), self.builder.local(source, "FIX")],
            m=extents[0],
            n=extents[1],
            src_rows=accumulator_pitch(self.scope, extents[0], self.builder.machine),
            dst_stride=window.strides[0] * out.size,
            quant=DRAINED.get(out, "none"),
            relu=int("relu" in op.properties),
            acc=acc.name,
            type=out.name,
            **combination(op),
        )
