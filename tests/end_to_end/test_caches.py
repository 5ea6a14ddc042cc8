"""Decoding step by step: what the simulator gives in one step goes into the next, and all of it is compared at the end."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato
from runtime.compare import compare

torch = pytest.importorskip("torch")
F = torch.nn.functional

BATCH, HEADS, KV_HEADS, DEPTH, SEEN, TOKENS = 2, 4, 2, 16, 7, 10


def whole(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> np.ndarray:
    """Causal attention over all tokens at once."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True).numpy()


@pytest.fixture
def tokens() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    sizes = (HEADS, KV_HEADS, KV_HEADS)
    return tuple(torch.randn(BATCH, heads, TOKENS, DEPTH) for heads in sizes)


class Growing(torch.nn.Module):
    """The new key and value behind those before; heads repeated as transformers does."""

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, past_k: torch.Tensor, past_v: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        k, v = torch.cat([past_k, k], dim=2), torch.cat([past_v, v], dim=2)
        wide_k, wide_v = (x[:, :, None].expand(-1, -1, HEADS // KV_HEADS, -1, -1).flatten(1, 2) for x in (k, v))
        return F.scaled_dot_product_attention(q, wide_k, wide_v), k, v


class Copied(torch.nn.Module):
    """A buffer that the token is written into at its position."""

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, at: Any
    ) -> tuple[torch.Tensor, ...]:
        keys, values = keys.index_copy(2, at, k), values.index_copy(2, at, v)
        kept = torch.arange(keys.shape[2])[None, :] <= at[:, None]
        return F.scaled_dot_product_attention(q, keys, values, kept, enable_gqa=True), keys, values


class Put(torch.nn.Module):
    """The same in place, with a mask that is added."""

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, at: Any
    ) -> tuple[torch.Tensor, ...]:
        keys, values = keys.clone(), values.clone()
        keys[:, :, at], values[:, :, at] = k, v
        hidden = torch.arange(keys.shape[2])[None, :] > at[:, None]
        mask = torch.zeros(hidden.shape).masked_fill(hidden, -math.inf)
        groups = q.unflatten(1, (KV_HEADS, -1))
        scores = groups @ keys[:, :, None].transpose(-1, -2) / math.sqrt(DEPTH) + mask
        return (torch.softmax(scores, -1) @ values[:, :, None]).flatten(1, 2), keys, values


def export(path: Path, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> sfumato.Program:
    torch.export.save(torch.export.export(module.eval(), inputs, strict=False), path)
    program = sfumato.compile(path)
    assert program.compilation is not None
    assert not program.compilation.report.remarks
    assert any("attention" in kernel.name for kernel in program.compiled.kernels)
    return program


def test_growing_cache(tmp_path: Path, tokens: tuple[torch.Tensor, ...]) -> None:
    """One program for each length: 7, 8 and 9 keys before the step."""
    expected = whole(*tokens)
    past = [x[:, :, :SEEN] for x in tokens[1:]]
    for place in range(SEEN, TOKENS):
        step = [x[:, :, place : place + 1] for x in tokens]
        program = export(tmp_path / f"{place}.pt2", Growing(), (*step, *past))
        result, *grown = program.run(*(x.numpy() for x in (*step, *past)))
        assert compare(result, expected[:, :, place : place + 1]).ok
        past = [torch.from_numpy(x) for x in grown]
    for kept, full in zip(past, tokens[1:], strict=True):
        np.testing.assert_array_equal(kept.numpy(), full.numpy())


@pytest.mark.parametrize("form", [Copied, Put])
def test_cache_of_fixed_size(tmp_path: Path, tokens: tuple[torch.Tensor, ...], form: Callable[[], Any]) -> None:
    """One program for all steps: the position is an input, and what lies behind it is hidden."""
    expected = whole(*tokens)
    buffers = [np.full((BATCH, KV_HEADS, 24, DEPTH), 1e3, np.float32) for _ in tokens[1:]]
    for buffer, x in zip(buffers, tokens[1:], strict=True):
        buffer[:, :, :SEEN] = x[:, :, :SEEN]
    first = [x[:, :, :1] for x in tokens]
    inputs = (*first, *map(torch.from_numpy, buffers), torch.tensor([0]))
    program = export(tmp_path / "step.pt2", form(), inputs)
    for place in range(SEEN, TOKENS):
        step = [x[:, :, place : place + 1].numpy() for x in tokens]
        result, *buffers = program.run(*step, *buffers, np.array([place]))
        assert compare(result, expected[:, :, place : place + 1]).ok
    for buffer, full in zip(buffers, tokens[1:], strict=True):
        np.testing.assert_array_equal(buffer[:, :, :TOKENS], full.numpy())


@pytest.mark.parametrize(("form", "keys"), [(Growing, 1023), (Copied, 1024), (Put, 1024)])
def test_a_cache_is_copied_once(tmp_path: Path, form: Callable[[], Any], keys: int) -> None:
    """Keys and values are written once, as outputs, and read twice: for that and by the attention."""
    step = [torch.randn(1, heads, 1, 64) for heads in (HEADS, KV_HEADS, KV_HEADS)]
    cache = [torch.randn(1, KV_HEADS, keys, 64) for _ in range(2)]
    at = () if form is Growing else (torch.tensor([keys - 1]),)
    profile = export(tmp_path / "step.pt2", form(), (*step, *cache, *at)).profile()
    size = sum(x.nbytes for x in cache)
    assert profile["gm_write_bytes"] < 1.5 * size
    assert profile["gm_read_bytes"] < 2.5 * size
