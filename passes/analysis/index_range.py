"""Bounds of index values, as far as constants, loops and arithmetic tell."""

from __future__ import annotations

from typing import NamedTuple

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from dialects.kernel.scalar import GetBlockIdxOp, GetBlockNumOp, GetSubBlockIdxOp, NextSlotOp


class Range(NamedTuple):
    """The least and the greatest value, both included; None where there is no known bound."""

    low: int | None
    high: int | None


UNKNOWN = Range(None, None)


class IndexRanges:
    """Bounds of the index values of a program, computed on demand and kept."""

    def __init__(self) -> None:
        """Start without any value known."""
        self._known: dict[SSAValue, Range] = {}

    def of(self, value: SSAValue) -> Range:
        """The bounds of a value."""
        found = self._known.get(value)
        if found is None:
            self._known[value] = UNKNOWN
            found = self._known[value] = self._compute(value)
        return found

    def _compute(self, value: SSAValue) -> Range:
        if isinstance(value, BlockArgument):
            loop = value.owner.parent_op()
            if not isinstance(loop, scf.ForOp) or value.index:
                return UNKNOWN
            low, high = self.of(loop.lb).low, self.of(loop.ub).high
            return Range(low, None if high is None else high - 1)
        op = value.owner
        assert isinstance(op, Operation)
        match op:
            case arith.ConstantOp(value=IntegerAttr() as constant):
                return Range(constant.value.data, constant.value.data)
            case GetBlockIdxOp():
                return Range(0, None)
            case GetBlockNumOp():
                return Range(1, None)
            case GetSubBlockIdxOp():
                return Range(0, 1)
            case NextSlotOp():
                return Range(0, op.slots.value.data - 1)
            case arith.CmpiOp():
                return Range(0, 1)
            case arith.SelectOp():
                return _join(self.of(op.lhs), self.of(op.rhs))
            case _ if len(op.operands) == 2:
                return _binary(op, self.of(op.operands[0]), self.of(op.operands[1]))
            case _:
                return UNKNOWN


def _join(a: Range, b: Range) -> Range:
    low = None if a.low is None or b.low is None else min(a.low, b.low)
    high = None if a.high is None or b.high is None else max(a.high, b.high)
    return Range(low, high)


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _minus(a: int | None) -> int | None:
    return None if a is None else -a


def _binary(op: Operation, a: Range, b: Range) -> Range:
    match op:
        case arith.AddiOp():
            return Range(_plus(a.low, b.low), _plus(a.high, b.high))
        case arith.SubiOp():
            return Range(_plus(a.low, _minus(b.high)), _plus(a.high, _minus(b.low)))
        case arith.MuliOp():
            return _product(a, b)
        case arith.MinSIOp() | arith.MinUIOp():
            highs = [high for high in (a.high, b.high) if high is not None]
            return Range(_join(a, b).low, min(highs, default=None))
        case arith.MaxSIOp() | arith.MaxUIOp():
            lows = [low for low in (a.low, b.low) if low is not None]
            return Range(max(lows, default=None), _join(a, b).high)
        case arith.DivSIOp() | arith.DivUIOp() | arith.FloorDivSIOp() if b.low is not None and b.low > 0:
            if a.low is None or a.low < 0:
                return UNKNOWN
            return Range(0 if b.high is None else a.low // b.high, None if a.high is None else a.high // b.low)
        case arith.RemSIOp() | arith.RemUIOp() if a.low is not None and a.low >= 0 and b.low is not None and b.low > 0:
            highs = [high for high in (a.high, _plus(b.high, -1)) if high is not None]
            return Range(0, min(highs, default=None))
        case _:
            return UNKNOWN


def _product(a: Range, b: Range) -> Range:
    if None not in a and None not in b:
        products = [x * y for x in a for y in b if x is not None and y is not None]
        return Range(min(products), max(products))
    for known, other in ((a, b), (b, a)):
        if known.low == known.high and known.low is not None:
            return _times(other, known.low)
    if a.low is not None and b.low is not None and a.low >= 0 and b.low >= 0:
        return Range(a.low * b.low, None)
    return UNKNOWN


def _times(one: Range, factor: int) -> Range:
    ends = (None if end is None else end * factor for end in (one if factor >= 0 else reversed(one)))
    return Range(*ends) if factor else Range(0, 0)
