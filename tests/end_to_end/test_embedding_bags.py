"""Bags of rows of a table: combined in each way, with padding, with offsets that are data."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
nn = torch.nn

TOKENS = torch.randint(0, 31, (4, 6), generator=torch.Generator().manual_seed(0))
OFFSETS = torch.tensor([0, 3, 3, 10, 20])


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_rows_of_equal_length(operator_case, mode):
    operator_case(nn.EmbeddingBag(31, 7, mode=mode, padding_idx=int(TOKENS[0, 0])), (TOKENS,)).check()


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_offsets(operator_case, mode):
    operator_case(nn.EmbeddingBag(31, 7, mode=mode), (TOKENS.flatten(), OFFSETS)).check()


def test_last_offset_and_weights(operator_case):
    class Weighted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bag = nn.EmbeddingBag(31, 7, mode="sum", include_last_offset=True)

        def forward(self, tokens: torch.Tensor, offsets: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
            return self.bag(tokens, offsets, scale)

    operator_case(Weighted(), (TOKENS.flatten(), OFFSETS, torch.rand(24))).check()
