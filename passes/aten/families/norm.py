"""Softmax and normalisations."""

from __future__ import annotations

from math import inf, prod

from xdsl.ir import SSAValue

from dialects.graph import (
    AddOp,
    DivOp,
    LayerNormOp,
    LogSoftmaxOp,
    MulOp,
    RmsNormOp,
    RsqrtOp,
    SoftmaxOp,
    SqrtOp,
    SubOp,
)
from dialects.graph.types import FLOATS, element_of, shape_of
from passes.aten.call import Call
from passes.aten.families.reduce import variance
from passes.aten.registry import handles


@handles("softmax.int", "_softmax", "log_softmax.int", "_log_softmax")
def softmax(call: Call) -> SSAValue:
    """Softmax or its logarithm along an axis, in the type of the result if that is wider."""
    value, name = call.tensor("self"), call.op.overload.data
    if FLOATS.get(call.result_element, 0) >= FLOATS.get(element_of(value), 0):
        value = call.build.cast(value, call.result_element)
    op = LogSoftmaxOp if "log_softmax" in name else SoftmaxOp
    if not shape_of(value):
        lone = call.build.emit(op.make(call.build.reshape(value, (1,)), 0))
        return call.build.cast(call.build.reshape(lone, ()), call.result_element)
    result = call.build.emit(op.make(value, call.axis("dim", len(shape_of(value)))))
    return call.build.cast(result, call.result_element)


@handles("_safe_softmax")
def safe_softmax(call: Call) -> SSAValue:
    """Softmax that gives zeros where every element is minus infinity."""
    build, result = call.build, softmax(call)
    value = build.cast(call.tensor("self"), call.result_element)
    shape = shape_of(value)
    if not shape:
        value, shape = build.reshape(value, (1,)), (1,)
    top = build.reduce(value, "max", (call.axis("dim", len(shape)),), True)
    masked = build.reshape(build.expand(build.compare(top, -inf, "eq"), shape), call.result_shape)
    return build.select(masked, build.full_like(0, result), result)


@handles("layer_norm")
def layer_norm(call: Call) -> SSAValue:
    """Normalise the last axes."""
    return _layer_norm(call, call.tensor("input"))


def _layer_norm(call: Call, value: SSAValue) -> SSAValue:
    """Build the norm; parameters of another type than the input's are cast, or widen it when that loses less."""
    build = call.build
    axes = len(call.integers("normalized_shape"))
    weight, bias = call.optional_tensor("weight"), call.optional_tensor("bias")
    if bias is not None and weight is None:
        weight = build.full_like(1, bias)
    parameters = [each for each in (weight, bias) if each is not None]
    element = max((element_of(each) for each in (value, *parameters)), key=FLOATS.__getitem__)
    weight, bias = (None if each is None else build.cast(each, element) for each in (weight, bias))
    epsilon = float(call.number("eps", 1e-5))
    result = build.emit(LayerNormOp.make(build.cast(value, element), weight, bias, axes=axes, epsilon=epsilon))
    return build.cast(result, call.result_element)


@handles("native_layer_norm")
def native_layer_norm(call: Call) -> list[SSAValue]:
    """Normalise the last axes; mean and reciprocal deviation are computed only where they are used."""
    build, value = call.build, call.tensor("input")
    results = [_layer_norm(call, value)]
    axes = len(call.integers("normalized_shape"))
    if not call.used(1) and not call.used(2):
        return [*results, call.unneeded(1, "mean"), call.unneeded(2, "rstd")]
    rank = len(shape_of(value))
    spread, mean = variance(call, build.widen(value), tuple(range(rank - axes, rank)), 0)
    inverse = build.apply(RsqrtOp, build.combine(AddOp, spread, float(call.number("eps", 1e-5))))
    return results + [
        build.reshape(build.cast(each, call.result_type(index).element_type), call.result_type(index).get_shape())
        for index, each in ((1, mean), (2, inverse))
    ]


@handles("rms_norm", "_fused_rms_norm")
def rms_norm(call: Call) -> SSAValue | list[SSAValue]:
    """Divide the last axes by their root mean square; the default epsilon is the type's own."""
    build, value, weight = call.build, call.tensor("input"), call.optional_tensor("weight")
    epsilon = float(call.number("eps", EPSILON[str(element_of(value))]))
    axes = len(call.integers("normalized_shape"))
    element = max((element_of(each) for each in (value, weight) if each is not None), key=FLOATS.__getitem__)
    weight = None if weight is None else build.cast(weight, element)
    result = build.emit(RmsNormOp.make(build.cast(value, element), weight, axes=axes, epsilon=epsilon))
    result = build.cast(result, call.result_element)
    return result if len(call.op.outputs) == 1 else [result, call.unneeded(1, "rstd")]


