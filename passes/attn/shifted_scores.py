"""An attention's region on scores that lack a part that all keys of a block share, in f16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import f16
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp, YieldOp
from dialects.graph.types import element_of, shape_of, tensor, type_of
from passes.attn.key_walk import Append
from passes.attn.score_region import in_band
from passes.graph.rewriting import defining, splat_of

HIDDEN = -(2.0**15)
"""What finite numbers that hide a score become: as good as any below it, and sums with it stay finite in f16."""


def obstacle(op: AttentionOp) -> str | None:
    """Why an attention's region cannot be applied to shifted scores; None if it can.

    Scores that something is added to, or that are hidden, keep what they lack; any other function would need it.
    """
    moved: set[SSAValue] = set() if op.body is None else {op.body.args[0]}
    for inner in () if op.body is None else op.body.ops:
        used = [operand in moved for operand in inner.operands]
        if not any(used) or isinstance(inner, YieldOp):
            continue
        match inner:
            case graph.AddOp() if not all(used):
                pass
            case graph.SubOp() if used == [True, False]:
                pass
            case graph.SelectOp() if not used[0]:
                kept = [operand for operand, moves in zip(inner.operands[1:], used[1:], strict=True) if not moves]
                if not all(_hides(operand) for operand in kept):
                    return "it puts other numbers than those that hide a key in the place of scores"
            case _:
                return f"its scores go through {inner.name}"
        moved.update(inner.results)
    if op.body is not None and op.body.last_op is not None and op.body.last_op.operands[0] not in moved:
        return "what it takes softmax of is no score"
    return None


def _hides(value: SSAValue) -> bool:
    number = splat_of(value)
    return number is not None and number <= HIDDEN


def shifted_region(op: AttentionOp, scores: SSAValue, extras: Sequence[SSAValue], add: Append) -> SSAValue:
    """Write an attention's region and its band on shifted ``scores``; there must be no `obstacle`."""
    if op.body is not None:
        region = _Shifted(add, dict(zip(op.body.args[1:], extras, strict=True)), {op.body.args[0]: scores})
        for inner in op.body.ops:
            if isinstance(inner, YieldOp):
                scores = region.moved[inner.operands[0]]
                break
            region.write(inner)
    return in_band(op, scores, add)


@dataclass
class _Shifted:
    """A region being copied: what does not depend on scores as it is, what does in f16."""

    add: Append
    still: dict[SSAValue, SSAValue]
    moved: dict[SSAValue, SSAValue]
    narrowed: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def write(self, op: Operation) -> None:
        """Copy one op."""
        if not any(operand in self.moved for operand in op.operands):
            operands = [self.still[operand] for operand in op.operands]
            made = type(op).create(operands=operands, result_types=op.result_types, properties=op.properties)
            self.still[op.results[0]] = self.add(made)
            return
        selects = isinstance(op, graph.SelectOp)
        operands = [
            self.still[operand] if selects and position == 0 else self._narrow(operand)
            for position, operand in enumerate(op.operands)
        ]
        result = tensor(shape_of(op.results[0]), f16)
        self.moved[op.results[0]] = self.add(type(op).create(operands=operands, result_types=[result]))

    def _narrow(self, operand: SSAValue) -> SSAValue:
        """A value of the region in f16."""
        if operand in self.moved:
            return self.moved[operand]
        found = self.narrowed.get(operand)
        if found is None:
            number = splat_of(operand)
            found = self._bounded(self.still[operand]) if number is None else self._constant(operand, float(number))
            self.narrowed[operand] = found
        return found

    def _constant(self, operand: SSAValue, number: float) -> SSAValue:
        least = number if number == float("-inf") else max(number, HIDDEN)
        return self.add(graph.ConstantOp.make(least, tensor(shape_of(operand), f16)))

    def _bounded(self, value: SSAValue) -> SSAValue:
        """Finite numbers stay finite, minus infinity stays what it is: it alone hides a query's last key."""
        cast = defining(value, graph.CastOp)
        source = cast.operand if cast is not None and element_of(cast.operand) == f16 else value
        kind = type_of(source)
        bounded = self.add(graph.MaxOp.make(source, self.add(graph.ConstantOp.make(HIDDEN, kind))))
        infinite = self.add(graph.ConstantOp.make(float("-inf"), kind))
        hides = self.add(graph.CompareOp.make(source, infinite, "eq"))
        result = self.add(graph.SelectOp.make(hides, infinite, bounded))
        return result if kind.element_type == f16 else self.add(graph.CastOp.make(result, f16))
