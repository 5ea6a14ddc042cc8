"""Reductions. Sums of narrow floats are formed in f32 and rounded once, as torch does."""

from __future__ import annotations

from math import prod

from xdsl.dialects.builtin import i1, i64
from xdsl.ir import SSAValue

from dialects.graph import (
    AbsOp,
    AddOp,
    AndOp,
    ArgReduceOp,
    DivOp,
    ExpOp,
    IsNanOp,
    LogOp,
    MaxOp,
    MinOp,
    MulOp,
    PowOp,
    ScanOp,
    SqrtOp,
    SubOp,
)
from dialects.graph.types import element_of, is_bool, is_float, shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


def _sum(call: Call, value: SSAValue, axes: tuple[int, ...], keep: bool) -> SSAValue:
    return call.build.reduce(value, "add", axes, keep)


@handles("sum", "sum.dim_IntList")
def sum_(call: Call) -> SSAValue:
    """Sum over some or all axes; integers and bools are summed in i64 unless a dtype is given."""
    value = call.build.widen(call.build.cast(call.tensor("self"), call.result_element))
    axes = call.axes("dim", len(shape_of(value)))
    return call.build.cast(_sum(call, value, axes, call.flag("keepdim")), call.result_element)


@handles("mean", "mean.dim")
def mean(call: Call) -> SSAValue:
    """Sum over axes divided by the number of elements."""
    value = call.build.widen(call.build.cast(call.tensor("self"), call.result_element))
    axes = call.axes("dim", len(shape_of(value)))
    count = prod(shape_of(value)[axis] for axis in axes)
    total = _sum(call, value, axes, call.flag("keepdim"))
    return call.build.cast(call.build.combine(DivOp, total, count), call.result_element)


@handles("nansum", "nanmean")
def sum_of_numbers(call: Call) -> SSAValue:
    """Sum or mean over axes of what is not NaN."""
    build = call.build
    value = build.widen(build.cast(call.tensor("self"), call.result_element))
    axes, keep = call.axes("dim", len(shape_of(value))), call.flag("keepdim")
    nothing = build.full_like(0, value)
    missing = build.apply(IsNanOp, value) if is_float(element_of(value)) else build.full(0, shape_of(value), i1)
    total = _sum(call, build.select(missing, nothing, value), axes, keep)
    if "nanmean" in call.op.overload.data:
        counted = build.select(missing, nothing, build.full_like(1, value))
        total = build.combine(DivOp, total, _sum(call, counted, axes, keep))
    return build.cast(total, call.result_element)


@handles("prod", "prod.dim_int")
def prod_(call: Call) -> SSAValue:
    """Product over one or all axes."""
    value = call.build.widen(call.build.cast(call.tensor("self"), call.result_element))
    axes = call.axes("dim", len(shape_of(value)))
    return call.build.cast(call.build.reduce(value, "mul", axes, call.flag("keepdim")), call.result_element)


@handles("amax", "amin", "max", "min")
def extreme(call: Call) -> SSAValue:
    """Largest or smallest element over some or all axes."""
    value = call.tensor("self")
    largest = "max" in call.op.overload.data
    axes = call.axes("dim", len(shape_of(value)))
    return _extreme(call, value, largest, axes, call.flag("keepdim"))


def _extreme(call: Call, value: SSAValue, largest: bool, axes: tuple[int, ...], keep: bool) -> SSAValue:
    if is_bool(element_of(value)):
        return call.build.reduce(value, "or" if largest else "and", axes, keep)
    return call.build.reduce(value, "max" if largest else "min", axes, keep)


@handles("aminmax")
def aminmax(call: Call) -> list[SSAValue]:
    """Smallest and largest element."""
    value, keep = call.tensor("self"), call.flag("keepdim")
    axes = call.axes("dim", len(shape_of(value)))
    return [_extreme(call, value, largest, axes, keep) for largest in (False, True)]


def _index_of_extreme(call: Call, value: SSAValue, largest: bool, axis: int) -> SSAValue:
    """Return the index of the first extreme element along ``axis`` (bools are compared as integers)."""
    if not shape_of(value):
        return call.build.full(0, (), i64)
    counted = call.build.cast(value, i64) if is_bool(element_of(value)) else value
    return call.build.emit(ArgReduceOp.make(counted, "max" if largest else "min", axis))


