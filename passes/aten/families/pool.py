"""Pools, as reductions over windows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from dialects.graph import DivOp, MulOp, ReduceWindowOp, TakeOp
from dialects.graph.types import element_of, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.families.window import Places, largest, places_of
from passes.aten.registry import handles


def _windowed(
    call: Call,
    value: SSAValue,
    kind: str,
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    sizes: Sequence[int],
) -> SSAValue:
    """Reduce over windows of the last axes to ``sizes``; more padding behind makes room for ceil_mode."""
    shape = shape_of(value)
    lead = len(shape) - len(window)
    high = [
        max(0, (size - 1) * stride + step * (width - 1) + 1 - extent - low)
        for size, stride, step, width, extent, low in zip(
            sizes, strides, dilation, window, shape[lead:], padding, strict=True
        )
    ]
    ones, none = [1] * lead, [0] * lead
    op = ReduceWindowOp.make(
        value, kind, [*ones, *window], [*ones, *strides], [*none, *padding], [*none, *high], [*ones, *dilation]
    )
    result = call.build.emit(op)
    for axis, size in enumerate(sizes, lead):
        result = call.build.slice(result, axis, 0, size)
    return result


def _parameters(call: Call, rank: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    window = call.integers("kernel_size", None, rank)
    stride = call.integers("stride", (), rank) if call.has("stride") else ()
    return window, stride or window, call.integers("padding", (0,), rank)


def _rank(call: Call) -> int:
    return int(next(digit for digit in call.op.overload.data if digit.isdigit()))


@handles(
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool1d_with_indices",
    "max_pool2d_with_indices",
    "max_pool3d_with_indices",
)
def max_pool(call: Call) -> SSAValue | list[SSAValue]:
    """Largest element of each window, and where it is."""
    rank = _rank(call)
    window, strides, padding = _parameters(call, rank)
    dilation = call.integers("dilation", (1,), rank)
    sizes = call.result_shape[-rank:]
    if len(call.op.outputs) > 1 and call.used(1):
        axes = map(places_of, sizes, window, strides, padding, dilation)
        return list(largest(call.build, call.tensor("self"), list(axes)))
    result = _windowed(call, call.tensor("self"), "max", window, strides, padding, dilation, sizes)
    return result if len(call.op.outputs) == 1 else [result, call.unneeded(1, "indices")]


@handles("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(call: Call) -> SSAValue:
    """Mean of each window; padding counts as elements unless the call says otherwise."""
    build, rank = call.build, _rank(call)
    window, strides, padding = _parameters(call, rank)
    sizes = call.result_shape[-rank:]
    value = build.widen(call.tensor("self"))
    total = _windowed(call, value, "add", window, strides, padding, [1] * rank, sizes)
    if call.has("divisor_override"):
        result = build.combine(DivOp, total, call.integer("divisor_override"))
    else:
        counts = _counts(shape_of(value)[-rank:], sizes, window, strides, padding, call.flag("count_include_pad", True))
        lead = len(shape_of(total)) - rank
        divisor = build.place(build.array(counts, element_of(total)), shape_of(total), range(lead, lead + rank))
        result = build.combine(DivOp, total, divisor)
    return build.cast(result, call.result_element)


def _counts(
    extents: Sequence[int],
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[int],
    include_padding: bool,
) -> npt.NDArray[np.int64]:
    """Return the number of elements each window divides by; what lies beyond the padding never counts."""
    counts = np.ones((), np.int64)
    for extent, size, width, stride, pad in zip(extents, sizes, window, strides, padding, strict=True):
        start = np.arange(size) * stride - pad
        stop = np.minimum(start + width, extent + pad)
        if not include_padding:
            start, stop = np.maximum(start, 0), np.minimum(stop, extent)
        counts = counts[..., None] * (stop - start)
    return counts


def _adaptive_windows(extent: int, size: int) -> tuple[int, int] | None:
    """Return window and stride of an adaptive pool whose windows are all alike, else None."""
    starts = [place * extent // size for place in range(size)]
    widths = {-(-(place + 1) * extent // size) - start for place, start in enumerate(starts)}
    steps = {after - before for before, after in pairwise(starts)}
    if len(widths) != 1 or len(steps) > 1:
        return None
    return widths.pop(), steps.pop() if steps else 1


def _adaptive_places(extent: int, size: int) -> Places:
    """Return the places of an adaptive pool's windows; short ones have their last place more than once."""
    starts = np.arange(size) * extent // size
    stops = -(-(np.arange(size) + 1) * extent // size)
    return np.minimum(starts[:, None] + np.arange(int((stops - starts).max()))[None, :], stops[:, None] - 1)


def _alike(value: SSAValue, sizes: Sequence[int]) -> tuple[list[int], list[int]] | None:
    """Return windows and strides of an adaptive pool of the last axes if all windows of an axis are alike."""
    extents = shape_of(value)[-len(sizes) :]
    pairs = [_adaptive_windows(extent, size) for extent, size in zip(extents, sizes, strict=True)]
    found = [pair for pair in pairs if pair is not None]
    return ([width for width, _ in found], [step for _, step in found]) if len(found) == len(pairs) else None


@handles("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(call: Call) -> list[SSAValue]:
    """Largest element of windows that cut each axis into the asked number of parts, and where it is."""
    value, rank = call.tensor("self"), _rank(call)
    sizes = call.result_shape[-rank:]
    alike = _alike(value, sizes)
    if alike is not None and not call.used(1):
        result = _windowed(call, value, "max", *alike, [0] * rank, [1] * rank, sizes)
        return [result, call.unneeded(1, "indices")]
    extents = shape_of(value)[-rank:]
    return list(largest(call.build, value, list(map(_adaptive_places, extents, sizes))))


@handles(
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d",
)
def adaptive_avg_pool(call: Call) -> SSAValue:
    """Mean of windows that cut each axis into the asked number of parts."""
    build, rank = call.build, _rank(call)
    value, sizes = build.widen(call.tensor("self")), call.result_shape[-rank:]
    alike = _alike(value, sizes)
    if alike is not None:
        result = _windowed(call, value, "add", *alike, [0] * rank, [1] * rank, sizes)
        return build.cast(build.combine(DivOp, result, int(np.prod(alike[0]))), call.result_element)
    for axis, size in enumerate(sizes, len(shape_of(value)) - rank):
        value = _averaged(build, value, axis, _adaptive_places(shape_of(value)[axis], size))
    return build.cast(value, call.result_element)


def _averaged(build: GraphBuilder, value: SSAValue, axis: int, places: Places) -> SSAValue:
    """Return the mean of each window along an axis, a place that is there more than once counted once."""
    counted = np.concatenate([np.ones((len(places), 1), bool), np.diff(places) != 0], 1)
    taken = build.emit(TakeOp.make(value, build.array(places), axis))
    element = element_of(value)
    weights = build.place(build.array(counted.astype(np.float64), element), shape_of(taken), (axis, axis + 1))
    total = build.reduce(build.combine(MulOp, taken, weights), "add", (axis + 1,))
    return build.combine(DivOp, total, build.place(build.array(counted.sum(1), element), shape_of(total), (axis,)))
