"""Channels: how values cross between the cube core and the vector cores of a block."""

from __future__ import annotations

from math import prod
from typing import cast

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, StringAttr, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.interned import i64_attr
from dialects.tile.compute import MatmulOp
from dialects.tile.data import LoadOp, SubviewOp
from dialects.tile.structure import ChannelOp, GridOp, KernelOp, PutOp, ReleaseOp, TakeOp
from dialects.tile.types import ChannelType, TileType, is_in_ub
from passes.tile.scope import Index, Scope
from runtime.machine.description import Machine

DEPTH = 2
"""Slots of a channel: the producer fills one while the consumer reads the other."""


class Channels:
    """Connects the two kinds of core of one kernel."""

    def __init__(self, kernel: KernelOp, blocks: int, machine: Machine) -> None:
        """Connect within ``kernel``, which runs on ``blocks`` blocks of ``machine``."""
        self.machine = machine
        self.kernel = kernel
        self.block = kernel.body.block
        self.blocks = blocks
        self.channels = 0
        self.workspaces: list[int] = []

    def _channel(self, slot: TileType, producer: str) -> ChannelOp:
        """Declare a channel whose slots hold tiles of type ``slot``, at the top of the kernel."""
        last = 2 * self.channels + 1
        if last >= self.machine.cross_flags:
            name, flags = self.machine.name, self.machine.cross_flags
            message = f"this kernel needs cross-core flags 0 to {last}, {name} has {flags}; choose a target with more"
            raise SfumatoError(message, self.kernel.location)
        channel = ChannelOp.create(
            operands=[self._workspace(slot)],
            properties={
                "depth": i64_attr(DEPTH),
                "id": i64_attr(2 * self.channels),
                "producer": StringAttr(producer),
            },
            result_types=[ChannelType(slot)],
        )
        self.channels += 1
        self.block.insert_op_before(channel, cast("Operation", self.block.first_op))
        return channel

    def _workspace(self, slot: TileType) -> SSAValue:
        shape = [self.blocks, DEPTH, slot.rows, slot.cols]
        memory = self.block.insert_arg(TensorType(slot.element_type, shape), len(self.block.args))
        assert self.kernel.arguments is not None
        known = cast("ArrayAttr[StringAttr]", self.kernel.arguments.data["directions"])
        directions = ArrayAttr([*known, StringAttr("workspace")])
        self.kernel.properties["arguments"] = DictionaryAttr({"directions": directions})
        self.workspaces.append(prod(shape) * DType.of(slot.element_type).size)
        return memory

    def send_product(self, product: MatmulOp) -> None:
        """Send a product to the vector cores: put and take, a load of this core's rows, release."""
        total = total_of(product)
        place = cast("Operation", total.owner)
        type_ = cast("TileType", total.type)
        slot = TileType.make(type_.rows, type_.cols, type_.element_type, "gm")
        channel = self._channel(slot, "cube")
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

    def send_operands(self, product: MatmulOp) -> None:
        """Send operands that the vector cores compute to the cube core: put after the op, take before the product."""
        for place, operand in enumerate((product.lhs, product.rhs)):
            if not is_in_ub(operand):
                continue
            type_ = cast("TileType", operand.type)
            slot = TileType.make(type_.rows, type_.cols, type_.element_type, "gm")
            channel = self._channel(slot, "vector")
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


def total_of(product: MatmulOp) -> SSAValue:
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
