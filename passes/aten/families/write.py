"""Operators that give a tensor with some of its elements replaced or added to."""

from __future__ import annotations

from math import prod

import numpy as np
from xdsl.ir import SSAValue

from dialects.graph import IndexPutOp, MulOp, ScatterOp
from dialects.graph.types import Scalar, element_of, is_bool, shape_of
from passes.aten.call import Call
from passes.aten.families.index import join_indices
from passes.aten.registry import handles


@handles("index_put", "_unsafe_index_put")
def index_put(call: Call) -> SSAValue:
    """Replace (or add to) the elements that an advanced index names."""
    build, value = call.build, call.tensor("self")
    indices, values = call.optional_tensors("indices"), call.tensor("values")
    if any(each is not None and is_bool(element_of(each)) for each in indices):
        return _masked_put(call, value, indices, values)
    joined = join_indices(build, value, indices)
    common = shape_of(joined.flat)
    sizes, axis = shape_of(joined.value), joined.axis
    values = build.expand(build.cast(values, element_of(value)), (*sizes[:axis], *common, *sizes[axis + 1 :]))
    values = build.reshape(values, (*sizes[:axis], prod(common), *sizes[axis + 1 :]))
    flat = build.reshape(joined.flat, (prod(common),))
    reduce = "add" if call.flag("accumulate") else "none"
    result = build.emit(IndexPutOp.make(joined.value, flat, values, axis, reduce))
    result = build.reshape(result, (*sizes[:axis], *joined.joined, *sizes[axis + 1 :]))
    back = [joined.order.index(place) for place in range(len(joined.order))]
    return build.permute(result, back)


def _masked_put(call: Call, value: SSAValue, indices: list[SSAValue | None], values: SSAValue) -> SSAValue:
    """Put one value where a mask over the leading axes holds; more values would depend on data."""
    build, mask = call.build, indices[0]
    alone = mask is not None and all(each is None for each in indices[1:])
    if mask is None or not alone or prod(shape_of(values)) != 1 or call.flag("accumulate"):
        call.unsupported("an index of bools that places more than one value")
    shape = shape_of(value)
    condition = build.place(mask, shape, range(len(shape_of(mask))))
    fill = build.spread(build.reshape(values, ()), shape, element_of(value))
    return build.select(condition, fill, value)


@handles("index_copy", "index_add")
def index_copy(call: Call) -> SSAValue:
    """Replace or add to places of an axis."""
    build, value, source = call.build, call.tensor("self"), call.tensor("source")
    add = "index_add" in call.op.overload.data
    indices = call.tensor("index")
    shape = shape_of(value) or (1,)
    axis = call.axis("dim", len(shape))
    count = prod(shape_of(indices))
    source = build.reshape(source, (*shape[:axis], count, *shape[axis + 1 :]))
    if add and call.number("alpha", 1) != 1:
        if is_bool(element_of(value)):
            call.unsupported("index_add of bools with alpha")
        source = build.combine(MulOp, source, call.number("alpha"))
    put = IndexPutOp.make(
        build.reshape(value, shape), build.reshape(indices, (count,)), source, axis, "add" if add else "none"
    )
    return build.reshape(build.emit(put), call.result_shape)


@handles("index_fill.int_Scalar", "index_fill.int_Tensor")
def index_fill(call: Call) -> SSAValue:
    """Put one value at places of an axis."""
    build, value, indices = call.build, call.tensor("self"), call.tensor("index")
    shape = shape_of(value) or (1,)
    axis = call.axis("dim", len(shape))
    count = prod(shape_of(indices))
    flat = build.wrap_indices(build.reshape(indices, (count,)), shape[axis])
    source = build.spread(call.operand("value"), (*shape[:axis], count, *shape[axis + 1 :]), element_of(value))
    put = IndexPutOp.make(build.reshape(value, shape), flat, source, axis)
    return build.reshape(build.emit(put), call.result_shape)


def scattered(call: Call, source: SSAValue | Scalar, reduce: str) -> SSAValue:
    """Write one element of ``source`` for each index; a source larger than the indices is cut to them."""
    build, value, indices = call.build, call.tensor("self"), call.tensor("index")
    axis = call.axis("dim", len(shape_of(value)))
    if isinstance(source, SSAValue):
        for place, size in enumerate(shape_of(indices)):
            source = build.slice(source, place, 0, size)
    else:
        source = build.full(source, shape_of(indices), element_of(value))
    if not shape_of(value) or not shape_of(indices):
        value, indices, source = (build.reshape(each, shape_of(each) or (1,)) for each in (value, indices, source))
    return build.reshape(build.emit(ScatterOp.make(value, indices, source, axis, reduce)), call.result_shape)


@handles("scatter.src", "scatter.value")
def scatter(call: Call) -> SSAValue:
    """Replace one element along an axis for each index."""
    return scattered(call, call.tensor("src") if call.has("src") else call.number("value"), "none")


@handles("scatter_add")
def scatter_add(call: Call) -> SSAValue:
    """Add one element along an axis for each index."""
    return scattered(call, call.tensor("src"), "add")


@handles("slice_scatter")
def slice_scatter(call: Call) -> SSAValue:
    """Replace every step-th place of an axis between bounds."""
    build, value = call.build, call.tensor("self")
    source = build.cast(call.tensor("src"), element_of(value))
    axis = call.axis("dim", len(shape_of(value)), 0)
    start = call.integer("start") if call.has("start") else None
    stop = call.integer("end") if call.has("end") else None
    places = range(*slice(start, stop, call.integer("step", 1)).indices(shape_of(value)[axis]))
    if not places:
        return value
    if places.step == 1:
        return _replace(call, value, source, axis, places.start, places.stop)
    return build.emit(IndexPutOp.make(value, build.array(np.asarray(places)), source, axis))


@handles("select_scatter")
def select_scatter(call: Call) -> SSAValue:
    """Replace one place of an axis."""
    value = call.tensor("self")
    shape = shape_of(value)
    axis = call.axis("dim", len(shape))
    place = call.integer("index") % shape[axis]
    source = call.build.cast(call.tensor("src"), element_of(value))
    source = call.build.reshape(source, (*shape[:axis], 1, *shape[axis + 1 :]))
    return _replace(call, value, source, axis, place, place + 1)


def _replace(call: Call, value: SSAValue, source: SSAValue, axis: int, start: int, stop: int) -> SSAValue:
    """Put ``source`` in the place of part of an axis."""
    build, size = call.build, shape_of(value)[axis]
    parts = [source]
    if start > 0:
        parts.insert(0, build.slice(value, axis, 0, start))
    if stop < size:
        parts.append(build.slice(value, axis, stop, size))
    return build.concat(parts, axis)
