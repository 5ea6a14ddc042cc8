"""The pass that makes the few queries of all heads that share keys rows of one product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph.types import shape_of, tensor, type_of
from passes.attn.moved_scores import counted_axes, moved_scores
from passes.attn.score_region import ScoreRegion
from passes.base import SfumatoPass, target_of
from passes.graph.rewriting import Rewriter, rewrite
from runtime.machine.description import load

BLOCKS = 4
"""Blocks of the cube unit's rows that the queries of a head fill at most for their group to be packed."""


@dataclass(frozen=True)
class AttnPackQueryGroups(SfumatoPass):
    """Make the queries of heads that share keys and values rows of one attention, where a head has few of them.

    Grouped queries q [B, Hkv, group, Sq, D] become [B, Hkv, 1, group Sq, D], so that a block of keys is loaded once for
    the whole group and multiplied by as many rows as the cube unit has room for. A band counts queries, which are no
    longer the rows: keys that it hides from every query are cut off, the rest of it becomes a mask. Left alone: heads
    with many queries, whose products are full anyhow; what differs for queries and keys but not for the heads of a
    group, as it would have to be copied for each; `standard` attention, which does the same itself.
    """

    name = "attn-pack-query-groups"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Pack in every function."""
        most = BLOCKS * load(target_of(op)).cube.block_m
        rewrite(op, lambda attention, rewriter: _packed(attention, rewriter, most))


def _packed(op: Operation, rewriter: Rewriter, most: int) -> Sequence[SSAValue] | None:
    if not isinstance(op, AttentionOp) or op.algorithm is None or op.algorithm.data == "standard":
        return None
    packing = _Packing(op, rewriter)
    return [packing.result()] if packing.rows <= most and packing.is_possible else None


class _Packing:
    """One attention's groups as rows, and the keys that its band leaves."""

    def __init__(self, op: AttentionOp, rewriter: Rewriter) -> None:
        self.op, self.rewriter = op, rewriter
        *lead, self.rows, columns = op.scores.get_shape()
        self.end = len(lead)
        while self.end and shape_of(op.key)[self.end - 1] == shape_of(op.value)[self.end - 1] == 1:
            self.end -= 1
        self.shared = lead[self.end :]
        lower, upper = op.band
        self.first = 0 if lower is None else max(lower, 0)
        self.stop = columns if upper is None else min(upper + self.rows, columns)

    @property
    def is_possible(self) -> bool:
        """Whether there is a group, all of it is expressed by rows, and nothing large must be repeated for it."""
        counted = counted_axes(self.op) & set(range(self.end, self.end + len(self.shared)))
        repeated = any(self._is_repeated(shape_of(extra)) and shape_of(extra)[-1] > 1 for extra in self.op.extras)
        return prod(self.shared) > 1 and self.first < self.stop and not counted and not repeated

    def _is_repeated(self, shape: Sequence[int]) -> bool:
        places = (*shape[self.end : -2], shape[-2])
        return any(size == 1 for size in places) and prod(places) > 1 and places != (*self.shared, self.rows)

    def result(self) -> SSAValue:
        """The attention over packed rows, in the shape of the one that it replaces."""
        op = self.op
        query, *extras = (self._with_rows(value) for value in (op.query, *op.extras))
        key, value = (self._cut(value, -2) for value in (op.key, op.value))
        extras = [self._cut(extra, -1) if shape_of(extra)[-1] > 1 else extra for extra in extras]
        scores = tensor((*shape_of(query)[:-1], shape_of(key)[-2]), op.scores.element_type)
        region = ScoreRegion(scores, op.location)
        kinds = [type_of(extra) for extra in extras]
        score = region.finish(moved_scores(op, region, kinds, self._row, self._column))
        sinks = None if op.sink_scores is None else self._with_rows(op.sink_scores)
        made = AttentionOp.make(
            query, key, value, extras, score, scale=op.scale.value.data, guarded=op.guarded is not None, sinks=sinks
        )
        made.properties["algorithm"] = op.properties["algorithm"]
        return self.rewriter.reshape(self.rewriter.add(made), shape_of(op.result))

    def _with_rows(self, value: SSAValue) -> SSAValue:
        """A tensor that varies along the group or the queries with rows for both; others keep their one row."""
        shape = shape_of(value)
        ones = [1] * len(self.shared)
        if prod(shape[self.end : -1]) == 1:
            return value
        full = self.rewriter.spread(value, (*shape[: self.end], *self.shared, self.rows, shape[-1]))
        return self.rewriter.reshape(full, (*shape[: self.end], *ones, prod(self.shared) * self.rows, shape[-1]))

    def _cut(self, value: SSAValue, axis: int) -> SSAValue:
        """The keys along ``axis`` that some query keeps."""
        shape = shape_of(value)
        starts, stops = [0] * len(shape), list(shape)
        starts[axis], stops[axis] = self.first, self.stop
        if stops[axis] - starts[axis] == shape[axis]:
            return value
        return self.rewriter.add(graph.SliceOp.make(value, starts, stops, [1] * len(shape)))

    def _row(self, region: ScoreRegion) -> SSAValue:
        """Which query of its head a row is: row - Sq floor(row / Sq), half a row added against rounding."""
        if self.rows == 1:
            return region.number(0.0)
        row = region.add(graph.IotaOp.make(region.type, region.type.get_num_dims() - 2))
        middle = region.add(graph.AddOp.make(row, region.number(0.5)))
        head = region.add(graph.FloorOp.make(region.add(graph.MulOp.make(middle, region.number(1 / self.rows)))))
        return region.add(graph.SubOp.make(row, region.add(graph.MulOp.make(head, region.number(float(self.rows))))))

    def _column(self, region: ScoreRegion) -> SSAValue:
        column = region.add(graph.IotaOp.make(region.type, region.type.get_num_dims() - 1))
        return column if not self.first else region.add(graph.AddOp.make(column, region.number(float(self.first))))
