"""The pass that writes convolutions as products of windows: implicit matmul, nothing is unfolded in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.errors import SfumatoError
from dialects.graph.types import element_of, shape_of
from passes.analysis.access import array_of
from passes.analysis.support import lacking
from passes.base import SfumatoPass
from passes.graph.rewriting import Rewriter, rewrite


@dataclass(frozen=True)
class GraphExpandConvolution(SfumatoPass):
    """Expand graph.convolution: channels last, a view of all windows, one product for each place in the window, summed.

    Along the last axis, the places of an undilated window and the channels follow each other in memory and are summed
    by one product; the sum over the other places becomes one accumulation in L0C. Padding is made once, with the copy
    that puts channels last. Any stride, dilation and number of groups; elements are f32, f16 or bf16, others are an
    error.
    """

    name = "graph-expand-convolution"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Expand in every function."""
        rewrite(op, expand)


def expand(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The product of windows and weights of one convolution."""
    if not isinstance(op, graph.ConvolutionOp):
        return None
    reason = lacking(op)
    if reason is not None:
        raise SfumatoError(f"{op.name}: {reason}", op.location)
    groups = op.groups.value.data
    dilation = array_of(op, "dilation")
    joined = groups == 1 and dilation[-1] == 1
    lhs = _windows(op, groups, joined, rewriter)
    spatial = len(dilation)
    places = spatial - 1 if joined else spatial
    batch = shape_of(lhs)[:-2]
    rhs = _weights(op, groups, joined, batch, rewriter)
    product = rewriter.add(graph.MatmulOp.make(lhs, rhs, transpose_b=True, element=f32))
    product = _sum_places(product, len(batch) - places, places, rewriter)
    leading = len(shape_of(product)) - spatial - 1
    order = [*range(leading), len(shape_of(product)) - 1, *range(leading, leading + spatial)]
    turned = rewriter.add(graph.PermuteOp.make(product, order))
    result = rewriter.add(graph.ReshapeOp.make(turned, shape_of(op.result)))
    return [rewriter.cast(result, element_of(op.result))]


def _windows(op: graph.ConvolutionOp, groups: int, joined: bool, rewriter: Rewriter) -> SSAValue:
    """[N, (g,) outer windows..., places..., last windows, k], where k are channels (and, joined, the last places)."""
    source = op.input
    low, high = array_of(op, "padding_low"), array_of(op, "padding_high")
    spatial = len(low)
    if any(low) or any(high):
        source = rewriter.add(graph.PadOp.make(source, (0, 0, *low), (0, 0, *high), 0))
    source = rewriter.add(graph.PermuteOp.make(source, (0, *range(2, spatial + 2), 1)))
    sizes = shape_of(op.weight)[2:]
    axes = tuple(range(1, spatial + 1))
    windows = graph.WindowOp.make(source, axes, sizes, array_of(op, "strides"), array_of(op, "dilation"))
    view = rewriter.add(windows)
    channel, place = spatial + 1, spatial + 2
    if joined:
        order = (0, *axes[:-1], *range(place, place + spatial - 1), axes[-1], place + spatial - 1, channel)
        view = rewriter.add(graph.PermuteOp.make(view, order))
        shape = shape_of(view)
        return rewriter.add(graph.ReshapeOp.make(view, (*shape[:-2], shape[-2] * shape[-1])))
    shape = shape_of(view)
    split = (*shape[:channel], groups, shape[channel] // groups, *shape[place:])
    view = rewriter.add(graph.ReshapeOp.make(view, split))
    order = (0, channel, *axes[:-1], *range(place + 1, place + 1 + spatial), axes[-1], channel + 1)
    return rewriter.add(graph.PermuteOp.make(view, order))


def _weights(op: graph.ConvolutionOp, groups: int, joined: bool, batch: Sequence[int], rewriter: Rewriter) -> SSAValue:
    """[batch..., O / g, k]: the weights of each place, seen by all windows."""
    out, depth, *sizes = shape_of(op.weight)
    spatial = len(sizes)
    if joined:
        order = (*range(2, spatial + 1), 0, spatial + 1, 1)
        places = tuple(sizes[:-1])
        weight = rewriter.add(graph.PermuteOp.make(op.weight, order))
        weight = rewriter.add(graph.ReshapeOp.make(weight, (*places, out, sizes[-1] * depth)))
        dims = tuple(range(len(batch) - len(places), len(batch) + 2))
    else:
        weight = rewriter.add(graph.ReshapeOp.make(op.weight, (groups, out // groups, depth, *sizes)))
        weight = rewriter.add(graph.PermuteOp.make(weight, (0, *range(3, spatial + 3), 1, 2)))
        weight = rewriter.add(graph.ReshapeOp.make(weight, (groups, *sizes, out // groups, depth)))
        dims = (1, *range(len(batch) - spatial, len(batch) + 2))
    full = (*batch, *shape_of(weight)[-2:])
    return weight if shape_of(weight) == full else rewriter.add(graph.BroadcastOp.make(weight, full, dims))


def _sum_places(product: SSAValue, first: int, count: int, rewriter: Rewriter) -> SSAValue:
    shape = shape_of(product)
    if prod(shape[first : first + count]) > 1:
        return rewriter.add(graph.ReduceOp.make(product, "add", tuple(range(first, first + count))))
    left = (*shape[:first], *shape[first + count :])
    return product if left == shape else rewriter.add(graph.ReshapeOp.make(product, left))
