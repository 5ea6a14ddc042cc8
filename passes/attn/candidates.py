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
from dialects.graph.types import element_of, is_float, shape_of
from passes.attn.expressions import Apply, Leaf, Node, Reader, leaves_of
from passes.attn.operand_sources import VIEWS, factored, smallest
from passes.attn.positions import COLUMN, FIRST, ROW, WHOLE, Index, Line, digits, source_index
from passes.attn.product_sums import product_terms, replaced_sum
from passes.attn.softmax_forms import Softmax, softmax_of, without_casts, without_maximum
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
    guarded: bool = False
    softmax: Operation | None = None
    sinks: Leaf | None = None
    band: tuple[int | None, int | None] = (None, None)


def candidate_of(op: AttentionOp, passed: Passed) -> Candidate:
    """An attention that was whole before, with what its operands are made of."""
    shape = op.scores.get_shape()
    lead, rows, cols = shape[:-2], shape[-2], shape[-1]
    row, col = _ends(rows, cols)
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
    for weights, turned in ((op.lhs, False), (op.rhs, True)):
        found = _weights(op, weights, turned)
        if found is None:
            continue
        softmax, index = found
        try:
            return _Written(op, softmax, passed).candidate(index, turned)
        except Unfused as reason:
            reasons[softmax.op] = str(reason)
    return None


def _weights(op: MatmulOp, value: SSAValue, turned: bool) -> tuple[Softmax, tuple[Index, ...]] | None:
    """The softmax behind an operand of a product, and how the product reads it."""
    shape = shape_of(value)
    transposed = (op.transpose_b if turned else op.transpose_a) is not None
    row, col = _ends(*_sizes(op, turned))
    index: tuple[Index, ...] = (*digits(shape[:-2]), *((col, row) if transposed != turned else (row, col)))
    while True:
        softmax = softmax_of(value)
        if softmax is not None:
            return softmax, index
        owner = value.owner
        if isinstance(owner, graph.CastOp) and is_float(element_of(owner.operand)):
            value = owner.operand
        elif isinstance(owner, VIEWS):
            source = source_index(owner, index)
            if source is None:
                return None
            value, index = owner.operands[0], source
        else:
            return None


def _sizes(op: MatmulOp, turned: bool) -> tuple[int, int]:
    """How many queries and keys a product of weights and values has."""
    result, weights = shape_of(op.result), shape_of(op.rhs if turned else op.lhs)
    transposed = (op.transpose_b if turned else op.transpose_a) is not None
    rows = result[-1] if turned else result[-2]
    return rows, weights[-1 if transposed == turned else -2]


def _ends(rows: int, cols: int) -> tuple[Index, Index]:
    """The indices along queries and keys."""
    return (ROW if rows != 1 else FIRST), (COLUMN if cols != 1 else FIRST)


class _Written:
    """An attention that is written out, from the product with the values backwards."""

    def __init__(self, op: MatmulOp, softmax: Softmax, passed: Passed) -> None:
        self.op, self.softmax = op, softmax
        self.rows = self.cols = 0
        self.passed = passed

    def candidate(self, index: tuple[Index, ...], turned: bool) -> Candidate:
        """Follow the scores back to queries and keys."""
        op = self.op
        self.rows, self.cols = _sizes(op, turned)
        self.reader = Reader(op.parent, self.rows, self.cols, self.passed)
        lead = shape_of(op.result)[:-2]
        operand, index, sinks = self._without_sinks(self.softmax.operand, index)
        if index[-1] != _ends(self.rows, self.cols)[1]:
            raise Unfused("only some of its weights are multiplied with values")
        node = self.reader.read(without_casts(operand), index)
        linear, terms = self._products(node)
        self._check_uses({leaf.value for leaf, _ in terms})
        parts = tuple(self._part(leaf, scale) for leaf, scale in terms)
        value, flag = (op.lhs, op.transpose_a) if turned else (op.rhs, op.transpose_b)
        tail = (_ends(self.rows, self.cols)[1], WHOLE)
        tail = tail[::-1] if (flag is not None) != turned else tail
        products = frozenset(leaf for leaf, _ in terms)
        if linear is not None:
            product = Leaf(op.result, ())
            node, products = replaced_sum(node, linear, product), frozenset((product,))
            if leaves_of(node) & {leaf for leaf, _ in terms}:
                raise Unfused("its scores are mixed with their own product of queries and keys")
        return Candidate(
            prod(lead),
            self.rows,
            self.cols,
            parts,
            smallest(Leaf(value, (*digits(lead), *tail)), self.reader),
            node,
            products,
            op.result,
            turned,
            self.softmax.guarded,
            self.softmax.op,
            sinks,
        )

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
        col = _ends(self.rows, self.cols)[1]
        return without_maximum(scores), (*index[:-1], col), leaf

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
        ends = set(leaf.index[-2:])
        return isinstance(leaf.value.owner, MatmulOp) and ends == set(_ends(self.rows, self.cols))

    def _part(self, leaf: Leaf, scale: float) -> Part:
        product = leaf.value.owner
        assert isinstance(product, MatmulOp)
        lead, (first, second) = leaf.index[:-2], leaf.index[-2:]
        lhs = (WHOLE, first) if product.transpose_a is not None else (first, WHOLE)
        rhs = (second, WHOLE) if product.transpose_b is not None else (WHOLE, second)
        row, col = _ends(self.rows, self.cols)
        operands = [Leaf(product.lhs, (*lead, *lhs)), Leaf(product.rhs, (*lead, *rhs))]
        if (first, second) != (row, col):
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
