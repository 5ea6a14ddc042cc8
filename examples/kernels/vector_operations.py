"""Vector instructions on dense data in UB: flat vectors, and the rows of matrices.

Wide elements (f32, i32) lie 64 to a repeat. Counts are numbers of elements; those of a row vector with 8 or fewer rows
fill part of a repeat. Nothing here orders instructions: `barrier` does.
"""

from __future__ import annotations

from typing import NamedTuple

from assembly_writer import CoreProgram, Number, ceil_div

LANES = 64
"""Wide elements of a repeat."""
WIDE = 4
"""Bytes of a wide element."""
MAX_REPEATS = 255
"""Repeats of one instruction."""
PIECE = 128 * LANES
"""Elements of a piece of what is too much for one instruction."""
BLOCK_LANES = 8
"""Wide elements of a 32-byte block."""


class Extent(NamedTuple):
    """A number of elements, and the most it can be: more than one instruction can do is done in pieces."""

    elements: Number
    most: int


Count = Number | Extent


class Matrix(NamedTuple):
    """A dense row-major matrix of wide elements."""

    address: Number
    rows: Number
    columns: int

    @property
    def pitch(self) -> int:
        """Blocks from row to row."""
        return self.columns // BLOCK_LANES

    def groups(self) -> list[tuple[int, int]]:
        """Return the columns in groups that one repeat can hold: (first, count)."""
        return [(first, min(LANES, self.columns - first)) for first in range(0, self.columns, LANES)]


