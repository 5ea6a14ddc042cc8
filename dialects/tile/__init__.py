"""The tile dialect: operations on tiles of tensors in named memory spaces, in loops, in a kernel with a grid."""

from xdsl.ir import Dialect

from dialects.tile import compute, data, elements, launch, structure, workspace
from dialects.tile.types import ChannelType, TileType

Tile = Dialect(
    "tile",
    [
        structure.KernelOp,
        structure.ReturnOp,
        launch.LaunchOp,
        structure.ProgramOp,
        structure.GridOp,
        structure.RangeOp,
        structure.SplitRowsOp,
        structure.ChannelOp,
        structure.PutOp,
        structure.TakeOp,
        structure.ReleaseOp,
        structure.AcquireOp,
        structure.CommitOp,
        workspace.WorkspaceOp,
        workspace.BitcastOp,
        workspace.SignalOp,
        workspace.WaitOp,
        data.ViewOp,
        data.SubviewOp,
        data.LoadOp,
        data.GatherRowsOp,
        data.StoreOp,
        data.MoveOp,
        elements.LoadElementsOp,
        elements.GatherElementsOp,
        elements.StoreElementsOp,
        compute.ConstantOp,
        compute.ComputeOp,
        compute.ReduceOp,
        compute.IotaOp,
        compute.TransposeOp,
        compute.JoinRowsOp,
        compute.MatmulOp,
        compute.AccumulatorOp,
        compute.MmadOp,
    ],
    [TileType, ChannelType],
)
