"""Tensors without elements: no kernel has them, what is made of them is known, and as an output they are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

NOTHING = torch.zeros(0, dtype=torch.long)

OUTPUTS: dict[str, Callable[[torch.Tensor], object]] = {
    "slice": lambda x: (x[:0] * 2, x + 1),
    "narrow": lambda x: torch.cat([x.narrow(0, 1, 0), x * 2, x.repeat(0, 1)], 0),
    "padded": lambda x: F.pad(x[:, :0], (2, 1), value=3.0),
    "cropped": lambda x: F.pad(x, (-2, -3)),
    "rows_of_a_product": lambda x: (x[:0] @ x.T, x),
    "columns_of_a_product": lambda x: x[:, :0] @ x[:, :0].T,
    "linear": lambda x: F.linear(x[:, :0], x[:, :0], x[:, 0]),
    "sum": lambda x: x[:, :0].sum(1),
    "mean": lambda x: x[:, :0].mean(1),
    "prod": lambda x: x[:, :0].prod(1),
    "all": lambda x: ((x[:, :0] > 0).all(1), (x[:, :0] > 0).any()),
    "logsumexp": lambda x: x[:, :0].logsumexp(1),
    "norm": lambda x: x[:, :0].norm(dim=1),
    "softmax": lambda x: (x[:, :0].softmax(-1), x[:0].softmax(-1)),
    "sort": lambda x: tuple(x[:0].sort(0)),
    "largest": lambda x: x[:0].amax(1),
    "split": lambda x: x.split([0, 2, 3], 1),
    "index": lambda x: x[NOTHING],
    "written": lambda x: x.index_put((NOTHING,), x[:0]).index_add(0, NOTHING, x[:0]),
    "scattered": lambda x: x.scatter(0, NOTHING[:, None].expand(0, 5), x[:0]),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None, :0], x[None, :0]),
    "convolution": lambda x: F.conv2d(x[None, None][:0], x[None, None, :, :3]),
}


class Operator(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: object) -> object:
        return self.function(*inputs)


@pytest.mark.parametrize("name", OUTPUTS)
def test_made_in_the_model(operator_case, name):
    torch.manual_seed(0)
    operator_case(Operator(OUTPUTS[name]), (torch.randn(3, 5),)).check()


def test_an_input_without_elements(operator_case):
    cache, new = torch.zeros(2, 0, 4), torch.ones(2, 3, 4)
    operator_case(Operator(lambda a, b: (torch.cat([a, b], 1), a * 2, a.sum() + b)), (cache, new)).check()
