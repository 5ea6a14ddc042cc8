"""AMLA as a recurrence gives torch's values, however its keys are cut into chunks, also where a sum has no exponent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, f16, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects.attn import AttentionOp
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.attn.attn_choose_algorithm import AttnChooseAlgorithm
from passes.attn.attn_expand_amla import AttnExpandAmla
from passes.attn.score_region import masked_scores
from runtime.compare import single_operation_tolerance

ELEMENTS = {"float32": f32, "float16": f16}
KEYS = 40
CHUNKS = [None, 1, 7, KEYS - 1]


def results(q, k, v, mask=None, guarded=False):
    """What the expansion of attention computes of numpy arrays [B, H, S, D], for each way to cut the keys."""
    inputs = [q, k, v, *(() if mask is None else (mask,))]
    types = [tensor(value.shape, ELEMENTS[value.dtype.name]) for value in inputs]
    block = Block(arg_types=types)
    scores = tensor((*q.shape[:-1], k.shape[-2]), f32)
    region = None if mask is None else masked_scores(scores, block.args[3], None)
    op = AttentionOp.make(*block.args[:3], block.args[3:], region, scale=1.0, guarded=guarded)
    block.add_ops([op, ReturnOp(op.result)])
    module = ModuleOp([FuncOp("main", (types, [op.result.type]), Region(block))])
    for one in (AttnChooseAlgorithm("amla"), AttnExpandAmla()):
        one.apply(Context(), module)
        module.verify()
    return [evaluate(module, inputs, chunk=chunk)[0] for chunk in CHUNKS]


def drawn(width=8, dtype=np.float32):
    random = np.random.default_rng(0)
    return [random.standard_normal((1, 2, rows, width)).astype(dtype) for rows in (5, KEYS, KEYS)]


def attended(q, k, v, mask=None):
    tensors = [torch.from_numpy(value.astype(np.float64)) for value in (q, k, v)]
    bias = None if mask is None else torch.from_numpy(mask.astype(np.float64))
    return torch.nn.functional.scaled_dot_product_attention(*tensors, attn_mask=bias, scale=1.0).numpy()


def check(q, k, v, mask=None):
    expected = attended(q, k, v, mask)
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1)
    for found in results(q, k, v, mask):
        tolerance = size * single_operation_tolerance("f16" if q.dtype == np.float16 else "f32", KEYS)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_matches_torch_for_every_chunking(dtype):
    check(*drawn(dtype=dtype))


def test_scores_that_rise_far_beyond_what_exponents_hold():
    q, k, v = drawn()
    check(np.abs(q), k + np.linspace(0, 300, KEYS, dtype=np.float32)[:, None], v)


def test_values_that_are_zero():
    q, k, v = drawn()
    check(q, k, np.zeros_like(v))
    check(q, k, v * (np.arange(8) != 3).astype(np.float32))
    check(q * 3, k, v * (np.arange(KEYS) > 20).astype(np.float32)[:, None])


def test_a_column_of_zeros_while_scores_rise():
    q, k, v = drawn()
    v[..., 3] = 0
    check(np.abs(q), k + np.linspace(0, 5, KEYS, dtype=np.float32)[:, None], v)


@pytest.mark.parametrize("hidden", [-np.inf, np.finfo(np.float32).min, -1e9])
def test_first_keys_that_are_masked(hidden):
    q, k, v = drawn()
    mask = np.where(np.arange(KEYS) < 25, hidden, 0).astype(np.float32).reshape(1, 1, 1, KEYS)
    check(q, k, v, np.broadcast_to(mask, (1, 1, 5, KEYS)).copy())


def test_rows_without_keys():
    q, k, v = drawn()
    mask = np.zeros((1, 1, 5, KEYS), np.float32)
    mask[..., 2, :] = -np.inf
    for found in results(q, k, v, mask):
        assert np.isnan(found[..., 2, :]).all()
        assert np.isfinite(found[..., [0, 1, 3, 4], :]).all()
    for found in results(q, k, v, mask, guarded=True):
        assert (found[..., 2, :] == 0).all()


def test_scores_of_any_size():
    q, k, v = drawn()
    mask = np.full((1, 1, 5, KEYS), 70000, np.float32)
    check(q * 0, k, v, mask + np.arange(KEYS, dtype=np.float32))
