"""Pointwise ops: arithmetic, comparison, selection, conversion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.choose import CastOp, CompareOp
from dialects.graph.operation import GraphOp
from passes.analysis.evaluation.array import Array, Meaning, dtype_of, only, widened
from passes.analysis.evaluation.functions import PLAIN, WITH_PARAMETERS


def truncated_quotient(x: Array, y: Array) -> Array:
    """The quotient; of integers, rounded towards zero (a zero divisor gives zero)."""
    if x.dtype.kind == "f":
        return x / y
    quotient = np.floor_divide(x, y)
    inexact = quotient * y != x
    return quotient + (inexact & ((x < 0) != (y < 0))).astype(x.dtype)


def floor_quotient(x: Array, y: Array) -> Array:
    """The quotient rounded towards minus infinity, of floats as torch computes it (through the exact remainder)."""
    if x.dtype.kind != "f":
        return np.floor_divide(x, y)
    rest = np.fmod(x, y)
    quotient = (x - rest) / y
    quotient = np.where((rest != 0) & ((y < 0) != (rest < 0)), quotient - 1, quotient)
    floor = np.floor(quotient)
    floor = np.where(quotient - floor > 0.5, floor + 1, floor)
    return np.where(y == 0, x / y, np.where(quotient != 0, floor, np.copysign(0.0, x / y))).astype(x.dtype)


def remainder(x: Array, y: Array) -> Array:
    """The remainder with the sign of the divisor."""
    if x.dtype.kind != "f":
        return np.remainder(x, y)
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def power(x: Array, y: Array) -> Array:
    """x**y; of floats in float64 (exact enough to round once), of integers by wrapping multiplication."""
    if x.dtype.kind == "f":
        return np.power(x.astype(np.float64), y.astype(np.float64))
    result = np.where(y < 0, np.where(np.abs(x) == 1, x ** (np.abs(y) % 2), 0), 1).astype(x.dtype)
    left, base = np.where(y < 0, 0, y), x.copy()
    while bool((left > 0).any()):
        result = np.where(left & 1 == 1, result * base, result)
        base = base * base
        left = left >> 1
    return result


BINARY: dict[type[GraphOp], Callable[[Array, Array], Array]] = {
    graph.AddOp: np.add,
    graph.SubOp: np.subtract,
    graph.MulOp: np.multiply,
    graph.DivOp: truncated_quotient,
    graph.MaxOp: np.maximum,
    graph.MinOp: np.minimum,
    graph.PowOp: power,
    graph.RemOp: remainder,
    graph.FmodOp: np.fmod,
    graph.FloorDivOp: floor_quotient,
    graph.Atan2Op: lambda y, x: np.arctan2(y.astype(np.float64), x.astype(np.float64)),
    graph.AndOp: np.bitwise_and,
    graph.OrOp: np.bitwise_or,
    graph.XorOp: np.bitwise_xor,
    graph.ShlOp: np.left_shift,
    graph.ShrOp: np.right_shift,
}

UNARY: dict[type[GraphOp], Callable[[Array], Array]] = {
    graph.NegOp: np.negative,
    graph.AbsOp: np.abs,
    graph.SignOp: lambda x: (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype),
    graph.ReluOp: lambda x: np.maximum(x, 0),
    graph.FloorOp: np.floor,
    graph.CeilOp: np.ceil,
    graph.RoundOp: np.rint,
    graph.TruncOp: np.trunc,
    graph.NotOp: np.invert,
    graph.IsNanOp: np.isnan,
    graph.IsInfOp: np.isinf,
}

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def _binary(function: Callable[[Array, Array], Array]) -> Meaning:
    def evaluate(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
        dtype = dtype_of(op.operands[0])
        return only(op, function(widened(operands[0], dtype), widened(operands[1], dtype)))

    return evaluate


def _unary(function: Callable[[Array], Array]) -> Meaning:
    def evaluate(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
        return only(op, function(widened(operands[0], dtype_of(op.operands[0]))))

    return evaluate


def _function(function: Callable[[GraphOp, Array], Array]) -> Meaning:
    def evaluate(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
        return only(op, function(op, operands[0].astype(np.float64)))

    return evaluate


def _compare(op: CompareOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    dtype = dtype_of(op.lhs)
    return (COMPARISONS[op.predicate.data](widened(operands[0], dtype), widened(operands[1], dtype)),)


def _select(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    return (np.where(operands[0], operands[1], operands[2]),)


def _cast(op: CastOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    source, target = operands[0], dtype_of(op.result)
    if target is DType.i1:
        return (source != 0,)
    source = widened(source, dtype_of(op.operand))
    if source.dtype.kind == "f" and not target.is_float:
        # Through int64, as torch does: out of range wraps for the narrower types.
        source = np.trunc(source).astype(np.int64)
    return only(op, source)


def _words(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    words = np.ascontiguousarray(operands[0]).astype("<i8").view("<i4").reshape(*operands[0].shape, 2)
    return (words[..., int(isinstance(op, graph.HighWordOp))],)


def _join(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    del op
    low, high = (operand.astype(np.int64) for operand in operands)
    return ((high << 32) | (low & 0xFFFFFFFF),)


def _add_bits(op: GraphOp, operands: Sequence[Array]) -> tuple[Array, ...]:
    del op
    value, number = (np.ascontiguousarray(operand, dtype) for operand, dtype in zip(operands, "fi", strict=True))
    return ((value.view(np.int32) + number).view(np.float32),)


def _plain(function: Callable[[Array], Array]) -> Callable[[GraphOp, Array], Array]:
    return lambda op, x: function(x)


POINTWISE: dict[type[GraphOp], Meaning] = {
    **{op: _binary(function) for op, function in BINARY.items()},
    **{op: _unary(function) for op, function in UNARY.items()},
    **{op: _function(_plain(function)) for op, function in PLAIN.items()},
    **{op: _function(function) for op, function in WITH_PARAMETERS.items()},
    graph.CompareOp: cast("Meaning", _compare),
    graph.SelectOp: _select,
    graph.CastOp: cast("Meaning", _cast),
    graph.LowWordOp: _words,
    graph.HighWordOp: _words,
    graph.JoinWordsOp: _join,
    graph.AddBitsOp: _add_bits,
}
"""What each pointwise op computes."""
