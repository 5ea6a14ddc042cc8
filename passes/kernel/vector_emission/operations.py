"""Single instructions over whole areas, and the operands they need: numbers as blocks, columns spread to blocks."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.literals import bits_of
from dialects.isa.mte import BLOCK
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.piece import Piece
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.vector_emission.walker import EVEN_REPEATS, Walker
from passes.scope import Index

Source = UBTile | float | int
GATHER_LIMIT = 64 * EVEN_REPEATS
"""Elements that one gather reads, in repeats of 64 offsets of 4 bytes."""
COUNT_LIMIT = 64 * EVEN_REPEATS
"""Elements that one counting instruction writes, in repeats of 64."""


class OperationEmitter(Walker):
    """Emits single instructions over whole areas, broadcasting operands by their extent."""

    def whole_groups(self, rows: Index) -> Index:
        """`rows` rounded up to what a column is initialised to."""
        scope = self.scope
        return scope.product(scope.quotient(scope.sum(rows, COLUMN_GROUP - 1), COLUMN_GROUP), COLUMN_GROUP)

    def operand(self, tile: UBTile, dst: UBTile, area: Area) -> Operand:
        """How `tile` is walked when `dst` is computed; columns and scalars may be spread to blocks first."""
        if tile.extent == dst.extent or tile.extent == "full" or (tile.extent == "row" and area.max_rows == 1):
            return Operand.of(tile)
        if tile.extent == "row":
            return Operand(tile.local, tile.dtype, "row", tile.pitch)
        if tile.extent == "column":
            return self.spread(tile.local, tile.dtype, area.rows, area.max_rows, "blocks")
        return self.spread(tile.local, tile.dtype, 1, 1, "block")

    def spread(self, local: SSAValue, dtype: DType, rows: Index, max_rows: int, access: str) -> Operand:
        """Each element of a column to a block of its own."""
        groups = -(-max_rows // COLUMN_GROUP)
        blocks = self.request(groups * COLUMN_GROUP * BLOCK)
        count = self.scope.quotient(self.scope.sum(rows, COLUMN_GROUP - 1), COLUMN_GROUP)

        def piece(start: Index, length: Index, _: int) -> None:
            source = self.slice(local, self.scope.product(start, COLUMN_GROUP * dtype.size))
            target = self.slice(blocks, self.scope.product(start, COLUMN_GROUP * BLOCK))
            fields = {"repeats": length, "dst_blk": 1, "dst_rep": COLUMN_GROUP, "type": dtype.name}
            self.emit("vbrcb", [target, source], fields)

        self.pieces(count, groups, EVEN_REPEATS, piece)
        return Operand(blocks, dtype, "blocks" if access == "blocks" else "block")

    def number(self, value: float | int, dtype: DType) -> Operand:
        """A number as a block that instructions read again and again."""
        block = self.request(BLOCK)
        elements = BLOCK // dtype.size
        fields = {"scalar": bits_of(value, dtype), "count": elements, "mask": elements, "type": dtype.name}
        self.emit("vdup", [block], fields)
        return Operand(block, dtype, "block")

    def fill_area(self, target: Operand, value: float | int, area: Area) -> None:
        """Every element of an area = value."""
        bits = bits_of(value, target.dtype)
        self.walk([target], area, lambda p: p.emit("vdup", {"dst": target}, scalar=bits, type=target.dtype.name))

    def scratch(self, dst: UBTile, dtype: DType, area: Area) -> UBTile:
        """Scratch memory in dst's layout, of another type."""
        pitch = dst.pitch if area.max_rows > 1 else area.max_cols
        return dst.at(self.request(-(-area.max_rows * pitch * dtype.size // BLOCK) * BLOCK), dtype)

    def row_offsets(self, offsets: Operand, step: int, last: Index, line: Area) -> None:
        """Byte offsets 0, step, 2 * step, ... not above `last`, one element each."""
        self.count_up(offsets.local, DType.i32, 0, line.cols, line.max_cols)
        self.scalar("vmuls", offsets, offsets, step, line)
        named = {"dst": offsets, "src": offsets}
        self.walk([offsets], line, lambda piece: piece.emit("vmins", named, scalar=last, type="i32"))

    def shift(self, offsets: Operand, bytes: int, line: Area) -> None:
        """Move byte offsets on."""
        self.scalar("vadds", offsets, offsets, bytes, line)

    def shift_into(self, target: Operand, offsets: Operand, bytes: int, line: Area) -> None:
        """target = byte offsets moved on."""
        self.scalar("vadds", target, offsets, bytes, line)

    def gather(self, dst: Operand, base: SSAValue, offsets: Operand, line: Area) -> None:
        """Dense dst elements from byte offsets relative to `base`."""

        def piece(start: Index, length: Index, _: int) -> None:
            target = self.slice(dst.local, self.scope.product(start, dst.dtype.size))
            places = self.slice(offsets.local, self.scope.product(start, 4))
            self.emit("vgather", [target, base, places], {"count": length, "type": dst.dtype.name})

        self.pieces(line.cols, line.max_cols, GATHER_LIMIT, piece)

    def apply(self, mnemonic: str, dst: UBTile, sources: Sequence[Source], area: Area) -> None:
        """dst = one instruction of one or two sources."""
        target = Operand.of(dst)
        walked = [self.walked(source, dst, area) for source in sources]
        names = ("src",) if len(walked) == 1 else ("src0", "src1")
        named = {"dst": target, **dict(zip(names, walked, strict=True))}
        self.walk(list(named.values()), area, lambda piece: piece.emit(mnemonic, named, type=dst.dtype.name))

    def walked(self, source: Source, dst: UBTile, area: Area, dtype: DType | None = None) -> Operand:
        """A tile or number as an operand of instructions that compute dst; numbers are of `dtype`, by default dst's."""
        return (
            self.operand(source, dst, area) if isinstance(source, UBTile) else self.number(source, dtype or dst.dtype)
        )

    def scalar(self, mnemonic: str, target: Operand, source: Operand, number: float, area: Area) -> None:
        """target = an instruction of `source` and a number."""
        bits = bits_of(number, target.dtype)

        def body(piece: Piece) -> None:
            piece.emit(mnemonic, {"dst": target, "src": source}, scalar=bits, type=target.dtype.name)

        self.walk([target, source], area, body)

    def count_up(self, local: SSAValue, dtype: DType, start: Index, count: Index, most: int) -> None:
        """Dense elements start, start + 1, ..."""

        def piece(offset: Index, length: Index, _: int) -> None:
            first = self.scope.sum(start, offset)
            bits = bits_of(first, dtype) if isinstance(first, int) else first
            target = self.slice(local, self.scope.product(offset, dtype.size))
            self.emit("vci", [target], {"start": bits, "count": length, "type": dtype.name})

        if dtype.is_float and most > COUNT_LIMIT:
            raise SfumatoError(f"counting {most} elements in {dtype.name} is more than {COUNT_LIMIT}: count in i32")
        self.pieces(count, most, COUNT_LIMIT, piece)
