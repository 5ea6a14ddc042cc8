"""Pointwise functions of one or two operands: which instructions they are in which type."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from passes.kernel.vector_emission_cast import CastEmitter
from passes.kernel.vector_emission_condition import emit_compare
from passes.kernel.vector_emission_operand import Area, Operand
from passes.kernel.vector_emission_operations import Source
from passes.kernel.vector_emission_tiles import UBTile

UNARY = {
    "exp": "vexp",
    "log": "vln",
    "sqrt": "vsqrt",
    "rsqrt": "vrsqrt",
    "reciprocal": "vrec",
    "relu": "vrelu",
}
BINARY = {"add": "vadd", "sub": "vsub", "mul": "vmul", "div": "vdiv", "max": "vmax", "min": "vmin"}
SCALAR = {"add": "vadds", "mul": "vmuls", "max": "vmaxs", "min": "vmins"}
LOGICAL = {"and": "vmin", "or": "vmax"}
"""Boolean functions as arithmetic on f16 0 and 1."""
BITWISE = {"and": "vand", "or": "vor"}
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
        elif function == "xor" and logical:
            self.binary("sub", dst, first, operands[1], area)
            self.apply("vabs", dst, [dst], area)
        elif function in LOGICAL and logical:
            self.binary("min" if function == "and" else "max", dst, first, operands[1], area)
        elif function in BITWISE or function in ("not", "xor"):
            self._bitwise(function, dst, operands, area)
        elif function == "abs":
            self._absolute(dst, first, area)
        elif function == "sign":
            self._sign(dst, first, area)
        elif function in ROUNDINGS:
            self.round(dst, first, ROUNDINGS[function], area)
        elif function in ("copy", "broadcast"):
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

        def run(mnemonic: str, into: Operand, sources: Sequence[Operand]) -> None:
            names = ("src",) if len(sources) == 1 else ("src0", "src1")
            named = {"dst": into, **dict(zip(names, sources, strict=True))}
            self.walk(list(named.values()), half_area, lambda piece: piece.emit(mnemonic, named, type="u16"))

        if function != "xor":
            run("vnot" if function == "not" else BITWISE[function], target, halves)
            return
        both = self.scratch(dst, dst.dtype, area)  # x xor y = (x or y) - (x and y): no borrow can occur
        run("vand", Operand(both.local, DType.u16, "full", dst.pitch * parts), halves)
        run("vor", target, halves)
        self.apply("vsub", dst, [dst, both], area)

    def _absolute(self, dst: UBTile, source: Source, area: Area) -> None:
        if dst.dtype.is_float:
            self.apply("vabs", dst, [source], area)
            return
        negated = self.scratch(dst, dst.dtype, area)
        self.binary("mul", negated, source, -1, area)
        self.apply("vmax", dst, [source, negated], area)

    def _sign(self, dst: UBTile, source: Source, area: Area) -> None:
        if not dst.dtype.is_float:
            self._chain(dst, source, [("vmins", 1), ("vmaxs", -1)], area)
            return
        positive, negative = (self.scratch(dst, DType.f16, area) for _ in range(2))
        emit_compare(self, "gt", positive, [source, 0.0], area)
        emit_compare(self, "lt", negative, [source, 0.0], area)
        if dst.dtype == DType.f16:
            self.apply("vsub", dst, [positive, negative], area)
            return
        self.apply("vsub", positive, [positive, negative], area)
        self.cast(dst, positive, None, area)

    def _shift(self, mnemonic: str, dst: UBTile, operands: Sequence[Source], area: Area) -> None:
        value, amount = operands
        if isinstance(amount, UBTile):
            raise SfumatoError("the vector unit shifts by one number for all elements, not by a tensor")
        self._chain(dst, value, [(mnemonic, amount)], area)


def _is_power_of_two(value: float) -> bool:
    """Whether a number and its inverse are powers of two that f16 holds exactly (normal: 2^-14 to 2^15)."""
    mantissa, exponent = math.frexp(value)
    return abs(mantissa) == 0.5 and -13 < exponent < 15
