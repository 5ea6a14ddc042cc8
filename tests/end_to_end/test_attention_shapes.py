"""Flash attention of odd sizes on two machines, every access checked: head dimensions, groups, lengths, bands, splits."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch.nn import functional


class Shape(NamedTuple):
    """Heads, heads of keys, queries, keys, depth of queries and of values; how far behind its place a query sees."""

    heads: int
    kv_heads: int
    rows: int
    cols: int
    depth: int
    width: int
    behind: int | None = None


class Attends(torch.nn.Module):
    """Attention of a shape; a query sees keys up to its own place from the end, and not farther behind than asked."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        one = self.shape
        if one.behind is None:
            return functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        ones = torch.ones(one.rows, one.cols, dtype=torch.bool)
        last = one.cols - one.rows
        seen = ones.tril(last) & ones.triu(last - one.behind)
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)


@pytest.mark.parametrize("splits", [0, 3])
@pytest.mark.parametrize(
    ("target", "dtype", "shape"),
    [
        ("tiny", torch.float16, Shape(4, 4, 130, 130, 16, 20, behind=1000)),  # rounds of blocks back and forth
        ("tiny", torch.float32, Shape(6, 2, 7, 77, 40, 24, behind=9)),
        ("ascend910b3", torch.float16, Shape(3, 1, 1, 515, 576, 512)),
        ("ascend910b3", torch.bfloat16, Shape(8, 2, 2, 300, 80, 128, behind=40)),
        ("ascend910b3", torch.float32, Shape(2, 1, 300, 300, 192, 64, behind=1000)),
        ("ascend910b3", torch.float16, Shape(2, 2, 33, 5, 256, 16)),
    ],
)
def test_shape(operator_case: Callable[..., Any], target: str, dtype: torch.dtype, shape: Shape, splits: int) -> None:
    torch.manual_seed(0)
    q = torch.randn(1, shape.heads, shape.rows, shape.depth, dtype=dtype)
    k = torch.randn(1, shape.kv_heads, shape.cols, shape.depth, dtype=dtype)
    v = torch.randn(1, shape.kv_heads, shape.cols, shape.width, dtype=dtype)
    operator_case(Attends(shape), (q, k, v)).check(
        sanitize=True, target=target, attention="flash", attention_splits=splits
    )
