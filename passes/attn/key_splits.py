"""Flash-decoding: the keys of an attention divided into parts that are attended to independently, then combined."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.ir import SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.dtypes import DType
from dialects.graph.types import element_of, shape_of, tensor, type_of
from passes.attn.moved_scores import moved_scores
from passes.attn.score_region import ScoreRegion
from passes.graph.rewriting import Rewriter
from runtime.machine.description import Machine


def choose_parts(op: AttentionOp, machine: Machine) -> int:
    """Return in how many parts the keys take the fewest cycles: one, if rows alone give every core work.

    Cores take tiles of rows times parts in waves; the keys and values of a tile arrive at a core's own rate or its
    share of HBM's, and the parts' results go through memory to a second kernel.
    """
    columns = op.scores.get_shape()[-1]
    most = min(machine.cube_cores, columns // LEAST_KEYS)
    return min(range(1, most + 1), key=lambda parts: (_cycles(op, parts, machine), parts), default=1)


LEAST_KEYS = 256
"""Keys of a part at least: a chunk that is worth a hand-over between the cores."""

MOST_ROWS = 128
"""Rows of a tile, as many as the vector cores of a block have room for at this many keys."""


def _cycles(op: AttentionOp, parts: int, machine: Machine) -> float:
    """Return the estimated cycles of an attention whose keys are divided."""
    *lead, rows, columns = op.scores.get_shape()
    depth, width = shape_of(op.query)[-1], shape_of(op.value)[-1]
    block = machine.cube.block_m
    height = min(-(-rows // block) * block, MOST_ROWS)
    tiles = prod(lead) * -(-rows // height) * parts
    active = min(tiles, machine.cube_cores)
    memory = machine.memory
    size = DType.of(element_of(op.key)).size
    rate = min(memory.fill_bytes_per_cycle, machine.bytes_per_cycle(memory.hbm_gb_per_s) / active)
    keys = -(-columns // parts)
    loading = (depth + width) * size / rate
    multiplying = height * (depth + width) / machine.cube.macs_per_cycle[DType.of(element_of(op.key)).name]
    weighing = STEPS * -(-min(rows, height) // machine.vector_per_cube) * 4 / machine.vector.repeat_bytes
    way = 2 * len(STAGES) * machine.sync.handshake_cycles
    waves = -(-tiles // machine.cube_cores)
    walked = waves * (keys * max(loading, multiplying, weighing) + way)
    if parts == 1:
        return walked
    combined = (
        -(-prod(lead) * rows // machine.vector_cores)
        * COMBINING
        * (machine.vector.overhead_cycles + machine.sync.barrier_cycles)
    )
    return walked + combined + machine.launch_cycles("vector")


STAGES = ("scores", "weights", "products", "sums")
"""What a chunk of keys goes through, from one kind of core to the other and back."""

COMBINING = 30
"""Vector instructions that combine the parts of a query, each waiting for the one before."""

STEPS = 10
"""Passes of a vector core over a chunk's scores, one repeat of cycles each: scale, maximum, exponential, sum, cast."""


def split_keys(op: AttentionOp, parts: int, rewriter: Rewriter) -> AttentionOp:
    """Return the attention, with a leading axis more, in which each part of the keys is on its own; it is not inserted.

    Parts are views: K is [.., parts, keys, D]. Where the keys do not divide, parts overlap, and each but the last hides
    what the next one has too. A band becomes a mask; sinks take no part.
    """
    *lead, rows, columns = op.scores.get_shape()
    stride = columns // parts
    keys = columns - (parts - 1) * stride
    query = rewriter.spread(_with_axis(op.query, rewriter), (*lead, parts, rows, shape_of(op.query)[-1]))
    key, value = (_parts(source, -2, parts, stride, rewriter) for source in (op.key, op.value))
    extras = [
        _parts(extra, -1, parts, stride, rewriter) if shape_of(extra)[-1] > 1 else _with_axis(extra, rewriter)
        for extra in op.extras
    ]
    scores = tensor((*lead, parts, rows, keys), op.scores.element_type)

    def row(region: ScoreRegion) -> SSAValue:
        return region.add(graph.IotaOp.make(scores, len(lead) + 1))

    def column(region: ScoreRegion) -> SSAValue:
        part, place = (region.add(graph.IotaOp.make(scores, axis)) for axis in (len(lead), len(lead) + 2))
        first = region.add(graph.MulOp.make(part, region.number(float(stride))))
        return region.add(graph.AddOp.make(place, first))

    region = ScoreRegion(scores, op.location)
    moved = moved_scores(op, region, [type_of(extra) for extra in extras], row, column)
    if keys > stride:
        moved = _without_overlap(region, moved, parts, stride)
    return AttentionOp.make(query, key, value, extras, region.finish(moved), scale=op.scale.value.data)


