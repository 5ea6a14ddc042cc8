"""Data moves of the tile level as AscendC copies: windows of GM, loads, stores, channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.interned import INDEX
from dialects.isa.mte import BLOCK
from dialects.kernel import INTRINSICS
from dialects.kernel.scalar import GetBlockIdxOp, GetValueOp, NextSlotOp
from dialects.kernel.structure import SliceOp
from dialects.kernel.sync import CrossCoreSetFlagOp, CrossCoreWaitFlagOp, PipeBarrierOp
from dialects.tile import compute, data, structure, workspace
from dialects.tile.types import TileType, is_in_l0c
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import l1_pitch
from passes.analysis.workspaces import flags_of, workspace_of
from passes.kernel.channel_slots import (
    RELEASING_PIPE,
    direct_slot,
    dtype_of,
    hand_over,
    slot_of,
)
from passes.kernel.cube_emission import CubeEmitter, combination
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.windows import Window
from passes.scope import Index, Scope

if TYPE_CHECKING:
    from passes.kernel.program_builder import ProgramBuilder


class MoveEmitter:
    """Emits the copies of one op of a tile program, and leaves to `CubeEmitter` what the cube core does."""

    def __init__(self, builder: ProgramBuilder, scope: Scope) -> None:
        """Emit into ``scope``."""
        self.builder = builder
        self.scope = scope
        self.core = builder.program.core.data

    def emit(self, op: Operation) -> None:
        """Emit ``op``."""
        match op:
            case structure.ChannelOp():
                self.builder.channels.preset(op, self.scope, self.core, self.builder.machine)
            case structure.PutOp():
                self._put(op)
            case structure.TakeOp():
                self._take(op)
            case structure.AcquireOp():
                channel = cast("structure.ChannelOp", op.channel.owner)
                self.scope.add(CrossCoreWaitFlagOp.make(channel.id.value.data + 1, 2))
                self.builder.windows.known[op.slot] = self._slot(channel)
            case structure.CommitOp():
                channel = cast("structure.ChannelOp", op.channel.owner)
                pipe = "FIX" if self.core == "cube" else "MTE3"
                self.scope.add(CrossCoreSetFlagOp.make(pipe, channel.id.value.data, 2))
            case structure.ReleaseOp():
                channel = cast("structure.ChannelOp", op.channel.owner)
                pipe = RELEASING_PIPE[slot_of(channel).space.data]
                self.scope.add(CrossCoreSetFlagOp.make(pipe, channel.id.value.data + 1, 2))
            case workspace.WorkspaceOp():
                self._workspace(op)
            case workspace.BitcastOp():
                self.builder.windows.known[op.window] = self._window(op.source)
            case workspace.SignalOp() | workspace.WaitOp():
                self._pass_on(op)
            case data.ViewOp():
                self._view(op)
            case data.SubviewOp():
                self._subview(op)
            case data.LoadOp():
                self._load(op)
            case data.GatherRowsOp():
                self._gather(op)
            case data.StoreOp():
                element = cast("TileType", op.window.type).element_type
                self._write(op.source, self._window(op.window), op.rows, op.cols, element, op)
                if workspace_of(op.window) is not None and op.atomic is None:  # the same pipe adds to it later
                    self.scope.add(PipeBarrierOp.make("MTE3"))
            case data.MoveOp():
                CubeEmitter(self.builder, self.scope).move(op)
            case compute.MmadOp():
                CubeEmitter(self.builder, self.scope).mmad(op)
            case _:
                raise SfumatoError(f"{op.name} is not expected in a program on tiles", op.location)

    def _make(self, name: str, tensors: list[SSAValue], **fields: Index | str) -> None:
        self.scope.add(INTRINSICS[name].make(tensors, fields))

    def _window(self, value: SSAValue) -> Window:
        return self.builder.windows.known[value]

    def _workspace(self, op: workspace.WorkspaceOp) -> None:
        """Name the block's tile of a workspace."""
        kind, scope = op.tile.type, self.scope
        assert op.memory is not None
        block = scope.add(GetBlockIdxOp.make()).results[0]
        offset = scope.product(block, kind.rows * kind.cols * dtype_of(op.tile).size)
        tensor = self.builder.windows.tensors[op.memory]
        self.builder.windows.known[op.tile] = Window(tensor, offset, (kind.cols, 1))

    def _pass_on(self, op: workspace.SignalOp | workspace.WaitOp) -> None:
        """Signal from the pipe that stores to a workspace, or wait for the other core's."""
        found = workspace_of(op.workspace)
        assert found is not None
        flag = flags_of(found) + (op.core.data == "cube")
        pipe = "MTE3" if op.core.data == "vector" else "FIX"
        signals = isinstance(op, workspace.SignalOp)
        self.scope.add(CrossCoreSetFlagOp.make(pipe, flag, 2) if signals else CrossCoreWaitFlagOp.make(flag, 2))

    def _view(self, op: data.ViewOp) -> None:
        element = DType.of(cast("TensorType[Attribute]", op.tensor.type).element_type)
        strides = cast("tuple[int, int]", tuple(op.strides.get_values()))
        offset = self.scope.product(self.builder.index(op.offset), element.size)
        self.builder.windows.known[op.window] = Window(self.builder.windows.tensors[op.tensor], offset, strides)

    def _subview(self, op: data.SubviewOp) -> None:
        scope, index = self.scope, self.builder.index
        type_ = cast("TileType", op.source.type)
        size = dtype_of(op.source).size
        row, col = index(op.row), index(op.col)
        if type_.space.data == "ub":  # of a column
            part = scope.add(SliceOp.make(self.builder.local(op.source, "V"), scope.product(row, size))).results[0]
            self.builder.locals[(op.window, "")] = part
            return
        if type_.space.data == "gm":
            window = self._window(op.source)
            down, along = (stride * size for stride in window.strides)
            moved = scope.sum(scope.product(row, down), scope.product(col, along))
            made = Window(window.tensor, scope.sum(window.offset, moved), window.strides)
        else:
            pitch = l1_pitch(type_, self.builder.machine.cube) * BLOCK
            blocks = scope.quotient(col, BLOCK // size)
            offset = scope.sum(scope.product(row, BLOCK), scope.product(blocks, pitch))
            made = Window(op.source, offset)
        self.builder.windows.known[op.window] = made

    def _load(self, op: data.LoadOp) -> None:
        window = self._window(op.window)
        type_ = op.tile.type
        dtype = dtype_of(op.tile)
        rows, cols = self.builder.index(op.rows), self.builder.index(op.cols)
        target = self.builder.local(op.tile, "MTE2")
        if type_.space.data == "l1":
            fields = {"rows": rows, "cols": cols, "src_stride": window.strides[0] * dtype.size}
            dst_rows = l1_pitch(type_, self.builder.machine.cube)
            self._make("nd2nz", [target, window.tensor_in(self.scope)], **fields, dst_rows=dst_rows, type=dtype.name)
            return
        tile = UBTile.of(target, type_.rows, type_.cols, dtype)
        bursts, elements, distance = self._bursts(tile, window, rows, cols, op)
        self._make(
            "copy_gm_ub",
            [target, window.tensor_in(self.scope)],
            bursts=bursts,
            burst_bytes=self.scope.product(elements, dtype.size),
            src_stride=distance * dtype.size,
            dst_stride=round_up(tile.pitch * dtype.size, BLOCK),
        )

    def _bursts(
        self, tile: UBTile, window: Window, rows: Index, cols: Index, op: Operation
    ) -> tuple[Index, Index, int]:
        """Return how many runs a copy has, the elements of each and the distance between them in GM, in elements."""
        row, col = window.strides
        if (row if tile.extent == "column" else col) not in (0, 1) and tile.extent != "scalar":
            message = f"elements that lie {row} and {col} apart are no runs to copy: tile-legalize-strides comes first"
            raise SfumatoError(message, op.location)
        if tile.extent == "full":
            return rows, cols, row
        return (1, rows, 0) if tile.extent == "column" else (rows, cols, 0)

    def _gather(self, op: data.GatherRowsOp) -> None:
        """Copy one row after the other; the scalar unit reads which."""
        type_ = op.tile.type
        dtype = dtype_of(op.tile)
        tensor = self.builder.windows.tensors[op.tensor]
        target = UBTile.of(self.builder.local(op.tile, "MTE2"), type_.rows, type_.cols, dtype)
        indices = self.builder.local(op.indices, "S")
        stride = op.strides.get_values()[0] * dtype.size
        offset = self.scope.product(self.builder.index(op.offset), dtype.size)
        cols = self.builder.index(op.cols)
        body = Block(arg_types=[INDEX])
        inner = Scope(body, self.scope)
        place = inner.add(SliceOp.make(indices, inner.product(body.args[0], 4))).results[0]
        row = inner.add(GetValueOp.make(place, "i32")).results[0]
        source = inner.add(SliceOp.make(tensor, inner.sum(offset, inner.product(row, stride)))).results[0]
        step = target.pitch * dtype.size
        into = inner.add(SliceOp.make(target.local, inner.product(body.args[0], step))).results[0]
        fields: dict[str, Index] = {"bursts": 1, "burst_bytes": inner.product(cols, dtype.size), "src_stride": 0}
        inner.add(INTRINSICS["copy_gm_ub"].make([into, source], {**fields, "dst_stride": BLOCK}))
        inner.add(scf.YieldOp.create())
        scope = self.scope
        bounds = [scope.value(0), scope.value(self.builder.index(op.rows)), scope.value(1)]
        scope.add(scf.ForOp.create(operands=bounds, regions=[Region(body)]))

    def _write(
        self, source: SSAValue, window: Window, rows: SSAValue, cols: SSAValue, element: Attribute, op: Operation
    ) -> None:
        """Write a tile to a window of GM, by the fixpipe from L0C and by MTE3 from UB."""
        type_ = cast("TileType", source.type)
        extents = self.builder.index(rows), self.builder.index(cols)
        if is_in_l0c(source):
            CubeEmitter(self.builder, self.scope).drain(source, window, extents, element, op)
            return
        dtype = dtype_of(source)
        tile = UBTile.of(self.builder.local(source, "MTE3"), type_.rows, type_.cols, dtype)
        bursts, elements, distance = self._bursts(tile, window, *extents, op)
        self._make(
            "copy_ub_gm",
            [window.tensor_in(self.scope), tile.local],
            bursts=bursts,
            burst_bytes=self.scope.product(elements, dtype.size),
            src_stride=round_up(tile.pitch * dtype.size, BLOCK),
            dst_stride=distance * dtype.size,
            type=dtype.name,
            **combination(op),
        )

    def _slot(self, channel: structure.ChannelOp) -> Window:
        """Return a channel's next slot as a window of its workspace."""
        scope = self.scope
        slot = channel.channel.type.slot
        depth = channel.depth.value.data
        block = scope.add(GetBlockIdxOp.make()).results[0]
        place = scope.sum(scope.product(block, depth), scope.add(NextSlotOp.make(depth)).result)
        size = slot.rows * slot.cols * DType.of(slot.element_type).size
        assert channel.memory is not None
        tensor = self.builder.windows.tensors[channel.memory]
        return Window(tensor, scope.product(place, size), (slot.cols, 1))

    def _put(self, op: structure.PutOp) -> None:
        channel = cast("structure.ChannelOp", op.channel.owner)
        id_ = channel.id.value.data
        slot = channel.channel.type.slot
        self.scope.add(CrossCoreWaitFlagOp.make(id_ + 1, 2))
        if channel.direct:
            hand_over(self.builder, self.scope, op, channel)
            return
        window = self._slot(channel)
        row = self.scope.product(self.builder.index(op.row), slot.cols * DType.of(slot.element_type).size)
        window = Window(window.tensor, self.scope.sum(window.offset, row), window.strides)
        self._write(op.source, window, op.rows, op.cols, slot.element_type, op)
        pipe = "FIX" if is_in_l0c(op.source) else "MTE3"
        self.scope.add(CrossCoreSetFlagOp.make(pipe, id_, 2))

    def _take(self, op: structure.TakeOp) -> None:
        channel = cast("structure.ChannelOp", op.channel.owner)
        self.scope.add(CrossCoreWaitFlagOp.make(channel.id.value.data, 2))
        if channel.direct:
            self.builder.locals[(op.slot, "")] = direct_slot(self.builder, self.scope, channel, 0)
        else:
            self.builder.windows.known[op.slot] = self._slot(channel)
