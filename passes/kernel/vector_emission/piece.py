"""A piece of work for one instruction: its count and mask, and the address and strides of each operand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS
from dialects.isa.legality import supports
from dialects.isa.mte import BLOCK
from dialects.isa.vector import REPEAT_BYTES
from passes.kernel.vector_emission.operand import Operand
from passes.scope import Index

if TYPE_CHECKING:
    from passes.kernel.vector_emission.walker import Walker


@dataclass(frozen=True)
class Piece:
    """What one instruction (or several that share packed bits) works on.

    dense: `width` consecutive elements from (row, col). Otherwise `repeats` rows of `width` elements, at most a repeat
    of `elements`. `largest` bounds the number of elements.
    """

    walker: Walker
    dense: bool
    row: Index
    col: Index
    width: Index
    repeats: Index
    elements: int
    largest: int

    def emit(self, mnemonic: str, operands: Mapping[str, Operand], **fields: int | str | SSAValue) -> None:
        """Append an instruction whose address fields are `operands`; strides, count and mask follow from the piece."""
        scope = self.walker.scope
        if "type" in fields and not supports(mnemonic, DType[str(fields["type"])]):
            raise SfumatoError(f"the vector unit has no {mnemonic} of {fields['type']}: convert the operands first")
        sizes = [operand.dtype.size for operand in operands.values() if operand.access != "bits"]
        elements = REPEAT_BYTES // max(sizes) if self.dense else self.elements
        known = INSTRUCTIONS[mnemonic].positions
        settings: dict[str, int | str | SSAValue] = dict(fields)
        if self.dense:
            settings["count"], settings["mask"] = self.width, elements
        else:
            mask = self.walker.at_least_one(self.width)
            settings["count"], settings["mask"] = scope.product(self.repeats, self.width), mask
        for name, operand in operands.items():
            if f"{name}_blk" in known:
                settings[f"{name}_blk"], settings[f"{name}_rep"] = self._strides(operand, elements)
        self.walker.emit(mnemonic, [self._tensor(operand) for operand in operands.values()], settings)

    def _strides(self, operand: Operand, elements: int) -> tuple[int, int]:
        if operand.access == "block":
            return 0, 0
        if operand.access == "blocks":
            return 0, 0 if self.dense else 1
        if self.dense:
            return 1, elements * operand.dtype.size // BLOCK
        return 1, operand.row_bytes // BLOCK if operand.access in ("full", "piece") else 0

    def _tensor(self, operand: Operand) -> SSAValue:
        scope, size = self.walker.scope, operand.dtype.size
        column = scope.product(self.col, size)
        if operand.access == "full":
            return self.walker.slice(operand.local, scope.sum(scope.product(self.row, operand.row_bytes), column))
        if operand.access == "row":
            return self.walker.slice(operand.local, column)
        if operand.access == "blocks":
            return self.walker.slice(operand.local, scope.product(self.row, BLOCK))
        return operand.local
