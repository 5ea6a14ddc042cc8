"""Bounds of the elements of graph values, as far as constants, counting and arithmetic on them tell.

Integers always have bounds, those of their type at worst; a float has them where constants bound it (NaN lies outside
all bounds). What an operation would give without the limits of its type is `exact`: where that fits the type, nothing
wraps around.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, inf, prod, trunc
from typing import NamedTuple

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.operation import integer, integers
from dialects.graph.types import element_of, shape_of
from passes.analysis.access import VIEWS

Number = int | float


class ValueRange(NamedTuple):
    """The least and the greatest value that an element may have, both included."""

    low: Number
    high: Number

    def fits(self, element: Attribute) -> bool:
        """Whether the integer type ``element`` holds all values between the bounds."""
        whole = type_range(element)
        return whole.low <= self.low and self.high <= whole.high


def type_range(element: Attribute) -> ValueRange:
    """The bounds of an element type."""
    dtype = DType.of(element)
    if dtype.is_float:
        return ValueRange(-inf, inf)
    if dtype is DType.i1:
        return ValueRange(0, 1)
    limits = np.iinfo(dtype.numpy)
    return ValueRange(int(limits.min), int(limits.max))


class ValueRanges:
    """Bounds of the values of a module, computed on demand and kept; arguments of outlined layers join all calls."""

    def __init__(self, module: ModuleOp) -> None:
        """Look at ``module``, which may be rewritten meanwhile."""
        self._known: dict[SSAValue, ValueRange] = {}
        self._calls: dict[str, list[CallOp]] = {}
        for op in module.walk():
            if isinstance(op, CallOp):
                self._calls.setdefault(op.callee.root_reference.data, []).append(op)

    def of(self, value: SSAValue) -> ValueRange:
        """The bounds of a value's elements."""
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self._computed(value)
        return found

    def exact(self, op: Operation) -> ValueRange:
        """The bounds of the only result of ``op`` before it is brought into the range of its type."""
        rule = RULES.get(op.name)
        if rule is not None:
            return rule(op, [self.of(operand) for operand in op.operands])
        return type_range(element_of(op.results[0]))

    def _computed(self, value: SSAValue) -> ValueRange:
        if isinstance(value, BlockArgument):
            return self._passed(value)
        found = type_range(element_of(value))
        op = value.owner
        if isinstance(op, Operation) and len(op.results) == 1:
            exact = self.exact(op)
            found = exact if exact.fits(element_of(value)) else found
        return found

    def _passed(self, argument: BlockArgument) -> ValueRange:
        """The union of what the calls of a private function pass; anything else is unknown."""
        function, element = argument.owner.parent_op(), element_of(argument)
        if not isinstance(function, FuncOp) or function.sym_visibility is None:
            return type_range(element)
        calls = self._calls.get(function.sym_name.data, [])
        private = function.sym_visibility.data == "private"
        if not private or not calls or DType.of(element).is_float:
            return type_range(element)
        return _union([self.of(call.operands[argument.index]) for call in calls])


Rule = Callable[[Operation, list[ValueRange]], ValueRange]
"""The exact bounds of a result from those of the operands."""


def _union(ranges: list[ValueRange]) -> ValueRange:
    return ValueRange(min(one.low for one in ranges), max(one.high for one in ranges))


def _constant(op: Operation, _: list[ValueRange]) -> ValueRange:
    assert isinstance(op, graph.ConstantOp)
    elements = np.asarray(op.scalar) if op.scalar is not None else op.to_numpy()
    if not elements.size or bool((elements != elements).any()):
        return type_range(element_of(op.result))
    return ValueRange(elements.min().item(), elements.max().item())


def _float_aware(rule: Callable[[ValueRange, ValueRange], tuple[Number, Number]]) -> Rule:
    """Arithmetic: exact of integers; floats round, which is not followed."""

    def bounds(op: Operation, ranges: list[ValueRange]) -> ValueRange:
        if DType.of(element_of(op.results[0])).is_float:
            return ValueRange(-inf, inf)
        return ValueRange(*rule(ranges[0], ranges[-1]))

    return bounds


