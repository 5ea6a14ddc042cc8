"""Vector instructions for the primitives of tiles: `VectorEmitter`, what convert-tile-to-kernel calls.

Broadcasting costs no copies: a row repeats through a repeat stride of 0, a column is spread to blocks once (vbrcb) and
read with a block stride of 0, numbers become scalar operands. What is dense is one run.
"""

from __future__ import annotations

from collections.abc import Sequence

from dialects.dtypes import DType
from passes.analysis.rounding import round_up
from passes.analysis.tile_storage import COLUMN_GROUP
from passes.kernel.vector_emission.condition import emit_compare, emit_select
from passes.kernel.vector_emission.operand import Area
from passes.kernel.vector_emission.operations import Source
from passes.kernel.vector_emission.pointwise import PointwiseEmitter
from passes.kernel.vector_emission.reduce import emit_reduce
from passes.kernel.vector_emission.transpose import emit_iota, emit_transpose
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.kernel.vector_emission.words import WORDS, bits_of, emit_join, emit_word
from passes.scope import Index


class VectorEmitter(PointwiseEmitter):
    """Emits the vector instructions of tile computations at the end of a scope."""

    def compute(
        self,
        function: str,
        dst: UBTile,
        operands: Sequence[Source],
        area: Area,
        option: str | None = None,
    ) -> None:
        """dst = function(operands), over an area of dst.

        `option` is the predicate of "compare" or the rounding of "cast". Operands broadcast by their extent; numbers
        are scalars. SfumatoError for a function or type that the vector unit does not have.
        """
        self.logical_rows = 1 if dst.extent == "scalar" else area.rows
        area = self._laid_out(dst, area)
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
        elif function == "add_bits":
            value, number = (bits_of(operand) for operand in operands)
            self.pointwise("add", dst.at(dst.local, DType.i32), [value, number], area)
        else:
            self.pointwise(function, dst, operands, area)

    def reduce(self, kind: str, axis: str, dst: UBTile, src: UBTile, area: Area) -> None:
        """Reduce an area of src along "cols" to a column (or scalar), or along "rows" to a row (or scalar).

        Kinds: add, mul, max, min, and on booleans "and", "or". Padding never enters. An empty extent along the axis
        gives the identity where that can occur.
        """
        emit_reduce(self, kind, axis, dst, src, area)

    def transpose(self, dst: UBTile, src: UBTile, area: Area) -> None:
        """dst[c, r] = src[r, c] for an area of src, which has 2-, 4- or 8-byte elements."""
        emit_transpose(self, dst, src, area)

    def iota(self, axis: str, dst: UBTile, start: Index, area: Area) -> None:
        """dst = start + the column number ("cols") or row number ("rows"), in i32, i16, f32 or f16."""
        emit_iota(self, axis, dst, start, area)

    def _laid_out(self, dst: UBTile, area: Area) -> Area:
        """The elements of an area as they lie in dst: those of columns and scalars as one row of whole groups."""
        match dst.extent:
            case "full":
                return area
            case "row":
                return Area(1, area.cols, 1, area.max_cols)
            case "column":
                return Area(1, self.whole_groups(area.rows), 1, round_up(area.max_rows, COLUMN_GROUP))
            case "scalar":
                return Area(1, COLUMN_GROUP, 1, COLUMN_GROUP)
