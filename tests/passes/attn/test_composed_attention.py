"""Attention composed in PyTorch from parts in random order and placement is fused and keeps its values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch.nn import functional

HEADS, DEPTH, BATCH = 4, 6, 2
LOWEST = torch.finfo(torch.float32).min


@dataclass(frozen=True)
class Plan:
    """How an attention is written: sizes, and a choice for each part."""

    rows: int
    cols: int
    kv_heads: int
    repeat: str
    scale: str
    product: str
    modifiers: tuple[str, ...]
    softmax: str
    sinks: bool


class Composed(torch.nn.Module):
    """An attention written as ``plan`` says; its inputs are queries, keys, values, a bias, a padding mask, sinks."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.slopes = torch.nn.Parameter(torch.tensor([0.5, 0.25, 0.125, 0.0625]))
        self.table = torch.nn.Parameter(torch.randn(HEADS, plan.rows, plan.cols))

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bias: torch.Tensor, padding: torch.Tensor, sinks: Any
    ) -> torch.Tensor:
        plan = self.plan
        k, v = self.repeated(k), self.repeated(v)
        factor = 1 / math.sqrt(DEPTH)
        if plan.scale == "query":
            q = q * factor
        elif plan.scale == "split":
            q, k = q * math.sqrt(factor), k * math.sqrt(factor)
        scores = self.product(q, k)
        if plan.scale == "scores":
            scores = scores * factor
        elif plan.scale == "division":
            scores = scores / math.sqrt(DEPTH)
        for name in plan.modifiers:
            scores = self.modified(name, scores, bias, padding)
        weights = self.softmax(scores, sinks)
        if plan.product == "bmm":
            flat = torch.bmm(weights.reshape(-1, plan.rows, plan.cols), v.reshape(-1, plan.cols, v.shape[-1]))
            return flat.view(BATCH, HEADS, plan.rows, -1)
        if plan.product == "einsum":
            return torch.einsum("bhij,bhjd->bihd", weights, v)
        return weights @ v

    def repeated(self, x: torch.Tensor) -> torch.Tensor:
        groups = HEADS // self.plan.kv_heads
        if self.plan.repeat == "interleave":
            return x.repeat_interleave(groups, dim=1)
        spread = x[:, :, None].expand(BATCH, self.plan.kv_heads, groups, *x.shape[2:])
        return spread.reshape(BATCH, HEADS, *x.shape[2:])

    def product(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        if self.plan.product == "bmm":
            flat = torch.bmm(q.reshape(-1, *q.shape[2:]), k.reshape(-1, *k.shape[2:]).transpose(1, 2))
            return flat.view(BATCH, HEADS, self.plan.rows, self.plan.cols)
        if self.plan.product == "einsum":
            return torch.einsum("bhid,bhjd->bhij", q, k)
        return q @ k.transpose(-1, -2)

    def modified(self, name: str, scores: torch.Tensor, bias: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        rows, cols = torch.arange(self.plan.rows), torch.arange(self.plan.cols)
        causal = cols[None, :] <= rows[:, None] + 1
        match name:
            case "bias":
                return scores + bias
            case "learned":
                return self.table + scores
            case "alibi":
                return scores + self.slopes[:, None, None] * (cols[None, :] - rows[:, None])
            case "soft_cap":
                return 2.0 * torch.tanh(scores / 2.0)
            case "wide":
                return scores.double().float()
            case "where":
                return torch.where(causal, scores, -math.inf)
            case "fill":
                return scores.masked_fill(~causal, LOWEST)
            case "tril":
                return scores.masked_fill(torch.ones(self.plan.rows, self.plan.cols).tril() == 0, -math.inf)
            case "window":
                kept = causal & (cols[None, :] > rows[:, None] - 3)
                return scores + torch.zeros(kept.shape).masked_fill(~kept, LOWEST)
            case "padding":
                return scores.masked_fill(~padding[:, None, None, :], LOWEST)
            case "added":
                return scores + (1.0 - padding[:, None, None, :].float()) * -1e9
            case _:
                raise ValueError(name)

    def softmax(self, scores: torch.Tensor, sinks: torch.Tensor) -> torch.Tensor:
        if self.plan.sinks:
            column = sinks.reshape(1, -1, 1, 1).expand(BATCH, -1, self.plan.rows, 1)
            scores = torch.cat([scores, column], dim=-1)
            scores = scores - scores.max(dim=-1, keepdim=True).values
        match self.plan.softmax:
            case "op":
                weights = functional.softmax(scores, dim=-1, dtype=torch.float32)
            case "written":
                e = torch.exp(scores - scores.amax(-1, keepdim=True))
                weights = e / e.sum(-1, keepdim=True)
            case "reciprocal":
                e = torch.exp(scores - scores.amax(-1, keepdim=True))
                weights = e * (1.0 / e.sum(-1, keepdim=True))
            case "safe":
                empty = (scores == -math.inf).all(dim=-1, keepdim=True)
                weights = torch.where(empty, 0.0, torch.softmax(scores, -1))
            case _:
                weights = torch.log_softmax(scores, -1).exp()
        weights = functional.dropout(weights, 0.1, training=False)
        return weights[..., :-1] if self.plan.sinks else weights


MODIFIERS = ("bias", "learned", "alibi", "soft_cap", "where", "fill", "tril", "window", "padding", "added")

plans = st.builds(
    Plan,
    rows=st.sampled_from([1, 2, 5, 8]),
    cols=st.sampled_from([1, 3, 7, 9]),
    kv_heads=st.sampled_from([1, 2, 4]),
    repeat=st.sampled_from(["expand", "interleave"]),
    scale=st.sampled_from(["query", "split", "scores", "division", "none"]),
    product=st.sampled_from(["matmul", "bmm", "einsum"]),
    modifiers=st.lists(st.sampled_from(MODIFIERS), max_size=4, unique=True).map(tuple),
    softmax=st.sampled_from(["op", "written", "reciprocal", "safe", "logarithm"]),
    sinks=st.booleans(),
)


@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])  # an export each: shrinking takes too long
@given(plan=plans, seed=st.integers(0, 3))
def test_composed_attention_is_fused(fused: Callable[..., Any], plan: Plan, seed: int) -> None:
    torch.manual_seed(seed)
    q = torch.randn(BATCH, HEADS, plan.rows, DEPTH)
    k, v = (torch.randn(BATCH, plan.kv_heads, plan.cols, width) for width in (DEPTH, 5))
    bias = torch.randn(*((1, HEADS) if seed % 2 else (BATCH, 1)), plan.rows, plan.cols)
    padding = torch.rand(BATCH, plan.cols) > 0.4
    model = Composed(plan)
    result = fused(model, q, k, v, bias, padding, torch.randn(HEADS))
    assert len(result.attentions) == 1
    assert result.softmaxes == 0
    assert not result.remarks
    result.check(DEPTH + plan.cols)
