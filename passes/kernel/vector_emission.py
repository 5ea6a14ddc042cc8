"""Vector instructions for the primitives of tiles: `VectorEmitter`, what convert-tile-to-kernel calls.

Broadcasting costs no copies: a row repeats through a repeat stride of 0, a column is spread to blocks once (vbrcb) and
read with a block stride of 0, numbers become scalar operands. What is dense is one run.
"""

from __future__ import annotations

from collections.abc import Sequence

from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission_condition import emit_compare, emit_select
from passes.kernel.vector_emission_operand import Area
from passes.kernel.vector_emission_operations import Source
from passes.kernel.vector_emission_pointwise import PointwiseEmitter
from passes.kernel.vector_emission_reduce import emit_reduce
from passes.kernel.vector_emission_tiles import BufferTemporaries, Temporaries, UBTile
from passes.kernel.vector_emission_transpose import emit_iota, emit_transpose
from passes.kernel.vector_emission_words import WORDS, emit_join, emit_word
from passes.scope import Index, Scope


class VectorEmitter(PointwiseEmitter):
    """Emits the vector instructions of tile computations at the end of a scope."""

    def __init__(self, scope: Scope, temporaries: Temporaries | None = None) -> None:
        """Emit into `scope`; scratch memory comes from `temporaries`, or is declared where it is needed."""
        super().__init__(scope, temporaries or BufferTemporaries(scope))

    def compute(
        self,
        function: str,
        dst: UBTile,
        operands: Sequence[Source],
        rows: Index,
        cols: Index,
        max_rows: int,
        max_cols: int,
        option: str | None = None,
    ) -> None:
        """dst = function(operands), over rows x cols of at most max_rows x max_cols elements.

        `option` is the predicate of "compare" or the rounding of "cast". Operands broadcast by their extent; numbers
        are scalars. SfumatoError for a function or type that the vector unit does not have.
        """
        area = self._area(dst, rows, cols, max_rows, max_cols)
        self.logical_rows = 1 if dst.extent == "scalar" else rows
        if function == "select":
            condition, *values = operands
            if isinstance(condition, UBTile):
                emit_select(self, dst, condition, values, area)
            else:
                self.pointwise("copy", dst, [values[0 if condition else 1]], area)
        elif function == "compare":
            emit_compare(self, option or "eq", dst, operands, area)
        elif function == "cast":
            self.cast(dst, operands[0], option, area)
        elif function in WORDS:
            emit_word(self, WORDS[function], dst, operands[0], area)
        elif function == "join_words":
            emit_join(self, dst, operands, area)
        else:
            self.pointwise(function, dst, operands, area)

    def reduce(
        self,
        kind: str,
        axis: str,
        dst: UBTile,
        src: UBTile,
        rows: Index,
        cols: Index,
        max_rows: int,
        max_cols: int,
    ) -> None:
        """Reduce src along "cols" to a column (or scalar), or along "rows" to a row (or scalar).

        Kinds: add, mul, max, min, and on booleans "and", "or". Padding never enters. An empty extent along the axis
        gives the identity where that can occur.
        """
        emit_reduce(self, kind, axis, dst, src, Area(rows, cols, max_rows, max_cols))

    def transpose(self, dst: UBTile, src: UBTile, rows: Index, cols: Index, max_rows: int, max_cols: int) -> None:
        """dst[c, r] = src[r, c] for rows x cols of src, which has 2- or 4-byte elements."""
        emit_transpose(self, dst, src, Area(rows, cols, max_rows, max_cols))

    def iota(
        self, axis: str, dst: UBTile, start: Index, rows: Index, cols: Index, max_rows: int, max_cols: int
    ) -> None:
        """dst = start + the column number ("cols") or row number ("rows"), in i32, i16, f32 or f16."""
        emit_iota(self, axis, dst, start, Area(rows, cols, max_rows, max_cols))

    def _area(self, dst: UBTile, rows: Index, cols: Index, max_rows: int, max_cols: int) -> Area:
        match dst.extent:
            case "full":
                return Area(rows, cols, max_rows, max_cols)
            case "row":
                return Area(1, cols, 1, max_cols)
            case "column":
                return Area(1, self.whole_groups(rows), 1, -(-max_rows // COLUMN_GROUP) * COLUMN_GROUP)
            case "scalar":
                return Area(1, COLUMN_GROUP, 1, COLUMN_GROUP)
