"""Rows in groups, each multiplied with the matrix of its group: what torch and transformers export for experts."""

from __future__ import annotations

import pytest

import sfumato
from runtime.compare import compare
from runtime.launch import as_arrays

torch = pytest.importorskip("torch")

ROWS, DEPTH, COLUMNS = 21, 16, 24
ENDS = [[3, 3, 9, 20, 21], [0, 0, 5, 5, 12]]
"""Where groups end: some are empty, and rows may be left over."""


class Grouped(torch.nn.Module):
    """A grouped product as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, rows: torch.Tensor, weight: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        return self.function(rows, weight, ends)


def inputs(dtype: torch.dtype, ends: list[int]) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    weight = torch.randn(len(ends), DEPTH, COLUMNS).to(dtype)
    return torch.randn(ROWS, DEPTH).to(dtype), weight, torch.tensor(ends, dtype=torch.int32)


def test_of_torch():
    """Groups cover all rows: what torch leaves behind them is not defined. It has no such product in float64."""
    module = Grouped(lambda rows, weight, ends: torch._grouped_mm(rows, weight, offs=ends))
    tensors = inputs(torch.bfloat16, ENDS[0])
    (found,) = sfumato.compile(torch.export.export(module, tensors)).run(*tensors)
    (expected,) = as_arrays((module(*tensors),))
    assert compare(found, expected).ok


@pytest.mark.parametrize("ends", ENDS)
def test_of_transformers(operator_case, ends):
    pytest.importorskip("transformers.integrations.moe")
    module = Grouped(lambda rows, weight, ends: torch.ops.transformers.grouped_mm_fallback(rows, weight, ends))
    operator_case(module, inputs(torch.float32, ends)).check()
