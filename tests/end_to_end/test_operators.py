"""Single operators of the public operator suites, from PyTorch through every level to the simulated NPU."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

BATCH = (3, 5, 17, 33)
"""Odd sizes on purpose."""


class Operator(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: object) -> object:
        return self.function(*inputs)


def ramp(like: torch.Tensor, *shape: int) -> torch.Tensor:
    """Weights from 0 to almost 1, of the type of ``like``."""
    count = prod(shape)
    return (torch.arange(count, dtype=like.dtype) / count).reshape(shape)


UNARY: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "elu": F.elu,
    "selu": F.selu,
    "mish": F.mish,
    "gelu": F.gelu,
    "hardsigmoid": F.hardsigmoid,
    "hardtanh": F.hardtanh,
    "leaky_relu": F.leaky_relu,
    "pow": lambda x: x.abs().pow(1.7),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "logsumexp": lambda x: torch.logsumexp(x, 1),
    "mean": lambda x: x.mean((1, 3)),
    "sum": lambda x: x.sum(0, keepdim=True),
    "max": lambda x: x.max(2)[0],
    "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(3),
    "any": lambda x: (x > 2).any(1),
    "var": lambda x: x.var(1),
    "std": lambda x: x.std((2, 3)),
    "cumsum": lambda x: x.cumsum(2),
    "cumprod": lambda x: (x * 0.5 + 1).cumprod(3),
    "reversed_cumsum": lambda x: x.flip(1).cumsum(1).flip(1),
    "l1_norm": lambda x: x / x.abs().sum(1, keepdim=True),
    "l2_norm": lambda x: x / torch.norm(x, p=2, dim=1, keepdim=True),
    "frobenius_norm": lambda x: x / torch.norm(x, p="fro"),
    "batch_norm": lambda x: F.batch_norm(x, torch.zeros(5, dtype=x.dtype), torch.ones(5, dtype=x.dtype)),
    "instance_norm": F.instance_norm,
    "weight_norm": lambda x: torch._weight_norm(x[0], x[0, :1, :1] + 3, 2),
    "group_norm": lambda x: F.group_norm(x, 5),
    "max_pool2d": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 3, 2, 1),
    "max_pool3d": lambda x: F.max_pool3d(x[:, None], 2, 2),
    "conv_depthwise": lambda x: F.conv2d(x, ramp(x, 5, 1, 3, 3), groups=5, padding=1),
    "conv_dilated": lambda x: F.conv2d(x, ramp(x, 4, 5, 3, 3), stride=2, dilation=2),
    "conv3d": lambda x: F.conv3d(x[:, None], ramp(x, 4, 1, 3, 3, 3), padding=1),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, ramp(x, 5, 4, 3, 3), stride=2),
    "upsample_bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
    "sort": lambda x: x.sort(3)[0],
    "argsort": lambda x: x.argsort(1, descending=True),
    "topk": lambda x: x.topk(4, 3)[0],
    "tril": torch.tril,
    "index": lambda x: x[:, [0, 2, 4]],
    "transposed_matmul": lambda x: x[0, 0].T @ x[0, 1],
}

BINARY: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "where": lambda x, y: torch.where(x > y, x, y * 2),
    "bmm": lambda x, y: x.flatten(0, 1) @ y.flatten(0, 1).transpose(1, 2),
    "mse_loss": F.mse_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "kl_div": lambda x, y: F.kl_div(F.log_softmax(x, 1), F.softmax(y, 1), reduction="batchmean"),
    "cosine_loss": lambda x, y: (1 - F.cosine_similarity(x, y, dim=1)).mean(),
    "hinge_loss": lambda x, y: torch.clamp(1 - x * y, min=0).mean(),
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(operator_case, name):
    torch.manual_seed(0)
    operator_case(Operator(UNARY[name]).eval(), (torch.randn(BATCH),)).check()


@pytest.mark.parametrize("name", BINARY)
def test_binary(operator_case, name):
    torch.manual_seed(0)
    operator_case(Operator(BINARY[name]).eval(), (torch.randn(BATCH), torch.randn(BATCH))).check()


COUNTED: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "diagonal": lambda x, p: torch.where(p[:, None] == p, x[0], 0),
    "band": lambda x, p: torch.where((p[:, None] - p).abs() < 3, x, -x),
    "shifted": lambda x, p: torch.where((p * 2)[:, None] == p + 1, x, x * 2),
    "mask_and_its_transpose": lambda x, p: torch.where((p[:, None] > p) | (p[:, None] > p + 2).T, x, x.T),
    "summed": lambda x, p: ((p[:, None] + p * 3) % 5).sum(1) + x,
}


@pytest.mark.parametrize("name", COUNTED)
def test_positions_meet_themselves(operator_case, name):
    """The same positions go along the rows and along the columns of what is computed from them."""
    positions = torch.arange(7)
    operator_case(Operator(lambda x: COUNTED[name](x, positions)), (torch.randn(7, 7),)).check()


ATTENDED = {
    "one_deep": lambda q: F.scaled_dot_product_attention(q[..., :1], q[..., :1], q[..., :1], is_causal=True),
    "values_one_wide": lambda q: (q @ q.mT).softmax(-1) @ q[..., :1],
    "one_key": lambda q: F.scaled_dot_product_attention(q, q[..., :1, :], q[..., :1, :]),
    "constants": lambda q: F.scaled_dot_product_attention(
        q, *[torch.arange(5).to(q.dtype)[:, None].expand(2, 5, 4)] * 2
    ),
}


@pytest.mark.parametrize("name", ATTENDED)
def test_degenerate_attention(operator_case, name):
    """Axes of one element, and tensors that do not vary along the axes of attention."""
    torch.manual_seed(0)
    operator_case(Operator(ATTENDED[name]), (torch.randn(2, 5, 4),)).check()
