"""Masks that are made once for all layers: of positions and padding, in the ways that models write it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional

from dialects.graph.types import shape_of

BATCH, HEADS, TOKENS, DEPTH = 2, 3, 13, 6
WIDTH = HEADS * DEPTH
LOWEST = torch.finfo(torch.float32).min

Mask = Callable[[torch.Tensor], torch.Tensor]


class Layer(torch.nn.Module):
    """Attention with a residual; a mask of floats is added."""

    def __init__(self, written_out: bool) -> None:
        super().__init__()
        self.written_out = written_out
        self.inputs = torch.nn.Linear(WIDTH, 3 * WIDTH)
        self.output = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        q, k, v = self.inputs(x).view(BATCH, TOKENS, 3, HEADS, DEPTH).permute(2, 0, 3, 1, 4)
        if self.written_out:
            scores = q @ k.transpose(-1, -2) / math.sqrt(DEPTH)
            bias = torch.where(mask, 0.0, -math.inf) if mask.dtype == torch.bool else mask
            attended = torch.softmax(scores + bias, dim=-1) @ v
        else:
            attended = functional.scaled_dot_product_attention(q, k, v, mask)
        return x + self.output(attended.transpose(1, 2).reshape(BATCH, TOKENS, WIDTH))


class Layers(torch.nn.Module):
    """Layers that share a mask, or see one of several in turn."""

    def __init__(self, written_out: bool, *masks: Mask) -> None:
        super().__init__()
        self.masks = masks
        self.layers = torch.nn.ModuleList(Layer(written_out) for _ in range(4))

    def forward(self, x: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        masks = [mask(padding) for mask in self.masks]
        for index, layer in enumerate(self.layers):
            x = layer(x, masks[index % len(masks)])
        return x


def causal() -> torch.Tensor:
    return torch.arange(TOKENS)[None, :] <= torch.arange(TOKENS)[:, None]


def padded(padding: torch.Tensor) -> torch.Tensor:
    return causal()[None, None] & padding[:, None, None, :].bool()


def window(padding: torch.Tensor) -> torch.Tensor:
    distance = torch.arange(TOKENS)[:, None] - torch.arange(TOKENS)[None, :]
    return ((distance >= 0) & (distance < 4))[None, None] & padding[:, None, None, :].bool()


def product(padding: torch.Tensor) -> torch.Tensor:
    """Truth values that are multiplied, one of them a comparison of numbers."""
    return (torch.ones(TOKENS, TOKENS).tril() > 0)[None, None] * (padding[:, None, None, :] == 1)


def indexed(padding: torch.Tensor) -> torch.Tensor:
    """As transformers reads padding: by indices that broadcast."""
    batch, keys = torch.arange(BATCH)[:, None, None, None], torch.arange(TOKENS)[None, None, None, :]
    return (causal()[None, None] & padding.bool()[batch, keys]).expand(BATCH, 1, TOKENS, TOKENS)


def inverted(padding: torch.Tensor) -> torch.Tensor:
    """Numbers that are added, minus infinity made by a choice."""
    hidden = 1.0 - padded(padding).float()
    return hidden.masked_fill(hidden.bool(), -math.inf)


MASKS = (padded, window, product, indexed, inverted)
BANDS = {window: (-3, 0)}


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    padding = torch.ones(BATCH, TOKENS, dtype=torch.long)
    padding[0, 10:] = 0
    padding[1, 12:] = 0
    return torch.randn(BATCH, TOKENS, WIDTH), padding


@pytest.mark.parametrize("written_out", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_causal_masks_with_padding(fused: Callable[..., Any], mask: Mask, written_out: bool) -> None:
    """A band, and at most one value a key: no tensor of queries and keys is loaded, or made."""
    torch.manual_seed(0)
    result = fused(Layers(written_out, mask), *inputs())
    (attention,) = result.attentions
    assert attention.band == BANDS.get(mask, (None, 0))
    assert [shape_of(extra)[-2:] for extra in attention.extras] == [(1, TOKENS)]
    assert not any(shape_of(value)[-2:] == (TOKENS, TOKENS) for op in result.main.walk() for value in op.results)
    result.check(WIDTH + TOKENS)


def test_layers_that_alternate_between_masks(fused: Callable[..., Any]) -> None:
    torch.manual_seed(0)
    result = fused(Layers(False, padded, window), *inputs())
    assert [attention.band for attention in result.attentions] == [(None, 0), (-3, 0)]
    assert all(shape_of(extra)[-2] == 1 for attention in result.attentions for extra in attention.extras)
    result.check(WIDTH + TOKENS)


@pytest.mark.parametrize("narrow", [True, False])
def test_masks_that_are_inputs_are_read_in_their_own_type(fused: Callable[..., Any], narrow: bool) -> None:
    """Truth values stay truth values up to the attention, once for all heads."""
    torch.manual_seed(0)
    kept = torch.rand(BATCH, 1, TOKENS, TOKENS) > 0.3
    kept[..., 0] = True
    mask = kept if narrow else torch.where(kept, 0.0, LOWEST)
    result = fused(Layers(False, lambda given: given), inputs()[0], mask)
    (attention,) = result.attentions
    (extra,) = attention.extras
    assert shape_of(extra) == (BATCH, 1, TOKENS, TOKENS)
    assert str(extra.type.element_type) == ("i1" if narrow else "f32")
    result.check(WIDTH + TOKENS)
