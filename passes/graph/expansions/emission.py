"""Emits the operations of an expansion as graph ops."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.pointwise import BinaryOp, UnaryOp
from dialects.graph.types import element_of, shape_of, tensor
from passes.graph.expansions.term import Term
from passes.graph.rewriting import Rewriter

_UNARY: dict[str, type[UnaryOp]] = {
    "neg": graph.NegOp,
    "abs": graph.AbsOp,
    "exp": graph.ExpOp,
    "log": graph.LogOp,
    "sqrt": graph.SqrtOp,
    "rsqrt": graph.RsqrtOp,
    "reciprocal": graph.ReciprocalOp,
    "relu": graph.ReluOp,
    "floor": graph.FloorOp,
    "ceil": graph.CeilOp,
    "round": graph.RoundOp,
    "trunc": graph.TruncOp,
    "not": graph.NotOp,
}

_BINARY: dict[str, type[BinaryOp]] = {
    "add": graph.AddOp,
    "sub": graph.SubOp,
    "mul": graph.MulOp,
    "div": graph.DivOp,
    "max": graph.MaxOp,
    "min": graph.MinOp,
    "and": graph.AndOp,
    "or": graph.OrOp,
    "xor": graph.XorOp,
    "shl": graph.ShlOp,
    "shr": graph.ShrOp,
}

_ORDERED_INTEGERS = {"lt": ("ne", 0), "ge": ("eq", 0), "gt": ("ne", 1), "le": ("eq", 1)}
"""Integers are compared for equality only: a < b is max(a, b) != a. Predicate, and operand to compare with."""


class GraphEmitter:
    """An `Emitter` in front of one op: all values have that op's shape."""

    def __init__(self, rewriter: Rewriter, shape: Sequence[int]) -> None:
        """Emit values of `shape` with `rewriter`."""
        self.rewriter = rewriter
        self.shape = tuple(shape)

    def term(self, value: SSAValue) -> Term:
        """A value of the graph as a term."""
        return Term(self, value, DType.of(element_of(value)).name)

    def constant(self, value: float, dtype: str) -> SSAValue:
        """A splat of `value`."""
        return self.rewriter.splat(value, tensor(self.shape, DType[dtype].type))

    def apply(self, name: str, operands: Sequence[SSAValue], dtype: str) -> SSAValue:
        """The pointwise primitive `name`."""
        if name == "select":
            return self.rewriter.add(graph.SelectOp.make(*operands))
        if name == "cast":
            return self.rewriter.cast(operands[0], DType[dtype].type)
        unary = _UNARY.get(name)
        if unary is not None:
            return self.rewriter.add(unary.make(operands[0]))
        return self.rewriter.add(_BINARY[name].make(operands[0], operands[1]))

    def compare(self, predicate: str, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        """The comparison of floats, or of integers through their maximum."""
        integers = not DType.of(element_of(lhs)).is_float
        if integers and predicate in _ORDERED_INTEGERS:
            equality, side = _ORDERED_INTEGERS[predicate]
            largest = self.rewriter.add(graph.MaxOp.make(lhs, rhs))
            return self.rewriter.add(graph.CompareOp.make(largest, (lhs, rhs)[side], equality))
        return self.rewriter.add(graph.CompareOp.make(lhs, rhs, predicate))


def emitter_for(value: SSAValue, rewriter: Rewriter) -> GraphEmitter:
    """An emitter of values with the shape of `value`."""
    return GraphEmitter(rewriter, shape_of(value))
