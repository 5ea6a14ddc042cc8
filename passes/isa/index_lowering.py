"""Index arithmetic of ``arith`` as values of scalar expressions."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, i1
from xdsl.ir import Operation

from dialects.errors import SfumatoError
from passes.analysis.index_range import IndexRanges
from passes.isa.scalar_expressions import Expressions, Linear, add, scaled

_SAME: dict[type[Operation], str] = {
    arith.FloorDivSIOp: "div",
    arith.DivUIOp: "div",
    arith.RemUIOp: "mod",
    arith.MuliOp: "mul",
    arith.MinSIOp: "min",
    arith.MinUIOp: "min",
    arith.MaxSIOp: "max",
    arith.MaxUIOp: "max",
}
"""Ops that are one scalar instruction. Unsigned ops assume no negative values."""

_LOGIC: dict[type[Operation], str] = {arith.AndIOp: "mul", arith.OrIOp: "max", arith.XOrIOp: "ne"}
"""Ops on truth values (i1) -> scalar instruction."""

_COMPARE: dict[int, tuple[str, bool]] = {
    0: ("eq", False),
    1: ("ne", False),
    2: ("lt", False),
    3: ("le", False),
    4: ("lt", True),
    5: ("le", True),
    6: ("lt", False),
    7: ("le", False),
    8: ("lt", True),
    9: ("le", True),
}
"""Predicate of arith.cmpi -> scalar instruction, and whether its operands change places."""

_TRUNCATING: dict[type[Operation], str] = {arith.DivSIOp: "div", arith.RemSIOp: "mod"}


def convert(op: Operation, operands: list[Linear], build: Expressions, ranges: IndexRanges) -> Linear | None:
    """The value of a pure index op of its operands' values; None when the op is not index arithmetic.

    Raises SfumatoError for a division by zero and for a signed division whose dividend may be negative by an unknown
    divisor.
    """
    kind = type(op)
    if kind in _SAME:
        _check_divisor(op, _SAME[kind], operands)
        return build.binary(_SAME[kind], operands[0], operands[1])
    if kind in _LOGIC and op.results[0].type == i1:
        return build.binary(_LOGIC[kind], operands[0], operands[1])
    if kind in _TRUNCATING:
        return _truncating(op, operands, build, ranges)
    match op:
        case arith.ConstantOp(value=IntegerAttr() as constant):
            # The i1 constant true is held as -1.
            truth = isinstance(constant.type, IntegerType) and constant.type.width.data == 1
            return Linear(abs(constant.value.data) if truth else constant.value.data)
        case arith.AddiOp():
            return add(operands[0], operands[1])
        case arith.SubiOp():
            return add(operands[0], operands[1], -1)
        case arith.CmpiOp():
            mnemonic, swapped = _COMPARE[op.predicate.value.data]
            a, b = reversed(operands) if swapped else operands
            return build.binary(mnemonic, a, b)
        case arith.SelectOp():
            return build.select(*operands)
        case arith.IndexCastOp() | arith.ExtUIOp():
            return operands[0]
        case _:
            return None


def _check_divisor(op: Operation, mnemonic: str, operands: list[Linear]) -> None:
    if mnemonic in ("div", "mod") and operands[1] == Linear(0):
        raise SfumatoError("an index is divided by zero", op.location)


def _truncating(op: Operation, operands: list[Linear], build: Expressions, ranges: IndexRanges) -> Linear:
    """Division and remainder that round toward zero, by flooring ones."""
    dividend, divisor = operands
    mnemonic = _TRUNCATING[type(op)]
    _check_divisor(op, mnemonic, operands)
    low, divisor_low = ranges.of(op.operands[0]).low, ranges.of(op.operands[1]).low
    if low is not None and low >= 0 and divisor_low is not None and divisor_low >= 0:
        return build.binary(mnemonic, dividend, divisor)
    if divisor.terms or divisor.constant <= 0:
        raise SfumatoError(
            f"{op.name} of a value that may be negative by a value that is not a positive constant has no instruction: "
            "use arith.floordivsi, or arith.divui and arith.remui where both are known not to be negative",
            op.location,
        )
    # A negative dividend is moved up by divisor - 1, so that flooring rounds it toward zero.
    negative = build.binary("lt", dividend, Linear(0))
    moved = add(dividend, scaled(negative, divisor.constant - 1))
    quotient = build.binary("div", moved, divisor)
    return quotient if mnemonic == "div" else add(dividend, scaled(quotient, divisor.constant), -1)
