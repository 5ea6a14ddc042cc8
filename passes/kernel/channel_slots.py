"""Channels at the kernel level: their flags, and slots that lie in the consumer's memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.isa.mte import BLOCK
from dialects.kernel import INTRINSICS
from dialects.kernel.scalar import NextSlotOp
from dialects.kernel.structure import InitBufferOp, SliceOp
from dialects.kernel.sync import CrossCoreSetFlagOp, CrossCoreWaitFlagOp
from dialects.tile import structure
from dialects.tile.types import TileType
from passes.analysis.tile_storage import l1_pitch, pitch_of, storage_bytes
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Index, Scope
from runtime.machine.description import Machine

if TYPE_CHECKING:
    from passes.kernel.program_builder import ProgramBuilder


RELEASING_PIPE = {"gm": "MTE2", "ub": "V", "l1": "MTE1"}
"""Memory of a channel's slots -> the pipe on which the consumer reads them."""
DRAINED = {DType.f16: "f32_f16", DType.bf16: "f32_bf16"}
"""Type that a product leaves L0C in -> what the fixpipe does for that; others are left as they are."""


def slot_of(op: structure.ChannelOp) -> TileType:
    """Return the type of a channel's slots."""
    return op.channel.type.slot


@dataclass
class Channels:
    """The channels of a program, and the buffers of those whose slots lie in the consumer's memory."""

    made: list[structure.ChannelOp] = field(default_factory=list[structure.ChannelOp])
    buffers: dict[structure.ChannelOp, SSAValue] = field(default_factory=dict[structure.ChannelOp, SSAValue])

    def preset(self, op: structure.ChannelOp, scope: Scope, core: str, machine: Machine) -> None:
        """Declare a channel; its consumer hands the producer all slots."""
        self.made.append(op)
        slot = slot_of(op)
        if op.direct:
            position = "vecin" if slot.space.data == "ub" else "a1"
            size = op.depth.value.data * slot_bytes(slot, machine)
            self.buffers[op] = scope.add(InitBufferOp.make(position, size, op.id.value.data)).buffer
        if op.producer.data != core:
            for _ in range(op.depth.value.data):
                scope.add(CrossCoreSetFlagOp.make(RELEASING_PIPE[slot.space.data], op.id.value.data + 1, 2))

    def drain(self, scope: Scope, core: str) -> None:
        """Let each producer wait until all its slots are free again, so that the flags end as they began."""
        for op in self.made:
            if op.producer.data == core:
                for _ in range(op.depth.value.data):
                    scope.add(CrossCoreWaitFlagOp.make(op.id.value.data + 1, 2))


def share_of(slot: TileType, machine: Machine) -> int:
    """Return how many rows of a slot a vector core has."""
    return -(-slot.rows // machine.vector_per_cube)


def slot_bytes(slot: TileType, machine: Machine) -> int:
    """Return the bytes of a slot in its consumer's memory; in UB, of the rows that one vector core has."""
    rows = share_of(slot, machine) if slot.space.data == "ub" else slot.rows
    return storage_bytes(TileType.make(rows, slot.cols, slot.element_type, slot.space.data), machine.cube)


def dtype_of(value: SSAValue) -> DType:
    """Return the element type of a tile."""
    return DType.of(cast("TileType", value.type).element_type)


def accumulator_pitch(scope: Scope, rows: Index, machine: Machine) -> Index:
    """Return the height of the column blocks of an accumulator of some rows."""
    block = machine.cube.block_m
    return scope.product(scope.quotient(scope.sum(rows, block - 1), block), block)


def direct_slot(builder: ProgramBuilder, scope: Scope, channel: structure.ChannelOp, offset: Index) -> SSAValue:
    """Return the tensor that starts ``offset`` bytes into the next slot in the consumer's memory."""
    number = scope.add(NextSlotOp.make(channel.depth.value.data)).result
    start = scope.sum(scope.product(number, slot_bytes(slot_of(channel), builder.machine)), offset)
    return scope.add(SliceOp.make(builder.channels.buffers[channel], start)).results[0]


def hand_over(builder: ProgramBuilder, scope: Scope, op: structure.PutOp, channel: structure.ChannelOp) -> None:
    """Write a tile into the consumer's memory: from L0C to the vector cores' UBs, or from UB to L1."""
    slot, dtype, machine = slot_of(channel), dtype_of(op.source), builder.machine
    rows, cols = builder.index(op.rows), builder.index(op.cols)
    if slot.space.data == "ub":
        pipe = "FIX"
        tensors = [direct_slot(builder, scope, channel, 0), builder.local(op.source, pipe)]
        fields: dict[str, Index | str] = {"m": rows, "n": cols, "share": share_of(slot, machine), "acc": dtype.name}
        fields["src_rows"] = accumulator_pitch(scope, rows, machine)
        dtype = DType.of(slot.element_type)
        fields["quant"] = DRAINED.get(dtype, "none")
        fields["dst_stride"] = pitch_of(slot.cols) * dtype.size
    else:
        pipe = "MTE3"
        type_ = cast("TileType", op.source.type)
        tile = UBTile.of(builder.local(op.source, pipe), type_.rows, type_.cols, dtype)
        start = scope.product(builder.index(op.row), BLOCK)
        tensors = [direct_slot(builder, scope, channel, start), tile.local]
        fields = {"rows": rows, "cols": cols, "src_stride": tile.pitch * dtype.size}
        fields["dst_rows"] = l1_pitch(slot, machine.cube)
    name = "fixpipe_ub" if slot.space.data == "ub" else "nd2nz_ub_l1"
    scope.add(INTRINSICS[name].make(tensors, {**fields, "type": dtype.name}))
    scope.add(CrossCoreSetFlagOp.make(pipe, channel.id.value.data, 2))
