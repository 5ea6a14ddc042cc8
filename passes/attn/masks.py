"""Masks as predicates over (i, j): which part of a mask is a band along the diagonal, which scores are hidden how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dialects import graph
from passes.attn.expressions import Apply, Leaf, Node, Number, Position, compare, leaves_of, select
from passes.attn.positions import Line

MASKED = -1e4
"""A score of at most this is hidden: its exponential is zero next to that of any other of its row."""

_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


@dataclass
class Band:
    """Keys j with lower <= j - i <= upper; None where there is no bound."""

    lower: int | None = None
    upper: int | None = None

    def narrow(self, lower: int | None, upper: int | None) -> None:
        """Keep only what other bounds keep too."""
        lowers = [bound for bound in (self.lower, lower) if bound is not None]
        uppers = [bound for bound in (self.upper, upper) if bound is not None]
        self.lower, self.upper = max(lowers, default=None), min(uppers, default=None)

    def simplify(self, rows: int, cols: int) -> None:
        """Drop bounds that all scores of this shape are within."""
        if self.lower is not None and self.lower <= 1 - rows:
            self.lower = None
        if self.upper is not None and self.upper >= cols - 1:
            self.upper = None

    def keeps_something(self, rows: int, cols: int) -> bool:
        """Whether every query keeps a key."""
        ends = (0, rows - 1)  # bounds are monotonic in i, so that the first and the last row decide
        firsts = [0 if self.lower is None else max(0, i + self.lower) for i in ends]
        lasts = [cols - 1 if self.upper is None else min(cols - 1, i + self.upper) for i in ends]
        return all(first <= last for first, last in zip(firsts, lasts, strict=True))

    def predicates(self) -> list[Node]:
        """The band as predicates."""
        distance = Position(Line(0, -1, 1))
        bounds = ((self.upper, "le"), (self.lower, "ge"))
        return [compare(distance, Position(Line(end)), predicate) for end, predicate in bounds if end is not None]

    def __bool__(self) -> bool:
        """Whether anything is hidden."""
        return self.lower is not None or self.upper is not None


@dataclass
class Mask:
    """A predicate that keeps scores, split up, and the number that takes the place of the others."""

    fill: float
    band: Band = field(default_factory=Band)
    rest: list[Node] = field(default_factory=list[Node])


def conjuncts(node: Node, holds: bool = True) -> Iterator[Node]:
    """The predicates that must all hold where ``node`` has the truth value ``holds``."""
    if isinstance(node, Apply) and node.kind is graph.NotOp:
        yield from conjuncts(node.operands[0], not holds)
    elif isinstance(node, Apply) and node.kind is (graph.AndOp if holds else graph.OrOp):
        for operand in node.operands:
            yield from conjuncts(operand, holds)
    elif isinstance(node, Number):
        if bool(node.value) != holds:
            yield Number(False)
    elif holds:
        yield node
    elif isinstance(node, Apply) and node.kind is graph.CompareOp and node.predicate and _counts(node):
        yield Apply(graph.CompareOp, node.operands, _NEGATED[node.predicate])
    else:
        yield Apply(graph.NotOp, (node,))


def _counts(node: Apply) -> bool:
    """Whether a comparison is one of integers, which are no NaN."""
    return all(isinstance(operand, Position | Number) for operand in node.operands)


def mask_of(predicate: Node, keeps: bool, fill: float, rows: int, cols: int) -> Mask:
    """Split a predicate that keeps scores where it is ``keeps`` into a band and what is no band."""
    mask = Mask(fill)
    for part in conjuncts(predicate, keeps):
        bounds = _bounds(part, rows, cols)
        if bounds is None:
            mask.rest.append(part)
        else:
            mask.band.narrow(*bounds)
    mask.band.simplify(rows, cols)
    return mask


def _bounds(node: Node, rows: int, cols: int) -> tuple[int | None, int | None] | None:
    """The bounds of j - i that a comparison is, both None if it always holds; None if it is something else."""
    if not isinstance(node, Apply) or node.kind is not graph.CompareOp or node.predicate is None:
        return None
    lines = [_line(operand) for operand in node.operands]
    if lines[0] is None or lines[1] is None:
        return None
    line, predicate = lines[0].plus(lines[1], -1), node.predicate
    if line.col < 0 or (line.col == 0 and line.row > 0):
        line, predicate = line.scaled(-1), _MIRRORED[predicate]
    if _always(line, predicate, rows, cols):
        return None, None
    if (line.row, line.col) != (-1, 1):
        return None
    match predicate:
        case "le" | "lt":
            return None, -line.constant - (predicate == "lt")
        case "ge" | "gt":
            return -line.constant + (predicate == "gt"), None
        case "eq":
            return -line.constant, -line.constant
        case _:
            return None


def _line(node: Node) -> Line | None:
    if isinstance(node, Position):
        return node.line
    if isinstance(node, Number) and float(node.value).is_integer():
        return Line(int(node.value))
    return None


def _always(line: Line, predicate: str, rows: int, cols: int) -> bool:
    """Whether a line compares so with zero for all scores."""
    ends = [line.constant + line.row * i + line.col * j for i in (0, rows - 1) for j in (0, cols - 1)]
    least, most = min(ends), max(ends)
    match predicate:
        case "lt":
            return most < 0
        case "le":
            return most <= 0
        case "gt":
            return least > 0
        case "ge":
            return least >= 0
        case "eq":
            return least == most == 0
        case _:
            return least > 0 or most < 0


def peel(node: Node, scores: frozenset[Leaf], rows: int, cols: int) -> tuple[Node, Mask] | None:
    """The outermost mask of an expression that holds ``scores``, and the expression without it."""
    if not isinstance(node, Apply):
        return None
    if node.kind is graph.SelectOp:
        return _peel_select(node, scores, rows, cols)
    if node.kind is graph.AddOp:
        for inner, other in (node.operands, node.operands[::-1]):
            if leaves_of(inner) & scores:
                return _peel_added(inner, other, scores, rows, cols)
    return None


def _peel_select(node: Apply, scores: frozenset[Leaf], rows: int, cols: int) -> tuple[Node, Mask] | None:
    predicate, *values = node.operands
    if leaves_of(predicate) & scores:
        return None
    for inner, fill, keeps in ((values[0], values[1], True), (values[1], values[0], False)):
        if isinstance(fill, Number) and fill.value <= MASKED:
            return inner, mask_of(predicate, keeps, float(fill.value), rows, cols)
    return None


def _peel_added(inner: Node, other: Node, scores: frozenset[Leaf], rows: int, cols: int) -> tuple[Node, Mask] | None:
    """A mask that is added: a number that hides where a predicate holds, zero or a bias elsewhere."""
    if leaves_of(other) & scores:
        return None
    if isinstance(other, Apply) and other.kind is graph.AddOp:  # x + (bias + mask) is (x + bias) + mask
        for bias, mask in (other.operands, other.operands[::-1]):
            found = _peel_added(inner, mask, scores, rows, cols)
            if found is not None:
                return Apply(graph.AddOp, (found[0], bias)), found[1]
        return None
    if not isinstance(other, Apply) or other.kind is not graph.SelectOp:
        return None
    predicate, *values = other.operands
    for bias, fill, keeps in ((values[0], values[1], True), (values[1], values[0], False)):
        if isinstance(fill, Number) and fill.value <= MASKED:
            mask = mask_of(predicate, keeps, float(fill.value), rows, cols)
            without = inner if bias == Number(0.0) else Apply(graph.AddOp, (inner, bias))
            return without, mask
    return None


def masked(node: Node, predicates: list[Node], fill: float) -> Node:
    """An expression where all predicates hold, ``fill`` elsewhere."""
    if not predicates:
        return node
    whole = predicates[0]
    for predicate in predicates[1:]:
        whole = Apply(graph.AndOp, (whole, predicate))
    return select(whole, node, Number(fill))
