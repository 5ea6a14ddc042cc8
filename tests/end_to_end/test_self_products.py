"""Products of a square tensor with itself, and sums with their own operand: dimensions of one length stay apart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sfumato
from runtime.compare import single_operation_tolerance

attend = torch.nn.functional.scaled_dot_product_attention
SQUARE, LONG, HEADS = (24, 24), (21, 24), (1, 2, 19, 19)

MODELS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "x x": (lambda x: x @ x, [SQUARE]),
    "x xT": (lambda x: x @ x.T, [LONG]),
    "x xT, square": (lambda x: x @ x.T, [SQUARE]),
    "xT x": (lambda x: x.T @ x, [LONG]),
    "x x x + xT": (lambda x: x @ x @ x + x.T, [SQUARE]),
    "x w + x": (lambda x, w: x @ w + x, [LONG, SQUARE]),
    "x w * w": (lambda x, w: x @ w * w, [SQUARE, SQUARE]),
    "relu(x w) + x": (lambda x, w: torch.relu(x @ w) + x, [SQUARE, SQUARE]),
    "attention(x, x, x)": (lambda x: attend(x, x, x), [HEADS]),
    "attention(x, y, y) + x": (lambda x, y: attend(x, y, y) + x, [HEADS, HEADS]),
}


@pytest.mark.parametrize("name", MODELS)
def test_self_product(name: str, export_model: Callable[..., Path]) -> None:
    function, shapes = MODELS[name]

    class Model(torch.nn.Module):
        def forward(self, *inputs: Any) -> Any:
            return function(*inputs)

    torch.manual_seed(4)
    inputs = tuple(torch.randn(shape) for shape in shapes)
    path = export_model("product", Model(), inputs)
    [found] = sfumato.compile(path, target="tiny").run(*inputs, sanitize=True)
    exact = function(*(one.double() for one in inputs)).numpy()
    assert np.abs(found - exact).max() <= single_operation_tolerance("f32", 24) * np.abs(exact).max()
