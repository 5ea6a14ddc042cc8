"""Channels: how values cross between the cube core and the vector cores of a block.

On a machine with direct paths they go straight into the consumer's memory; else, and where that has no room for them or
their shape does not suit, through workspaces in GM.
"""

from __future__ import annotations

from math import prod
from typing import cast

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, StringAttr, TensorType, f16, f32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.interned import i64_attr
from dialects.tile.compute import ComputeOp, MatmulOp, ReduceOp, TransposeOp
from dialects.tile.data import LoadOp, SubviewOp
from dialects.tile.structure import ChannelOp, KernelOp, PutOp, RangeOp, ReleaseOp, TakeOp
from dialects.tile.types import ChannelType, TileType, is_in_ub
from passes.analysis.tile_storage import storage_bytes
from passes.scope import Scope
from runtime.machine.description import Machine

_IN_UB = (ComputeOp, ReduceOp, TransposeOp)
"""What reads tiles in UB on the vector pipe."""

DEPTH = 2
"""Slots of a channel at least: the producer fills one while the consumer reads the other."""


def preload_of(kernel: KernelOp) -> int:
    """Return how many iterations the turns of a kernel's loop are ahead of each other, as its schedule says."""
    return _scheduled(kernel, "preload", 0)


def pieces_of(kernel: KernelOp) -> int:
    """Return in how many pieces a vector core computes its rows of a tile."""
    return _scheduled(kernel, "pieces", 1)


def _scheduled(kernel: KernelOp, name: str, default: int) -> int:
    if kernel.schedule is None:
        return default
    nests = cast("ArrayAttr[DictionaryAttr]", kernel.schedule.data["nests"])
    found = [cast("IntegerAttr", nest.data[name]) for nest in nests if name in nest.data]
    return max((number.value.data for number in found), default=default)