def _without_overlap(region: ScoreRegion, scores: SSAValue, parts: int, stride: int) -> SSAValue:
    """Hide the keys of each part but the last from where the next part begins."""
    rank = region.type.get_num_dims()
    part, place = (region.add(graph.IotaOp.make(region.type, axis)) for axis in (rank - 3, rank - 1))
    longer = region.add(graph.SubOp.make(part, region.number(float(parts - 2))))
    end = region.add(graph.MaxOp.make(longer, region.number(0.0)))
    end = region.add(graph.MulOp.make(end, region.number(float(parts - 1))))
    end = region.add(graph.AddOp.make(end, region.number(float(stride))))
    kept = region.add(graph.CompareOp.make(place, end, "lt"))
    return region.add(graph.SelectOp.make(kept, scores, region.number(float("-inf"))))


def _with_axis(value: SSAValue, rewriter: Rewriter) -> SSAValue:
    """A tensor that all parts share."""
    shape = shape_of(value)
    return rewriter.reshape(value, (*shape[:-2], 1, *shape[-2:]))


def _parts(value: SSAValue, axis: int, parts: int, stride: int, rewriter: Rewriter) -> SSAValue:
    """A tensor cut along ``axis`` (-1 or -2), the parts as an axis in front of the last two."""
    shape = list(shape_of(value))
    place = len(shape) + axis
    order = list(range(len(shape) + 1))
    if parts * stride == shape[place]:
        value = rewriter.reshape(value, (*shape[:place], parts, stride, *shape[place + 1 :]))
        if axis == -1:
            order[-3], order[-2] = order[-2], order[-3]
    else:
        size = shape[place] - (parts - 1) * stride
        value = rewriter.add(graph.WindowOp.make(value, (place,), (size,), (stride,), (1,)))
        order = [
            *order[:-3],
            *(
                (len(order) - 3, len(order) - 1, len(order) - 2)
                if axis == -2
                else (len(order) - 2, len(order) - 3, len(order) - 1)
            ),
        ]
    return value if order == sorted(order) else rewriter.add(graph.PermuteOp.make(value, order))


def combine(carried: Sequence[SSAValue], sinks: SSAValue | None, rewriter: Rewriter) -> tuple[SSAValue, SSAValue]:
    """The sum of exponentials and of weighted values of all parts, from what each carried out: (m, l, O).

    m and l are [.., parts, Sq], O is [.., parts, Sq, Dv]; each part is rescaled from its largest score to that of all.
    """
    largest, totals, mixed = carried
    axis = len(shape_of(largest)) - 2

    def spread(value: SSAValue, like: SSAValue, dims: Sequence[int]) -> SSAValue:
        return rewriter.add(graph.BroadcastOp.make(value, shape_of(like), dims))

    top = rewriter.add(graph.ReduceOp.make(largest, "max", (axis,)))
    if sinks is not None:
        top = rewriter.add(graph.MaxOp.make(top, sinks))
    others = [place for place in range(axis + 2) if place != axis]
    apart = rewriter.add(graph.SubOp.make(largest, spread(top, largest, others)))
    share = rewriter.add(graph.ExpOp.make(apart))
    total = rewriter.add(graph.ReduceOp.make(rewriter.add(graph.MulOp.make(totals, share)), "add", (axis,)))
    if sinks is not None:
        sink = rewriter.add(graph.ExpOp.make(rewriter.add(graph.SubOp.make(sinks, top))))
        total = rewriter.add(graph.AddOp.make(total, sink))
    wide = spread(share, mixed, range(axis + 2))
    out = rewriter.add(graph.ReduceOp.make(rewriter.add(graph.MulOp.make(mixed, wide)), "add", (axis,)))
    return total, out
