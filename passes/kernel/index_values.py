"""The index values of a tile program at the kernel level: coordinates in the grid, ranges, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from dialects.errors import SfumatoError
from dialects.kernel.scalar import GetSubBlockIdxOp
from dialects.tile.structure import RangeOp, SplitRowsOp
from passes.scope import Index, Scope


class IndexValues:
    """Which index stands for each index value of a tile program; what is known while compiling is a Python int."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[SSAValue, Index] = {}

    def __getitem__(self, value: SSAValue) -> Index:
        """Return the index that stands for a value."""
        return self._known[value]

    def __setitem__(self, value: SSAValue, index: Index) -> None:
        """Let ``index`` stand for a value."""
        self._known[value] = index

    def bind_coordinates(self, scope: Scope, number: Index, counts: Sequence[int], args: Sequence[SSAValue]) -> None:
        """Bind the arguments of a grid's body: tile ``number``'s place along each dimension."""
        for name, count in zip(reversed(args), reversed(counts), strict=True):
            last = name is args[0]
            self[name] = number if last else scope.remainder(number, count)
            number = number if last else scope.quotient(number, count)

    def lower_range(self, op: RangeOp, scope: Scope) -> None:
        """Bind where a tile starts and how many elements of it there are."""
        step, size = op.step.value.data, op.size.value.data
        start = scope.product(self[op.number], step)
        self[op.start] = start
        exact = size % step == 0
        self[op.extent] = step if exact else scope.smaller(step, scope.difference(size, start))

    def lower_split(self, op: SplitRowsOp, scope: Scope) -> None:
        """Bind which rows of a tile this vector core has."""
        sub = scope.add(GetSubBlockIdxOp.make()).results[0]
        share = op.share.value.data
        offset = scope.product(sub, share)
        left = scope.difference(self[op.extent], offset)
        self[op.offset] = offset
        self[op.rows] = scope.larger(0, scope.smaller(share, left))

    def lower_arithmetic(self, op: Operation, scope: Scope) -> None:
        """Copy index arithmetic; constants become Python ints. SfumatoError for an op that is none."""
        if op.name == "arith.constant":
            self[op.results[0]] = cast("IntegerAttr", op.properties["value"]).value.data
            return
        first, second = (self[operand] for operand in op.operands)
        match op.name:
            case "arith.addi":
                made = scope.sum(first, second)
            case "arith.subi":
                made = scope.difference(first, second)
            case "arith.muli":
                made = scope.product(first, second)
            case "arith.minsi":
                made = scope.smaller(first, second)
            case "arith.maxsi":
                made = scope.larger(first, second)
            case "arith.divui" if isinstance(second, int):
                made = scope.quotient(first, second)
            case "arith.remui" if isinstance(second, int):
                made = scope.remainder(first, second)
            case _:
                raise SfumatoError(f"{op.name} is not index arithmetic that a program on tiles may hold", op.location)
        self[op.results[0]] = made