@handles("max.dim", "min.dim")
def extreme_along(call: Call) -> list[SSAValue]:
    """Largest or smallest element along an axis, and its index."""
    value, largest = call.tensor("self"), ".max." in call.op.overload.data
    axis, keep = call.axis("dim", len(shape_of(value))), call.flag("keepdim")
    axes = (axis,) if shape_of(value) else ()
    result = _extreme(call, value, largest, axes, keep)
    if not call.used(1):
        return [result, call.unneeded(1, "indices")]
    found = _index_of_extreme(call, value, largest, axis)
    return [result, call.build.reshape(found, call.result_shape)]


@handles("argmax", "argmin")
def arg_extreme(call: Call) -> SSAValue:
    """Index of the largest or smallest element along an axis, or in the flattened tensor."""
    value, largest = call.tensor("self"), "argmax" in call.op.overload.data
    if not call.has("dim"):
        value = call.build.reshape(value, (prod(shape_of(value)),))
    axis = call.axis("dim", len(shape_of(value)), 0)
    return call.build.reshape(_index_of_extreme(call, value, largest, axis), call.result_shape)


@handles("all", "all.dim", "all.dims", "any", "any.dim", "any.dims")
def quantify(call: Call) -> SSAValue:
    """Whether all or any elements along axes are not zero."""
    value = call.tensor("self")
    flags = value if is_bool(element_of(value)) else call.build.compare(value, 0, "ne")
    kind = "and" if ".all." in call.op.overload.data else "or"
    reduced = call.build.reduce(flags, kind, call.axes("dim", len(shape_of(value))), call.flag("keepdim"))
    return call.build.cast(reduced, call.result_element)


@handles("count_nonzero", "count_nonzero.dim_IntList")
def count_nonzero(call: Call) -> SSAValue:
    """Number of elements that are not zero."""
    value = call.tensor("self")
    flags = value if is_bool(element_of(value)) else call.build.compare(value, 0, "ne")
    return _sum(call, call.build.cast(flags, i64), call.axes("dim", len(shape_of(value))), False)


def variance(call: Call, value: SSAValue, axes: tuple[int, ...], correction: float) -> tuple[SSAValue, SSAValue]:
    """Return variance and mean over ``axes``, which stay with size one."""
    build = call.build
    count = prod(shape_of(value)[axis] for axis in axes)
    mean = build.combine(DivOp, _sum(call, value, axes, True), count)
    offset = build.combine(SubOp, value, build.expand(mean, shape_of(value)))
    squares = _sum(call, build.combine(MulOp, offset, offset), axes, True)
    return build.combine(DivOp, squares, max(0.0, count - correction)), mean


@handles(
    "var",
    "var.dim",
    "var.correction",
    "std",
    "std.dim",
    "std.correction",
    "var_mean",
    "var_mean.dim",
    "var_mean.correction",
    "std_mean",
    "std_mean.dim",
    "std_mean.correction",
)
def var(call: Call) -> SSAValue | list[SSAValue]:
    """Variance or standard deviation, by default unbiased, with the mean where the name says so."""
    name = call.op.overload.data
    value = call.build.widen(call.tensor("self"))
    correction = float(call.number("correction", 1)) if call.flag("unbiased", True) else 0.0
    spread, mean = variance(call, value, call.axes("dim", len(shape_of(value))), correction)
    if ".std" in name:
        spread = call.build.apply(SqrtOp, spread)
    results = [spread, mean] if "_mean" in name else [spread]
    return [call.build.reshape(call.build.cast(each, call.result_element), call.result_shape) for each in results]


