"""Multi-head latent attention, expanded and absorbed, in several ways of writing; and the absorption of one into the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from compiler.universe import make_context
from dialects.graph.types import shape_of
from passes.attn.attn_absorb_latent import AttnAbsorbLatent

HEADS, LATENT, ROTARY, NOPE, WIDTH, HIDDEN, BATCH, KEYS = 6, 20, 8, 12, 10, 32, 2, 23


class Latent(torch.nn.Module):
    """DeepSeek's attention over a cache of latents and of rotary keys, without the rotation."""

    def __init__(self, tokens: int, bias: bool = False) -> None:
        super().__init__()
        self.tokens = tokens
        self.queries = torch.nn.Linear(HIDDEN, HEADS * (NOPE + ROTARY), bias=False)
        self.projection = torch.nn.Linear(LATENT, HEADS * (NOPE + WIDTH), bias=bias)
        self.output = torch.nn.Linear(HEADS * WIDTH, HIDDEN, bias=False)

    def split_queries(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q = self.queries(x).view(BATCH, self.tokens, HEADS, NOPE + ROTARY).transpose(1, 2)
        return q.split([NOPE, ROTARY], dim=-1)

    def weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        both = self.projection.weight.view(HEADS, NOPE + WIDTH, LATENT)
        return both[:, :NOPE], both[:, NOPE:]

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        """Hide from each of the last tokens the keys behind it."""
        rows, cols = torch.arange(self.tokens)[:, None], torch.arange(KEYS)[None, :]
        return scores.masked_fill(cols > rows + KEYS - self.tokens, -math.inf)

    def merged(self, heads: torch.Tensor) -> torch.Tensor:
        return self.output(heads.transpose(1, 2).reshape(BATCH, self.tokens, HEADS * WIDTH))


class Expanded(Latent):
    """Keys and values of each head, the rotary part repeated behind the keys."""

    def forward(self, x: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> torch.Tensor:
        both = self.projection(latents).view(BATCH, KEYS, HEADS, NOPE + WIDTH).transpose(1, 2)
        keys, values = both.split([NOPE, WIDTH], dim=-1)
        keys = torch.cat([keys, rotary[:, None].expand(-1, HEADS, -1, -1)], dim=-1)
        mask = torch.ones(self.tokens, KEYS, dtype=torch.bool).tril(KEYS - self.tokens)
        queries = torch.cat(self.split_queries(x), dim=-1)
        return self.merged(functional.scaled_dot_product_attention(queries, keys, values, mask))


class ExpandedSum(Latent):
    """Two products of scores, the rotary one of keys that the heads share."""

    def forward(self, x: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> torch.Tensor:
        nope, turned = self.split_queries(x)
        both = self.projection(latents).view(BATCH, KEYS, HEADS, NOPE + WIDTH)
        scores = torch.einsum("bhtn,bshn->bhts", nope, both[..., :NOPE])
        scores = scores + torch.einsum("bhtr,bsr->bhts", turned, rotary)
        weights = self.masked(scores / math.sqrt(NOPE + ROTARY)).softmax(-1, dtype=torch.float32)
        return self.output(torch.einsum("bhts,bshv->bthv", weights, both[..., NOPE:]).flatten(2))


class AbsorbedSum(Latent):
    """Latents are keys and values; heads and tokens together are rows of the products."""

    def forward(self, x: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> torch.Tensor:
        (nope, turned), (keys, values) = self.split_queries(x), self.weights()
        scores = torch.einsum("bhtr,bsr->bhts", torch.einsum("bhtn,hnr->bhtr", nope, keys), latents)
        scores = scores + torch.einsum("bhtr,bsr->bhts", turned, rotary)
        weights = self.masked(scores / math.sqrt(NOPE + ROTARY)).softmax(-1)
        return self.merged(torch.einsum("bhtr,hvr->bhtv", torch.einsum("bhts,bsr->bhtr", weights, latents), values))


class AbsorbedTokens(Latent):
    """The same with tokens outside of the heads, as a result of the product with values."""

    def forward(self, x: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> torch.Tensor:
        (nope, turned), (keys, values) = self.split_queries(x), self.weights()
        queries = torch.cat([torch.einsum("bhtn,hnr->bthr", nope, keys), turned.transpose(1, 2)], dim=-1)
        scores = torch.einsum("bthr,bsr->bhts", queries, torch.cat([latents, rotary], -1))
        weights = self.masked(scores / math.sqrt(NOPE + ROTARY)).softmax(-1)
        mixed = torch.einsum("bhts,bsr->bthr", weights, latents)
        return self.output(torch.einsum("bthr,hvr->bthv", mixed, values).flatten(2))


class AbsorbedCache(Latent):
    """One cache of latents and rotary parts, which is the single head of keys and, in part, of values."""

    def forward(self, x: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> torch.Tensor:
        (nope, turned), (keys, values) = self.split_queries(x), self.weights()
        queries, cache = torch.cat([nope @ keys, turned], -1), torch.cat([latents, rotary], -1)
        shared = cache[:, None].expand(-1, HEADS, -1, -1)
        scores = queries @ shared.transpose(-1, -2) * (NOPE + ROTARY) ** -0.5
        mixed = torch.softmax(self.masked(scores), dim=-1) @ shared[..., :LATENT]
        return self.merged(mixed @ values.transpose(1, 2))


EXPANDED = (Expanded, ExpandedSum)
ABSORBED = (AbsorbedSum, AbsorbedTokens, AbsorbedCache)
TOKENS = (1, 3)


def inputs(tokens: int) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(tokens)
    return torch.randn(BATCH, tokens, HIDDEN), torch.randn(BATCH, KEYS, LATENT), torch.randn(BATCH, KEYS, ROTARY)


def check_shared(result: Any, tokens: int) -> None:
    """One attention whose keys and values are one head for all queries, with no mask but a band."""
    (attention,) = result.attentions
    lead = (BATCH,) if tokens == 1 else (BATCH, 1)
    assert shape_of(attention.key) == (*lead, KEYS, LATENT + ROTARY)
    assert shape_of(attention.value) == (*lead, KEYS, LATENT)
    assert not attention.extras
    assert attention.band == (None, None if tokens == 1 else KEYS - tokens)
    assert not result.remarks
    assert result.softmaxes == 0


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("form", ABSORBED)
def test_absorbed_forms(fused: Callable[..., Any], form: type[Latent], tokens: int) -> None:
    torch.manual_seed(0)
    result = fused(form(tokens), *inputs(tokens))
    check_shared(result, tokens)
    result.check(HIDDEN + KEYS)


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("form", EXPANDED)
def test_expanded_forms_are_absorbed(fused: Callable[..., Any], form: type[Latent], tokens: int) -> None:
    torch.manual_seed(0)
    result = fused(form(tokens), *inputs(tokens))
    (attention,) = result.attentions
    assert shape_of(attention.key) == (BATCH, HEADS, KEYS, NOPE + ROTARY)
    assert not attention.extras
    result.check(HIDDEN + KEYS)
    AttnAbsorbLatent("always").apply(make_context(), result.module)
    result.module.verify()
    check_shared(result, tokens)
    result.check(HIDDEN + KEYS)


def test_biased_projections_are_left(fused: Callable[..., Any]) -> None:
    result = fused(Expanded(1, bias=True), *inputs(1))
    AttnAbsorbLatent("always").apply(make_context(), result.module)
    assert shape_of(result.attentions[0].value) == (BATCH, HEADS, KEYS, WIDTH)


class Step(torch.nn.Module):
    """Attention of DeepSeek-V2-Lite's sizes: ``tokens`` queries over ``keys`` latents."""

    def __init__(self, shares_cache: bool) -> None:
        super().__init__()
        self.shares_cache = shares_cache
        self.projection = torch.nn.Linear(512, 16 * 256, bias=False)

    def forward(self, queries: torch.Tensor, latents: torch.Tensor, rotary: torch.Tensor) -> tuple[torch.Tensor, ...]:
        both = self.projection(latents).view(1, -1, 16, 256).transpose(1, 2)
        keys = torch.cat([both[..., :128], rotary[:, None].expand(-1, 16, -1, -1)], dim=-1)
        result = functional.scaled_dot_product_attention(queries, keys, both[..., 128:])
        return (result, both) if self.shares_cache else (result,)


@pytest.mark.parametrize(
    ("tokens", "keys", "shares_cache", "absorbed"),
    [(1, 1024, False, True), (2, 1024, False, True), (512, 512, False, False), (1, 8, True, False)],
)
def test_absorption_where_it_is_cheaper(
    fused: Callable[..., Any], tokens: int, keys: int, shares_cache: bool, absorbed: bool
) -> None:
    """Decoding attends to latents, prefill to keys; and so does what hands its keys and values on."""
    arrays = (torch.randn(1, 16, tokens, 192), torch.randn(1, keys, 512), torch.randn(1, keys, 64))
    result = fused(Step(shares_cache), *arrays)
    AttnAbsorbLatent().apply(make_context(), result.module)
    depth = shape_of(result.attentions[0].key)[-1]
    assert depth == (576 if absorbed else 192)
