"""The pass `tile-partition-cores`: one program for the cube core, one for the vector core, channels between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    IntegerAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
    bf16,
    f16,
    f32,
    i64,
)
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter
from xdsl.traits import Pure

from dialects.dtypes import DType
from dialects.tile.compute import AccumulatorOp, ComputeOp, MatmulOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.structure import (
    ChannelOp,
    GridOp,
    KernelOp,
    LaunchOp,
    ProgramOp,
    PutOp,
    RangeOp,
    ReleaseOp,
    SplitRowsOp,
    TakeOp,
)
from dialects.tile.types import ChannelType, TileType
from passes.base import SfumatoPass, target_of
from passes.tile.scope import INDEX, Index, Scope
from runtime.machine.description import Machine, load

DEPTH = 2
"""Slots of a channel: the producer fills one while the consumer reads the other."""


@dataclass(frozen=True)
class TilePartitionCores(SfumatoPass):
    """Give each operation to the core that can run it: products to the cube core, the rest to the vector cores.

    What the fixpipe can do (a ReLU, a conversion to f16 or bf16) on the way from a product to its store stays with the
    cube core. Every other value that crosses goes through a channel in GM; the two vector cores of a block share its
    rows. The kernel's kind (cube, vector, mix) and its number of blocks follow.
    """

    name = "tile-partition-cores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Partition every kernel that has no programs yet."""
        machine = load(target_of(op))
        workspaces: dict[str, list[int]] = {}
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and not isinstance(kernel.body.block.first_op, ProgramOp):
                workspaces[kernel.sym_name.data] = _Partition(kernel, machine).run()
        for launch in op.walk():
            if isinstance(launch, LaunchOp) and workspaces.get(launch.kernel.root_reference.data):
                sizes = workspaces[launch.kernel.root_reference.data]
                launch.properties["workspace"] = DenseArrayBase.from_list(i64, sizes)


