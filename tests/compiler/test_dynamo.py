"""torch.compile with this compiler as its backend."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dialects.errors import SfumatoError
from runtime.compare import compare
from runtime.launch import as_arrays

torch = pytest.importorskip("torch")

OPTIONS = {"target": "tiny"}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    torch._dynamo.reset()
    torch.manual_seed(0)
    with torch.no_grad():
        yield


@pytest.fixture
def compiled() -> Callable[..., Any]:
    return lambda module, **more: torch.compile(module, backend="sfumato", options={**OPTIONS, **more})


class Mlp(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = torch.nn.Linear(24, 40), torch.nn.Linear(40, 8)

    def forward(self, x: Any) -> Any:
        hidden = torch.relu(self.up(x))
        return self.down(hidden), hidden.sum(-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_runs_on_the_simulator(compiled: Callable[..., Any], dtype: Any) -> None:
    module, x = Mlp().to(dtype), torch.randn(5, 24).to(dtype)
    found, expected = compiled(module)(x), module(x)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        comparison = compare(*as_arrays((one, other)))
        assert comparison.ok, comparison


def test_changed_parameters_are_seen(compiled: Callable[..., Any]) -> None:
    module, x = torch.nn.Linear(8, 4), torch.randn(3, 8)
    fast = compiled(module)
    fast(x)
    module.weight.mul_(-2)
    assert compare(*as_arrays((fast(x), module(x)))).ok


def test_a_graph_break_makes_two_programs(compiled: Callable[..., Any]) -> None:
    def both(x: Any) -> Any:
        x = x * 2
        torch._dynamo.graph_break()
        return x + 1

    x = torch.arange(6.0)
    np.testing.assert_array_equal(compiled(both)(x), x * 2 + 1)


def write(x: Any) -> Any:
    x.add_(1)
    return x * 2


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: torch.linalg.qr(x)[0], "linalg_qr"),
        (lambda x: x.double() * 2, "float64"),
        (write, "the model writes"),
    ],
)
def test_what_cannot_be_compiled_is_said(compiled: Callable[..., Any], function: Any, message: str) -> None:
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match=message) as raised:
        compiled(function)(torch.ones(4, 4))
    assert isinstance(raised.value.inner_exception, SfumatoError)


def test_training_is_refused(compiled: Callable[..., Any]) -> None:
    with torch.enable_grad(), pytest.raises(Exception, match=r"under torch\.no_grad\(\)"):
        compiled(torch.nn.Linear(8, 4))(torch.ones(3, 8))


def test_an_unknown_option_is_named(compiled: Callable[..., Any]) -> None:
    with pytest.raises(Exception, match="there is no option speed of backend 'sfumato'"):
        compiled(torch.nn.Linear(8, 4), speed="fast")(torch.ones(3, 8))
