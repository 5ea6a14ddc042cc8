"""A vector core's rows in pieces: what does not fit UB at once is computed for some of the rows after the others.

Flags pass between the cores for all rows of a tile. What waits stays in front of the pieces that it stands before, what
signals comes behind them, and a tile that is put into a channel goes into an acquired slot piece by piece.

Columns, one number a row, are small: they are computed for all rows at once. What a reduction gives the pieces is
joined to one; wide tiles that are needed on both sides of it are loaded and computed again, as they would not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.rewriter import Rewriter

from dialects.interned import INDEX
from dialects.tile.compute import JoinRowsOp, ReduceOp
from dialects.tile.data import StoreOp, SubviewOp, ViewOp
from dialects.tile.structure import AcquireOp, ChannelOp, CommitOp, PutOp, ReleaseOp, SplitRowsOp, TakeOp
from dialects.tile.types import TileType, is_in_ub
from dialects.tile.workspace import BitcastOp, SignalOp, WaitOp, WorkspaceOp
from passes.scope import Scope

_ONCE = (ChannelOp, TakeOp, WaitOp, AcquireOp, WorkspaceOp)
_AFTER = (ReleaseOp, SignalOp, CommitOp)

Values = dict[SSAValue, SSAValue]

ROW_GROUP = 8
"""Pieces are whole groups of rows, so that a part of a column begins at a block of 32 bytes."""


def piece_rows(share: int, pieces: int) -> int:
    """Return the rows of each of ``pieces`` pieces of a core's share."""
    rows = -(-share // pieces)
    return rows if pieces == 1 else -(-rows // ROW_GROUP) * ROW_GROUP


def cut_rows(block: Block, pieces: int) -> None:
    """Repeat what depends on a core's share of rows for each piece; the tiles have the rows of a piece already."""
    for split in [op for op in block.walk() if isinstance(op, SplitRowsOp)]:
        assert split.parent is not None
        _Pieces(split, pieces).rewrite(split.parent)


class _Pieces:
    def __init__(self, split: SplitRowsOp, pieces: int) -> None:
        self.split = split
        self.share = split.share.value.data
        self.size = piece_rows(self.share, pieces)
        self.pieces = range(-(-self.share // self.size))
        self.all: Values = {}
        """What a value is for all rows: what does not depend on them, and columns."""
        self.own: list[Values] = [{} for _ in self.pieces]
        """What it is for each piece."""

    def rewrite(self, block: Block) -> None:
        """Replace the ops of a block."""
        holder = Block()
        self._block(list(block.ops), Scope(holder))
        for op in list(block.ops):
            op.detach()
            op.drop_all_references()
        for op in list(holder.ops):
            op.detach()
            block.add_op(op)

    def _block(self, ops: list[Operation], scope: Scope) -> None:
        run: list[Operation] = []
        behind: list[Operation] = []
        for op in ops:
            if isinstance(op, _AFTER):
                behind.append(op)
            elif isinstance(op, (*_ONCE, scf.ForOp, scf.YieldOp)):
                self._flush(run, behind, scope)
                self._single(op, scope)
            else:
                run.append(op)
        self._flush(run, behind, scope)

    def _single(self, op: Operation, scope: Scope) -> None:
        if isinstance(op, scf.ForOp):
            self._loop(op, scope)
        elif isinstance(op, scf.YieldOp):
            scope.add(scf.YieldOp.create(operands=self._carried(op.operands)))
        else:
            self._copy(op, scope, self.all, self.all)

    def _flush(self, run: list[Operation], behind: list[Operation], scope: Scope) -> None:
        """Emit what has been collected, level by level, then the signals."""
        slots = {op: self._acquire(op, scope) for op in run if isinstance(op, PutOp)}
        levels = self._levels(run, scope)
        for level in range(1 + max(levels.values(), default=-1)):
            for op in run:
                if levels.get(op) == level and not _is_wide(op):
                    self._for_all_rows(op, scope)
            targets = [op for op in run if levels.get(op) == level and self._is_wanted(op, run)]
            for piece in self.pieces:
                self._piece(run, levels, targets, piece, slots, scope)
            for op in targets:
                if isinstance(op, ReduceOp):
                    self._join(op, scope)
        for op in slots:
            scope.add(CommitOp.create(operands=[self._whole(op.channel)], location=op.location))
        for op in behind:
            self._copy(op, scope, self.all, self.all)
        run.clear()
        behind.clear()

    def _levels(self, run: Sequence[Operation], scope: Scope) -> dict[Operation, int]:
        """Emit what only names memory, counts, or is the same for all rows.

        Return for each other op how many reductions, one after the other, come before it.
        """
        after: dict[SSAValue, int] = {}
        levels: dict[Operation, int] = {}
        for op in run:
            if op is self.split:
                self._split(scope)
            elif not self._depends(op, after):
                self._copy(op, scope, self.all, self.all)
            elif isinstance(op, ViewOp | SubviewOp | BitcastOp) or op.name.startswith("arith."):
                self._for_all_rows(op, scope)
                for own in self.own:
                    self._copy(op, scope, {**self.all, **own}, own)
            else:
                levels[op] = max((after.get(value, 0) for value in op.operands), default=0)
                for result in op.results:
                    after[result] = levels[op] + isinstance(op, ReduceOp)
        return levels

    def _depends(self, op: Operation, after: dict[SSAValue, int]) -> bool:
        """Whether an op depends on which rows it is for."""
        return any(value in after or value in self.own[0] or _is_column(value) for value in op.operands)

    def _is_wanted(self, op: Operation, run: Sequence[Operation]) -> bool:
        """Whether a wide op's result outlives the pieces of its level: in memory, in a column, or as a tile."""
        if not _is_wide(op):
            return False
        return isinstance(op, ReduceOp) or not op.results or any(use.operation not in run for use in op.results[0].uses)

    def _piece(
        self,
        run: Sequence[Operation],
        levels: dict[Operation, int],
        targets: Sequence[Operation],
        piece: int,
        slots: dict[PutOp, SSAValue],
        scope: Scope,
    ) -> None:
        """Emit the wanted wide ops of a level for one piece, and the wide ops that they need."""
        needed = set(targets)
        for op in reversed(run):
            if op in needed:
                makers = [value.owner for value in op.operands if isinstance(value.owner, Operation)]
                needed.update(maker for maker in makers if maker in levels and _is_wide(maker))
        made: Values = {}
        for op in run:
            if op not in needed:
                continue
            values = {value: self._of(value, piece, scope) for value in op.operands if value not in made}
            if isinstance(op, PutOp):
                self._put(op, {**values, **made}, slots[op], scope)
            else:
                self._copy(op, scope, {**values, **made}, made)
            if op in targets:
                self.own[piece].update((result, made[result]) for result in op.results)

    def _of(self, value: SSAValue, piece: int, scope: Scope) -> SSAValue:
        """What a value is for a piece; of a column for all rows, that is a part."""
        if value in self.own[piece] and not (_is_column(value) and value in self.all):
            return self.own[piece][value]
        whole = self._whole(value)
        if not _is_column(value) or cast("TileType", whole.type).rows == 1:
            return whole
        kind = cast("TileType", whole.type)
        zero, one = scope.value(0), scope.value(1)
        rows = self.own[piece][self.split.rows]
        part = SubviewOp.create(
            operands=[whole, scope.value(piece * self.size), zero, rows, one],
            result_types=[TileType.make(self.size, 1, kind.element_type, "ub")],
        )
        return scope.add(part).window

    def _whole(self, value: SSAValue) -> SSAValue:
        return self.all.get(value, value)

    def _join(self, op: ReduceOp, scope: Scope) -> None:
        """Make one column of those of the pieces."""
        parts = [self.own[piece][op.tile] for piece in self.pieces]
        kind = TileType.make(self.share, 1, op.tile.type.element_type, "ub")
        rows = self.all[self.split.rows]
        made = JoinRowsOp.create(operands=[*parts, rows], result_types=[kind], location=op.location)
        self.all[op.tile] = scope.add(made).tile

    def _acquire(self, op: PutOp, scope: Scope) -> SSAValue:
        slot = cast("ChannelOp", op.channel.owner).channel.type.slot
        operands = [self._whole(op.channel)]
        return scope.add(AcquireOp.create(operands=operands, result_types=[slot], location=op.location)).slot

    def _put(self, op: PutOp, values: Values, slot: SSAValue, scope: Scope) -> None:
        """Store a piece to its rows of a slot."""
        source, row, rows, cols = (values[value] for value in (op.source, op.row, op.rows, op.cols))
        kind, whole = cast("TileType", op.source.type), cast("TileType", slot.type)
        window = SubviewOp.create(
            operands=[slot, row, scope.value(0), rows, cols],
            result_types=[TileType.make(kind.rows, whole.cols, whole.element_type, "gm")],
            location=op.location,
        )
        scope.add(window)
        scope.add(StoreOp.create(operands=[source, window.window, rows, cols], location=op.location))

    def _split(self, scope: Scope) -> None:
        """Name the core's share, and of that each piece."""
        self._copy(self.split, scope, self.all, self.all)
        offset, rows = self.all[self.split.offset], self.all[self.split.rows]
        for piece in self.pieces:
            start = piece * self.size
            left = scope.smaller(self.size, scope.difference(rows, start))
            self.own[piece][self.split.offset] = scope.value(scope.sum(offset, start))
            self.own[piece][self.split.rows] = scope.value(scope.larger(0, left))

    def _for_all_rows(self, op: Operation, scope: Scope) -> None:
        self._copy(op, scope, self.all, self.all)
        for result in op.results:
            made = self.all[result]
            kind = made.type
            if isinstance(kind, TileType) and kind.rows == self.size:
                whole = TileType.make(self.share, kind.cols, kind.element_type, kind.space.data)
                self.all[result] = Rewriter.replace_value_with_new_type(made, whole)

    def _copy(self, op: Operation, scope: Scope, values: Values, results: Values) -> None:
        made = op.clone(dict(values))
        made.location = op.location
        scope.block.add_op(made)
        results.update(zip(op.results, made.results, strict=True))

    def _carried(self, values: Sequence[SSAValue]) -> list[SSAValue]:
        """What loops carry: columns for all rows, other tiles once a piece."""
        found: list[SSAValue] = []
        for value in values:
            found += [self._whole(value)] if _is_column(value) else [own[value] for own in self.own]
        return found

    def _name(self, values: Sequence[SSAValue], made: Sequence[SSAValue]) -> None:
        left = iter(made)
        for value in values:
            if _is_column(value):
                self.all[value] = next(left)
            else:
                for own in self.own:
                    own[value] = next(left)

    def _loop(self, op: scf.ForOp, scope: Scope) -> None:
        starts = self._carried(op.iter_args)
        body = Block(arg_types=[INDEX, *(start.type for start in starts)])
        self.all[op.body.block.args[0]] = body.args[0]
        self._name(op.body.block.args[1:], body.args[1:])
        self._block(list(op.body.block.ops), Scope(body, scope))
        made = scf.ForOp.create(
            operands=[*(self._whole(value) for value in (op.lb, op.ub, op.step)), *starts],
            result_types=[start.type for start in starts],
            attributes=dict(op.attributes),
            regions=[Region(body)],
        )
        made.location = op.location
        scope.block.add_op(made)
        self._name(op.results, made.results)


def _is_column(value: SSAValue) -> bool:
    """Whether a value is a tile in UB of one number a row."""
    return isinstance(value.type, TileType) and is_in_ub(value) and value.type.cols == 1 and value.type.rows > 1


def _is_wide(op: Operation) -> bool:
    """Whether an op makes or reads a tile of several columns."""
    tiles = [value for value in (*op.operands, *op.results) if isinstance(value.type, TileType) and is_in_ub(value)]
    return any(cast("TileType", value.type).cols > 1 for value in tiles)
