"""Copies of elements that lie apart in GM: a block of UB each on the way, packed and spread by the vector core.

A tile is moved a row (or its only column) at a time, some elements at a time. The blocks travel through a queue of
their own; the offsets of the elements in them are counted up for each piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.graph.types import element_of
from dialects.isa.mte import BLOCK
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetValueOp
from dialects.tile.elements import GatherElementsOp, LoadElementsOp, StoreElementsOp
from dialects.tile.types import TileType
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.emitter import VectorEmitter
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Index, Scope

if TYPE_CHECKING:
    from passes.kernel.program_builder import ProgramBuilder

Fetch = Callable[[SSAValue, Index, Index], None]
"""Brings elements to blocks: where to, the first element, how many."""

_HALF, _WORD = DType.u16, DType.u32


class ElementMoves:
    """Emits the moves of one op."""

    def __init__(self, builder: ProgramBuilder, scope: Scope, piece: int) -> None:
        """Emit into `scope`, `piece` elements at a time."""
        self.builder = builder
        self.vector = VectorEmitter(scope)
        self.piece = piece

    def load(self, op: LoadElementsOp) -> None:
        """Bring a window, line by line."""
        tile, (first, second) = cast("UBTile", self.builder.ub(op.tile)), self._strides(op.window)
        lines, elements = self._lines(op, tile)
        line_stride, stride = (second, first) if tile.extent == "column" else (first, second)

        def line(number: Index) -> None:
            source = self._gm(op.window, number, line_stride)

            def fetch(blocks: SSAValue, start: Index, count: Index) -> None:
                place = self.vector.slice(source, self._product(start, stride))
                self._copy_in(blocks, place, count, stride, tile.dtype)

            self._pack_line(tile, number, elements, fetch)

        self._each(lines, line)

    def gather(self, op: GatherElementsOp) -> None:
        """Bring the elements of rows that indices name; the scalar unit reads which."""
        tile = cast("UBTile", self.builder.ub(op.tile))
        tensor = self.builder.windows.tensors[op.tensor]
        size = DType.of(element_of(op.tensor)).size
        start = self.vector.scope.product(self.builder.index(op.offset), size)
        indices = self.builder.local(op.indices, "S")
        row_stride, stride = (distance * size for distance in op.strides.get_values())
        lines, elements = self._lines(op, tile)

        def row(number: Index) -> SSAValue:
            scope = self.vector.scope
            place = self.vector.slice(indices, scope.product(number, DType.i32.size))
            index = scope.add(GetValueOp.make(place, "i32")).results[0]
            return self.vector.slice(tensor, scope.sum(start, scope.product(index, row_stride)))

        def line(number: Index) -> None:
            source = row(number)

            def fetch(blocks: SSAValue, first: Index, count: Index) -> None:
                self._copy_in(
                    blocks, self.vector.slice(source, self._product(first, stride)), count, stride, tile.dtype
                )

            self._pack_line(tile, number, elements, fetch)

        def fetch_column(blocks: SSAValue, first: Index, count: Index) -> None:
            with self.vector.loop(count, 1) as number:
                place = self.vector.slice(blocks, self._product(number, BLOCK))
                self._copy_in(place, row(self.vector.scope.sum(first, number)), 1, 0, tile.dtype)

        if tile.extent == "column":
            self._pack_line(tile, 0, elements, fetch_column)
        else:
            self._each(lines, line)

    def store(self, op: StoreElementsOp) -> None:
        """Send a tile to a window, line by line."""
        tile, (first, second) = cast("UBTile", self.builder.ub(op.source)), self._strides(op.window)
        lines, elements = self._lines(op, tile)
        line_stride, stride = (second, first) if tile.extent == "column" else (first, second)
        size = tile.dtype.size

        def line(number: Index) -> None:
            target = self._gm(op.window, number, line_stride)
            source = self.vector.slice(tile.local, self._product(number, tile.pitch * size))

            def piece(start: Index, count: Index, most: int) -> None:
                queue = self._queue("vecout", "V", "MTE3")
                blocks = self.vector.scope.add(AllocTensorOp.make(queue)).results[0]
                self._spread(blocks, self.vector.slice(source, self._product(start, size)), tile.dtype, count, most)
                self.vector.scope.add(EnqueOp.make(queue, blocks))
                full = self.vector.scope.add(DequeOp.make(queue, "MTE3")).results[0]
                place = self.vector.slice(target, self._product(start, stride))
                fields = {"bursts": count, "burst_bytes": size, "src_stride": BLOCK, "dst_stride": stride}
                self.vector.emit("copy_ub_gm", [place, full], {**fields, "type": tile.dtype.name})
                self.vector.scope.add(FreeTensorOp.make(queue, full, "MTE3"))

            self.vector.pieces(elements[0], elements[1], self.piece, piece)

        self._each(lines, line)

    def _lines(
        self, op: LoadElementsOp | GatherElementsOp | StoreElementsOp, tile: UBTile
    ) -> tuple[tuple[Index, int], tuple[Index, int]]:
        """How many lines there are and the elements of each, with the most there can be; a column is one line."""
        type_ = cast("TileType", (op.source if isinstance(op, StoreElementsOp) else op.tile).type)
        rows = (self.builder.index(op.rows), type_.rows)
        return ((1, 1), rows) if tile.extent == "column" else (rows, (self.builder.index(op.cols), type_.cols))

    def _strides(self, window: SSAValue) -> tuple[int, int]:
        """The window's strides in bytes."""
        size = DType.of(cast("TileType", window.type).element_type).size
        first, second = self.builder.windows.known[window].strides
        return first * size, second * size

    def _gm(self, window: SSAValue, line: Index, stride: int) -> SSAValue:
        known = self.builder.windows.known[window]
        return self.vector.slice(known.tensor, self.vector.scope.sum(known.offset, self._product(line, stride)))

    def _product(self, a: Index, b: int) -> Index:
        return self.vector.scope.product(a, b)

    def _each(self, lines: tuple[Index, int], body: Callable[[Index], None]) -> None:
        if lines[1] == 1:
            body(0)
            return
        with self.vector.loop(lines[0], 1) as number:
            body(number)

    def _queue(self, position: str, producer: str, consumer: str) -> SSAValue:
        """The queue of blocks in one direction, shared by all such moves of the program."""
        known = self.builder.blocks_on_their_way.get(position)
        if known is None:
            known = InitQueueOp.make(position, 2, self.piece * BLOCK, producer, [consumer])
            known.location = self.vector.scope.location or known.location
            self.builder.blocks_on_their_way[position] = known
            self.builder.queues.made.append(known)
        return known.results[0]

    def _copy_in(self, blocks: SSAValue, source: SSAValue, count: Index, stride: int, dtype: DType) -> None:
        fields = {"bursts": count, "burst_bytes": dtype.size, "src_stride": stride, "dst_stride": BLOCK}
        self.vector.emit("copy_gm_ub", [blocks, source], fields)

    def _pack_line(self, tile: UBTile, line: Index, elements: tuple[Index, int], fetch: Fetch) -> None:
        """Fill a line of a tile; of a column, with what it is initialised to beyond its end."""
        size = tile.dtype.size
        target = self.vector.slice(tile.local, self._product(line, tile.pitch * size))

        def piece(start: Index, count: Index, most: int) -> None:
            queue = self._queue("vecin", "MTE2", "V")
            blocks = self.vector.scope.add(AllocTensorOp.make(queue)).results[0]
            fetch(blocks, start, count)
            self.vector.scope.add(EnqueOp.make(queue, blocks))
            full = self.vector.scope.add(DequeOp.make(queue, "V")).results[0]
            into = self.vector.slice(target, self._product(start, size))
            grouped = tile.extent in ("column", "scalar")
            made = self.vector.whole_groups(count) if grouped else count
            last = self._product(self.vector.scope.difference(count, 1), BLOCK)
            self._pack(into, full, tile.dtype, made, round_up(most, COLUMN_GROUP) if grouped else most, last)
            self.vector.scope.add(FreeTensorOp.make(queue, full, "V"))

        self.vector.pieces(elements[0], elements[1], self.piece, piece)

    def _pack(self, into: SSAValue, blocks: SSAValue, dtype: DType, count: Index, most: int, last: Index) -> None:
        """Elements from the starts of blocks, dense; those beyond the last block repeat it."""
        if dtype.size == 1:
            halves = self._buffer(most, _HALF)
            self._pack(halves.local, blocks, _HALF, count, most, last)
            self._convert(Operand(into, DType.u8, "full", most), halves, count, most)
            return
        words = dtype.size == 8
        kind = _HALF if dtype.size == 2 else _WORD
        line = Area(1, self._product(count, 2), 1, 2 * most) if words else Area(1, count, 1, most)
        offsets = self._word_offsets(line, last) if words else self._offsets(line, last)
        self.vector.gather(Operand(into, kind, "full", line.max_cols), blocks, offsets, line)

    def _spread(self, blocks: SSAValue, source: SSAValue, dtype: DType, count: Index, most: int) -> None:
        """Dense elements to the starts of blocks."""
        if dtype.size == 1:
            halves = self._buffer(most, _HALF)
            self._convert(halves, Operand(source, DType.u8, "full", most), count, most)
            self._spread(blocks, halves.local, _HALF, count, most)
            return
        words = dtype.size == 8
        kind = _HALF if dtype.size == 2 else _WORD
        line = Area(1, self._product(count, 2), 1, 2 * most) if words else Area(1, count, 1, most)
        last = (self.piece - 1) * BLOCK
        offsets = self._word_offsets(line, last) if words else self._offsets(line, last)
        self.vector.emit("vscatter", [blocks, source, offsets.local], {"count": line.cols, "type": kind.name})

    def _buffer(self, most: int, dtype: DType) -> Operand:
        local = self.vector.request(round_up(most * dtype.size, BLOCK))
        return Operand(local, dtype, "full", most)

    def _offsets(self, line: Area, last: Index) -> Operand:
        """The byte offset of each block."""
        offsets = self._buffer(line.max_cols, DType.i32)
        self.vector.row_offsets(offsets, BLOCK, last, line)
        return offsets

    def _word_offsets(self, line: Area, last: Index) -> Operand:
        """The byte offsets of both words at the start of each block: word i is at 24 * (i // 2) + 4 * i."""
        offsets, pairs = self._buffer(line.max_cols, DType.i32), self._buffer(line.max_cols, DType.i32)
        self.vector.count_up(offsets.local, DType.i32, 0, line.cols, line.max_cols)
        self.vector.scalar("vshr", pairs, offsets, 1, line)
        self.vector.scalar("vmuls", pairs, pairs, BLOCK - 8, line)
        self.vector.scalar("vmuls", offsets, offsets, 4, line)
        named = {"dst": offsets, "src0": offsets, "src1": pairs}
        self.vector.walk([offsets, pairs], line, lambda piece: piece.emit("vadd", named, type="i32"))
        named = {"dst": offsets, "src": offsets}
        limit = self.vector.scope.sum(last, 4)
        self.vector.walk([offsets], line, lambda piece: piece.emit("vmins", named, scalar=limit, type="i32"))
        return offsets

    def _convert(self, into: Operand, source: Operand, count: Index, most: int) -> None:
        """Bytes to halfwords or back, through f16, which holds 0 to 255; a signed byte travels as its bits."""
        line = Area(1, count, 1, most)
        through = self._buffer(most, DType.f16)
        for dst, src in ((through, source), (into, through)):
            types = [DType.i16 if operand.dtype == _HALF else operand.dtype for operand in (src, dst)]
            fields = {"round": "rint" if dst is into else "none", "src_type": types[0].name, "dst_type": types[1].name}
            named = {"dst": dst, "src": src}
            self.vector.walk([dst, src], line, lambda piece, n=named, f=fields: piece.emit("vcast", n, **f))
