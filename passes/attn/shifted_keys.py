"""Keys of an attention with a part of each block's mean taken away, as PASA multiplies queries with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import f16, f32
from xdsl.ir import SSAValue

from dialects import graph
from dialects.graph.types import shape_of, tensor
from passes.attn.pseudo_average import Shift, beta_fixed_point
from passes.graph.rewriting import Rewriter


@dataclass(frozen=True)
class Blocks:
    """How ``columns`` keys are cut: all blocks are shifted by ``shift``, a shorter last one by ``tail``."""

    columns: int
    shift: Shift
    tail: Shift | None

    @classmethod
    def of(cls, columns: int, size: int, scale: float, guess: float) -> Blocks:
        """Cut into blocks of ``size`` keys and a rest; ``guess`` is where the search for each beta begins."""
        size = min(size, columns)
        shift, *tail = (
            Shift.rounded(keys, scale, beta_fixed_point(keys, guess, scale)) for keys in (size, columns % size) if keys
        )
        return cls(columns, shift, *tail or (None,))

    def shares(self, rank: int, rewriter: Rewriter) -> list[SSAValue]:
        """What turns the sum of a block's scores into their mean, given for each key, if blocks differ.

        A shorter block has another Inv: its share is larger by as much as that, so that one Inv serves all.
        """
        if self.tail is None:
            return []
        row = np.full(self.columns, 1 / self.shift.keys, np.float32)
        row[-self.tail.keys :] = self.tail.recovery / self.shift.recovery / self.tail.keys
        shape = (*(1,) * (rank - 1), self.columns)
        return [rewriter.add(graph.ConstantOp.from_array(row.reshape(shape), tensor(shape, f32)))]

    def shifted(self, key: SSAValue, rewriter: Rewriter) -> SSAValue:
        """The matrix of each block times the block's keys; f16 [L.., Sk, D]."""
        lead = len(shape_of(key)) - 2
        end = self.columns - (0 if self.tail is None else self.tail.keys)
        parts = [_multiplied(self.shift, _rows(key, 0, end, rewriter), rewriter)]
        if self.tail is not None:
            parts.append(_multiplied(self.tail, _rows(key, end, self.columns, rewriter), rewriter))
        return parts[0] if len(parts) == 1 else rewriter.add(graph.ConcatOp.make(parts, lead))


def _multiplied(shift: Shift, key: SSAValue, rewriter: Rewriter) -> SSAValue:
    """One matrix times each of the blocks, all of its length, that keys consist of."""
    *lead, columns, depth = shape_of(key)
    count, square = columns // shift.keys, (shift.keys, shift.keys)
    blocks = rewriter.reshape(key, (*lead, count, shift.keys, depth))
    matrix = rewriter.add(graph.ConstantOp.from_array(shift.matrix, tensor(square, f16)))
    matrix = rewriter.reshape(matrix, (*(1,) * (len(lead) + 1), *square))
    product = graph.MatmulOp.make(rewriter.spread(matrix, (*lead, count, *square)), blocks, element=f16)
    return rewriter.reshape(rewriter.add(product), (*lead, columns, depth))


def _rows(key: SSAValue, start: int, end: int, rewriter: Rewriter) -> SSAValue:
    shape = shape_of(key)
    if (start, end) == (0, shape[-2]):
        return key
    low, high = [0] * len(shape), list(shape)
    low[-2], high[-2] = start, end
    return rewriter.add(graph.SliceOp.make(key, low, high, [1] * len(shape)))
