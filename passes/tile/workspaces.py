"""Memory for sums that both kinds of core add to, and the order in which they do.

The vector cores begin a sum and add integers to its bits, the cube core adds products: in turns, since a float and an
integer addition do not commute. Each says when it is done (`tile.signal`) and waits for the other (`tile.wait`). For
each tile the vector cores have the first turn: the cube core signals once at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.interned import i64_attr
from dialects.tile.compute import ComputeOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.structure import KernelOp
from dialects.tile.types import is_in_ub
from dialects.tile.workspace import BitcastOp, SignalOp, WaitOp, WorkspaceOp
from passes.tile.channels import Channels


def place_workspaces(kernel: KernelOp, channels: Channels) -> None:
    """Give each workspace of a kernel its memory and flags, and put what reads and writes it in order."""
    for op in [op for op in kernel.walk() if isinstance(op, WorkspaceOp)]:
        memory, flags = channels.workspace(op.tile.type, 1), channels.flags()
        made = WorkspaceOp.create(operands=[memory], properties={"id": i64_attr(flags)}, result_types=[op.tile.type])
        made.location = op.location
        Rewriter.replace_op(op, made)
        _order(list(_accesses(made.tile)), made.tile)
        _insert(SignalOp, made, made.tile, "cube", after=True)


def _accesses(window: SSAValue) -> Iterator[StoreOp | LoadOp]:
    for use in list(window.uses):
        if isinstance(use.operation, BitcastOp | SubviewOp):
            yield from _accesses(use.operation.window)
        elif isinstance(use.operation, StoreOp | LoadOp):
            yield use.operation


def _order(accesses: Sequence[StoreOp | LoadOp], tile: SSAValue) -> None:
    """Wait before accesses, signal after them; what begins a sum is in front of the first turn."""
    bits: dict[Block | None, list[StoreOp]] = {}
    for access in accesses:
        if isinstance(access, LoadOp):
            _insert(WaitOp, access, tile, "cube")
        elif access.atomic is not None and is_in_ub(access.source):
            bits.setdefault(access.parent, []).append(access)
        elif access.atomic is not None:
            _insert(WaitOp, access, tile, "vector")
            _insert(SignalOp, access, tile, "cube", after=True)
    for block, stores in bits.items():
        assert block is not None
        stores.sort(key=block.get_operation_index)
        made = stores[0].source.owner  # what is spread out for the stores alone needs memory only then
        _insert(WaitOp, made if isinstance(made, ComputeOp) else stores[0], tile, "cube")
        _insert(SignalOp, stores[-1], tile, "vector", after=True)


def _insert(
    kind: type[SignalOp] | type[WaitOp], place: Operation, tile: SSAValue, core: str, *, after: bool = False
) -> None:
    made = kind.create(operands=[tile], properties={"core": StringAttr(core)}, location=place.location)
    Rewriter.insert_op(made, InsertPoint.after(place) if after else InsertPoint.before(place))
