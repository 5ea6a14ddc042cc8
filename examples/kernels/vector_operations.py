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
BLOCK_LANES = 8
"""Wide elements of a 32-byte block."""


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

    def fill(self, target: Number, count: Number, value: float) -> None:
        """Set ``count`` f32 to a number."""
        self._emit("vdup", ("dst",), count, dst=target, scalar=value, type="f32")

    def fill_integer(self, target: Number, count: Number, value: Number) -> None:
        """Set ``count`` i32 to a number."""
        self._emit("vdup", ("dst",), count, dst=target, scalar=value, type="i32")

    def unary(self, name: str, target: Number, source: Number, count: Number) -> None:
        """Apply a function to ``count`` f32."""
        self._emit(name, ("dst", "src"), count, dst=target, src=source, type="f32")

    def scalar(self, name: str, target: Number, source: Number, value: float, count: Number) -> None:
        """Combine ``count`` f32 with a number."""
        self._emit(name, ("dst", "src"), count, dst=target, src=source, scalar=value, type="f32")

    def binary(self, name: str, target: Number, left: Number, right: Number, count: Number, dtype: str = "f32") -> None:
        """Combine two vectors of ``count`` elements of a wide type."""
        self._emit(name, ("dst", "src0", "src1"), count, dst=target, src0=left, src1=right, type=dtype)

    def convert(self, target: Number, source: Number, count: Number, source_type: str, target_type: str) -> None:
        """Convert ``count`` numbers between wide types."""
        types = {"src_type": source_type, "dst_type": target_type}
        self._emit("vcast", ("dst", "src"), count, dst=target, src=source, round="none", **types)

    def cast(self, target: Number, source: Number, count: Number, target_type: str) -> None:
        """Round ``count`` f32 to a 2-byte type."""
        self._program.emit(
            "vcast",
            dst=target,
            src=source,
            round="rint",
            count=count,
            mask=LANES,
            dst_blk=1,
            src_blk=1,
            dst_rep=4,
            src_rep=8,
            src_type="f32",
            dst_type=target_type,
        )

    def compare_scalar(self, bits: Number, source: Number, predicate: str, value: float, count: Number) -> None:
        """Compare ``count`` f32 with a number."""
        self._emit("vcmps", ("src",), count, dst=bits, src=source, scalar=value, predicate=predicate, type="f32")

    def compare_block(self, bits: Number, source: Number, predicate: str, block: Number, count: Number) -> None:
        """Compare ``count`` f32 with the 8 of a block, over and over."""
        self._program.emit(
            "vcmp",
            dst=bits,
            src0=source,
            src1=block,
            predicate=predicate,
            count=count,
            mask=LANES,
            src0_blk=1,
            src1_blk=0,
            src0_rep=8,
            src1_rep=0,
            type="f32",
        )

    def select(self, target: Number, bits: Number, source: Number, other: float, count: Number) -> None:
        """Keep those of ``count`` f32 whose bit is set, and replace the others by a number."""
        self._emit("vsels", ("dst", "src"), count, dst=target, bits=bits, src=source, scalar=other, type="f32")

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

    def _emit(self, name: str, operands: tuple[str, ...], count: Number, **fields: Number | str | float) -> None:
        """Emit an instruction whose operands are dense vectors of wide elements."""
        strides = {f"{one}_blk": 1 for one in operands} | {f"{one}_rep": 8 for one in operands}
        self._program.emit(name, count=count, mask=LANES, **strides, **fields)
