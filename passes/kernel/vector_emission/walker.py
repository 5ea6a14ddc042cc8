"""How one elementwise computation becomes few instructions: dense runs, strided columns of rows, or a loop of rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from xdsl.dialects import scf
from xdsl.ir import Block, Region, SSAValue

from dialects.interned import INDEX
from dialects.isa.mte import BLOCK
from dialects.isa.vector import MAX_REPEATS, MAX_STRIDE, REPEAT_BYTES
from dialects.kernel import INTRINSICS
from dialects.kernel.structure import InitBufferOp, SliceOp
from passes.analysis.rounding import round_up
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.piece import Piece
from passes.scope import Index, Scope

EVEN_REPEATS = MAX_REPEATS // 16 * 16
"""Repeats of one instruction where the next one's elements must start at a block again, also those of 2 bytes."""
UNROLLED_PIECES = 4
"""Up to so many pieces are written out; more become a loop of the scalar unit."""


class Walker:
    """Emits vector intrinsics at the end of a scope, cutting work into pieces that the instructions can do."""

    def __init__(self, scope: Scope) -> None:
        """Emit into `scope`."""
        self.scope = scope
        self._home = scope
        self._clamped: dict[tuple[SSAValue, int, int], Index] = {}

    def emit(self, mnemonic: str, tensors: Sequence[SSAValue], fields: Mapping[str, int | str | SSAValue]) -> None:
        """Append the intrinsic of an instruction."""
        self.scope.add(INTRINSICS[mnemonic].make(tensors, fields))

    def request(self, bytes: int) -> SSAValue:
        """Scratch memory in UB, declared in front of all loops; the memory planner overlaps what is done with."""
        return self._home.add(InitBufferOp.make("veccalc", round_up(bytes, BLOCK))).results[0]

    def slice(self, local: SSAValue, offset: Index) -> SSAValue:
        """The tensor `offset` bytes into `local`."""
        if isinstance(offset, int) and offset == 0:
            return local
        return self.scope.add(SliceOp.make(local, offset)).results[0]

    def clamp(self, extent: Index, offset: int, limit: int) -> Index:
        """min(max(extent - offset, 0), limit), computed once a scope."""
        if isinstance(extent, int):
            return min(max(extent - offset, 0), limit)
        key = (extent, offset, limit)
        if key not in self._clamped:
            rest = self.scope.difference(extent, offset)
            rest = self.scope.larger(rest, 0) if offset else rest
            self._clamped[key] = self.scope.smaller(rest, limit)
        return self._clamped[key]

    def at_least_one(self, extent: Index) -> Index:
        """max(extent, 1): a mask may not be 0, even where nothing is to be done."""
        if isinstance(extent, int):
            return max(extent, 1)
        key = (extent, 0, -1)
        if key not in self._clamped:
            self._clamped[key] = self.scope.larger(extent, 1)
        return self._clamped[key]

    @contextmanager
    def loop(self, upper: Index, step: int) -> Generator[SSAValue]:
        """Emit into the body of a loop from 0 below `upper`; yields its counter."""
        outer, clamped = self.scope, self._clamped
        bounds = [outer.value(bound) for bound in (0, upper, step)]
        block = Block(arg_types=[INDEX])
        self.scope, self._clamped = Scope(block, outer), dict(clamped)
        yield block.args[0]
        self.scope.add(scf.YieldOp.create())
        self.scope, self._clamped = outer, clamped
        outer.add(scf.ForOp.create(operands=bounds, regions=[Region(block)]))

    def pieces(self, extent: Index, maximum: int, size: int, body: Callable[[Index, Index, int], None]) -> None:
        """Cut `extent` into pieces of at most `size`: body(start, length, largest length); a length may be 0."""
        if maximum <= size:
            body(0, extent, maximum)
        elif -(-maximum // size) <= UNROLLED_PIECES:
            for start in range(0, maximum, size):
                largest = min(size, maximum - start)
                body(start, self.clamp(extent, start, largest), largest)
        elif isinstance(extent, int):
            whole = extent // size * size
            with self.loop(whole, size) as start:
                body(start, size, size)
            if extent % size:
                body(whole, extent % size, extent % size)
        else:
            with self.loop(extent, size) as start:
                body(start, self.scope.smaller(self.scope.difference(extent, start), size), size)

    def mode(self, operands: Sequence[Operand], area: Area) -> str:
        """How an area is cut: one "dense" run, strided "columns" of rows, or "rows" one after the other."""
        if _is_dense(operands, area):
            return "dense"
        elements = REPEAT_BYTES // max(operand.dtype.size for operand in operands)
        return "columns" if _columns_are_cheaper(operands, area, elements) else "rows"

    def walk(
        self,
        operands: Sequence[Operand],
        area: Area,
        body: Callable[[Piece], None],
        rows_at_once: int = MAX_REPEATS,
    ) -> None:
        """Call `body` for each piece of the area; together the pieces cover it once."""
        elements = REPEAT_BYTES // max(operand.dtype.size for operand in operands)
        mode = self.mode(operands, area)
        if mode == "dense":
            total = self.scope.product(area.rows, area.cols)
            largest = area.max_rows * area.max_cols

            def run(start: Index, length: Index, longest: int) -> None:
                body(Piece(self, True, 0, start, length, 1, elements, longest))

            self.pieces(total, largest, MAX_REPEATS * elements, run)
        elif mode == "columns":
            self._walk_columns(area, elements, body, rows_at_once)
        else:
            self._walk_rows(area, elements, body)

    def _walk_columns(self, area: Area, elements: int, body: Callable[[Piece], None], rows_at_once: int) -> None:
        def group(row: Index, rows: Index, max_rows: int) -> None:
            def chunk(col: Index, width: Index, widest: int) -> None:
                body(Piece(self, False, row, col, width, rows, elements, widest * max_rows))

            self.pieces(area.cols, area.max_cols, elements, chunk)

        self.pieces(area.rows, area.max_rows, rows_at_once, group)

    def _walk_rows(self, area: Area, elements: int, body: Callable[[Piece], None]) -> None:
        def one(row: Index) -> None:
            def run(start: Index, length: Index, longest: int) -> None:
                body(Piece(self, True, row, start, length, 1, elements, longest))

            self.pieces(area.cols, area.max_cols, MAX_REPEATS * elements, run)

        if isinstance(area.rows, int) and area.rows <= UNROLLED_PIECES:
            for row in range(area.rows):
                one(row)
        else:
            with self.loop(area.rows, 1) as row:
                one(row)

    def per_row(
        self,
        mnemonic: str,
        dst: Operand,
        src: Operand,
        area: Area,
        fields: Mapping[str, int | str | SSAValue],
        result_bytes: int,
    ) -> None:
        """Reduce each row of at most one repeat to `result_bytes` of dst; the instruction's repeats are the rows."""
        if src.row_bytes // BLOCK > MAX_STRIDE:
            with self.loop(area.rows, 1) as row:
                target = self.slice(dst.local, self.scope.product(row, result_bytes))
                source = self.slice(src.local, self.scope.product(row, src.row_bytes))
                mask = self.at_least_one(area.cols)
                self.emit(
                    mnemonic, [target, source], {**fields, "count": area.cols, "mask": mask, "type": src.dtype.name}
                )
            return

        def group(row: Index, rows: Index, _: int) -> None:
            target = self.slice(dst.local, self.scope.product(row, result_bytes))
            source = self.slice(src.local, self.scope.product(row, src.row_bytes))
            mask = self.at_least_one(area.cols)
            shape = {"count": self.scope.product(rows, area.cols), "mask": mask, "src_rep": src.row_bytes // BLOCK}
            self.emit(mnemonic, [target, source], {**fields, **shape, "type": src.dtype.name})

        self.pieces(area.rows, area.max_rows, MAX_REPEATS, group)


def _is_dense(operands: Sequence[Operand], area: Area) -> bool:
    if area.max_rows == 1:
        return True
    return all(
        operand.access == "block" or (operand.access == "full" and operand.pitch == area.cols) for operand in operands
    )


def _columns_are_cheaper(operands: Sequence[Operand], area: Area, elements: int) -> bool:
    full = [operand for operand in operands if operand.access == "full"]
    if any(operand.row_bytes // BLOCK > MAX_STRIDE or operand.row_bytes % BLOCK for operand in full):
        return False
    chunks = -(-area.max_cols // elements)
    by_column = chunks * -(-area.max_rows // MAX_REPEATS)
    return by_column <= area.max_rows * -(-chunks // MAX_REPEATS)
