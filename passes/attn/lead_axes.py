"""The leading axes of an attention: which there are, and tensors laid out along them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.types import shape_of
from passes.attn.expressions import Leaf
from passes.attn.positions import FIRST, Digit, Index, unjoined
from passes.graph.rewriting import Rewriter


@dataclass(frozen=True)
class LeadAxes:
    """The sizes of the leading axes, outermost first, such that every operand has each of them whole or not at all."""

    sizes: tuple[int, ...]

    @classmethod
    def of(cls, count: int, leaves: Iterable[Leaf]) -> LeadAxes | None:
        """Divide ``count`` leading places as finely as the operands do; None if they divide them in different ways."""
        bounds = {1, count}
        for leaf in leaves:
            for place in leaf.places:
                if isinstance(place, Digit):
                    bounds |= {place.stride, place.stride * place.size}
        ordered = sorted(bounds)
        pairs = list(pairwise(ordered))
        if any(outer % inner for inner, outer in pairs):
            return None
        return cls(tuple(outer // inner for inner, outer in reversed(pairs)))

    def shape(self, index: Iterable[Index]) -> tuple[int, ...]:
        """The leading axes of an operand that is read so: their sizes, or one where it is repeated."""
        digits = [place for place in index if isinstance(place, Digit)]
        found: list[int] = []
        for axis, size in enumerate(self.sizes):
            stride = prod(self.sizes[axis + 1 :])
            present = any(digit.stride <= stride < digit.stride * digit.size for digit in digits)
            found.append(size if present else 1)
        return tuple(found)

    def arrange(self, leaf: Leaf, tail: tuple[Index, Index], rewriter: Rewriter) -> SSAValue:
        """The tensor with the leading axes, then the two of ``tail`` (of one element where it has none)."""
        value = leaf.value
        index, shape = unjoined(leaf.index, shape_of(value))
        if len(shape) != len(leaf.index):
            value = rewriter.add(graph.ReshapeOp.make(value, shape))
        digits = [axis for axis, place in enumerate(index) if isinstance(place, Digit)]
        digits.sort(key=lambda axis: -_stride(index[axis]))
        ends = [
            None if end == FIRST else next((a for a, place in enumerate(index) if place == end), None) for end in tail
        ]
        order = [*digits, *(axis for axis in ends if axis is not None)]
        if order != sorted(order):  # axes of one element do not count
            order += [axis for axis, place in enumerate(index) if place == FIRST]
            value = rewriter.add(graph.PermuteOp.make(value, order))
        final = (*self.shape(index), *(1 if axis is None else shape[axis] for axis in ends))
        return value if shape_of(value) == final else rewriter.add(graph.ReshapeOp.make(value, final))


def _stride(place: Index) -> int:
    return place.stride if isinstance(place, Digit) else 0
