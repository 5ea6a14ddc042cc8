"""The region of an attention: expressions become graph ops of the scores' shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import LocationAttr, UnknownLoc, f32, i1
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects import graph
from dialects.attn import AttentionOp, YieldOp
from dialects.graph.operation import GraphOp
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.types import Scalar, Tensor, element_of, is_bool, shape_of, tensor, type_of
from passes.attn.expressions import Apply, Leaf, Node, Number, Position
from passes.attn.positions import Line


class ScoreRegion:
    """A region under construction; its first argument is the scores."""

    def __init__(self, scores: Tensor, location: LocationAttr | None) -> None:
        """Begin a region that maps scores of this type."""
        self.type = scores
        self.block = Block(arg_types=[scores])
        self._location = location or UnknownLoc()
        self._numbers: dict[tuple[Scalar, Attribute], SSAValue] = {}

    @property
    def scores(self) -> SSAValue:
        """The scaled scores."""
        return self.block.args[0]

    def add(self, op: GraphOp) -> SSAValue:
        """Append an op."""
        op.location = self._location
        self.block.add_op(op)
        return op.results[0]

    def number(self, value: Scalar, element: Attribute = f32) -> SSAValue:
        """A number at every place."""
        key = (value, element)
        if key not in self._numbers:
            made = graph.ConstantOp.make(value, tensor(self.type.get_shape(), element))
            self._numbers[key] = self.add(made)
        return self._numbers[key]

    def operand(self, kind: Tensor) -> SSAValue:
        """One more operand of the attention, repeated to the scores' shape; floats and integers become f32."""
        shape = self.type.get_shape()
        value: SSAValue = self.block.insert_arg(kind, len(self.block.args))
        if kind.get_shape() != shape:
            value = self.add(graph.BroadcastOp.make(value, shape, range(len(shape))))
        is_wide = is_bool(kind.element_type) or kind.element_type == f32
        return value if is_wide else self.add(graph.CastOp.make(value, f32))

    def finish(self, value: SSAValue) -> Region | None:
        """The region that ends in ``value``; None if it changes nothing."""
        if value is self.scores:
            return None
        self.block.add_op(YieldOp.create(operands=[value], location=self._location))
        return Region(self.block)


def masked_scores(scores: Tensor, mask: SSAValue, location: LocationAttr | None) -> Region | None:
    """The region that adds a mask of floats, or hides scores where one of truth values is false."""
    region = ScoreRegion(scores, location)
    inner = region.operand(type_of(mask))
    if is_bool(element_of(mask)):
        return region.finish(region.add(graph.SelectOp.make(inner, region.scores, region.number(float("-inf")))))
    return region.finish(region.add(graph.AddOp.make(region.scores, inner)))


class Emitter:
    """Writes expressions into a region; ``place`` lays a tensor over the scores and returns it with their rank."""

    def __init__(
        self,
        region: ScoreRegion,
        scores: frozenset[Leaf],
        place: Callable[[Leaf], SSAValue],
        inlined: Callable[[Apply], bool],
    ) -> None:
        """Write into ``region``; ``inlined`` decides whether an expression without scores is computed there."""
        self.region = region
        self.operands: list[SSAValue] = []
        self._scores, self._place, self._inlined = scores, place, inlined
        self._known: dict[Node, SSAValue] = {}

    def emit(self, node: Node) -> SSAValue:
        """The expression's value in the region."""
        if isinstance(node, Number):  # 1.0 and True are equal keys
            return self.region.number(node.value, i1 if isinstance(node.value, bool) else f32)
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._made(node)
        return known

    def _made(self, node: Position | Leaf | Apply) -> SSAValue:
        match node:
            case Position():
                return self._counted(node.line)
            case Leaf():
                return self.region.scores if node in self._scores else self._loaded(node)
            case Apply():
                return self._applied(node)

    def _loaded(self, leaf: Leaf) -> SSAValue:
        operand = self._place(leaf)
        self.operands.append(operand)
        return self.region.operand(type_of(operand))

    def _applied(self, node: Apply) -> SSAValue:
        if node.origin is not None and not node.leaves & self._scores and not self._inlined(node):
            return self._loaded(node.origin)
        if node.kind is graph.CompareOp and node.predicate is not None:
            lhs, rhs = self._compared(*node.operands)
            return self.region.add(graph.CompareOp.make(lhs, rhs, node.predicate))
        operands = [self.emit(operand) for operand in node.operands]
        return self.region.add(cast("type[PointwiseOp]", node.kind).inferred(operands))

    def _compared(self, lhs: Node, rhs: Node) -> tuple[SSAValue, SSAValue]:
        """Both sides of a comparison; of positions, one side counts keys and the other queries."""
        if isinstance(lhs, Position) and isinstance(rhs, Position):
            line = lhs.line.plus(rhs.line, -1)
            lhs, rhs = Position(Line(line.constant, 0, line.col)), Position(Line(0, -line.row, 0))
        return self.emit(lhs), self.emit(rhs)

    def _counted(self, line: Line) -> SSAValue:
        rank = self.region.type.get_num_dims()
        parts = [] if line.constant == 0 and not line.is_constant else [self.region.number(float(line.constant))]
        for factor, axis in ((line.col, rank - 1), (line.row, rank - 2)):
            if factor == 0:
                continue
            part = self.region.add(graph.IotaOp.make(self.region.type, axis))
            if factor != 1:
                part = self.region.add(graph.MulOp.make(part, self.region.number(float(factor))))
            parts.append(part)
        total = parts[0]
        for part in parts[1:]:
            total = self.region.add(graph.AddOp.make(part, total))
        return total


def inlined_scores(
    op: AttentionOp, scores: SSAValue, extras: Sequence[SSAValue], add: Callable[[Operation], SSAValue]
) -> SSAValue:
    """Write an attention's region, and its band, where ``scores`` are; ``add`` appends an op and returns its result."""
    block = op.body
    if block is not None:
        values: dict[SSAValue, SSAValue] = dict(zip(block.args, (scores, *extras), strict=True))
        for inner in block.ops:
            operands = [values[operand] for operand in inner.operands]
            if isinstance(inner, YieldOp):
                scores = operands[0]
                break
            made = type(inner).create(operands=operands, result_types=inner.result_types, properties=inner.properties)
            values[inner.results[0]] = add(made)
    return in_band(op, scores, add)


def in_band(op: AttentionOp, scores: SSAValue, add: Callable[[Operation], SSAValue]) -> SSAValue:
    """Hide scores, of any float type, that lie outside the attention's band."""
    lower, upper = op.band
    if lower is None and upper is None:
        return scores
    counted, rank = tensor(shape_of(scores), f32), len(shape_of(scores))
    row, column = (add(graph.IotaOp.make(counted, axis)) for axis in (rank - 2, rank - 1))
    hidden = add(graph.ConstantOp.make(float("-inf"), type_of(scores)))
    for bound, predicate in ((lower, "ge"), (upper, "le")):
        if bound is None:
            continue
        end = row if bound == 0 else add(graph.AddOp.make(row, add(graph.ConstantOp.make(float(bound), counted))))
        keeps = add(graph.CompareOp.make(column, end, predicate))
        scores = add(graph.SelectOp.make(keeps, scores, hidden))
    return scores
