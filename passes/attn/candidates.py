"""Finds attention: a softmax between two matrix products, whatever pointwise ops and views lie between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod

from xdsl.ir import BlockArgument, Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp, YieldOp
from dialects.errors import location_text
from dialects.graph import MatmulOp
from dialects.graph.operation import GraphOp, integer
from dialects.graph.types import shape_of
from passes.attn.expressions import Apply, Leaf, Node, Position, leaves_of
from passes.attn.operand_sources import factored, smallest
from passes.attn.positions import COLUMN, FIRST, WHOLE, Digit, Index, Line, digits, unjoined
from passes.attn.product_sums import product_terms, replaced_sum
from passes.attn.reader import Reader
from passes.attn.softmax_forms import without_casts, without_maximum
from passes.attn.weight_rows import Weights, ends, weights_of
from passes.graph.rewriting import defining

Passed = Callable[[BlockArgument], SSAValue | None]
"""The value that stands for an argument wherever its function is called."""


class Unfused(Exception):
    """Why a softmax is no part of an attention that can be kept whole."""


@dataclass(frozen=True)
class Part:
    """A product of queries and keys, [n, i, depth] and [n, j, depth], and what it is multiplied by."""

    query: Leaf
    key: Leaf
    scale: float


@dataclass(frozen=True)
class Candidate:
    """An attention as it was found: products, the expression of the scores, values, and how the result lies.

    ``node`` gives the scores; what it reads through ``products`` is the sum of the ``parts``. ``result`` is the value
    that the attention replaces; ``turned`` says that its last two axes are swapped.
    """

    count: int
    rows: int
    cols: int
    parts: tuple[Part, ...]
    value: Leaf
    node: Node
    products: frozenset[Leaf]
    result: SSAValue
    turned: bool = False
    inner: int = 1
    guarded: bool = False
    softmax: Operation | None = None
    sinks: Leaf | None = None
    band: tuple[int | None, int | None] = (None, None)


def candidate_of(op: AttentionOp, passed: Passed) -> Candidate:
    """An attention that was whole before, with what its operands are made of."""
    shape = op.scores.get_shape()
    lead, rows, cols = shape[:-2], shape[-2], shape[-1]
    row, col = ends(rows, cols)
    reader = Reader(op.parent, rows, cols, passed)

    def laid(value: SSAValue, tail: tuple[Index, Index]) -> Leaf:
        index = (*digits(lead), *tail)
        return Leaf(value, tuple(FIRST if n == 1 else i for n, i in zip(shape_of(value), index, strict=True)))

    query, key, value = (
        laid(one, tail) for one, tail in ((op.query, (row, WHOLE)), (op.key, (col, WHOLE)), (op.value, (col, WHOLE)))
    )
    scores = Leaf(op.result, ())
    node: Node = scores
    if op.body is not None:
        reader.bind(op.body.args[0], scores)
        for argument, extra in zip(op.body.args[1:], op.extras, strict=True):
            leaf = laid(extra, (row, col))
            reader.bind(argument, reader.read(leaf.value, leaf.index))
        last = op.body.last_op
        assert isinstance(last, YieldOp)
        node = reader.read(last.scores, (*digits(lead), row, col))
    sinks = None if op.sink_scores is None else laid(op.sink_scores, (row, FIRST))
    part = Part(smallest(query, reader), smallest(key, reader), op.scale.value.data)
    return Candidate(
        prod(lead),
        rows,
        cols,
        (part,),
        smallest(value, reader),
        node,
        frozenset((scores,)),
        op.result,
        guarded=op.guarded is not None,
        sinks=sinks,
        band=op.band,
    )


def written_candidate(op: MatmulOp, passed: Passed, reasons: dict[Operation, str]) -> Candidate | None:
    """The attention that ends in a product, if it does; ``reasons`` gets why a softmax in front of it is none."""
    found: list[Candidate] = []
    for turned in (False, True):
        for weights in weights_of(op, turned):
            try:
                found.append(_Written(op, weights, passed).candidate(turned))
            except Unfused as reason:
                reasons[weights.softmax.op] = str(reason)
    if len(found) < 2:
        return found[0] if found else None
    return next((one for one in found if _counts_queries(one.node, set())), found[0])


def _counts_queries(node: Node, seen: set[Node]) -> bool:
    """Whether scores depend on which query they are of, as causal masks do."""
    if isinstance(node, Position):
        return node.line.row != 0
    if not isinstance(node, Apply) or node in seen:
        return False
    seen.add(node)
    return any(_counts_queries(operand, seen) for operand in node.operands)


class _Written:
    """An attention that is written out, from the product with the values backwards."""

    def __init__(self, op: MatmulOp, weights: Weights, passed: Passed) -> None:
        self.op, self.weights = op, weights
        self.rows, self.cols = weights.rows, weights.cols
        self.row, self.col = ends(self.rows, self.cols)
        self.reader = Reader(op.parent, self.rows, self.cols, passed)

    def candidate(self, turned: bool) -> Candidate:
        """Follow the scores back to queries and keys."""
        op, softmax = self.op, self.weights.softmax
        operand, index, sinks = self._without_sinks(softmax.operand, self.weights.index)
        if index[-1] != self.col:
            raise Unfused("only some of its weights are multiplied with values")
        node = self.reader.read(without_casts(operand), index)
        linear, terms = self._products(node)
        self._check_uses({leaf.value for leaf, _ in terms})
        parts = tuple(self._part(leaf, scale) for leaf, scale in terms)
        products = frozenset(leaf for leaf, _ in terms)
        if linear is not None:
            product = Leaf(op.result, ())
            node, products = replaced_sum(node, linear, product), frozenset((product,))
            if leaves_of(node) & {leaf for leaf, _ in terms}:
                raise Unfused("its scores are mixed with their own product of queries and keys")
        beside = self.weights.outer * self.weights.inner
        return Candidate(
            prod(shape_of(op.result)[:-2]) * beside,
            self.rows,
            self.cols,
            parts,
            self._value(turned, beside),
            node,
            products,
            op.result,
            turned,
            self.weights.inner,
            softmax.guarded,
            softmax.op,
            sinks,
        )

    def _value(self, turned: bool, beside: int) -> Leaf:
        """The values, which all of the ``beside`` leading places that are rows of the product share."""
        op = self.op
        value, flag = (op.lhs, op.transpose_a) if turned else (op.rhs, op.transpose_b)
        tail = (WHOLE, self.col) if (flag is not None) != turned else (self.col, WHOLE)
        return smallest(Leaf(value, (*digits(shape_of(op.result)[:-2], beside), *tail)), self.reader)

    def _without_sinks(
        self, operand: SSAValue, index: tuple[Index, ...]
    ) -> tuple[SSAValue, tuple[Index, ...], Leaf | None]:
        """The scores without the extra column that takes part in the softmax only."""
        keys = shape_of(operand)[-1]
        if keys == self.cols:
            return operand, index, None
        concat = defining(operand, graph.ConcatOp)
        last = len(index) - 1
        if concat is None or integer(concat.properties, "axis") != last or len(concat.operands) != 2:
            raise Unfused("only some of its weights are multiplied with values")
        first, second = concat.operands
        start = index[-1].constant if isinstance(index[-1], Line) else -1
        scores, sink, place = (first, second, 0) if start == 0 else (second, first, 1)
        if start != place or shape_of(scores)[-1] != self.cols or shape_of(sink)[-1] != 1:
            raise Unfused("only some of its weights are multiplied with values")
        leaf = smallest(Leaf(without_casts(sink), (*index[:-1], FIRST)), self.reader)
        return without_maximum(scores), (*index[:-1], self.col), leaf

    def _products(self, node: Node) -> tuple[Apply | None, list[tuple[Leaf, float]]]:
        """The sum of products in an expression (None: it is the one product) and its terms with their factors."""
        terms = product_terms(node, self._is_product)
        if terms is not None:
            return (node if isinstance(node, Apply) else None), terms
        if isinstance(node, Apply):
            found = [one for operand in node.operands if (one := self._attempt(operand)) is not None]
            if found:
                return found[0]
        raise Unfused("its scores are no product of queries and keys")

    def _attempt(self, node: Node) -> tuple[Apply | None, list[tuple[Leaf, float]]] | None:
        if not any(self._is_product(leaf) for leaf in leaves_of(node)):
            return None
        try:
            return self._products(node)
        except Unfused:
            return None

    def _is_product(self, leaf: Leaf) -> bool:
        """Whether a tensor is a matrix product that has queries and keys as its rows and columns."""
        return isinstance(leaf.value.owner, MatmulOp) and self._turned(leaf.index) is not None

    def _turned(self, index: tuple[Index, ...]) -> bool | None:
        """Whether a product of queries and keys has the keys as its rows; None if it is none."""
        *lead, first, second = index
        if COLUMN in lead:
            return None
        if self._has_queries(first) and second == self.col:
            return False
        return True if first == self.col and self._has_queries(second) else None

    def _has_queries(self, place: Index) -> bool:
        """Whether an axis runs over queries, and perhaps leading places that share their keys."""
        parts = unjoined((place,), (1,))[0]
        return self.row in (*parts, FIRST) and all(isinstance(part, Digit) or part == self.row for part in parts)

    def _part(self, leaf: Leaf, scale: float) -> Part:
        product = leaf.value.owner
        assert isinstance(product, MatmulOp)
        lead, (first, second) = leaf.index[:-2], leaf.index[-2:]
        lhs = (WHOLE, first) if product.transpose_a is not None else (first, WHOLE)
        rhs = (second, WHOLE) if product.transpose_b is not None else (WHOLE, second)
        operands = [Leaf(product.lhs, (*lead, *lhs)), Leaf(product.rhs, (*lead, *rhs))]
        if self._turned(leaf.index):
            operands.reverse()
        (query, one), (key, other) = (factored(operand, self.reader) for operand in operands)
        return Part(smallest(query, self.reader), smallest(key, self.reader), scale * one * other)

    def _check_uses(self, values: Iterable[SSAValue]) -> None:
        """Refuse scores or weights that something else reads too: they would be computed twice."""
        pending, seen = list(values), set[SSAValue]()
        while pending:
            value = pending.pop()
            for use in value.uses:
                user = use.operation
                if user is self.op:
                    continue
                if not isinstance(user, GraphOp) or isinstance(user, MatmulOp | AttentionOp):
                    raise Unfused(f"its scores or weights are used elsewhere too, by {user.name}{_at(user)}")
                for result in user.results:
                    if result not in seen:
                        seen.add(result)
                        pending.append(result)


def _at(op: Operation) -> str:
    text = location_text(op.location)
    return "" if text is None else f" at {text}"
