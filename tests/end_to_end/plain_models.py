"""Models written in plain PyTorch, and GPT-2 in its real shape, all with random weights.

Loaded through the fixtures of conftest.py, since tests are never imported.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Mlp(nn.Module):
    """A residual block of two linear layers on ``width`` features."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(functional.gelu(self.up(self.norm(x)), approximate="tanh"))


class Attention(nn.Module):
    """A residual block of self-attention, in products and softmax: no fused attention operator."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.qkv, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        parts = self.qkv(self.norm(x)).chunk(3, -1)
        q, k, v = (part.view(batch, tokens, self.heads, -1).transpose(1, 2) for part in parts)
        weights = torch.softmax((q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5, -1)
        return x + self.out((weights @ v).transpose(1, 2).reshape(batch, tokens, width))


class Logits(nn.Module):
    """Token ids in, logits out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.model(tokens, use_cache=False).logits


def build(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """Make a model and its inputs."""
    torch.manual_seed(0)
    match name:
        case "mlp":
            return Mlp(768, 3072).eval(), (torch.randn(1, 128, 768),)
        case "odd_mlp":
            return Mlp(51, 133).eval(), (torch.randn(3, 7, 51),)
        case "attention":
            return Attention(768, 12).eval(), (torch.randn(1, 128, 768),)
        case "odd_attention":
            return Attention(51, 3).eval(), (torch.randn(2, 19, 51),)
        case "gpt2":  # 124 million parameters
            import transformers

            config = transformers.GPT2Config()
            model = transformers.GPT2LMHeadModel(config)
            return Logits(model).eval(), (torch.randint(0, config.vocab_size, (1, 128)),)
        case _:
            raise KeyError(name)
