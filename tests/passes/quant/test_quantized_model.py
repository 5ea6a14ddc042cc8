"""A small language model, quantised, against PyTorch with its linear layers replaced by integer products."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from compiler.compile import Request, compile_model
from compiler.options import CompileOptions
from runtime.functional.interpreter import run
from runtime.machine.description import load

WORDS, WIDTH, TOKENS = 203, 40, 11


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.mix = nn.Linear(WIDTH, 3 * WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 76), nn.Linear(76, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.mix(self.norm(x)).split(WIDTH, dim=-1)
        x = x + nn.functional.scaled_dot_product_attention(q, k, v)
        return x + self.down(nn.functional.gelu(self.up(x)))


class LanguageModel(nn.Module):
    """Two equal layers and a head; ``tied`` says whether the head is the embedding table."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.positions = nn.Embedding(WIDTH, WIDTH)  # as square as a projection: no head all the same
        self.layers = nn.ModuleList(Block() for _ in range(2))
        self.project = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, WORDS, bias=False)
        if tied:
            self.head.weight = self.words.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.words(ids) + self.positions(torch.arange(TOKENS))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.project(x))


class IntegerLinears(TorchDispatchMode):
    """Computes products with the parameters in ``weights`` on codes, and counts them."""

    def __init__(self, weights: list[torch.Tensor]) -> None:
        super().__init__()
        self.addresses = {weight.data_ptr() for weight in weights}
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.addmm.default and args[2].data_ptr() in self.addresses:
            return self.product(args[1], args[2]) + args[0]
        if func is torch.ops.aten.mm.default and args[1].data_ptr() in self.addresses:
            return self.product(*args)
        return func(*args, **(kwargs or {}))

    def product(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        self.count += 1
        rows, columns = x.abs().amax(1, keepdim=True) / 127, w.abs().amax(0, keepdim=True) / 127
        a, b = (x / rows).round().clamp(-127, 127), (w / columns).round().clamp(-127, 127)
        return (a.to(torch.int32) @ b.to(torch.int32)).float() * rows * columns


@pytest.mark.parametrize("tied", [False, True])
def test_language_model_equals_an_integer_reference(export_model, tied) -> None:
    torch.manual_seed(0)
    model = LanguageModel(tied).eval()
    ids = torch.randint(0, WORDS, (1, TOKENS))
    path = export_model("language_model", model, (ids,))
    linears = [
        module.weight for module in model.modules() if isinstance(module, nn.Linear) and module is not model.head
    ]
    mode = IntegerLinears(linears)
    with torch.no_grad(), mode:
        expected = model(ids).numpy().reshape(-1).astype(np.float64)
    assert mode.count == len(linears) == 7
    compilation = compile_model(Request(path, CompileOptions(quantize="w8a8")))
    (found,) = run(compilation.program, [ids.numpy()], load("ascend910b3"), sanitize=True)
    found = found.reshape(-1).astype(np.float64)
    assert found @ expected >= 0.99999 * np.linalg.norm(found) * np.linalg.norm(expected)
    with torch.no_grad():
        exact = model(ids).numpy().reshape(-1)
    assert np.abs(found - expected).max() < 0.2 * np.abs(exact - expected).max()


@pytest.mark.parametrize("tied", [False, True])
def test_every_projection_but_the_head_is_quantised(export_model, tied) -> None:
    torch.manual_seed(0)
    path = export_model("language_model", LanguageModel(tied).eval(), (torch.randint(0, WORDS, (1, TOKENS)),))
    module = compile_model(Request(path, CompileOptions(quantize="w8a8"), stop="quant")).module
    products = [op for op in module.walk() if op.name == "graph.matmul"]
    integer = [op for op in products if str(op.results[0].type).endswith("xi32>")]
    heads = [op for op in products if str(op.results[0].type) == f"tensor<{TOKENS}x{WORDS}xf32>"]
    assert len(heads) == 1
    assert len(integer) == 4  # three of the layer, which is compiled once, and the last projection
    assert len(products) == 4 + 2 + 1
