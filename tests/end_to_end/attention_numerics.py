"""Attention on the distributions that PASA was published with, and how far results are from float64.

arXiv 2503.01873: uniform, mean + amplitude (2 u - 1), and hybrid, N(mean, 1) with N(0, amplitude) added to a thousandth of
the elements; large means make products of queries and keys exceed f16. Loaded through a fixture of conftest.py, and by
tests/benchmarks/attention_numerics.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Array = npt.NDArray[Any]

CASES = tuple(("uniform", mean, amplitude) for mean in (0, 10, 20, 30) for amplitude in (0.5, 5, 10, 20)) + tuple(
    ("hybrid", mean, 10) for mean in (0, 10, 20, 30)
)
"""Distribution, mean, amplitude: the published test set."""


class Fused(torch.nn.Module):
    """Attention that is recognised, and computed by the algorithm that is asked for."""

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return functional.scaled_dot_product_attention(q, k, v)


class Plain(torch.nn.Module):
    """Attention in the model's own type, op by op: who returns the weights as well needs them in memory, unfused."""

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1)
        return weights @ v, weights


def sampled(
    distribution: str, mean: float, amplitude: float, rows: int, columns: int, depth: int = 128, seed: int = 0
) -> list[Array]:
    """Queries [1, 1, rows, depth], keys and values [1, 1, columns, depth] in f16."""
    rng = np.random.default_rng(seed)

    def one(length: int) -> Array:
        shape = (1, 1, length, depth)
        if distribution == "uniform":
            return mean + amplitude * (2 * rng.random(shape) - 1)
        spikes = rng.normal(0, amplitude, shape) * (rng.random(shape) < 0.001)
        return rng.normal(mean, 1, shape) + spikes

    return [one(length).astype(np.float16) for length in (rows, columns, columns)]


def exact(q: Array, k: Array, v: Array) -> Array:
    """Attention in float64."""
    q, k, v = (one.astype(np.float64) for one in (q, k, v))
    scores = q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights @ v / weights.sum(-1, keepdims=True)


def published(q: Array, k: Array, v: Array, block: int = 128, beta: float = 0.9375) -> Array:
    """PASA as its authors' program computes it, every intermediate result in f16; the last block is filled with keys
    that are hidden."""
    (q, k, v), wide, f16 = (one[0, 0] for one in (q, k, v)), np.float32, np.float16
    rest = -len(k) % block
    hidden = np.arange(len(k) + rest) >= len(k)
    k, v = (np.concatenate((one, one[len(one) - rest :])) for one in (k, v))
    matrix = ((np.eye(block) - beta / block) * q.shape[-1] ** -0.5).astype(f16)
    inverse = f16(beta / (1 - beta))
    largest, total, average = (np.full((len(q), 1), start, f16) for start in (-60000, 0, 0))
    out = np.zeros((len(q), v.shape[-1]), f16)
    for number, start in enumerate(range(0, len(k), block)):
        part = slice(start, start + block)
        key = (matrix.T.astype(wide) @ k[part].astype(wide)).astype(f16)
        scores = (q.astype(wide) @ key.T.astype(wide)).astype(f16)
        mean = scores.astype(wide).mean(-1, keepdims=True).astype(f16)
        before = average if number else mean
        average = mean * f16(1 / (number + 1)) + before * f16(number / (number + 1))
        above, risen = inverse * (mean - average), inverse * (before - average)
        scores = np.where(hidden[part], f16(-np.inf), scores)
        top = scores.max(-1, keepdims=True)
        weights = np.exp(scores - top)
        after = np.maximum(top + above, largest + risen)
        old, new = np.exp(largest - after + risen), np.exp(top - after + above)
        total = old * total + new * weights.astype(wide).sum(-1, keepdims=True).astype(f16)
        out = old * out + new * (weights.astype(wide) @ v[part].astype(wide)).astype(f16)
        largest = after
    return (out / total)[None, None]


def relative_error(found: Array, inputs: list[Array]) -> float:
    """The root of the mean square of the errors over that of the values, the published measure; NaN if one is NaN."""
    q, k, v = inputs
    errors = found.astype(np.float64) - exact(q, k, v)
    return float(np.sqrt((errors**2).mean() / (v.astype(np.float64) ** 2).mean()))


def exported(module: torch.nn.Module, inputs: list[Array]) -> torch.export.ExportedProgram:
    """A module exported for the shapes and types of ``inputs``."""
    return torch.export.export(module, tuple(torch.from_numpy(one) for one in inputs), strict=False)