@handles("logsumexp")
def logsumexp(call: Call) -> SSAValue:
    """log(sum(exp(x))) around the largest element; an infinite one is taken as zero, so that no NaN appears."""
    build = call.build
    value = build.widen(build.cast(call.tensor("self"), call.result_element))
    axes = call.axes("dim", len(shape_of(value)))
    if 0 in shape_of(value):
        return build.full(float("-inf"), call.result_shape, call.result_element)
    top = build.reduce(value, "max", axes, True)
    infinite = build.compare(build.apply(AbsOp, top), float("inf"), "eq")
    top = build.select(infinite, build.full_like(0, top), top)
    powers = build.apply(ExpOp, build.combine(SubOp, value, build.expand(top, shape_of(value))))
    result = build.combine(AddOp, build.apply(LogOp, _sum(call, powers, axes, True)), top)
    return build.reshape(build.cast(result, call.result_element), call.result_shape)


@handles("linalg_vector_norm", "norm.Scalar", "norm.ScalarOpt_dim", "norm.ScalarOpt_dim_dtype", "norm.ScalarOpt_dtype")
def vector_norm(call: Call) -> SSAValue:
    """(sum |x|^p)^(1/p); the largest or smallest absolute value for infinite p, the count of non-zeros for p = 0."""
    build = call.build
    order = float(call.number("ord" if "linalg" in call.op.overload.data else "p", 2))
    value = build.widen(build.cast(call.tensor("self"), call.result_element))
    axes = call.axes("dim", len(shape_of(value)))
    size = build.apply(AbsOp, value)
    if order == float("inf"):
        result = build.reduce(size, "max", axes, True)
    elif order == -float("inf"):
        result = build.reduce(size, "min", axes, True)
    elif order == 0:
        result = _sum(call, build.cast(build.compare(value, 0, "ne"), element_of(value)), axes, True)
    elif order == 1:
        result = _sum(call, size, axes, True)
    elif order == 2:
        result = build.apply(SqrtOp, _sum(call, build.combine(MulOp, value, value), axes, True))
    else:
        total = _sum(call, build.combine(PowOp, size, order), axes, True)
        result = build.combine(PowOp, total, 1 / order)
    return build.reshape(build.cast(result, call.result_element), call.result_shape)


@handles("cumsum", "cumprod")
def cumulate(call: Call) -> SSAValue:
    """Running sum or product along an axis."""
    build = call.build
    value = build.widen(build.cast(call.tensor("self"), call.result_element))
    if not shape_of(value):
        return build.cast(value, call.result_element)
    kind = "add" if "cumsum" in call.op.overload.data else "mul"
    scanned = build.emit(ScanOp.make(value, kind, call.axis("dim", len(shape_of(value)))))
    return build.cast(scanned, call.result_element)


@handles("cummax", "cummin")
def running_extreme(call: Call) -> list[SSAValue]:
    """Largest or smallest element so far, and the last place before that has it."""
    build, value = call.build, call.tensor("self")
    if not shape_of(value):
        return [value, build.full(0, (), i64)]
    axis = call.axis("dim", len(shape_of(value)))
    extreme = build.emit(ScanOp.make(value, "max" if "cummax" in call.op.overload.data else "min", axis))
    places = build.iota(shape_of(value)[axis], shape_of(value), axis)
    new = build.select(build.compare(value, extreme, "eq"), places, build.full_like(0, places))
    return [extreme, build.emit(ScanOp.make(new, "max", axis))]


@handles("histc")
def histc(call: Call) -> SSAValue:
    """Counts of elements in equal bins between ``min`` and ``max``; the last bin holds its upper end too."""
    build = call.build
    low, high, bins = float(call.number("min", 0)), float(call.number("max", 0)), call.integer("bins", 100)
    if low == high:
        call.unsupported("histc whose range depends on data: give min and max")
    value = build.widen(build.reshape(call.tensor("self"), (prod(shape_of(call.tensor("self"))),)))
    size = shape_of(value)[0]
    place = build.combine(DivOp, build.combine(MulOp, build.combine(SubOp, value, low), bins), high - low)
    place = build.combine(MinOp, build.cast(build.combine(MaxOp, place, 0), i64), bins - 1)
    inside = build.combine(AndOp, build.compare(value, low, "ge"), build.compare(value, high, "le"))
    shape = (bins, size)
    here = build.compare(build.expand(place, shape), build.iota(bins, shape, 0), "eq")
    counted = build.cast(build.combine(AndOp, here, build.expand(inside, shape)), i64)
    return build.cast(build.reduce(counted, "add", (1,)), call.result_element)
