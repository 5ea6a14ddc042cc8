"""Running sums, products and extremes by doubling: after step k an element holds its 2^k predecessors, itself included.

Sums and products of f32 carry what rounding lost beside the value, as torch accumulates them in f64. The lost parts
are exact: of a sum by Knuth's two-sum, of a product by Dekker's splitting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects.builtin import bf16, f16, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph.operation import integer
from dialects.graph.types import element_of, shape_of
from passes.graph.structured.extension import COMBINE, neutral
from passes.graph.structured.steps import Steps

SPLITTER = 4097.0
"""2^12 + 1: times it, an f32 of 24 bits splits into two halves of 12."""


@dataclass(frozen=True)
class Pair:
    """A rounded value and what the rounding lost."""

    value: SSAValue
    lost: SSAValue


def scan(op: Operation, steps: Steps) -> list[SSAValue]:
    """Every element combined with all before it along an axis."""
    assert isinstance(op, graph.ScanOp)
    axis, kind, element = integer(op.properties, "axis"), op.kind.data, element_of(op.operand)
    if kind in PAIRED and element == f32:
        return [_paired(op.operand, axis, kind, steps)]
    value = steps.cast(op.operand, f32) if kind in PAIRED and element in (f16, bf16) else op.operand
    reach = 1
    while reach < shape_of(value)[axis]:
        before = _shifted(value, axis, reach, kind, steps)
        value = steps.combine(COMBINE[kind], before, value)
        reach *= 2
    return [steps.cast(value, element)]


def _shifted(value: SSAValue, axis: int, reach: int, kind: str, steps: Steps) -> SSAValue:
    """`value` moved up by `reach` places, neutral elements moving in."""
    kept = steps.slice(value, axis, 0, shape_of(value)[axis] - reach)
    return steps.pad(kept, axis, reach, 0, neutral(kind, element_of(value)))


def _paired(value: SSAValue, axis: int, kind: str, steps: Steps) -> SSAValue:
    """The scan of f32 with the lost parts combined too; they are added at the end, where they are numbers."""
    pair = Pair(value, steps.splat(0.0, shape_of(value), f32))
    reach = 1
    while reach < shape_of(value)[axis]:
        before = Pair(_shifted(pair.value, axis, reach, kind, steps), _shifted(pair.lost, axis, reach, "add", steps))
        pair = PAIRED[kind](before, pair, steps)
        reach *= 2
    return steps.plus(pair.value, pair.lost)


def _number_or_zero(value: SSAValue, steps: Steps) -> SSAValue:
    """0 for NaN and infinities, which arise where a value has none, or has overflowed."""
    finite = steps.compare(steps.minus(value, value), 0.0, "eq")
    return steps.select(finite, value, steps.splat(0.0, shape_of(value), f32))


def _add(a: Pair, b: Pair, steps: Steps) -> Pair:
    total = steps.plus(a.value, b.value)
    part = steps.minus(total, a.value)
    lost = steps.plus(steps.minus(a.value, steps.minus(total, part)), steps.minus(b.value, part))
    return Pair(total, _number_or_zero(steps.plus(lost, steps.plus(a.lost, b.lost)), steps))


def _multiply(a: Pair, b: Pair, steps: Steps) -> Pair:
    plus, times = steps.plus, steps.times
    product = times(a.value, b.value)
    (a_high, a_low), (b_high, b_low) = _split(a.value, steps), _split(b.value, steps)
    lost = steps.minus(times(a_high, b_high), product)
    lost = plus(plus(lost, times(a_high, b_low)), times(a_low, b_high))
    lost = plus(lost, times(a_low, b_low))
    lost = plus(lost, plus(times(a.value, b.lost), times(a.lost, b.value)))
    return Pair(product, _number_or_zero(lost, steps))


def _split(value: SSAValue, steps: Steps) -> tuple[SSAValue, SSAValue]:
    scaled = steps.times(value, SPLITTER)
    high = steps.minus(scaled, steps.minus(scaled, value))
    return high, steps.minus(value, high)


PAIRED: dict[str, Callable[[Pair, Pair, Steps], Pair]] = {"add": _add, "mul": _multiply}
"""How two pairs are combined, for what rounds."""
