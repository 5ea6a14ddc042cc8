"""Builds one program of the kernel level from one of the tile level."""

from __future__ import annotations

from math import prod
from typing import cast

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, Region, SSAValue

from dialects.dtypes import DType
from dialects.interned import INDEX
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp
from dialects.kernel.structure import InitBufferOp, ProgramOp, SliceOp
from dialects.tile import compute, data, elements, structure
from dialects.tile.structure import ProgramOp as TileProgramOp
from dialects.tile.types import TileType, is_in_l0c
from passes.analysis.tile_storage import storage_bytes
from passes.kernel.carried_tiles import can_overwrite, can_take_over, first_of, yielded_for
from passes.kernel.channel_slots import Channels
from passes.kernel.element_moves import ElementMoves
from passes.kernel.index_values import IndexValues
from passes.kernel.queue_groups import Group, groups_of
from passes.kernel.queue_pool import QueuePool
from passes.kernel.tile_moves import MoveEmitter
from passes.kernel.vector_emission.emitter import VectorEmitter
from passes.kernel.vector_emission.operand import Area
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.windows import Windows
from passes.scope import Index, Scope
from runtime.machine.description import Machine


class ProgramBuilder:
    """Walks a tile program block by block; keeps where each tile lies and which index value stands for which."""

    def __init__(self, program: ProgramOp, blocks: int, machine: Machine) -> None:
        """Build into ``program``, whose kernel has ``blocks`` blocks, for ``machine``."""
        self.program = program
        self.blocks = blocks
        self.machine = machine
        self.queues = QueuePool()
        self.blocks_on_their_way: dict[str, InitQueueOp] = {}
        self.indices = IndexValues()
        self.locals: dict[tuple[SSAValue, str], SSAValue] = {}
        self.aliases: dict[SSAValue, SSAValue] = {}
        self.numbers: dict[SSAValue, float | int] = {}
        self.windows = Windows()
        self.channels = Channels()

    def build(self, source: TileProgramOp) -> None:
        """Fill the program's body."""
        block = self.program.body.block
        for old, new in zip(source.body.block.args, block.args, strict=True):
            self.windows.tensors[old] = new
        scope = Scope(block, location=self.program.location)
        self._block(source.body.block, scope, repeated=False)
        self.channels.drain(scope, source.core.data)
        first = block.first_op
        for queue in self.queues.limit_depths(self.machine.event_ids):
            if first is None:
                block.add_op(queue)
            else:
                block.insert_op_before(queue, first)

    def index(self, value: SSAValue) -> Index:
        """Return the index that stands for a tile program's index value."""
        return self.indices[value]

    def local(self, value: SSAValue, pipe: str) -> SSAValue:
        """Return the tensor that ``pipe`` sees a tile in."""
        while value in self.aliases:
            value = self.aliases[value]
        known = self.locals.get((value, pipe))
        return known if known is not None else self.locals[(value, "")]

    def ub(self, value: SSAValue, pipe: str = "V") -> UBTile | float | int:
        """Return a tile in UB as vector emission sees it, or the number that a constant is."""
        if value in self.numbers:
            return self.numbers[value]
        type_ = cast("TileType", value.type)
        dtype = DType.of(type_.element_type)
        return UBTile.of(self.local(value, pipe), type_.rows, type_.cols, dtype)

    def _block(self, block: Block, scope: Scope, repeated: bool) -> None:
        """Lower a block's ops; queues are entered and left around the ops that make and read their tiles."""
        groups = groups_of(block, self.machine.cube)
        depth = 2 if repeated else 1
        queues = self.queues.take_all(groups, depth, self.machine.event_ids, scope.location)
        queue_of = {group: queue.queue for group, queue in queues.items()}
        slots: dict[tuple[Group, str], SSAValue] = {}
        grouped = {tile for group in groups for tile in group.members}
        for number, op in enumerate(block.ops):
            scope.location = op.location
            for group in groups:
                if group.first == number:
                    slots[(group, "")] = self._open(scope, group, AllocTensorOp.make(queue_of[group]), "")
            for group in groups:
                for pipe in group.readers:
                    if group.begins[pipe] == number:
                        slots[(group, pipe)] = self._open(scope, group, DequeOp.make(queue_of[group], pipe), pipe)
            self._op(op, scope, grouped)
            for group in groups:
                if group.last == number:
                    scope.add(EnqueOp.make(queue_of[group], slots[(group, "")]))
            for group in groups:
                for pipe in group.readers:
                    if group.ends[pipe] == number:
                        scope.add(FreeTensorOp.make(queue_of[group], slots[(group, pipe)], pipe))
        self.queues.give_back(queues, depth)

    def _open(self, scope: Scope, group: Group, op: Operation, pipe: str) -> SSAValue:
        slot = scope.add(op).results[0]
        for tile, offset in group.members.items():
            part = slot if offset == 0 else scope.add(SliceOp.make(slot, offset)).results[0]
            self.locals[(tile, pipe)] = part
            if pipe == "":
                self.locals[(tile, group.producer)] = part
        return slot

    def _op(self, op: Operation, scope: Scope, grouped: set[SSAValue]) -> None:
        match op:
            case structure.GridOp():
                self._grid(op, scope)
            case structure.RangeOp():
                self.indices.lower_range(op, scope)
            case structure.SplitRowsOp():
                self.indices.lower_split(op, scope)
            case scf.ForOp():
                self._loop(op, scope)
            case scf.YieldOp():
                return
            case compute.ConstantOp():
                self.numbers[op.tile] = op.value.value.data
            case compute.AccumulatorOp():
                return
            case compute.ComputeOp() | compute.ReduceOp() | compute.IotaOp() | compute.TransposeOp():
                if op.tile not in grouped:
                    self._buffer(op.tile, scope)
                self._vector(op, scope)
            case compute.JoinRowsOp():
                if op.tile not in grouped:
                    self._buffer(op.tile, scope)
                self._join(op, scope)
            case elements.LoadElementsOp() | elements.GatherElementsOp() | elements.StoreElementsOp():
                self._elements(op, scope, grouped)
            case _ if op.name.startswith("arith."):
                self.indices.lower_arithmetic(op, scope)
            case _:
                MoveEmitter(self, scope).emit(op)

    def _elements(
        self,
        op: elements.LoadElementsOp | elements.GatherElementsOp | elements.StoreElementsOp,
        scope: Scope,
        grouped: set[SSAValue],
    ) -> None:
        moves = ElementMoves(self, scope, op.piece.value.data)
        if isinstance(op, elements.StoreElementsOp):
            moves.store(op)
            return
        if op.tile not in grouped:
            self._buffer(op.tile, scope)
        if isinstance(op, elements.LoadElementsOp):
            moves.load(op)
        else:
            moves.gather(op)

    def _buffer(self, tile: SSAValue, scope: Scope) -> None:
        """Give a tile that stays on the vector pipe a buffer, unless it has that of a carried tile."""
        if (tile, "") in self.locals:
            return
        size = storage_bytes(cast("TileType", tile.type), self.machine.cube)
        self.locals[(tile, "")] = scope.add(InitBufferOp.make("veccalc", size)).results[0]

    def _vector(
        self, op: compute.ComputeOp | compute.ReduceOp | compute.IotaOp | compute.TransposeOp, scope: Scope
    ) -> None:
        emitter = VectorEmitter(scope)
        target = cast("UBTile", self.ub(op.tile))
        walked = op.source if isinstance(op, compute.ReduceOp | compute.TransposeOp) else op.tile
        type_ = cast("TileType", walked.type)
        area = Area(self.index(op.rows), self.index(op.cols), type_.rows, type_.cols)
        match op:
            case compute.ComputeOp():
                operands = [self.ub(operand) for operand in op.inputs]
                option = None if op.option is None else op.option.data
                emitter.compute(op.function.data, target, operands, area, option)
            case compute.IotaOp():
                emitter.iota(op.axis.data, target, self.index(op.start), area)
            case compute.ReduceOp():
                emitter.reduce(op.kind.data, op.axis.data, target, cast("UBTile", self.ub(op.source)), area)
            case compute.TransposeOp():
                emitter.transpose(target, cast("UBTile", self.ub(op.source)), area)

    def _join(self, op: compute.JoinRowsOp, scope: Scope) -> None:
        """Copy the parts of a column behind each other."""
        whole = cast("UBTile", self.ub(op.tile))
        for number, part in enumerate(op.parts):
            rows = cast("TileType", part.type).rows
            place = scope.add(SliceOp.make(whole.local, number * rows * whole.dtype.size)).results[0]
            left = scope.difference(self.index(op.rows), number * rows)
            area = Area(scope.larger(0, scope.smaller(rows, left)), 1, rows, 1)
            VectorEmitter(scope).compute("copy", whole.at(place, whole.dtype), [self.ub(part)], area)

    def _grid(self, op: structure.GridOp, scope: Scope) -> None:
        """Deal the tiles out: block b takes tile b of each round; with `snake`, of odd ones the b-th from the end."""
        counts = list(op.tiles.get_values())
        total = prod(counts)
        block_idx: Index = 0 if self.blocks == 1 else scope.add(GetBlockIdxOp.make()).results[0]
        args = op.body.block.args
        rounds = -(-total // self.blocks)
        if rounds == 1:
            self.indices.bind_coordinates(scope, block_idx, counts, args)
            self._guarded(op, scope, block_idx, total)
            return
        snake = op.snake is not None
        full, left = divmod(total, self.blocks)
        place = scope.difference(self.blocks - 1, block_idx) if snake and full % 2 else block_idx
        trips = scope.sum(scope.smaller(scope.larger(scope.difference(left, place), 0), 1), full)
        body = Block(arg_types=[INDEX])
        inner = Scope(body, scope)
        place = self._place(inner, body.args[0], block_idx) if snake else block_idx
        number = inner.sum(inner.product(body.args[0], self.blocks), place)
        self.indices.bind_coordinates(inner, number, counts, args)
        self._block(op.body.block, inner, repeated=True)
        inner.add(scf.YieldOp.create())
        self._add_loop(scope, 0, trips, 1, body)

    def _place(self, scope: Scope, round_: Index, block_idx: Index) -> Index:
        """Return a block's place in a round: from the front in even ones, from the end in odd ones."""
        odd = scope.product(scope.remainder(round_, 2), self.blocks)
        front = scope.difference(block_idx, odd)
        back = scope.difference(scope.sum(odd, -1), block_idx)
        return scope.larger(front, back)

    def _guarded(self, op: structure.GridOp, scope: Scope, block_idx: Index, total: int) -> None:
        """Run a grid of one round; blocks beyond its tiles skip it."""
        if total >= self.blocks:
            self._block(op.body.block, scope, repeated=False)
            return
        body = Block(arg_types=[INDEX])
        inner = Scope(body, scope)
        self._block(op.body.block, inner, repeated=False)
        inner.add(scf.YieldOp.create())
        self._add_loop(scope, block_idx, scope.smaller(total, scope.sum(block_idx, 1)), 1, body)

    def _add_loop(self, scope: Scope, lower: Index, upper: Index, step: Index, body: Block) -> None:
        operands = [scope.value(lower), scope.value(upper), scope.value(step)]
        scope.add(scf.ForOp.create(operands=operands, regions=[Region(body)]))

    def _loop(self, op: scf.ForOp, scope: Scope) -> None:
        """Lower a loop; a carried tile in UB has a buffer that its start is copied to and each yield written to."""
        body = Block(arg_types=[INDEX])
        inner = Scope(body, scope)
        self.indices[op.body.block.args[0]] = body.args[0]
        carried = list(zip(op.iter_args, op.body.block.args[1:], op.results, strict=True))
        for start, argument, result in carried:
            if is_in_l0c(start):
                self.aliases[argument] = self.aliases[result] = start
                continue
            if self._is_buffer(start) and can_take_over(start, op):
                self.locals[(argument, "")] = self.locals[(start, "")]
            else:
                self._buffer(argument, scope)
                self._copy(scope, argument, start)
            self.locals[(result, "")] = self.locals[(argument, "")]
            if can_overwrite(argument):
                self.locals[(yielded_for(argument), "")] = self.locals[(argument, "")]
        self._block(op.body.block, inner, repeated=True)
        for start, argument, _ in carried:
            if not is_in_l0c(start):
                self._copy(inner, argument, yielded_for(argument))
        inner.add(scf.YieldOp.create())
        self._add_loop(scope, self.index(op.lb), self.index(op.ub), self.index(op.step), body)

    def _is_buffer(self, tile: SSAValue) -> bool:
        """Whether a tile lies in a buffer of its own, not in a queue's slot."""
        known = self.locals.get((tile, ""))
        return known is not None and isinstance(known.owner, InitBufferOp)

    def _copy(self, scope: Scope, target: SSAValue, source: SSAValue) -> None:
        """Copy the valid part of a tile, unless it is there already."""
        if source not in self.numbers and self.local(source, "V") is self.local(target, "V"):
            return
        valid = self._valid(source, cast("TileType", target.type))
        VectorEmitter(scope).compute("copy", cast("UBTile", self.ub(target)), [self.ub(source)], valid)

    def _valid(self, value: SSAValue, type_: TileType) -> Area:
        """Return what the op that made a tile computed of it."""
        owner = first_of(value).owner
        if isinstance(owner, compute.ComputeOp | data.LoadOp | elements.LoadElementsOp):
            return Area(self.index(owner.rows), self.index(owner.cols), type_.rows, type_.cols)
        return Area(type_.rows, type_.cols, type_.rows, type_.cols)