class _Partition:
    def __init__(self, kernel: KernelOp, machine: Machine) -> None:
        self.kernel = kernel
        self.machine = machine
        self.block = kernel.body.block
        self.channels = 0
        self.workspaces: list[int] = []
        self.grids = [op for op in self.block.ops if isinstance(op, GridOp)]

    def run(self) -> list[int]:
        """Partition the kernel; return the bytes of each workspace that a launch needs."""
        products = [op for op in self.block.walk() if isinstance(op, MatmulOp)]
        for product in products:
            _fold_into_store(_total(product))
        to_vector = [op for op in products if any(not isinstance(u.operation, StoreOp) for u in _total(op).uses)]
        to_cube = [op for op in products if any(_is_in_ub(operand) for operand in (op.lhs, op.rhs))]
        mixed = bool(to_vector or to_cube)
        kind = "mix" if mixed else "cube" if products else "vector"
        tiles = max(prod(grid.tiles.get_values()) for grid in self.grids)
        blocks = min(self.machine.cores(kind), tiles)
        for product in products:
            if product in to_vector:
                self._send_product(product, blocks)
            if product in to_cube:
                self._send_operands(product, blocks)
        cores = {"mix": ("cube", "vector"), "cube": ("cube",), "vector": ("vector",)}[kind]
        programs: list[Operation] = []
        for core in cores:
            region = self.kernel.body.clone()
            _keep_core(region.block, core)
            if kind == "mix" and core == "vector":
                _share_rows(region.block)
            program = ProgramOp.create(properties={"core": StringAttr(core)}, regions=[region])
            program.location = self.kernel.location
            programs.append(program)
        new = Block(programs)
        self.kernel.body.detach_block(self.block)
        self.kernel.body.add_block(new)
        self.block.drop_all_references()
        self.kernel.properties["kind"] = StringAttr(kind)
        self.kernel.properties["blocks"] = IntegerAttr(blocks, i64)
        return self.workspaces

    def _channel(self, slot: TileType, producer: str, blocks: int) -> ChannelOp:
        """Declare a channel whose slots hold tiles of type ``slot``, at the top of the kernel."""
        channel = ChannelOp.create(
            operands=[self._workspace(slot, blocks)],
            properties={
                "depth": IntegerAttr(DEPTH, i64),
                "id": IntegerAttr(2 * self.channels, i64),
                "producer": StringAttr(producer),
            },
            result_types=[ChannelType(slot)],
        )
        self.channels += 1
        self.block.insert_op_before(channel, cast("Operation", self.block.first_op))
        return channel

    def _workspace(self, slot: TileType, blocks: int) -> SSAValue:
        shape = [blocks, DEPTH, slot.rows, slot.cols]
        memory = self.block.insert_arg(TensorType(slot.element_type, shape), len(self.block.args))
        assert self.kernel.arguments is not None
        known = cast("ArrayAttr[StringAttr]", self.kernel.arguments.data["directions"])
        directions = ArrayAttr([*known, StringAttr("workspace")])
        self.kernel.properties["arguments"] = DictionaryAttr({"directions": directions})
        self.workspaces.append(prod(shape) * DType.of(slot.element_type).size)
        return memory

    def _send_product(self, product: MatmulOp, blocks: int) -> None:
        """Send a product to the vector cores: put and take, a load of this core's rows, release."""
        total = _total(product)
        place = cast("Operation", total.owner)
        type_ = cast("TileType", total.type)
        slot = TileType.make(type_.rows, type_.cols, type_.element_type, "gm")
        channel = self._channel(slot, "cube", blocks)
        readers = [use.operation for use in total.uses]
        scope = Scope(Block(), location=product.location)
        round_ = scope.value(_round(place, scope))
        zero = scope.value(0)
        extents = [product.m, product.n]
        scope.add(PutOp.create(operands=[total, channel.channel, round_, zero, *extents]))
        slot_value = scope.add(TakeOp.create(operands=[channel.channel, round_], result_types=[slot])).slot
        view = scope.add(SubviewOp.create(operands=[slot_value, zero, zero, *extents], result_types=[slot]))
        target = TileType.make(slot.rows, slot.cols, slot.element_type, "ub")
        tile = scope.add(LoadOp.create(operands=[view.window, *extents], result_types=[target])).tile
        scope.add(ReleaseOp.create(operands=[channel.channel]))
        _insert(scope, place, after=True)
        for reader in readers:
            for i, operand in enumerate(reader.operands):
                if operand is total:
                    reader.operands[i] = tile

    def _send_operands(self, product: MatmulOp, blocks: int) -> None:
        """Send operands that the vector cores compute to the cube core: put after the op, take before the product."""
        for place, operand in enumerate((product.lhs, product.rhs)):
            if not _is_in_ub(operand):
                continue
            type_ = cast("TileType", operand.type)
            slot = TileType.make(type_.rows, type_.cols, type_.element_type, "gm")
            channel = self._channel(slot, "vector", blocks)
            extents = (product.m, product.k) if place == 0 else (product.k, product.n)
            scope = Scope(Block(), location=product.location)
            round_ = scope.value(_round(product, scope))
            scope.add(PutOp.create(operands=[operand, channel.channel, round_, scope.value(0), *extents]))
            taken = scope.add(TakeOp.create(operands=[channel.channel, round_], result_types=[slot])).slot
            _insert(scope, product, after=False)
            product.operands[place] = taken
            after = Scope(Block(), location=product.location)
            after.add(ReleaseOp.create(operands=[channel.channel]))
            _insert(after, product, after=True)


def _fold_into_store(total: SSAValue) -> None:
    """Let the fixpipe do a ReLU and a conversion that lie between a product and its only store."""
    value = total
    chain: list[Operation] = []
    relu = False
    while True:
        uses = list(value.uses)
        if len(uses) != 1:
            return
        op = uses[0].operation
        if isinstance(op, StoreOp):
            break
        if not isinstance(op, ComputeOp) or (chain and chain[-1] is op):
            return
        source = cast("TileType", value.type).element_type
        result = op.tile.type.element_type
        if op.function.data == "relu":
            relu = True
        elif not (op.function.data == "cast" and source == f32 and result in (f16, bf16)):
            return
        chain.append(op)
        value = op.tile
    op.operands[0] = total
    if relu:
        op.properties["relu"] = UnitAttr()
    for dead in reversed(chain):
        dead.detach()
        dead.erase()


