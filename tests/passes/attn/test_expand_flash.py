"""Flash attention as a recurrence gives torch's values, however its keys are cut into chunks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f16, f32, i1
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects.attn import AttentionOp
from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.attn.attn_choose_algorithm import AttnChooseAlgorithm
from passes.attn.attn_expand_flash import AttnExpandFlash
from passes.attn.score_region import masked_scores
from runtime.compare import TOLERANCES, single_operation_tolerance

ELEMENTS = {np.dtype(np.float32): f32, np.dtype(np.float16): f16, np.dtype(np.bool_): i1}
KEYS = 11
CHUNKS = [None, 1, 4, KEYS - 1, KEYS + 5]
"""The whole axis; single keys; a remainder; a remainder of one; longer than the axis."""


def flash(inputs, scale, causal=False, guarded=True):
    """A module with one attention as a recurrence; inputs are [B, Hkv, group, S, D], and a mask."""
    types = [tensor(value.shape, ELEMENTS[value.dtype]) for value in inputs]
    block = Block(arg_types=types)
    q, k, v, *mask = block.args
    scores = tensor((*inputs[0].shape[:-1], inputs[1].shape[-2]), f32)
    region = masked_scores(scores, mask[0], None) if mask else None
    band = (None, 0 if causal else None)
    op = AttentionOp.make(q, k, v, mask, region, scale=scale, band=band, guarded=guarded)
    block.add_ops([op, ReturnOp(op.result)])
    module = ModuleOp([FuncOp("main", (types, [op.result.type]), Region(block))])
    for one in (AttnChooseAlgorithm("flash"), AttnExpandFlash()):
        one.apply(Context(), module)
        module.verify()
    assert sum(isinstance(op, RecurrenceOp) for op in module.walk()) == 1
    return module


@pytest.mark.parametrize("heads", [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize("mask", ["none", "causal", "bool", "float"])
def test_matches_torch_for_every_chunking(heads, mask):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, heads[0], 7, 8, generator=generator)
    k = torch.randn(2, heads[1], KEYS, 8, generator=generator)
    v = torch.randn(2, heads[1], KEYS, 5, generator=generator)
    m = None
    if mask == "bool":
        m = torch.rand(2, 1, 7, KEYS, generator=generator) > 0.5
        m[..., 3] = True
    elif mask == "float":
        m = torch.randn(1, heads[0], 7, KEYS, generator=generator)
    expected = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=m, is_causal=mask == "causal", scale=0.3, enable_gqa=True
    )
    split = (2, heads[1], heads[0] // heads[1])
    parts = [q.reshape(*split, 7, 8), k.unsqueeze(2), v.unsqueeze(2)]
    if m is not None:
        parts.append(m.unsqueeze(2) if m.shape[1] == 1 else m.reshape(1, *split[1:], 7, KEYS))
    inputs = [value.numpy() for value in parts]
    expected = expected.reshape(*split, 7, 5).numpy()
    module = flash(inputs, 0.3, mask == "causal")
    tolerance = single_operation_tolerance("f32", KEYS)  # means of values of size 1 and more
    for chunk in CHUNKS:
        np.testing.assert_allclose(evaluate(module, inputs, chunk=chunk)[0], expected, rtol=0, atol=tolerance)


def test_scores_that_grow_rescale_what_was_summed():
    # Each key outweighs all before it by e**50: without rescaling, the sums overflow f32 or keep stale terms.
    k = np.arange(6, dtype=np.float32).reshape(1, 1, 6, 1) * 50
    q, v = np.ones((1, 1, 1, 1), np.float32), np.arange(6, dtype=np.float32).reshape(1, 1, 6, 1)
    for chunk in (None, 1, 2, 4):
        assert evaluate(flash([q, k, v], 1.0), [q, k, v], chunk=chunk)[0].item() == 5.0


def test_half_precision_matches_torch_in_single():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(1, 2, KEYS, 16)).astype(np.float16) for _ in range(3))
    wide = [torch.from_numpy(value).float() for value in (q, k, v)]
    expected = torch.nn.functional.scaled_dot_product_attention(*wide, scale=0.25).numpy()
    module = flash([q, k, v], 0.25)
    for chunk in CHUNKS:
        found = evaluate(module, [q, k, v], chunk=chunk)[0]
        assert found.dtype == np.float16
        np.testing.assert_allclose(found.astype(np.float32), expected, rtol=0, atol=TOLERANCES["f16"])


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_row_that_keeps_nothing_gives_zeros_or_nan(chunk, guarded):
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(1, 2, KEYS, 8)).astype(np.float32) for _ in range(3))
    keep = np.ones((1, 1, KEYS, KEYS), np.bool_)
    keep[0, 0, 2] = False
    found = evaluate(flash([q, k, v, keep], 1.0, guarded=guarded), [q, k, v, keep], chunk=chunk)[0]
    assert not found[:, :, 2].any() if guarded else np.isnan(found[:, :, 2]).all()
    assert np.isfinite(np.delete(found, 2, axis=2)).all()
    assert found[:, :, 3].any()
