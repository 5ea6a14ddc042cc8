"""Attention in the forms that models write it in, each a small module; loaded through a fixture of conftest.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional

Forward = Callable[..., torch.Tensor]


class Form(torch.nn.Module):
    """An attention function as a module, with one learned number a head."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.heads = torch.nn.Parameter(torch.tensor([0.5, 0.25, -0.5, 1.5]))
        self.function = forward

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(self.heads, *inputs)


class Sizes(NamedTuple):
    """Batch, heads, heads of keys, queries, keys, depth of queries and of values."""

    batch: int = 1
    heads: int = 4
    kv_heads: int = 4
    rows: int = 37
    cols: int = 53
    depth: int = 24
    width: int = 20

    def tensors(self) -> tuple[torch.Tensor, ...]:
        q = torch.randn(self.batch, self.heads, self.rows, self.depth)
        k = torch.randn(self.batch, self.kv_heads, self.cols, self.depth)
        return q, k, torch.randn(self.batch, self.kv_heads, self.cols, self.width)


def _scores(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    return q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])


def _attend(scores: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return torch.softmax(scores, -1, dtype=torch.float32).to(v.dtype) @ v


def plain(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)


def causal(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


def continued(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Queries that come after all keys but their own."""
    kept = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(k.shape[-2] - q.shape[-2])
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=kept, enable_gqa=True)


def window(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    scores = _scores(q, k)
    distance = torch.arange(scores.shape[-1])[None, :] - torch.arange(scores.shape[-2])[:, None]
    return _attend(scores.masked_fill((distance > 0) | (distance < -9), -math.inf), v)


def padded(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """A row is hidden wholly by the lowest number, another by minus infinity."""
    kept = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(3) & (k[..., :1].transpose(-1, -2) > -0.5)
    kept = kept & (q[..., :1] > -1.0)
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=kept) + _attend(
        _scores(q, k).masked_fill(~kept, torch.finfo(q.dtype).min), v
    )


def soft_cap(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    scores = 3.0 * torch.tanh(_scores(q, k) / 3.0)
    return _attend(scores.masked_fill(torch.ones_like(scores[0, 0]).tril() == 0, -math.inf), v)


def alibi(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    distance = torch.arange(k.shape[-2])[None, :] - torch.arange(q.shape[-2])[:, None]
    return _attend(_scores(q, k) + heads[:, None, None] * distance, v)


def grouped_alibi(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    group = q.shape[1] // k.shape[1]
    return alibi(heads, q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1))


def sinks(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    scores = _scores(q, k)
    column = heads.reshape(1, -1, 1, 1).expand(q.shape[0], -1, q.shape[-2], -1)
    weights = torch.softmax(torch.cat([scores, column.to(scores.dtype)], -1), -1)[..., :-1]
    return weights @ v


def bias(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """A bias of each head and pair, one of each key, one of each query."""
    pairs = heads[:, None, None] * torch.cos(q[..., :1] * k[..., :1].transpose(-1, -2))
    return _attend(_scores(q, k) + pairs + k[..., 1][:, :, None, :] + q[..., 1:2], v)


def latent(heads: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Keys and values of each head are projections of the one head that is there."""
    share = heads[:, None, None] * torch.linspace(-1, 1, k.shape[-1] * 12).to(k.dtype).reshape(1, -1, 12)
    return functional.scaled_dot_product_attention(q[..., :12], k @ share, k @ share.flip(-1))


FORMS: dict[str, tuple[Forward, Sizes]] = {
    "plain": (plain, Sizes()),
    "grouped": (causal, Sizes(kv_heads=2)),
    "decode": (plain, Sizes(batch=2, kv_heads=2, rows=1)),
    "multi_query": (plain, Sizes(kv_heads=1, rows=1)),
    "few": (continued, Sizes(kv_heads=2, rows=3)),
    "few_first": (causal, Sizes(kv_heads=2, rows=3)),
    "few_biased": (grouped_alibi, Sizes(kv_heads=2, rows=2)),
    "one_key": (causal, Sizes(cols=1)),
    "one_of_each": (plain, Sizes(rows=1, cols=1)),
    "long": (causal, Sizes(heads=1, kv_heads=1, rows=300, cols=700)),
    "window": (window, Sizes()),
    "padded": (padded, Sizes()),
    "soft_cap": (soft_cap, Sizes()),
    "alibi": (alibi, Sizes()),
    "sinks": (sinks, Sizes()),
    "bias": (bias, Sizes()),
    "latent": (latent, Sizes(kv_heads=1, rows=2)),
    "square": (plain, Sizes(heads=8, kv_heads=8, rows=2048, cols=2048, depth=64, width=64)),
    "triangle": (causal, Sizes(heads=8, kv_heads=8, rows=2048, cols=2048, depth=64, width=64)),
    "stripe": (window, Sizes(heads=8, kv_heads=8, rows=2048, cols=2048, depth=64, width=64)),
    "narrow": (causal, Sizes(heads=4, depth=16, width=16)),
    "wide": (plain, Sizes(heads=4, rows=17, depth=576, width=512)),
}


def build(name: str, dtype: torch.dtype) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Make a form and its inputs."""
    torch.manual_seed(0)
    forward, sizes = FORMS[name]
    return Form(forward).to(dtype).eval(), tuple(tensor.to(dtype) for tensor in sizes.tensors())
