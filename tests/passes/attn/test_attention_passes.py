"""Attention found and written out again gives torch's values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f32, i1
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects.attn import AttentionOp
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.attn.attn_choose_algorithm import AttnChooseAlgorithm
from passes.attn.attn_expand_attention import AttnExpandAttention
from passes.attn.attn_fuse_attention import AttnFuseAttention
from passes.attn.score_region import masked_scores
from runtime.compare import single_operation_tolerance


def grouped(q, k, v, mask, causal=False, guarded=True):
    """A module with one attention over [B, Hkv, group, S, D], and its inputs."""
    shape, heads = q.shape, k.shape[1]
    split = (shape[0], heads, shape[1] // heads)
    parts = [q.reshape(*split, *shape[2:]), k.unsqueeze(2), v.unsqueeze(2)]
    if mask is not None:
        axes = (mask.shape[0], 1, 1) if mask.shape[1] == 1 else (mask.shape[0], *split[1:])
        parts.append(mask.reshape(*axes, *mask.shape[2:]))
    inputs = [part.numpy() for part in parts]
    types = [tensor(value.shape, i1 if value.dtype == np.bool_ else f32) for value in inputs]
    block = Block(arg_types=types)
    scores = tensor((*split, shape[2], k.shape[2]), f32)
    region = None if mask is None else masked_scores(scores, block.args[3], None)
    band = (None, 0 if causal else None)
    op = AttentionOp.make(*block.args[:3], block.args[3:], region, scale=0.3, band=band, guarded=guarded)
    block.add_ops([op, ReturnOp(op.result)])
    return ModuleOp([FuncOp("main", (types, [op.result.type]), Region(block))]), inputs


def apply(module, *passes):
    for one in passes:
        module.verify()
        one.apply(Context(), module)
    module.verify()
    return module


@pytest.mark.parametrize("heads", [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize("mask", ["none", "causal", "bool", "float"])
def test_expansion_matches_torch_and_can_be_found_again(heads, mask):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, heads[0], 11, 8, generator=generator)
    k, v = (torch.randn(2, heads[1], 11, 8, generator=generator) for _ in range(2))
    m = None
    if mask == "bool":
        m = torch.rand(2, 1, 11, 11, generator=generator) > 0.3
        m[..., 0] = True
    elif mask == "float":
        m = torch.randn(1, heads[0], 11, 11, generator=generator)
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=m, is_causal=mask == "causal", scale=0.3, enable_gqa=True
    )
    module, inputs = grouped(q, k, v, m, causal=mask == "causal", guarded=mask == "bool")
    expected = expected.reshape(inputs[0].shape).numpy()
    tolerance = single_operation_tolerance("f32", 11)  # means of 11 values of size 1 and more
    np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)
    apply(module, AttnChooseAlgorithm("standard"), AttnExpandAttention())
    assert not any(isinstance(op, AttentionOp) for op in module.walk())
    np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)
    if heads[0] == heads[1] and mask in ("none", "causal"):
        apply(module, AttnFuseAttention())
        found = [op for op in module.walk() if isinstance(op, AttentionOp)]
        assert len(found) == 1
        assert found[0].band == (None, 0 if mask == "causal" else None)
        np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_row_that_keeps_nothing_gives_zeros_or_nan(guarded):
    rng = np.random.default_rng(0)
    q, k, v = (torch.from_numpy(rng.normal(size=(1, 2, 4, 8)).astype(np.float32)) for _ in range(3))
    keep = torch.ones(1, 1, 4, 4, dtype=torch.bool)
    keep[0, 0, 2] = False
    module, inputs = grouped(q, k, v, keep, guarded=guarded)
    apply(module, AttnChooseAlgorithm("standard"), AttnExpandAttention())
    found = evaluate(module, inputs)[0][:, :, 0]
    assert not found[:, :, 2].any() if guarded else np.isnan(found[:, :, 2]).all()
    assert np.isfinite(np.delete(found, 2, axis=2)).all()
