"""Operators that resize images: the sizes are known, so places and weights are constants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from dialects.graph import AddOp, MulOp, TakeOp
from dialects.graph.types import element_of, shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


def _scales(call: Call, rank: int) -> list[float | None]:
    """Return the scale factors that the call states, one a spatial axis."""
    if call.has("scale_factors"):
        return list(call.numbers("scale_factors"))
    names = ["scales"] if rank == 1 else ["scales_d", "scales_h", "scales_w"][-rank:]
    return [float(call.number(name)) if call.has(name) else None for name in names]


@handles(
    "upsample_nearest1d",
    "upsample_nearest2d",
    "upsample_nearest3d",
    "upsample_nearest1d.vec",
    "upsample_nearest2d.vec",
    "upsample_nearest3d.vec",
)
def nearest(call: Call) -> SSAValue:
    """Each pixel is the one of the source that its corner falls into."""
    value = call.tensor("input" if call.has("input") else "self")
    rank = len(shape_of(value)) - 2
    for axis, scale in enumerate(_scales(call, rank), 2):
        source, size = shape_of(value)[axis], call.result_shape[axis]
        ratio = np.float32(1 / scale) if scale else np.float32(source) / np.float32(size)
        places = np.minimum(np.floor(np.arange(size).astype(np.float32) * ratio).astype(np.int64), source - 1)
        value = call.build.emit(TakeOp.make(value, call.build.array(places), axis))
    return value


@handles("upsample_linear1d", "upsample_linear1d.vec", "upsample_bilinear2d", "upsample_bilinear2d.vec")
def linear(call: Call) -> SSAValue:
    """Each pixel is the mean of its neighbours in the source, weighted by nearness, axis by axis."""
    build = call.build
    value = build.widen(call.tensor("input" if call.has("input") else "self"))
    rank = len(shape_of(value)) - 2
    corners = call.flag("align_corners")
    for axis, scale in reversed(list(enumerate(_scales(call, rank), 2))):
        source, size = shape_of(value)[axis], call.result_shape[axis]
        low, high, weight = _neighbours(source, size, scale, corners)
        value = _mix(call, value, axis, low, high, weight)
    return build.cast(value, call.result_element)


def _neighbours(
    source: int, size: int, scale: float | None, corners: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return for each pixel of an axis its two neighbours and the weight of the second."""
    places = np.arange(size).astype(np.float32)
    if corners:
        position = places * np.float32((source - 1) / (size - 1) if size > 1 else 0)
    else:
        ratio = np.float32(1 / scale if scale else source / size)
        position = np.maximum((places + np.float32(0.5)) * ratio - np.float32(0.5), np.float32(0))
    low = np.minimum(position.astype(np.int64), source - 1)
    high = np.minimum(low + 1, source - 1)
    return low, high, np.clip(position - low.astype(np.float32), 0, 1).astype(np.float32)


def _mix(
    call: Call,
    value: SSAValue,
    axis: int,
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float32],
) -> SSAValue:
    build = call.build
    parts: list[SSAValue] = []
    for places, factor in ((low, 1 - weight), (high, weight)):
        taken = build.emit(TakeOp.make(value, build.array(places), axis))
        factors = build.place(build.array(factor, element_of(taken)), shape_of(taken), (axis,))
        parts.append(build.combine(MulOp, taken, factors))
    return build.combine(AddOp, *parts)