EPSILON: dict[str, float] = {"f16": 2.0**-10, "bf16": 2.0**-7, "f32": 2.0**-23, "f64": 2.0**-52}
"""The distance from 1 to the next larger number of each float type."""


def _scaled(call: Call, value: SSAValue, axis: int = 1) -> SSAValue:
    """Multiply by the argument ``weight`` and add ``bias``, one element a channel."""
    for name, op in (("weight", MulOp), ("bias", AddOp)):
        parameter = call.optional_tensor(name)
        if parameter is not None:
            parameter = call.build.cast(parameter, element_of(value))
            value = call.build.combine(op, value, call.build.place(parameter, shape_of(value), (axis,)))
    return value


@handles("group_norm", "native_group_norm")
def group_norm(call: Call) -> SSAValue | list[SSAValue]:
    """Normalise groups of channels, then scale and offset each channel."""
    build, value = call.build, call.tensor("input")
    native = "native" in call.op.overload.data
    groups = call.integer("group" if native else "num_groups")
    shape = shape_of(value)
    rows = build.reshape(build.widen(value), (shape[0] * groups, prod(shape[1:]) // groups))
    epsilon = float(call.number("eps", 1e-5))
    normal = build.emit(LayerNormOp.make(rows, axes=1, epsilon=epsilon))
    result = build.cast(_scaled(call, build.reshape(normal, shape)), call.result_element)
    return [result, call.unneeded(1, "mean"), call.unneeded(2, "rstd")] if native else result


@handles("batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "_batch_norm_no_update")
def batch_norm(call: Call) -> SSAValue | list[SSAValue]:
    """Scale and offset each channel by the running statistics, folded into one product and one sum."""
    build, value = call.build, call.tensor("input")
    if call.flag("training") or not call.has("running_mean"):
        call.unsupported("batch normalisation while training: export the model in eval mode")
    source = build.widen(value)
    element = element_of(source)
    mean, spread = (build.cast(call.tensor(name), element) for name in ("running_mean", "running_var"))
    scale = build.apply(RsqrtOp, build.combine(AddOp, spread, float(call.number("eps", 1e-5))))
    weight, bias = call.optional_tensor("weight"), call.optional_tensor("bias")
    if weight is not None:
        scale = build.combine(MulOp, scale, build.cast(weight, element))
    offset = build.combine(MulOp, build.combine(MulOp, mean, scale), -1)
    if bias is not None:
        offset = build.combine(AddOp, offset, build.cast(bias, element))
    shape = shape_of(source)
    result = build.combine(MulOp, source, build.place(scale, shape, (1,)))
    result = build.cast(build.combine(AddOp, result, build.place(offset, shape, (1,))), call.result_element)
    extra = range(1, len(call.op.outputs))
    return [result, *(call.unneeded(index, "statistics") for index in extra)] if extra else result


@handles("_native_batch_norm_legit.no_stats", "instance_norm")
def instance_norm(call: Call) -> SSAValue | list[SSAValue]:
    """Normalise each channel by its own statistics: of the batch (no_stats) or of each example (instance_norm)."""
    build, value = call.build, call.build.widen(call.tensor("input"))
    shape = shape_of(value)
    instance = "instance_norm" in call.op.overload.data
    axes = tuple(range(2, len(shape))) if instance else (0, *range(2, len(shape)))
    if instance and call.has("running_mean") and not call.flag("use_input_stats"):
        call.unsupported("instance normalisation by running statistics")
    spread, mean = variance(call, value, axes, 0)
    root = build.apply(SqrtOp, build.combine(AddOp, spread, float(call.number("eps", 1e-5))))
    offset = build.combine(SubOp, value, build.expand(mean, shape))
    result = build.combine(DivOp, offset, build.expand(root, shape))
    result = build.cast(_scaled(call, result), call.result_element)
    if instance:
        return result
    inverse = build.combine(DivOp, build.full_like(1, root), root)
    saved = (build.cast(each, call.result_type(1).element_type) for each in (mean, inverse))
    return [result, *(build.reshape(each, call.result_type(1).get_shape()) for each in saved)]


@handles("_weight_norm")
def weight_norm(call: Call) -> SSAValue:
    """A weight of direction v and length g: v g / |v|, the length taken over all axes but one."""
    build = call.build
    direction, length = call.tensor("v"), call.tensor("g")
    kept = call.integer("dim", 0) % len(shape_of(direction))
    axes = [axis for axis in range(len(shape_of(direction))) if axis != kept]
    wide = build.widen(direction)
    size = build.apply(SqrtOp, build.reduce(build.combine(MulOp, wide, wide), "add", axes, True))
    factor = build.combine(DivOp, build.widen(length), size)
    scaled = build.combine(MulOp, wide, build.expand(factor, shape_of(wide)))
    return build.cast(scaled, call.result_element)
