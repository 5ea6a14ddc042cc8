"""One kind of core's part of a kernel: what the other core runs is erased, rows are shared by the vector cores."""

from __future__ import annotations

from typing import cast

from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.traits import Pure

from dialects.interned import INDEX, i64_attr
from dialects.tile.compute import AccumulatorOp, ComputeOp, IotaOp, MatmulOp, ReduceOp, TransposeOp
from dialects.tile.data import GatherRowsOp, LoadOp, StoreOp, SubviewOp, ViewOp
from dialects.tile.structure import ChannelOp, GridOp, PutOp, RangeOp, ReleaseOp, SplitRowsOp, TakeOp
from dialects.tile.types import TileType, is_in_l0c, is_in_ub
from dialects.tile.workspace import SignalOp, WaitOp, WorkspaceOp
from passes.analysis.workspaces import workspace_of
from passes.scope import Scope
from passes.tile.row_pieces import piece_rows


def keep_core(block: Block, core: str) -> None:
    """Erase what the other core runs, and what nobody needs then; loops carry only the core's own tiles."""
    for op in reversed(list(block.ops)):
        foreign_loop = isinstance(op, scf.ForOp) and any(_core_of(value) != core for value in op.iter_args)
        if foreign_loop:
            cast("Operation", op.regions[0].block.last_op).operands = []
        for region in op.regions:
            keep_core(region.block, core)
        if isinstance(op, scf.ForOp) and foreign_loop:
            _drop_carried(op)
            continue
        foreign = not _is_shared(op) and not op.has_trait(Pure) and _is_cube(op) != (core == "cube")
        removable = op.has_trait(Pure) or isinstance(op, LoadOp)
        unused = removable and bool(op.results) and not any(result.uses for result in op.results)
        if foreign or unused:
            op.detach()
            op.erase()


def _is_cube(op: Operation) -> bool:
    """Whether a tile op runs on the cube core."""
    if isinstance(op, MatmulOp | AccumulatorOp):
        return True
    if isinstance(op, PutOp | StoreOp):
        return is_in_l0c(op.operands[0])
    if isinstance(op, TakeOp | ReleaseOp):
        channel = op.channel.owner
        return isinstance(channel, ChannelOp) and channel.producer.data == "vector"
    if isinstance(op, SignalOp | WaitOp):
        return op.core.data == ("cube" if isinstance(op, SignalOp) else "vector")
    return False


def _is_shared(op: Operation) -> bool:
    """Whether an op belongs to both programs: loops, index arithmetic, channels and workspaces."""
    both = GridOp | RangeOp | ChannelOp | WorkspaceOp | scf.ForOp | scf.YieldOp
    return isinstance(op, both) or op.name.startswith("arith.")


def _core_of(tile: SSAValue) -> str:
    """Return the core whose memory holds a tile."""
    return "vector" if is_in_ub(tile) else "cube"


def _drop_carried(loop: scf.ForOp) -> None:
    """Replace a loop by one that carries nothing, if anything is left in it; users of what it carried are erased."""
    body = loop.body.block
    for argument in reversed(body.args[1:]):
        body.erase_arg(argument)
    if body.first_op is body.last_op:
        loop.detach()
        loop.erase()
        return
    region = loop.detach_region(loop.body)
    bare = scf.ForOp.create(operands=[loop.lb, loop.ub, loop.step], regions=[region])
    bare.location = loop.location
    Rewriter.insert_op(bare, InsertPoint.before(loop))
    loop.detach()
    loop.erase()


def gather_moves(block: Block) -> None:
    """Move loads, and the index arithmetic they need, in front of what computes, and stores behind it.

    All loads of a block then share one queue slot, and so do all stores. What is stored to a workspace stays between
    the flags of its turn.
    """
    for op in block.ops:
        for region in op.regions:
            gather_moves(region.block)
    end = block.last_op if isinstance(block.last_op, scf.YieldOp) else None
    for op in list(block.ops):
        if isinstance(op, StoreOp) and is_in_ub(op.source) and workspace_of(op.window) is None:
            op.detach()
            if end is None:
                block.add_op(op)
            else:
                block.insert_op_before(op, end)
    moved: set[Operation] = set()
    place = block.first_op
    for op in list(block.ops):
        movable = isinstance(op, LoadOp | RangeOp | SplitRowsOp | ViewOp | SubviewOp) or op.name.startswith("arith.")
        if movable and all(value.owner in moved or _is_outside(value, block) for value in op.operands):
            moved.add(op)
            if op is place:
                place = op.next_op
            elif place is not None:
                op.detach()
                block.insert_op_before(op, place)


def _is_outside(value: SSAValue, block: Block) -> bool:
    """Whether a value is not computed by an op of ``block``."""
    owner = value.owner
    return not isinstance(owner, Operation) or owner.parent is not block


def share_rows(block: Block, cores: int, pieces: int) -> None:
    """Give each of a block's vector cores an equal share of every tile's rows, its tiles one of ``pieces`` of that."""
    for op in list(block.walk()):
        if isinstance(op, RangeOp) and op.role.data == "row":
            _split(op, cores, pieces)


def _split(range_: RangeOp, cores: int, pieces: int) -> None:
    whole = range_.step.value.data
    share = -(-whole // cores)
    size = piece_rows(share, pieces)
    split = SplitRowsOp.create(
        operands=[range_.extent], properties={"share": i64_attr(share)}, result_types=[INDEX, INDEX]
    )
    block = cast("Block", range_.parent)
    scope = Scope(Block(), location=range_.location)
    start = scope.value(scope.sum(range_.start, split.offset))
    sums = list(scope.block.ops)
    for op in sums:
        op.detach()
    added = [split, *sums]
    split.location = range_.location
    block.insert_ops_after(added, range_)
    keep = set(added)
    range_.start.replace_uses_with_if(start, lambda use: use.operation not in keep)
    range_.extent.replace_uses_with_if(split.rows, lambda use: use.operation not in keep)
    for op in block.walk():
        if isinstance(op, SubviewOp) and (isinstance(op.source.owner, TakeOp) or workspace_of(op.source) is not None):
            op.operands[1] = split.offset
        if isinstance(op, TakeOp) and is_in_ub(op.slot):
            slot = op.slot.type
            _retype(op.slot, TileType.make(-(-slot.rows // cores), slot.cols, slot.element_type, "ub"))
        if isinstance(op, PutOp):
            op.operands[2] = split.offset
        _shrink(op, split.rows, size)


def _shrink(op: Operation, rows: SSAValue, share: int) -> None:
    """Give the tile that ``op`` makes as many rows (or, turned, columns) as the share has."""
    if isinstance(op, scf.ForOp):
        for start, argument, result in zip(op.iter_args, op.body.block.args[1:], op.results, strict=True):
            _retype(argument, start.type)
            _retype(result, start.type)
        return
    if not isinstance(op, ViewOp | SubviewOp | LoadOp | GatherRowsOp | ComputeOp | ReduceOp | IotaOp | TransposeOp):
        return
    type_ = cast("TileType", op.results[0].type)
    extents = (op.cols, op.rows) if isinstance(op, TransposeOp) else (op.rows, op.cols)
    shape = [
        share if extent is rows and size > 1 else size
        for extent, size in zip(extents, (type_.rows, type_.cols), strict=True)
    ]
    _retype(op.results[0], TileType.make(shape[0], shape[1], type_.element_type, type_.space.data))


def _retype(value: SSAValue, type_: Attribute) -> None:
    if value.type != type_:
        Rewriter.replace_value_with_new_type(value, type_)
