"""Scaled dot product attention, kept whole."""

from __future__ import annotations

from math import prod, sqrt

from xdsl.ir import SSAValue

from dialects.attn import AttentionOp
from dialects.graph.types import element_of, is_bool, shape_of
from passes.aten.call import Call
from passes.aten.registry import handles


@handles(
    "scaled_dot_product_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_attention_math",
)
def attention(call: Call) -> SSAValue | list[SSAValue]:
    """softmax(scale q k^T + mask) v; tensors of other than four axes gain axes of size one or lose leading ones."""
    build = call.build
    if float(call.number("dropout_p", 0.0)) > 0:
        call.unsupported("attention with dropout draws random numbers: export the model in eval mode")
    query, key, value = (call.tensor(name) for name in ("query", "key", "value"))
    shape = shape_of(query)
    scale = float(call.number("scale", 1 / sqrt(shape[-1])))
    mask = call.optional_tensor("attn_mask")
    if mask is not None:
        mask = _mask(call, mask, shape, shape_of(key)[-2])
    query, key, value = (_four_axes(call, each) for each in (query, key, value))
    result = build.emit(AttentionOp.make(query, key, value, mask, scale=scale, causal=call.flag("is_causal")))
    result = build.reshape(result, call.result_shape)
    return [result, *(call.unneeded(index, "statistics") for index in range(1, len(call.op.outputs)))]


def _four_axes(call: Call, value: SSAValue) -> SSAValue:
    """Return [batch, heads, rows, width]: leading axes beyond four are joined, missing ones have size one."""
    shape = shape_of(value)
    if len(shape) == 3:
        return call.build.reshape(value, (shape[0], 1, *shape[1:]))
    batch = shape[:-3]
    return call.build.reshape(value, (prod(batch), *((1,) * (3 - len(shape))), *shape[-3:]))


def _mask(call: Call, mask: SSAValue, query: tuple[int, ...], keys: int) -> SSAValue:
    """Return the mask with four axes that broadcast over the scores, which have the axes of ``query`` and ``keys``."""
    build = call.build
    scores = (*query[:-1], keys)
    shape = (1,) * (len(scores) - len(shape_of(mask))) + shape_of(mask)
    mask = build.reshape(mask, shape)
    if not is_bool(element_of(mask)):
        mask = build.cast(mask, call.result_element)
    if shape[-1] != keys:
        shape = (*shape[:-1], keys)
        mask = build.expand(mask, shape)
    if len(shape) > 4 and any(size != 1 for size in shape[:-3]):
        shape = (*scores[:-3], *shape[-3:])
        mask = build.expand(mask, shape)
    return _four_axes(call, mask)