def _corners(function: Callable[[int, int], int]) -> Rule:
    """The extremes of a function that is monotone in each operand lie at the ends of these."""

    def rule(a: ValueRange, b: ValueRange) -> tuple[int, int]:
        values = [function(int(x), int(y)) for x in a for y in b]
        return min(values), max(values)

    return _float_aware(rule)


def _size(a: ValueRange) -> tuple[Number, Number]:
    most = max(abs(a.low), abs(a.high))
    return (0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))), most


def _bitwise(a: ValueRange, b: ValueRange) -> tuple[int, int]:
    """Bits that no operand has set are not set, nor is the sign where none has it."""
    bits = max((int(end) if end >= 0 else ~int(end)).bit_length() for end in (*a, *b))
    return (0 if a.low >= 0 and b.low >= 0 else -(1 << bits)), (1 << bits) - 1


def _and(a: ValueRange, b: ValueRange) -> tuple[int, int]:
    """At most the operand that is not negative."""
    bounds = [int(one.high) for one in (a, b) if one.low >= 0]
    return (0, min(bounds)) if bounds else _bitwise(a, b)


def _shift_right(a: ValueRange, b: ValueRange) -> tuple[Number, Number]:
    """Nearer to 0 (or -1), by the least distance at best; distances outside the type leave the sign only."""
    if b.low == b.high and 0 <= b.low < 64:
        return int(a.low) >> int(b.low), int(a.high) >> int(b.low)
    return min(int(a.low), 0 if a.low >= 0 else -1), max(int(a.high), 0 if a.high >= 0 else -1)


def _shift_left(a: ValueRange, b: ValueRange) -> tuple[int, int]:
    if 0 <= b.low and b.high < 64:
        values = [int(x) << int(y) for x in a for y in b]
        return min(values), max(values)
    return -(1 << 64), 1 << 64


def _quotient(a: ValueRange, _: ValueRange) -> tuple[Number, Number]:
    """A divisor is no smaller than 1 (a zero divisor is an error in torch)."""
    most = max(abs(a.low), abs(a.high))
    return -most, most


def _remainder(a: ValueRange, b: ValueRange) -> tuple[Number, Number]:
    """Smaller than the divisor, of its sign."""
    return min(0, b.low + 1), max(0, b.high - 1)


def _fmod(a: ValueRange, b: ValueRange) -> tuple[Number, Number]:
    """Of the sign of the dividend, and no larger."""
    return min(0, a.low), max(0, a.high)


def _max(_: Operation, ranges: list[ValueRange]) -> ValueRange:
    return ValueRange(max(one.low for one in ranges), max(one.high for one in ranges))


def _min(_: Operation, ranges: list[ValueRange]) -> ValueRange:
    return ValueRange(min(one.low for one in ranges), min(one.high for one in ranges))


def _each(function: Callable[[Number], Number]) -> Rule:
    return lambda op, ranges: ValueRange(function(ranges[0].low), function(ranges[0].high))


def _whole(function: Callable[[float], int]) -> Rule:
    """A rounding, which is monotone and leaves infinities."""
    return _each(lambda end: end if abs(end) == inf else function(end))


def _cast(op: Operation, ranges: list[ValueRange]) -> ValueRange:
    (source,), target = ranges, DType.of(element_of(op.results[0]))
    if target is DType.i1:
        return ValueRange(0, 1)
    if target.is_float:
        return _rounded(source, target)
    return ValueRange(*(end if abs(end) == inf else trunc(end) for end in source))


def _rounded(source: ValueRange, target: DType) -> ValueRange:
    with np.errstate(over="ignore"):
        return ValueRange(*(float(np.asarray(float(end)).astype(target.numpy)) for end in source))


