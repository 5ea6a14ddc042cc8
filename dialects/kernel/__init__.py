"""The kernel dialect: AscendC as IR. One op an intrinsic, queues instead of flags, buffers instead of addresses."""

from __future__ import annotations

from xdsl.ir import Dialect, Operation

from dialects.kernel import copy, cube, vector, vector_move, vector_reduce, vector_scalar, vector_select
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp, GetBlockNumOp, GetSubBlockIdxOp, GetValueOp, NextSlotOp
from dialects.kernel.structure import InitBufferOp, KernelOp, ProgramOp, SliceOp
from dialects.kernel.sync import CrossCoreSetFlagOp, CrossCoreWaitFlagOp, PipeBarrierOp
from dialects.kernel.types import GlobalType, LocalType, QueueType

_STRUCTURE: list[type[Operation]] = [
    KernelOp,
    ProgramOp,
    InitQueueOp,
    InitBufferOp,
    SliceOp,
    AllocTensorOp,
    EnqueOp,
    DequeOp,
    FreeTensorOp,
    GetBlockIdxOp,
    GetBlockNumOp,
    GetSubBlockIdxOp,
    NextSlotOp,
    GetValueOp,
    CrossCoreSetFlagOp,
    CrossCoreWaitFlagOp,
    PipeBarrierOp,
]

INTRINSICS: dict[str, type[Intrinsic]] = {
    op.instruction.mnemonic: op
    for module in (copy, cube, vector, vector_scalar, vector_select, vector_reduce, vector_move)
    for op in vars(module).values()
    if isinstance(op, type) and issubclass(op, Intrinsic) and op is not Intrinsic
}
"""Mnemonic of the instruction -> the intrinsic that becomes it."""

Kernel = Dialect("kernel", [*_STRUCTURE, *INTRINSICS.values()], [GlobalType, LocalType, QueueType])
