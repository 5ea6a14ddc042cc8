"""The 32-bit values that stand for 64-bit ones: one where the range shows that it is enough, else two words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects.builtin import i1, i32, i64
from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.operation import integers
from dialects.graph.types import element_of, shape_of, tensor
from passes.analysis.value_range import ValueRanges
from passes.graph.expansions.emission import emitter_for
from passes.graph.expansions.term import Term
from passes.graph.expansions.words import BITS, Words
from passes.graph.rewriting import Rewriter, defining, splat_of


class Values:
    """Takes 64-bit values apart in front of the op that is rewritten, and puts results together."""

    def __init__(self, rewriter: Rewriter, ranges: ValueRanges) -> None:
        """Insert with `rewriter`; `ranges` says what fits into 32 bits."""
        self.rewriter = rewriter
        self.ranges = ranges

    def is_narrow(self, values: Sequence[SSAValue]) -> bool:
        """Whether all the 64-bit numbers among the values fit into 32 bits."""
        return all(element_of(value) != i64 or self.ranges.of(value).fits(i32) for value in values)

    def narrow(self, value: SSAValue) -> SSAValue:
        """An integer that fits, in 32 bits; truth values stay."""
        if element_of(value) in (i1, i32):
            return value
        number, cast = splat_of(value), defining(value, graph.CastOp)
        if number is not None:
            return self.rewriter.splat(number, tensor(shape_of(value), i32))
        if cast is not None and element_of(cast.operand) == i32:
            return cast.operand
        return self.rewriter.cast(value, i32)

    def wide(self, value: SSAValue) -> SSAValue:
        """A 32-bit value as one of 64 bits."""
        return self.rewriter.cast(value, i64)

    def words(self, value: SSAValue) -> Words:
        """The two words of a 64-bit value (of one of 32 bits: extended by its sign)."""
        joined = defining(value, graph.JoinWordsOp)
        constant = defining(value, graph.ConstantOp)
        spread = defining(value, graph.BroadcastOp)
        if joined is not None:
            return self.terms(joined.low, joined.high)
        if spread is not None and not self.is_narrow([value]):  # what is repeated is taken apart once
            words = self.words(spread.operand)
            return self.terms(*(self._repeated(spread, word.value) for word in (words.low, words.high)))
        if constant is not None:
            numbers = constant.to_numpy().astype(np.int64)
            return self.terms(self._constant(numbers), self._constant(numbers >> BITS))
        if self.is_narrow([value]):
            narrow = self.narrow(value)
            return self.terms(narrow, self._sign(narrow))
        low, high = (self.rewriter.add(half.make(value)) for half in (graph.LowWordOp, graph.HighWordOp))
        return self.terms(low, high)

    def term(self, value: SSAValue) -> Term:
        """A value to compute on."""
        return emitter_for(value, self.rewriter).term(value)

    def terms(self, low: SSAValue, high: SSAValue) -> Words:
        """Two 32-bit values as words to compute on."""
        return Words(self.term(low), self.term(high))

    def join(self, words: Words) -> SSAValue:
        """The 64-bit value of two words."""
        return self.rewriter.add(graph.JoinWordsOp.make(words.low.value, words.high.value))

    def _repeated(self, like: graph.BroadcastOp, value: SSAValue) -> SSAValue:
        return self.rewriter.add(
            graph.BroadcastOp.make(value, shape_of(like.result), integers(like.properties, "dims"))
        )

    def _sign(self, narrow: SSAValue) -> SSAValue:
        """0 for numbers that are not negative, else -1."""
        kind = tensor(shape_of(narrow), i32)
        if self.ranges.of(narrow).low >= 0:
            return self.rewriter.splat(0, kind)
        return self.rewriter.add(graph.ShrOp.make(narrow, self.rewriter.splat(BITS - 1, kind)))

    def _constant(self, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> SSAValue:
        kind = tensor(numbers.shape, i32)
        found = graph.ConstantOp.from_array(numbers.astype(np.int32), kind)
        return self.rewriter.add(found) if found.scalar is None else self.rewriter.splat(found.scalar, kind)
