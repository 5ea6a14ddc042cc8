"""Windows of images laid out element by element: unfold and fold, and where the largest element of a window lies."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from dialects.graph import ArgReduceOp, GatherOp, IndexPutOp, PadOp, ScatterOp, TakeOp
from dialects.graph.types import Scalar, element_of, shape_of
from passes.analysis.combining import neutral
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.registry import handles

Places = npt.NDArray[np.int64]
"""Which element of an axis lies at each place of each window: (windows, places)."""


def places_of(windows: int, width: int, stride: int, padding: int, dilation: int) -> Places:
    """Return the places of windows that slide along an axis, counted from its first element (negative: padding)."""
    return np.arange(windows)[:, None] * stride - padding + np.arange(width)[None, :] * dilation


def windows_of(build: GraphBuilder, value: SSAValue, axes: Sequence[Places], fill: Scalar) -> SSAValue:
    """Return the windows of the last axes, (..., windows of each axis, places of each axis); outside lies ``fill``."""
    lead, rank = len(shape_of(value)) - len(axes), len(axes)
    for number, places in enumerate(axes):
        axis = lead + 2 * number
        size = shape_of(value)[axis]
        before, behind = max(0, -int(places.min())), max(0, int(places.max()) + 1 - size)
        if before or behind:
            low, high = ([0] * len(shape_of(value)) for _ in range(2))
            low[axis], high[axis] = before, behind
            value = build.emit(PadOp.make(value, low, high, fill))
        value = build.emit(TakeOp.make(value, build.array(places + before), axis))
    order = [*range(lead), *range(lead, lead + 2 * rank, 2), *range(lead + 1, lead + 2 * rank, 2)]
    return build.permute(value, order)


def flat_places(axes: Sequence[Places], extents: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the place of each element of each window in the flattened axes: (windows of all axes, places of all)."""
    flat = np.zeros((1, 1), np.int64)
    for places, extent in zip(axes, extents, strict=True):
        windows, width = flat.shape[0] * places.shape[0], flat.shape[1] * places.shape[1]
        flat = (flat[:, None, :, None] * extent + places[None, :, None, :]).reshape(windows, width)
    return flat


def largest(build: GraphBuilder, value: SSAValue, axes: Sequence[Places]) -> tuple[SSAValue, SSAValue]:
    """Return the largest element of each window of the last axes, and its place in them flattened."""
    lead = shape_of(value)[: len(shape_of(value)) - len(axes)]
    extents = shape_of(value)[len(lead) :]
    flat = flat_places(axes, extents)
    windows = windows_of(build, value, axes, neutral("max", element_of(value)))
    windows = build.reshape(windows, (*lead, *flat.shape))
    where = build.emit(ArgReduceOp.make(windows, "max", len(lead) + 1))
    chosen = build.reshape(where, (*lead, flat.shape[0], 1))
    table = build.place(build.array(flat), (*lead, *flat.shape), (len(lead), len(lead) + 1))
    sizes = (*lead, *(len(places) for places in axes))
    found = build.emit(GatherOp.make(table, chosen, len(lead) + 1))
    top = build.reduce(windows, "max", (len(lead) + 1,))
    return build.reshape(top, sizes), build.reshape(found, sizes)


def _image_windows(call: Call, extents: Sequence[int]) -> list[Places]:
    """Return the windows that im2col and col2im have in an image."""
    names = ("kernel_size", "dilation", "padding", "stride")
    rows = zip(extents, *(call.integers(name, None, 2) for name in names), strict=True)
    axes: list[Places] = []
    for extent, width, dilation, padding, stride in rows:
        windows = (extent + 2 * padding - dilation * (width - 1) - 1) // stride + 1
        axes.append(places_of(windows, width, stride, padding, dilation))
    return axes


@handles("im2col")
def im2col(call: Call) -> SSAValue:
    """The windows of an image as columns, all channels of a window in one."""
    build, value = call.build, call.tensor("self")
    axes = _image_windows(call, shape_of(value)[-2:])
    windows = windows_of(build, value, axes, 0)
    lead = len(shape_of(value)) - 2
    order = [*range(lead), lead + 2, lead + 3, lead, lead + 1]
    return build.reshape(build.permute(windows, order), call.result_shape)


@handles("col2im")
def col2im(call: Call) -> SSAValue:
    """Columns added up to the image whose windows they are."""
    build, value = call.build, call.tensor("self")
    height, width = call.result_shape[-2:]
    axes = _image_windows(call, (height, width))
    low = [max(0, -int(places.min())) for places in axes]
    framed = [
        max(size + start, int(places.max()) + start + 1)
        for places, size, start in zip(axes, (height, width), low, strict=True)
    ]
    flat = flat_places([places + start for places, start in zip(axes, low, strict=True)], framed)
    lead = prod(call.result_shape[:-2])
    columns = build.reshape(value, (lead, flat.size))
    zeros = build.full(0, (lead, prod(framed)), element_of(value))
    image = build.emit(IndexPutOp.make(zeros, build.array(flat.T.reshape(-1)), columns, 1, "add"))
    image = build.reshape(image, (*call.result_shape[:-2], *framed))
    for axis, (start, size) in enumerate(zip(low, (height, width), strict=True), len(call.result_shape) - 2):
        image = build.slice(image, axis, start, start + size)
    return image


@handles("max_unpool2d", "max_unpool3d")
def max_unpool(call: Call) -> SSAValue:
    """Elements put back to the places that a max pool gave for them, zeros elsewhere."""
    build, value, indices = call.build, call.tensor("self"), call.tensor("indices")
    rank = 2 if "2d" in call.op.overload.data else 3
    lead, count = prod(shape_of(value)[:-rank]), prod(shape_of(value)[-rank:])
    zeros = build.full(0, (lead, prod(call.result_shape[-rank:])), element_of(value))
    placed = ScatterOp.make(zeros, build.reshape(indices, (lead, count)), build.reshape(value, (lead, count)), 1)
    return build.reshape(build.emit(placed), call.result_shape)
