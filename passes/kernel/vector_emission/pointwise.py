"""Pointwise functions of one or two operands: which instructions they are in which type."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from passes.kernel.vector_emission.cast import CastEmitter
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.operations import Source
from passes.kernel.vector_emission.ub_tile import UBTile

UNARY = {
    "abs": "vabs",
    "exp": "vexp",
    "log": "vln",
    "sqrt": "vsqrt",
    "rsqrt": "vrsqrt",
    "reciprocal": "vrec",
    "relu": "vrelu",
}
BINARY = {"add": "vadd", "sub": "vsub", "mul": "vmul", "div": "vdiv", "max": "vmax", "min": "vmin"}
SCALAR = {"add": "vadds", "mul": "vmuls", "max": "vmaxs", "min": "vmins"}
LOGICAL = {"and": "min", "or": "max"}
"""Boolean functions as arithmetic on f16 0 and 1."""
BITWISE = {"and": "vand", "or": "vor", "not": "vnot"}
ROUNDINGS = {"floor": "floor", "ceil": "ceil", "round": "rint", "trunc": "trunc"}
SHIFTS = {"shl": "vshl", "shr": "vshr"}


class PointwiseEmitter(CastEmitter):
    """Emits pointwise functions."""

    def pointwise(self, function: str, dst: UBTile, operands: Sequence[Source], area: Area) -> None:
        """dst = a function of operands of its own type; SfumatoError when there is no such function of that type."""
        tiles = [operand for operand in operands if isinstance(operand, UBTile)]
        if any(tile.dtype != dst.dtype for tile in tiles):
            types = ", ".join(tile.dtype.name for tile in tiles)
            raise SfumatoError(f"'{function}' to {dst.dtype.name} has operands of other types: {types}")
        first = operands[0]
        logical = dst.dtype == DType.f16
        if function == "neg":
            self.binary("mul", dst, first, -1, area)
        elif function == "not" and logical:
            self._chain(dst, first, [("vmuls", -1), ("vadds", 1)], area)
        elif function in LOGICAL and logical:
            self.binary(LOGICAL[function], dst, first, operands[1], area)
        elif function in BITWISE:
            self._bitwise(function, dst, operands, area)
        elif function in ROUNDINGS:
            self.round(dst, first, ROUNDINGS[function], area)
        elif function == "copy":
            self.copy(dst, first, area)
        elif function in UNARY:
            self.apply(UNARY[function], dst, [first], area)
        elif function in SHIFTS:
            self._shift(SHIFTS[function], dst, operands, area)
        elif function in BINARY:
            self.binary(function, dst, first, operands[1], area)
        else:
            raise SfumatoError(f"the vector unit has no '{function}' of {dst.dtype.name}")

    def _chain(self, dst: UBTile, source: Source, steps: Sequence[tuple[str, float]], area: Area) -> None:
        target, walked = Operand.of(dst), self.walked(source, dst, area)
        for mnemonic, number in steps:
            self.scalar(mnemonic, target, walked, number, area)
            walked = target

    def binary(self, function: str, dst: UBTile, lhs: Source, rhs: Source, area: Area) -> None:
        """dst = lhs function rhs for a key of BINARY; a number becomes a scalar operand where there is one."""
        if isinstance(lhs, UBTile) and isinstance(rhs, UBTile):
            self.apply(BINARY[function], dst, [lhs, rhs], area)
        elif isinstance(lhs, UBTile) and not isinstance(rhs, UBTile):
            if function == "sub":
                self._chain(dst, lhs, [("vadds", -rhs)], area)
            elif function == "div" and dst.dtype.is_float and _is_power_of_two(rhs):
                self._chain(dst, lhs, [("vmuls", 1 / rhs)], area)
            elif function in SCALAR:
                self._chain(dst, lhs, [(SCALAR[function], rhs)], area)
            else:
                self.apply(BINARY[function], dst, [lhs, rhs], area)
        elif function == "sub" and not isinstance(lhs, UBTile):
            self._chain(dst, rhs, [("vmuls", -1), ("vadds", lhs)], area)
        elif function in SCALAR and not isinstance(lhs, UBTile) and isinstance(rhs, UBTile):
            self._chain(dst, rhs, [(SCALAR[function], lhs)], area)
        else:
            self.apply(BINARY[function], dst, [lhs, rhs], area)

    def _bitwise(self, function: str, dst: UBTile, operands: Sequence[Source], area: Area) -> None:
        """Bits do not care about the type: words are pairs of halfwords."""
        if dst.dtype not in (DType.i16, DType.i32):
            raise SfumatoError(f"the vector unit has no bitwise '{function}' of {dst.dtype.name}")
        words = [self.walked(source, dst, area) for source in operands]
        parts = dst.dtype.size // 2
        halves = [Operand(w.local, DType.u16, w.access, w.pitch * parts) for w in words]
        target = Operand(dst.local, DType.u16, "full", dst.pitch * parts)
        half_area = Area(area.rows, self.scope.product(area.cols, parts), area.max_rows, area.max_cols * parts)

        names = ("src",) if len(halves) == 1 else ("src0", "src1")
        named = {"dst": target, **dict(zip(names, halves, strict=True))}
        mnemonic = BITWISE[function]
        self.walk(list(named.values()), half_area, lambda piece: piece.emit(mnemonic, named, type="u16"))

    def _shift(self, mnemonic: str, dst: UBTile, operands: Sequence[Source], area: Area) -> None:
        value, amount = operands
        if isinstance(amount, UBTile):
            raise SfumatoError("the vector unit shifts by one number for all elements, not by a tensor")
        self._chain(dst, value, [(mnemonic, amount)], area)


def _is_power_of_two(value: float) -> bool:
    """Whether a number and its inverse are powers of two that f16 holds exactly (normal: 2^-14 to 2^15)."""
    mantissa, exponent = math.frexp(value)
    return abs(mantissa) == 0.5 and -13 < exponent < 15
