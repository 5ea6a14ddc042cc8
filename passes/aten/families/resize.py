"""Operators that resize images: the sizes are known, so places and weights are constants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from dialects.graph import AddOp, MulOp, TakeOp
from dialects.graph.types import element_of, shape_of
from passes.aten.builder import GraphBuilder
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
    "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d",
    "_upsample_nearest_exact3d",
    "_upsample_nearest_exact1d.vec",
    "_upsample_nearest_exact2d.vec",
    "_upsample_nearest_exact3d.vec",
)
def nearest(call: Call) -> SSAValue:
    """Each pixel is the one of the source that its corner, or with ``exact`` its centre, falls into."""
    offset = np.float32(0.5 if "exact" in call.op.overload.data else 0)
    value = call.tensor("input" if call.has("input") else "self")
    rank = len(shape_of(value)) - 2
    for axis, scale in enumerate(_scales(call, rank), 2):
        source, size = shape_of(value)[axis], call.result_shape[axis]
        ratio = np.float32(1 / scale) if scale else np.float32(source) / np.float32(size)
        corners = (np.arange(size).astype(np.float32) + offset) * ratio
        places = np.minimum(np.floor(corners).astype(np.int64), source - 1)
        value = call.build.emit(TakeOp.make(value, call.build.array(places), axis))
    return value


@handles(
    "upsample_linear1d",
    "upsample_linear1d.vec",
    "upsample_bilinear2d",
    "upsample_bilinear2d.vec",
    "upsample_trilinear3d",
    "upsample_trilinear3d.vec",
    "upsample_bicubic2d",
    "upsample_bicubic2d.vec",
)
def interpolated(call: Call) -> SSAValue:
    """Each pixel is a weighted sum of its neighbours in the source, two or (bicubic) four along each axis."""
    build = call.build
    value = build.widen(call.tensor("input" if call.has("input") else "self"))
    rank = len(shape_of(value)) - 2
    weigh = _cubic if "bicubic" in call.op.overload.data else _linear
    for axis, scale in reversed(list(enumerate(_scales(call, rank), 2))):
        source, size = shape_of(value)[axis], call.result_shape[axis]
        position = _positions(source, size, scale, call.flag("align_corners"))
        value = _mix(build, value, axis, weigh(position, source))
    return build.cast(value, call.result_element)


Taps = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]
"""For each neighbour that a pixel is made of: its place in the source and its weight, one entry a pixel."""


def _positions(source: int, size: int, scale: float | None, corners: bool) -> npt.NDArray[np.float32]:
    """Return where the pixels of an axis lie in the source, in its pixels."""
    places = np.arange(size).astype(np.float32)
    if corners:
        return places * np.float32((source - 1) / (size - 1) if size > 1 else 0)
    ratio = np.float32(1 / scale if scale else source / size)
    return (places + np.float32(0.5)) * ratio - np.float32(0.5)


def _linear(position: npt.NDArray[np.float32], source: int) -> Taps:
    """Weigh the two neighbours by nearness."""
    position = np.maximum(position, np.float32(0))
    low = np.minimum(position.astype(np.int64), source - 1)
    weight = np.clip(position - low.astype(np.float32), 0, 1).astype(np.float32)
    return [(low, 1 - weight), (np.minimum(low + 1, source - 1), weight)]


_CUBIC = -0.75
"""Slope of the cubic convolution kernel (Keys 1981) that torch takes."""


def _cubic(position: npt.NDArray[np.float32], source: int) -> Taps:
    """Weigh the four neighbours by cubic convolution; beyond the border lies the outermost pixel."""
    first = np.floor(position).astype(np.int64)
    taps: Taps = []
    for offset in range(-1, 3):
        x = np.abs(position - (first + offset).astype(np.float32)).astype(np.float64)
        near = ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
        far = ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC
        weight = np.where(x <= 1, near, far).astype(np.float32)
        taps.append((np.clip(first + offset, 0, source - 1), weight))
    return taps


def _mix(build: GraphBuilder, value: SSAValue, axis: int, taps: Taps) -> SSAValue:
    """Return the weighted sum of places along an axis."""
    total: SSAValue | None = None
    for places, weight in taps:
        taken = build.emit(TakeOp.make(value, build.array(places), axis))
        factors = build.place(build.array(weight, element_of(taken)), shape_of(taken), (axis,))
        part = build.combine(MulOp, taken, factors)
        total = part if total is None else build.combine(AddOp, total, part)
    assert total is not None
    return total
