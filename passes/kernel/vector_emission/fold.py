"""Folding tiles: parts of a tile combined elementwise, what every reduction is made of."""

from __future__ import annotations

from dialects.dtypes import DType
from passes.kernel.vector_emission.operand import Area, Operand
from passes.kernel.vector_emission.operations import OperationEmitter
from passes.scope import Index


def identity_of(mnemonic: str, dtype: DType) -> float | int:
    """The number that combining with changes nothing."""
    if mnemonic in ("vadd", "vmul"):
        return 0 if mnemonic == "vadd" else 1
    if dtype.is_float:
        return float("-inf") if mnemonic == "vmax" else float("inf")
    lowest = -(1 << (dtype.bits - 1))
    return lowest if mnemonic == "vmax" else -lowest - 1


def combine(emitter: OperationEmitter, mnemonic: str, dst: Operand, lhs: Operand, rhs: Operand, area: Area) -> None:
    """dst = lhs combined with rhs, element by element."""
    named = {"dst": dst, "src0": lhs, "src1": rhs}
    emitter.walk(list(named.values()), area, lambda piece: piece.emit(mnemonic, named, type=dst.dtype.name))


def copy_area(emitter: OperationEmitter, dst: Operand, src: Operand, area: Area) -> None:
    """dst = src."""
    named = {"dst": dst, "src": src}
    emitter.walk(list(named.values()), area, lambda piece: piece.emit("vcopy", named, type=dst.dtype.name))


def below(emitter: OperationEmitter, operand: Operand, rows: int) -> Operand:
    """The operand from row `rows` on."""
    return Operand(emitter.slice(operand.local, rows * operand.row_bytes), operand.dtype, "full", operand.pitch)


def right_of(emitter: OperationEmitter, operand: Operand, cols: int) -> Operand:
    """The operand from column `cols` on."""
    return Operand(emitter.slice(operand.local, cols * operand.dtype.size), operand.dtype, "full", operand.pitch)


def of_width(area: Area, cols: Index, max_cols: int) -> Area:
    """The area with other columns."""
    return Area(area.rows, cols, area.max_rows, max_cols)


def of_height(area: Area, rows: int) -> Area:
    """The area with other rows."""
    return Area(rows, area.cols, rows, area.max_cols)