class Channels:
    """Connects the two kinds of core of one kernel."""

    def __init__(self, kernel: KernelOp, blocks: int, machine: Machine) -> None:
        """Connect within ``kernel``, which runs on ``blocks`` blocks of ``machine``."""
        self.machine = machine
        products = [op for op in kernel.walk() if isinstance(op, MatmulOp)]
        chunks = sum(2 * self._chunk_bytes(op, place) for op in products for place in (0, 1))
        self.l1_left = machine.l1_bytes - chunks
        self.kernel = kernel
        self.block = kernel.body.block
        self.blocks = blocks
        self.pairs = 0
        self.depth = max(DEPTH, preload_of(kernel) + 1)
        self.workspaces: list[int] = []

    def _chunk_bytes(self, product: MatmulOp, place: int) -> int:
        """Return the bytes of L1 that a chunk of an operand takes."""
        type_ = cast("TileType", product.operands[place].type)
        k, k_rows = product.l1_k.value.data, (product.transpose_a is not None, product.transpose_b is None)[place]
        shape = (min(k, type_.rows), type_.cols) if k_rows else (type_.rows, min(k, type_.cols))
        return storage_bytes(TileType.make(*shape, type_.element_type, "l1"), self.machine.cube)

    def _channel(self, slot: TileType, producer: str) -> ChannelOp:
        """Declare a channel whose slots hold tiles of type ``slot``, at the top of the kernel."""
        direct = slot.space.data != "gm"
        channel = ChannelOp.create(
            operands=[] if direct else [self.workspace(slot, self.depth)],
            properties={
                "depth": i64_attr(DEPTH if direct else self.depth),
                "id": i64_attr(self.flags()),
                "producer": StringAttr(producer),
            },
            result_types=[ChannelType(slot)],
        )
        self.block.insert_op_before(channel, cast("Operation", self.block.first_op))
        return channel

    def flags(self) -> int:
        """Take a pair of cross-core flags; return the first one's id."""
        first = 2 * self.pairs
        if first + 1 >= self.machine.cross_flags:
            name, flags = self.machine.name, self.machine.cross_flags
            message = (
                f"this kernel needs cross-core flags 0 to {first + 1}, {name} has {flags}; choose a target with more"
            )
            raise SfumatoError(message, self.kernel.location)
        self.pairs += 1
        return first

    def workspace(self, slot: TileType, depth: int) -> SSAValue:
        """Take memory for ``depth`` tiles for each block, as an argument of the kernel."""
        shape = [self.blocks, depth, slot.rows, slot.cols]
        memory = self.block.insert_arg(TensorType(slot.element_type, shape), len(self.block.args))
        assert self.kernel.arguments is not None
        known = cast("ArrayAttr[StringAttr]", self.kernel.arguments.data["directions"])
        directions = ArrayAttr([*known, StringAttr("workspace")])
        self.kernel.properties["arguments"] = DictionaryAttr({"directions": directions})
        self.workspaces.append(prod(shape) * DType.of(slot.element_type).size)
        return memory

    def send_product(self, product: MatmulOp) -> None:
        """Send a product to the vector cores: put and take, a load of this core's rows, release.

        Where all that reads it is a conversion to f16, the fixpipe converts and half as many bytes cross.
        """
        total = total_of(product)
        place = cast("Operation", total.owner)
        narrow = _narrowing(total)
        received = total if narrow is None else narrow.tile
        type_ = cast("TileType", received.type)
        direct = self._has_direct_path(product)
        slot = TileType.make(type_.rows, type_.cols, type_.element_type, "ub" if direct else "gm")
        channel = self._channel(slot, "cube")
        readers = [use.operation for use in received.uses]
        scope = Scope(Block(), location=product.location)
        zero = scope.value(0)
        extents = [product.m, product.n]
        scope.add(PutOp.create(operands=[total, channel.channel, zero, *extents]))
        tile = scope.add(TakeOp.create(operands=[channel.channel], result_types=[slot])).slot
        release = ReleaseOp.create(operands=[channel.channel], location=product.location)
        in_place = direct and all(isinstance(reader, _IN_UB) and reader.parent is place.parent for reader in readers)
        if direct and not in_place:
            properties = {"function": StringAttr("copy")}
            copy = ComputeOp.create(operands=[tile, *extents], properties=properties, result_types=[slot])
            tile = scope.add(copy).tile
        if not direct:
            view = scope.add(SubviewOp.create(operands=[tile, zero, zero, *extents], result_types=[slot]))
            target = TileType.make(slot.rows, slot.cols, slot.element_type, "ub")
            tile = scope.add(LoadOp.create(operands=[view.window, *extents], result_types=[target])).tile
        if not in_place:
            scope.add(release)
        _insert(scope, place, after=True)
        for reader in readers:
            for i, operand in enumerate(reader.operands):
                if operand is received:
                    reader.operands[i] = tile
        if narrow is not None:
            Rewriter.erase_op(narrow)
        if in_place:
            last = max(readers, key=lambda reader: reader.parent.get_operation_index(reader) if reader.parent else 0)
            Rewriter.insert_op(release, InsertPoint.after(last))

    def _has_direct_path(self, product: MatmulOp) -> bool:
        """Whether a product can go from L0C to UB: its rows are those the vector cores share, each a run of bytes."""
        rows = product.m.owner
        shared = isinstance(rows, RangeOp) and rows.role.data == "row" and rows.extent is product.m
        return "l0c_ub" in self.machine.paths and shared and product.tile.type.cols > 1

    def send_operands(self, product: MatmulOp) -> None:
        """Send operands that the vector cores compute to the cube core: put after the op, take before the product."""
        for place, operand in enumerate((product.lhs, product.rhs)):
            if not is_in_ub(operand):
                continue
            type_ = cast("TileType", operand.type)
            space = "l1" if self._fits_l1(product, place) else "gm"
            slot = TileType.make(type_.rows, type_.cols, type_.element_type, space)
            channel = self._channel(slot, "vector")
            extents = (product.m, product.k) if place == 0 else (product.k, product.n)
            scope = Scope(Block(), location=product.location)
            scope.add(PutOp.create(operands=[operand, channel.channel, scope.value(0), *extents]))
            taken = scope.add(TakeOp.create(operands=[channel.channel], result_types=[slot])).slot
            _insert(scope, product, after=False)
            product.operands[place] = taken
            after = Scope(Block(), location=product.location)
            after.add(ReleaseOp.create(operands=[channel.channel]))
            _insert(after, product, after=True)

    def _fits_l1(self, product: MatmulOp, place: int) -> bool:
        """Whether an operand can go from UB to L1: as a matrix, whole, in what chunks of the others leave; takes it."""
        type_ = cast("TileType", product.operands[place].type)
        if "ub_l1" not in self.machine.paths or type_.cols == 1:
            return False
        slot = TileType.make(type_.rows, type_.cols, type_.element_type, "l1")
        left = self.l1_left + 2 * self._chunk_bytes(product, place) - DEPTH * storage_bytes(slot, self.machine.cube)
        if left < 0:
            return False
        self.l1_left = left
        return True


def total_of(product: MatmulOp) -> SSAValue:
    """Return the sum that a product ends in: its own tile, or what comes out of the loops that add it up."""
    value: SSAValue = product.tile
    while True:
        uses = list(value.uses)
        loop = uses[0].operation.parent_op() if len(uses) == 1 and isinstance(uses[0].operation, scf.YieldOp) else None
        if not isinstance(loop, scf.ForOp):
            return value
        value = loop.results[uses[0].index]


def _narrowing(total: SSAValue) -> ComputeOp | None:
    """Return the conversion of a sum in f32 to f16 if nothing else reads the sum; bf16 is computed in f32 anyway."""
    uses = list(total.uses)
    op = uses[0].operation if len(uses) == 1 else None
    if not isinstance(op, ComputeOp) or op.function.data != "cast":
        return None
    beside = op.parent is cast("Operation", total.owner).parent
    converts = cast("TileType", total.type).element_type == f32 and op.tile.type.element_type == f16
    return op if beside and converts else None


def _insert(scope: Scope, place: Operation, *, after: bool) -> None:
    """Move the ops of a scope next to ``place``."""
    ops = list(scope.block.ops)
    for op in ops:
        op.detach()
    Rewriter.insert_op(ops, InsertPoint.after(place) if after else InsertPoint.before(place))


def constant_of(value: SSAValue) -> int:
    """Return the number that an index is, which must be a constant."""
    owner = value.owner
    assert isinstance(owner, arith.ConstantOp)
    assert isinstance(owner.value, IntegerAttr)
    return owner.value.value.data
