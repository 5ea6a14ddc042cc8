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
from runtime.compare import single_operation_tolerance


def module_of(inputs, make):
    types = [tensor(value.shape, i1 if value.dtype == np.bool_ else f32) for value in inputs]
    block = Block(arg_types=types)
    op = make(*block.args)
    block.add_ops([op, ReturnOp(op.results[0])])
    return ModuleOp([FuncOp("main", (types, [op.results[0].type]), Region(block))])


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
    ).numpy()
    inputs = [value.numpy() for value in (q, k, v, m) if value is not None]
    tolerance = single_operation_tolerance("f32", 11)  # means of 11 values of size 1 and more
    module = module_of(inputs, lambda *parts: AttentionOp.make(*parts, scale=0.3, causal=mask == "causal"))
    np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)
    apply(module, AttnChooseAlgorithm("standard"), AttnExpandAttention())
    assert not any(isinstance(op, AttentionOp) for op in module.walk())
    np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)
    if heads[0] == heads[1] and mask in ("none", "causal"):
        apply(module, AttnFuseAttention())
        found = [op for op in module.walk() if isinstance(op, AttentionOp)]
        assert len(found) == 1
        assert (found[0].causal is not None) == (mask == "causal")
        np.testing.assert_allclose(evaluate(module, inputs)[0], expected, rtol=0, atol=tolerance)


def test_a_row_that_keeps_nothing_gives_zeros():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(1, 2, 4, 8)).astype(np.float32) for _ in range(3))
    keep = np.ones((1, 1, 4, 4), np.bool_)
    keep[0, 0, 2] = False
    module = module_of([q, k, v, keep], lambda *parts: AttentionOp.make(*parts, scale=1.0))
    apply(module, AttnChooseAlgorithm("standard"), AttnExpandAttention())
    found = evaluate(module, [q, k, v, keep])[0]
    assert not found[:, :, 2].any()
    assert np.isfinite(found).all()