def _total(product: MatmulOp) -> SSAValue:
    """Return the sum that a product ends in: its own tile, or what comes out of the loops that add it up."""
    value: SSAValue = product.tile
    while True:
        uses = list(value.uses)
        loop = uses[0].operation.parent_op() if len(uses) == 1 and isinstance(uses[0].operation, scf.YieldOp) else None
        if not isinstance(loop, scf.ForOp):
            return value
        value = loop.results[uses[0].index]


def _insert(scope: Scope, place: Operation, *, after: bool) -> None:
    """Move the ops of a scope next to ``place``."""
    ops = list(scope.block.ops)
    for op in ops:
        op.detach()
    Rewriter.insert_op(ops, InsertPoint.after(place) if after else InsertPoint.before(place))


def _round(op: Operation, scope: Scope) -> Index:
    """Return how often ``op`` has run on this block before: rounds of the grid, times trips of the loops around it."""
    parent = op.parent_op()
    if isinstance(parent, GridOp):
        return parent.body.block.args[0]
    if not isinstance(parent, scf.ForOp):
        return 0
    lower, upper, step = (_constant(value) for value in (parent.lb, parent.ub, parent.step))
    trips = -(-(upper - lower) // step)
    passed = scope.quotient(scope.difference(parent.body.block.args[0], lower), step)
    return scope.sum(scope.product(_round(parent, scope), trips), passed)


def _constant(value: SSAValue) -> int:
    owner = value.owner
    assert isinstance(owner, arith.ConstantOp)
    assert isinstance(owner.value, IntegerAttr)
    return owner.value.value.data


def _is_in_ub(value: SSAValue) -> bool:
    return cast("TileType", value.type).space.data == "ub"


def _is_cube(op: Operation) -> bool:
    """Whether a tile op runs on the cube core."""
    if isinstance(op, MatmulOp | AccumulatorOp):
        return True
    if isinstance(op, PutOp | StoreOp):
        return cast("TileType", op.operands[0].type).space.data == "l0c"
    if isinstance(op, TakeOp | ReleaseOp):
        channel = op.channel.owner
        return isinstance(channel, ChannelOp) and channel.producer.data == "vector"
    return False


def _is_shared(op: Operation) -> bool:
    """Whether an op belongs to both programs: loops, index arithmetic, channels."""
    return isinstance(op, GridOp | RangeOp | ChannelOp | scf.ForOp | scf.YieldOp) or op.name.startswith("arith.")


def _keep_core(block: Block, core: str) -> None:
    """Erase what the other core runs, and what nobody needs then; loops carry only the core's own tiles."""
    for op in reversed(list(block.ops)):
        foreign_loop = isinstance(op, scf.ForOp) and any(_core_of(value) != core for value in op.iter_args)
        if foreign_loop:
            cast("Operation", op.regions[0].block.last_op).operands = []
        for region in op.regions:
            _keep_core(region.block, core)
        if isinstance(op, scf.ForOp) and foreign_loop:
            _drop_carried(op)
            continue
        foreign = not _is_shared(op) and not op.has_trait(Pure) and _is_cube(op) != (core == "cube")
        removable = op.has_trait(Pure) or isinstance(op, LoadOp)
        unused = removable and bool(op.results) and not any(result.uses for result in op.results)
        if foreign or unused:
            op.detach()
            op.erase()


def _core_of(tile: SSAValue) -> str:
    """Return the core whose memory holds a tile."""
    return "vector" if _is_in_ub(tile) else "cube"


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


def _share_rows(block: Block) -> None:
    """Give each of a block's two vector cores half of every tile's rows."""
    for op in list(block.walk()):
        if isinstance(op, RangeOp) and op.role.data == "row":
            _split(op)


def _split(range_: RangeOp) -> None:
    whole = range_.step.value.data
    share = -(-whole // 2)
    split = SplitRowsOp.create(
        operands=[range_.extent], properties={"share": IntegerAttr(share, i64)}, result_types=[INDEX, INDEX]
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
        if isinstance(op, SubviewOp) and isinstance(op.source.owner, TakeOp):
            op.operands[1] = split.offset
        if isinstance(op, PutOp):
            op.operands[3] = split.offset
        values = [*op.results, *(argument for region in op.regions for argument in region.block.args)]
        for value in values:
            type_ = value.type
            if isinstance(type_, TileType) and type_.rows == whole and not isinstance(op, TakeOp):
                Rewriter.replace_value_with_new_type(value, type_.with_rows(share))