def _reduce(op: Operation, ranges: list[ValueRange]) -> ValueRange:
    assert isinstance(op, graph.ReduceOp)
    (source,), shape = ranges, shape_of(op.operand)
    count = prod(shape[axis] for axis in integers(op.properties, "axes"))
    match op.kind.data:
        case "max" | "min" | "and" | "or":
            return source
        case _ if DType.of(element_of(op.result)).is_float:
            return ValueRange(-inf, inf)
        case "add":
            return ValueRange(count * source.low, count * source.high)
        case _:
            most = max(1, abs(int(source.low)), abs(int(source.high)))
            bound = most**count if most.bit_length() * count <= 256 else 1 << 256
            return ValueRange(0 if source.low >= 0 else -bound, bound)


def _pad(op: Operation, ranges: list[ValueRange]) -> ValueRange:
    assert isinstance(op, graph.PadOp)
    fill = graph.ConstantOp.create(result_types=(op.result.type,), properties={"value": op.value}).scalar
    assert fill is not None
    return _union([ranges[0], ValueRange(fill, fill)])


def _iota(op: Operation, _: list[ValueRange]) -> ValueRange:
    return ValueRange(0, max(0, shape_of(op.results[0])[integer(op.properties, "axis")] - 1))


def _product(op: Operation, ranges: list[ValueRange]) -> ValueRange:
    """A matrix product of integers."""
    if DType.of(element_of(op.results[0])).is_float:
        return ValueRange(-inf, inf)
    assert isinstance(op, graph.MatmulOp)
    depth = shape_of(op.lhs)[-2 if op.transpose_a is not None else -1]
    values = [int(x) * int(y) * depth for x in ranges[0] for y in ranges[1]]
    return ValueRange(min(values), max(values))


_RULES: dict[type[graph.GraphOp], Rule] = {
    graph.ConstantOp: _constant,
    graph.IotaOp: _iota,
    graph.AddOp: _float_aware(lambda a, b: (a.low + b.low, a.high + b.high)),
    graph.SubOp: _float_aware(lambda a, b: (a.low - b.high, a.high - b.low)),
    graph.MulOp: _corners(lambda x, y: x * y),
    graph.NegOp: lambda op, ranges: ValueRange(-ranges[0].high, -ranges[0].low),
    graph.AbsOp: lambda op, ranges: ValueRange(*_size(ranges[0])),
    graph.SignOp: lambda op, ranges: ValueRange(-1, 1),
    graph.ReluOp: _each(lambda end: max(end, 0)),
    graph.NotOp: lambda op, ranges: ValueRange(-1 - ranges[0].high, -1 - ranges[0].low),
    graph.MaxOp: _max,
    graph.MinOp: _min,
    graph.AndOp: _float_aware(_and),
    graph.OrOp: _float_aware(_bitwise),
    graph.XorOp: _float_aware(_bitwise),
    graph.ShlOp: _float_aware(_shift_left),
    graph.ShrOp: _float_aware(_shift_right),
    graph.DivOp: _float_aware(_quotient),
    graph.FloorDivOp: _float_aware(_quotient),
    graph.RemOp: _float_aware(_remainder),
    graph.FmodOp: _float_aware(_fmod),
    graph.FloorOp: _whole(floor),
    graph.CeilOp: _whole(ceil),
    graph.RoundOp: _whole(round),
    graph.TruncOp: _whole(trunc),
    graph.CompareOp: lambda op, ranges: ValueRange(0, 1),
    graph.SelectOp: lambda op, ranges: _union(ranges[1:]),
    graph.CastOp: _cast,
    graph.ReduceOp: _reduce,
    graph.PadOp: _pad,
    graph.ConcatOp: lambda op, ranges: _union(ranges),
    graph.TakeOp: lambda op, ranges: ranges[0],
    graph.GatherOp: lambda op, ranges: ranges[0],
    graph.MatmulOp: _product,
}

RULES: dict[str, Rule] = {
    **{op.name: rule for op, rule in _RULES.items()},
    **{name: lambda op, ranges: ranges[0] for name in VIEWS},
}
"""The bounds of each op that this analysis follows, by the op's name."""
