"""Recurrent layers and their cells as torch exports them: whole, and decomposed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
nn = torch.nn

INPUTS, FEATURES, BATCH, LENGTH = 7, 9, 3, 5

LAYERS = {
    "lstm": lambda: nn.LSTM(INPUTS, FEATURES, num_layers=2, batch_first=True),
    "lstm_both_ways": lambda: nn.LSTM(INPUTS, FEATURES, num_layers=2, bidirectional=True, bias=False),
    "lstm_projected": lambda: nn.LSTM(INPUTS, FEATURES, proj_size=4),
    "gru": lambda: nn.GRU(INPUTS, FEATURES, num_layers=2, dropout=0.3),
    "gru_both_ways": lambda: nn.GRU(INPUTS, FEATURES, bidirectional=True, batch_first=True),
    "rnn": lambda: nn.RNN(INPUTS, FEATURES, bidirectional=True),
    "rnn_relu": lambda: nn.RNN(INPUTS, FEATURES, nonlinearity="relu"),
}

CELLS = {
    "lstm": lambda: nn.LSTMCell(INPUTS, FEATURES),
    "gru": lambda: nn.GRUCell(INPUTS, FEATURES),
    "rnn": lambda: nn.RNNCell(INPUTS, FEATURES, nonlinearity="relu"),
    "lstm_without_bias": lambda: nn.LSTMCell(INPUTS, FEATURES, bias=False),
}


class Flat(nn.Module):
    """A module whose results are one tuple of tensors."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> object:
        results = self.module(x)
        return tuple(torch.utils._pytree.tree_leaves(results))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(operator_case, name, dtype):
    torch.manual_seed(0)
    operator_case(Flat(LAYERS[name]().to(dtype)).eval(), (torch.randn(LENGTH, BATCH, INPUTS).to(dtype),)).check()


@pytest.mark.parametrize("name", CELLS)
def test_cells(operator_case, name):
    torch.manual_seed(0)
    operator_case(Flat(CELLS[name]()).eval(), (torch.randn(BATCH, INPUTS),)).check()
