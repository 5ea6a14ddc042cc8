"""Ways to write attention that no other file here has: which product's rows are queries, how minus infinity is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from dialects.graph.types import shape_of

BATCH, HEADS, TOKENS, DEPTH = 2, 3, 9, 8


class TokensThenHeads(torch.nn.Module):
    """Multi-query attention whose products have tokens and heads as rows, heads the faster ones."""

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        scores = torch.bmm(q.reshape(BATCH, TOKENS * HEADS, DEPTH), k.transpose(1, 2)) / math.sqrt(DEPTH)
        kept = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril().view(1, TOKENS, 1, TOKENS)
        scores = torch.where(kept, scores.view(BATCH, TOKENS, HEADS, TOKENS), torch.finfo(q.dtype).min)
        weights = scores.softmax(dim=-1).view(BATCH, TOKENS * HEADS, TOKENS)
        return torch.bmm(weights, v).view(BATCH, TOKENS, HEADS * DEPTH)


def test_rows_of_tokens_and_heads(fused: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    keys = torch.randn(BATCH, TOKENS, DEPTH)
    result = fused(TokensThenHeads(), torch.randn(BATCH, TOKENS, HEADS, DEPTH), keys, torch.randn_like(keys))
    (attention,) = result.attentions
    assert attention.band == (None, 0)
    assert not attention.extras
    assert shape_of(attention.query) == (BATCH, HEADS, TOKENS, DEPTH)
    assert shape_of(attention.key) == (BATCH, 1, TOKENS, DEPTH)
    result.check(DEPTH + TOKENS)


class WrappedNumber(torch.nn.Module):
    """Minus infinity as a tensor that the code makes."""

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        distance = torch.arange(TOKENS)[:, None] - torch.arange(TOKENS)[None, :]
        kept = torch.logical_and(distance >= 0, distance < 3)
        return torch.where(kept, q @ k.mT, torch.tensor(-math.inf)).softmax(-1) @ v


def test_minus_infinity_in_a_tensor(fused: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    result = fused(WrappedNumber(), *(torch.randn(BATCH, TOKENS, DEPTH) for _ in range(3)))
    (attention,) = result.attentions
    assert attention.band == (-2, 0)
    assert not attention.extras
    result.check(DEPTH + TOKENS)