class VectorOperations:
    """Emits vector instructions."""

    def __init__(self, program: CoreProgram) -> None:
        """Emit into ``program``."""
        self._program = program

    def barrier(self) -> None:
        """Let what follows see what was computed."""
        self._program.barrier("V")

    def fill(self, target: Number, count: Count, value: float) -> None:
        """Set ``count`` f32 to a number."""
        self._emit("vdup", {"dst": (target, 32)}, count, scalar=value, type="f32")

    def fill_integer(self, target: Number, count: Count, value: Number) -> None:
        """Set ``count`` i32 to a number."""
        self._emit("vdup", {"dst": (target, 32)}, count, scalar=value, type="i32")

    def unary(self, name: str, target: Number, source: Number, count: Count) -> None:
        """Apply a function to ``count`` f32."""
        self._emit(name, {"dst": (target, 32), "src": (source, 32)}, count, type="f32")

    def scalar(self, name: str, target: Number, source: Number, value: float, count: Count) -> None:
        """Combine ``count`` f32 with a number."""
        self._emit(name, {"dst": (target, 32), "src": (source, 32)}, count, scalar=value, type="f32")

    def binary(self, name: str, target: Number, left: Number, right: Number, count: Count, dtype: str = "f32") -> None:
        """Combine two vectors of ``count`` elements of a wide type."""
        self._emit(name, {"dst": (target, 32), "src0": (left, 32), "src1": (right, 32)}, count, type=dtype)

    def convert(self, target: Number, source: Number, count: Count, source_type: str, target_type: str) -> None:
        """Convert ``count`` numbers between wide types."""
        operands = {"dst": (target, 32), "src": (source, 32)}
        self._emit("vcast", operands, count, round="none", src_type=source_type, dst_type=target_type)

    def cast(self, target: Number, source: Number, count: Count, target_type: str) -> None:
        """Round ``count`` f32 to a 2-byte type."""
        operands = {"dst": (target, 16), "src": (source, 32)}
        self._emit("vcast", operands, count, round="rint", src_type="f32", dst_type=target_type)

    def compare_scalar(self, bits: Number, source: Number, predicate: str, value: float, count: Count) -> None:
        """Compare ``count`` f32 with a number."""
        operands = {"dst": (bits, 1), "src": (source, 32)}
        self._emit("vcmps", operands, count, scalar=value, predicate=predicate, type="f32")

    def compare_block(self, bits: Number, source: Number, predicate: str, block: Number, count: Count) -> None:
        """Compare ``count`` f32 with the 8 of a block, over and over."""
        operands = {"dst": (bits, 1), "src0": (source, 32)}
        still = {"src1": block, "src1_blk": 0, "src1_rep": 0}
        self._emit("vcmp", operands, count, predicate=predicate, type="f32", **still)

    def select(self, target: Number, bits: Number, source: Number, other: float, count: Count) -> None:
        """Keep those of ``count`` f32 whose bit is set, and replace the others by a number."""
        operands = {"dst": (target, 32), "bits": (bits, 1), "src": (source, 32)}
        self._emit("vsels", operands, count, scalar=other, type="f32")

    def spread(self, target: Number, source: Number, rows: Number) -> None:
        """Fill a block with each of ``rows`` f32; whole groups of 8 are read, whatever lies beyond the last row."""
        repeats = ceil_div(rows, BLOCK_LANES)
        self._program.emit("vbrcb", dst=target, src=source, repeats=repeats, dst_blk=1, dst_rep=8, type="f32")

    def by_rows(self, name: str, matrix: Matrix, blocks: Number) -> None:
        """Combine each row of a matrix with its number, spread over a block, in place."""
        for first, width in matrix.groups():
            place = matrix.address + first * WIDE
            self._program.emit(
                name,
                dst=place,
                src0=place,
                src1=blocks,
                count=matrix.rows * width,
                mask=width,
                dst_blk=1,
                src0_blk=1,
                src1_blk=0,
                dst_rep=matrix.pitch,
                src0_rep=matrix.pitch,
                src1_rep=1,
                type="f32",
            )

    def reduce(self, pairs: str, blocks: str, target: Number, matrix: Matrix, scratch: tuple[int, int]) -> None:
        """Reduce each row: neighbouring groups of 64 columns by pairs until one is left, that by blocks to 8 and to 1.

        ``matrix`` has 64, 128, 256 ... columns; ``scratch`` has room for half of them and for 8 wide elements a row.
        Barriers are emitted, also after the result.
        """
        folded, eighths = scratch
        source, width = matrix.address, matrix.columns
        while width > LANES:
            width //= 2
            self._program.emit(
                pairs,
                dst=folded,
                src0=source,
                src1=source + LANES * WIDE,
                count=matrix.rows * width,
                mask=LANES,
                dst_blk=1,
                src0_blk=1,
                src1_blk=1,
                dst_rep=8,
                src0_rep=16,
                src1_rep=16,
                type="f32",
            )
            self.barrier()
            source = folded
        for into, start, count in (
            (eighths, source, matrix.rows * LANES),
            (target, eighths, matrix.rows * BLOCK_LANES),
        ):
            fixed = {"mask": LANES, "dst_rep": 1, "src_blk": 1, "src_rep": 8, "type": "f32"}
            self._program.emit(blocks, dst=into, src=start, count=count, **fixed)
            self.barrier()

    def _emit(
        self, name: str, operands: dict[str, tuple[Number, int]], count: Count, **fields: Number | str | float
    ) -> None:
        """Emit an instruction on dense vectors: for each operand its address and the bits of an element."""
        strided = {one: bits for one, (_, bits) in operands.items() if bits > 1}  # packed bits are always dense
        strides = {f"{one}_blk": 1 for one in strided} | {f"{one}_rep": bits // 4 for one, bits in strided.items()}
        for first, part in self._pieces(count):
            addresses = {one: address + first * bits // 8 for one, (address, bits) in operands.items()}
            self._program.emit(name, count=part, mask=LANES, **addresses, **strides, **fields)

    def _pieces(self, count: Count) -> list[tuple[int, Number]]:
        """Return the pieces that one instruction each can do: (first element, number of elements)."""
        if not isinstance(count, Extent):
            return [(0, count)]
        if count.most <= MAX_REPEATS * LANES:
            return [(0, count.elements)]
        program = self._program
        return [
            (first, program.maximum(program.minimum(count.elements - first, PIECE), 0))
            for first in range(0, count.most, PIECE)
        ]
