"""The pass `tile-partition-cores`: one program for the cube core, one for the vector core, channels between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects import scf
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
from xdsl.traits import Pure

from dialects.dtypes import DType
from dialects.tile.compute import ComputeOp, MatmulOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.structure import ChannelOp, GridOp, KernelOp, LaunchOp, ProgramOp, PutOp, RangeOp, ReleaseOp, SplitRowsOp, TakeOp
from dialects.tile.types import ChannelType, TileType
from passes.base import SfumatoPass, target_of
from passes.tile.scope import INDEX, Scope
from runtime.machine.description import Machine, load

DEPTH = 2
"""Slots of a channel: the producer fills one while the consumer reads the other."""


@dataclass(frozen=True)
class TilePartitionCores(SfumatoPass):
    """Give each operation to the core that can run it: products to the cube core, the rest to the vector cores.

    What the fixpipe can do (a ReLU, a conversion to f16 or bf16) on the way from a product to its store stays with the
    cube core. Every other value that crosses goes through a channel in GM; the two vector cores of a block share its rows.
    The kernel's kind (cube, vector, mix) and its number of blocks follow.
    """

    name = "tile-partition-cores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Partition every kernel that has no programs yet."""
        machine = load(target_of(op))
        workspaces: dict[str, int] = {}
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and not isinstance(kernel.body.block.first_op, ProgramOp):
                bytes_ = _Partition(kernel, machine).run()
                if bytes_:
                    workspaces[kernel.sym_name.data] = bytes_
        for launch in op.walk():
            if isinstance(launch, LaunchOp) and launch.kernel.root_reference.data in workspaces:
                bytes_ = workspaces[launch.kernel.root_reference.data]
                launch.properties["workspace"] = DenseArrayBase.from_list(i64, [bytes_])


class _Partition:
    def __init__(self, kernel: KernelOp, machine: Machine) -> None:
        self.kernel = kernel
        self.machine = machine
        self.block = kernel.body.block
        self.channels = 0
        self.workspace_bytes = 0
        self.grids = [op for op in self.block.ops if isinstance(op, GridOp)]

    def run(self) -> int:
        """Partition the kernel; return the bytes of workspace that a launch needs."""
        products = [op for op in self.block.walk() if isinstance(op, MatmulOp)]
        for product in products:
            self._fold_into_store(product)
        crossing = [op for op in products if any(not isinstance(use.operation, StoreOp) for use in op.tile.uses)]
        kind = "mix" if crossing else "cube" if products else "vector"
        tiles = max(prod(grid.tiles.get_values()) for grid in self.grids)
        blocks = min(self.machine.cores(kind), tiles)
        if crossing:
            self._connect(crossing, blocks)
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
        return self.workspace_bytes

    def _fold_into_store(self, product: MatmulOp) -> None:
        """Let the fixpipe do a ReLU and a conversion that lie between a product and its only store."""
        value: SSAValue = product.tile
        chain: list[Operation] = []
        relu = False
        while True:
            uses = list(value.uses)
            if len(uses) != 1:
                return
            op = uses[0].operation
            if isinstance(op, StoreOp):
                break
            if not isinstance(op, ComputeOp) or chain and chain[-1] is op:
                return
            source = cast("TileType", value.type).element_type
            result = cast("TileType", op.tile.type).element_type
            if op.function.data == "relu":
                relu = True
            elif not (op.function.data == "cast" and source == f32 and result in (f16, bf16)):
                return
            chain.append(op)
            value = op.tile
        op.operands[0] = product.tile
        if relu:
            op.properties["relu"] = UnitAttr()
        for dead in reversed(chain):
            dead.detach()
            dead.erase()

    def _connect(self, products: list[MatmulOp], blocks: int) -> None:
        """Send each product that vector ops read through a channel: put and take, a load of this core's rows, release."""
        for product in products:
            type_ = cast("TileType", product.tile.type)
            slot = TileType.make(type_.rows, type_.cols, type_.element_type, "gm")
            memory = self._workspace(slot, blocks)
            channel = ChannelOp.create(
                operands=[memory],
                properties={
                    "depth": IntegerAttr(DEPTH, i64),
                    "id": IntegerAttr(2 * self.channels, i64),
                    "producer": StringAttr("cube"),
                },
                result_types=[ChannelType(slot)],
            )
            self.channels += 1
            self.block.insert_op_before(channel, cast("Operation", self.block.first_op))
            self._cross(product, channel, slot)

    def _workspace(self, slot: TileType, blocks: int) -> SSAValue:
        shape = [blocks, DEPTH, slot.rows, slot.cols]
        memory = self.block.insert_arg(TensorType(slot.element_type, shape), len(self.block.args))
        assert self.kernel.arguments is not None
        known = cast("ArrayAttr[StringAttr]", self.kernel.arguments.data["directions"])
        self.kernel.properties["arguments"] = DictionaryAttr({"directions": ArrayAttr([*known, StringAttr("workspace")])})
        self.workspace_bytes += prod(shape) * DType.of(slot.element_type).size
        return memory

    def _cross(self, product: MatmulOp, channel: ChannelOp, slot: TileType) -> None:
        block = cast("Block", product.parent)
        grid = cast("GridOp", block.parent_op())
        round_ = grid.body.block.args[0]
        readers = [use.operation for use in product.tile.uses]
        rows, cols = product.m, product.n
        put = PutOp.create(operands=[product.tile, channel.channel, round_, rows, cols])
        take = TakeOp.create(operands=[channel.channel, round_], result_types=[slot])
        scope = Scope(Block(), location=product.location)
        zero = scope.value(0)
        view = SubviewOp.create(operands=[take.slot, zero, zero, rows, cols], result_types=[slot])
        load_ = LoadOp.create(
            operands=[view.window, rows, cols],
            result_types=[TileType.make(slot.rows, slot.cols, slot.element_type, "ub")],
        )
        release = ReleaseOp.create(operands=[channel.channel])
        constants = list(scope.block.ops)
        for op in constants:
            op.detach()
        made = [put, *constants, take, view, load_, release]
        for op in made:
            op.location = product.location
        block.insert_ops_after(made, product)
        for reader in readers:
            for i, operand in enumerate(reader.operands):
                if operand is product.tile:
                    reader.operands[i] = load_.tile


def _is_cube(op: Operation) -> bool:
    """Whether a tile op runs on the cube core."""
    if isinstance(op, MatmulOp):
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
    """Erase what the other core runs, and what nobody needs then."""
    for op in reversed(list(block.ops)):
        for region in op.regions:
            _keep_core(region.block, core)
        foreign = not _is_shared(op) and not op.has_trait(Pure) and _is_cube(op) != (core == "cube")
        unused = op.has_trait(Pure) and not any(result.uses for result in op.results)
        if foreign or unused or isinstance(op, LoadOp) and not any(result.uses for result in op.results):
            op.detach()
            op.erase()


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
        for result in op.results:
            type_ = result.type
            if isinstance(type_, TileType) and type_.rows == whole and not isinstance(op, TakeOp):
                result._type = type_.with_rows(share)  # pyright: ignore

