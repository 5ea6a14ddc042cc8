"""A product that is larger than L0C: two levels of tiles, large ones in L1 and between the cores, small ones in L0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.errors import SfumatoError
from dialects.interned import i64_attr
from dialects.tile.compute import AccumulatorOp, MatmulOp
from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.structure import AcquireOp, ChannelOp, CommitOp, PutOp, ReleaseOp
from dialects.tile.types import TileType
from passes.scope import Index, Scope
from passes.tile.product_loops import Product, index_of

PRODUCT, LOOP = 1, 2
"""How long a chunk of the left operand stays in L1, beyond its part of the columns."""


class PartedProduct(Product):
    """One product in parts of `l1_n` columns, whose operands lie in L1, as sums of `l0_m` x `l0_n` side by side in L0C.

    Where the product is stored or handed on, each sum is stored as soon as it is complete, so that the fixpipe works
    on one while the next is formed.
    """

    def __init__(self, op: MatmulOp, hf32: bool) -> None:
        """Expand ``op``."""
        super().__init__(op, hf32)
        sizes = (op.l0_m, op.l1_n, op.l0_n, op.slots, op.keep)
        self.l0_m, self.l1_n, self.l0_n, self.slots, self.keep = (
            0 if size is None else size.value.data for size in sizes
        )
        self.whole = self.type
        self.type = TileType.make(self.l0_m, self.l0_n, self.whole.element_type, "l0c")
        self.kept: dict[tuple[int, int], SSAValue] = {}

    def expand(self) -> None:
        """Replace the op and what stores it by the loops that do both."""
        (use,) = self.op.tile.uses
        place = use.operation
        holder = Block()
        scope = Scope(holder, location=self.op.location)
        if isinstance(place, PutOp):
            channel = cast("ChannelOp", place.channel.owner)
            slot = channel.channel.type.slot
            window = scope.add(AcquireOp.create(operands=[place.channel], result_types=[slot])).slot
            self._columns(scope, place, window)
            scope.add(CommitOp.create(operands=[place.channel]))
        elif isinstance(place, StoreOp):
            self._columns(scope, place, place.window)
        else:
            raise SfumatoError("a product in parts is stored or handed on, not computed with", self.op.location)
        self._delay_releases(place)
        ops = list(holder.ops)
        for op in ops:
            op.detach()
        Rewriter.insert_op(ops, InsertPoint.before(place))
        for op in (place, self.op):
            op.detach()
            op.erase()

    def _delay_releases(self, place: Operation) -> None:
        """Give operands back when the product, which now stands where it is stored, is done with them."""
        op = self.op.next_op
        while op is not None and op is not place:
            after = op.next_op
            if isinstance(op, ReleaseOp):
                op.detach()
                Rewriter.insert_op(op, InsertPoint.after(place))
            op = after

    def _columns(self, scope: Scope, place: PutOp | StoreOp, window: SSAValue) -> None:
        """Go through the columns in parts of `l1_n`, and in each through the chunks of k, loading chunks ahead."""
        chunks = range(0, self.most_k, self.l1_k)
        steps = [(at, chunk) for at in range(0, self.whole.cols, self.l1_n) for chunk in chunks]
        loaded = [self._operands(scope, *step) for step in steps[: self.slots - 1]]
        sums: dict[tuple[int, int], SSAValue] = {}
        for number, (at, chunk) in enumerate(steps):
            loaded += [self._operands(scope, *step) for step in steps[number + self.slots - 1 :][:1]]
            operands = loaded[number]
            for row, col in self._starts():
                if chunk == 0:
                    sums[row, col] = scope.add(AccumulatorOp.create(result_types=[self.type])).tile
                extents = (self._height(scope, row), self._width(scope, at + col), self._depth(scope, chunk))
                left, right = operands
                sums[row, col] = self._sum(scope, left[row], right, (chunk, col), extents, sums[row, col])
                if chunk == chunks[-1]:
                    self._store(scope, sums[row, col], (row, at + col), extents[:2], place, window)

    def _starts(self) -> list[tuple[int, int]]:
        """The rows and the columns of a part at which the sums side by side begin."""
        return [(row, col) for row in range(0, self.whole.rows, self.l0_m) for col in range(0, self.l1_n, self.l0_n)]

    def _operands(self, scope: Scope, at: int, chunk: int) -> tuple[dict[int, tuple[SSAValue, int, int]], SSAValue]:
        """Load a chunk of both operands: the left one by rows, and of the right one the columns of a part."""
        extents = [scope.value(self._depth(scope, chunk)), scope.value(self._width(scope, at, self.l1_n))]
        places = [scope.value(chunk), scope.value(at)]
        right = self._loaded(scope, self.op.rhs, places, extents, (self.l1_k, self.l1_n), "rhs")
        return {row: self._left(scope, row, chunk) for row in range(0, self.whole.rows, self.l0_m)}, right

    def _width(self, scope: Scope, at: int, most: int = 0) -> Index:
        return _share(scope, index_of(self.op.n), at, most or self.l0_n, self.whole.cols)

    def _depth(self, scope: Scope, chunk: int) -> Index:
        return _share(scope, index_of(self.op.k), chunk, self.l1_k, self.most_k)

    def _height(self, scope: Scope, row: int) -> Index:
        return _share(scope, index_of(self.op.m), row, self.l0_m, self.whole.rows)

    def _left(self, scope: Scope, row: int, chunk: int) -> tuple[SSAValue, int, int]:
        """What holds some rows of a chunk of the left operand in L1, and the row and the element of k there."""
        if self.keep == LOOP and self.is_named_outside(self.op.lhs, self.op.m):
            return self.load_once(self.op.lhs, self.op.transpose_a is not None, self.whole.rows), row, chunk
        part = self.kept.get((row, chunk)) or self._left_part(scope, row, chunk)
        if self.keep == PRODUCT:
            self.kept[row, chunk] = part
        return part, 0, 0

    def _left_part(self, scope: Scope, row: int, chunk: int) -> SSAValue:
        """Load some rows of a chunk of the left operand."""
        places = [scope.value(chunk), scope.value(row)]
        extents = [scope.value(self._depth(scope, chunk)), scope.value(self._height(scope, row))]
        return self._loaded(scope, self.op.lhs, places, extents, (self.l1_k, self.l0_m), "lhs")

    def _loaded(
        self,
        scope: Scope,
        window: SSAValue,
        places: Sequence[SSAValue],
        extents: Sequence[SSAValue],
        shape: tuple[int, int],
        name: str,
    ) -> SSAValue:
        """Load a part of an operand to L1 as it is stored; all is given k first, which lies along the rows or not."""
        k_rows = self.op.transpose_b is None if name == "rhs" else self.op.transpose_a is not None
        way = 1 if k_rows else -1
        rows, cols = shape[::way]
        kind = TileType.make(rows, cols, cast("TileType", window.type).element_type, "gm")
        part = SubviewOp.create(operands=[window, *places[::way], *extents[::way]], result_types=[kind])
        scope.add(part)
        into = TileType.make(rows, cols, kind.element_type, "l1")
        slots = 2 if name == "lhs" and self.keep == PRODUCT else self.slots
        load = LoadOp.create(
            operands=[part.window, *extents[::way]],
            properties={
                "apart": StringAttr(name),
                "slots": i64_attr(slots),
            },
            result_types=[into],
        )
        return scope.add(load).tile

    def _sum(
        self,
        scope: Scope,
        left: tuple[SSAValue, int, int],
        right: SSAValue,
        start: tuple[int, int],
        extents: tuple[Index, Index, Index],
        accumulator: SSAValue,
    ) -> SSAValue:
        """Add to one sum what a chunk (``start``: of k, and the column of the part) gives, m x n x k ``extents``."""
        a, row, from_a = left
        chunk, col = start
        height, width, depth = extents

        def inner(scope: Scope, k: Index, part: Index, accumulator: SSAValue) -> SSAValue:
            rows_a, rows_b = self.op.transpose_a is not None, self.op.transpose_b is None
            m, n = scope.value(height), scope.value(width)
            lhs = self.move(scope, a, scope.sum(from_a, k), part, m, self.l0_m, rows_a, begin=row)
            rhs = self.move(scope, right, k, part, n, self.l0_n, rows_b, into="l0b", begin=col)
            return self.mmad(scope, (lhs, rhs), accumulator, scope.sum(chunk, k), (m, n, scope.value(part)))

        return self.loop(scope, depth, self.l1_k, self.l0_k, accumulator, inner)

    def _store(
        self,
        scope: Scope,
        tile: SSAValue,
        start: tuple[int, int],
        extents: tuple[Index, Index],
        place: PutOp | StoreOp,
        window: SSAValue,
    ) -> None:
        """Store a sum to its rows and columns of the window."""
        whole = cast("TileType", window.type)
        sizes = [scope.value(extent) for extent in extents]
        part = SubviewOp.create(
            operands=[window, scope.value(start[0]), scope.value(start[1]), *sizes],
            result_types=[TileType.make(self.l0_m, self.l0_n, whole.element_type, "gm")],
        )
        scope.add(part)
        names = ("relu", "atomic")
        kept = {name: place.properties[name] for name in names if name in place.properties}
        scope.add(StoreOp.create(operands=[tile, part.window, *sizes], properties=kept))


def _share(scope: Scope, total: Index, start: int, step: int, most: int) -> Index:
    """How many of ``total`` elements (at most ``most``) the part of ``step`` from ``start`` has: 0 behind the end."""
    if start == 0 and step >= most:
        return total
    left = scope.difference(total, start)
    return scope.larger(scope.smaller(left, step), 0)
