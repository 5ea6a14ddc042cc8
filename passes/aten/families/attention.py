"""Scaled dot product attention, kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt

from xdsl.dialects.builtin import f32
from xdsl.ir import SSAValue

from dialects.attn import AttentionOp
from dialects.graph.types import element_of, is_bool, shape_of, tensor
from passes.aten.call import Call
from passes.aten.registry import handles
from passes.attn.score_region import masked_scores


@handles(
    "scaled_dot_product_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_attention_math",
)
def attention(call: Call) -> SSAValue | list[SSAValue]:
    """softmax(scale q k^T + mask) v; leading axes of one element are repeated, with enable_gqa heads of keys too."""
    build = call.build
    if float(call.number("dropout_p", 0.0)) > 0:
        call.unsupported("attention with dropout draws random numbers: export the model in eval mode")
    query, key, value = (call.tensor(name) for name in ("query", "key", "value"))
    shape, keys = shape_of(query), shape_of(key)[-2]
    if keys == 0:
        return build.full(0, call.result_shape, call.result_element)
    scale = float(call.number("scale", 1 / sqrt(shape[-1])))
    group = shape[-3] // shape_of(key)[-3] if len(shape) > 2 and call.flag("enable_gqa") else 1
    batch, tail = call.result_shape[:-2], shape[-2:]
    lead = batch if group == 1 else (*batch[:-1], batch[-1] // group, group)
    query = build.reshape(build.expand(query, (*batch, *tail)), (*lead, *tail))
    key, value = (build.reshape(one, _among(shape_of(one), lead, group)) for one in (key, value))
    mask = call.optional_tensor("attn_mask")
    extras: list[SSAValue] = []
    region = None
    if mask is not None:
        mask = _mask(call, mask, (*batch, shape_of(query)[-2], keys), lead)
        extras = [mask]
        region = masked_scores(tensor((*lead, shape_of(query)[-2], keys), f32), mask, build.location)
    band = (None, 0 if call.flag("is_causal") else None)
    made = AttentionOp.make(query, key, value, extras, region, scale=scale, band=band, guarded=True)
    result = build.reshape(build.emit(made), call.result_shape)
    return [result, *(call.unneeded(index, "statistics") for index in range(1, len(call.op.outputs)))]


def _among(shape: Sequence[int], lead: Sequence[int], group: int) -> tuple[int, ...]:
    """The shape of keys or values among leading axes of which the last may be the queries that share them."""
    own = (*shape[:-2], 1) if group > 1 else tuple(shape[:-2])
    return (*((1,) * (len(lead) - len(own))), *own, *shape[-2:])


def _mask(call: Call, mask: SSAValue, scores: tuple[int, ...], lead: Sequence[int]) -> SSAValue:
    """Return the mask with the axes of the scores, of one element where it is repeated."""
    build = call.build
    shape = (1,) * (len(scores) - len(shape_of(mask))) + shape_of(mask)
    if not is_bool(element_of(mask)):
        mask = build.cast(mask, call.result_element)
    split = list(shape[:-2])
    if len(lead) > len(split):  # heads are divided into groups
        split[-1:] = [1, 1] if shape[-3] == 1 else lead[-2:]
    assert prod(split) == prod(shape[:-2])
    return build.reshape(mask, (*split, *shape[-2:]))
