"""Integers of every width from PyTorch to the simulated NPU: values over whole ranges, and PyTorch's own samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import sfumato
from runtime.compare import compare
from runtime.launch import as_arrays

torch = pytest.importorskip("torch")

DTYPES = ["uint8", "int8", "int16", "int32", "int64"]
SHAPE = (7, 9)
BOUNDED = settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
"""An example takes a second: a failing one is not shrunk."""


class Operators(torch.nn.Module):
    """Everything at once: arithmetic, bits, shifts, divisions, comparisons, conversions, reductions, running sums."""

    def forward(self, x: torch.Tensor, y: torch.Tensor, distance: torch.Tensor) -> tuple[torch.Tensor, ...]:
        divisor = torch.where((y == 0) | (y == -1), 3, y)
        return (
            *(x + y, x - y, x * y, -x, x.abs(), torch.maximum(x, y), torch.minimum(x, y), x.clamp(-3, 90)),
            *(x & y, x | y, x ^ y, ~x, x << distance, x >> distance, x << 3, x >> 3, x * 3 - 7, x**3),
            *(x // divisor, x % divisor, torch.fmod(x, divisor), torch.div(x, divisor, rounding_mode="trunc")),
            *(x < y, x <= y, x == y, x != y, torch.where(x > y, x + 1, y - 1)),
            *(x.to(getattr(torch, dtype)) for dtype in (*DTYPES, "bool", "float32", "bfloat16")),
            *(x.sum(), x.sum(1), x.sum(0, dtype=x.dtype), x.prod(1), x.cumsum(1), x.cumprod(0)),
            *(x.amax(1), x.amin(0), x.argmax(1), x.sort(1)[0], (x + y).any(0), x.count_nonzero(0)),
            *(x.mT @ y, torch.gather(x, 1, (y & 3).long())),
        )


@pytest.fixture(scope="session")
def operators() -> Callable[[str], sfumato.Program]:
    """The compiled module for integers of one type; made once."""
    made: dict[str, sfumato.Program] = {}

    def make(dtype: str) -> sfumato.Program:
        if dtype not in made:
            example = tuple(torch.zeros(SHAPE, dtype=getattr(torch, dtype)) for _ in range(3))
            made[dtype] = sfumato.compile(torch.export.export(Operators(), example, strict=False))
        return made[dtype]

    return make


def numbers(dtype: str) -> st.SearchStrategy[int]:
    """Small ones, the ends of the type, and all between."""
    limits = np.iinfo(dtype)
    ends = st.sampled_from([limits.min, limits.min + 1, limits.max])
    return st.one_of(st.integers(max(-4, limits.min), 4), ends, st.integers(limits.min, limits.max))


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@BOUNDED
def test_whole_ranges(operators, dtype, data):
    x, y = (data.draw(arrays(dtype, SHAPE, elements=numbers(dtype))) for _ in range(2))
    distance = data.draw(arrays(dtype, SHAPE, elements=st.integers(0, 70)))
    inputs = [torch.from_numpy(one) for one in (x, y, distance)]
    expected = as_arrays(Operators()(*inputs))
    for place, (found, eager) in enumerate(zip(operators(dtype).run(x, y, distance), expected, strict=True)):
        assert found.dtype == eager.dtype
        np.testing.assert_array_equal(found, eager, err_msg=f"output {place}")


@given(values=arrays("float32", (12,), elements=st.floats(-(2.0**30), 2.0**30, width=32)))
@BOUNDED
def test_floats_become_integers(from_floats, values):
    """Within what int32 holds, from where torch wraps narrower types around."""
    for found, eager in zip(from_floats.run(values), as_arrays(ToIntegers()(torch.from_numpy(values))), strict=True):
        np.testing.assert_array_equal(found, eager)


class ToIntegers(torch.nn.Module):
    """Floats truncated to every type."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.to(getattr(torch, dtype)) for dtype in DTYPES)


@pytest.fixture(scope="session")
def from_floats() -> sfumato.Program:
    return sfumato.compile(torch.export.export(ToIntegers(), (torch.zeros(12),), strict=False))


SAMPLED = (
    *(
        "abs",
        "add",
        "all",
        "amax",
        "amin",
        "any",
        "argmax",
        "argmin",
        "bitwise_and",
        "bitwise_left_shift",
        "bitwise_not",
    ),
    *("bitwise_or", "bitwise_right_shift", "bitwise_xor", "bmm", "cat", "clamp", "count_nonzero", "cumprod", "cumsum"),
    *("diff", "div", "eq", "flip", "floor_divide", "fmod", "gather", "ge", "gt", "index_add", "index_put"),
    *("index_select", "isnan", "le", "logical_not", "lt", "masked_fill", "matmul", "maximum", "minimum", "mm"),
    *("mul", "ne", "neg", "nn.functional.relu", "permute", "prod", "remainder", "repeat", "roll", "rsub", "scatter"),
    *("scatter_add", "sgn", "sign", "sub", "sum", "take_along_dim", "tril", "true_divide", "where"),
)
SAMPLES = 2
"""Samples of one operator and type: spread over what PyTorch lists."""


class Samples(torch.nn.Module):
    """An operator on all its samples."""

    def __init__(self, calls: list[Callable[..., Any]], counts: list[int]) -> None:
        super().__init__()
        self.calls = calls
        self.counts = counts

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found: list[torch.Tensor] = []
        for call, count in zip(self.calls, self.counts, strict=True):
            found += call(*tensors[:count])
            tensors = tensors[count:]
        return tuple(found)


@pytest.fixture(scope="session")
def samples() -> Callable[[str], tuple[torch.nn.Module, tuple[torch.Tensor, ...]]]:
    """``samples(name)``: a module of an operator's calls on PyTorch's samples of integers, and the tensors they take."""
    from torch.testing._internal.common_methods_invocations import op_db
    from torch.utils._pytree import tree_flatten, tree_unflatten

    def call(operator: Any, leaves: list[Any], places: list[int], spec: Any) -> Callable[..., list[torch.Tensor]]:
        def run(*tensors: torch.Tensor) -> list[torch.Tensor]:
            filled = list(leaves)
            for place, tensor in zip(places, tensors, strict=True):
                filled[place] = tensor
            args, kwargs = tree_unflatten(filled, spec)
            return [leaf for leaf in tree_flatten(operator(*args, **kwargs))[0] if isinstance(leaf, torch.Tensor)]

        return run

    def make(name: str) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
        calls, counts, tensors = [], [], []
        for operator in (one for one in op_db if one.name == name):
            for dtype in (getattr(torch, one) for one in DTYPES):
                if dtype not in operator.supported_dtypes("cpu"):
                    continue
                drawn = list(operator.sample_inputs("cpu", dtype))
                for sample in drawn[:: max(1, len(drawn) // SAMPLES)]:
                    leaves, spec = tree_flatten(([sample.input, *sample.args], sample.kwargs))
                    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
                    mine = [leaves[place].contiguous() for place in places]
                    if mine and all(tensor.numel() for tensor in mine):
                        calls.append(call(operator.op, leaves, places, spec))
                        counts.append(len(mine))
                        tensors += mine
        return Samples(calls, counts), tuple(tensors)

    return make


@pytest.mark.parametrize("name", SAMPLED)
def test_samples_of_pytorch(samples, name):
    torch.manual_seed(0)
    module, tensors = samples(name)
    program = sfumato.compile(torch.export.export(module, tensors, strict=False))
    expected = as_arrays(module(*tensors))
    assert len(expected) >= 5
    for found, eager in zip(program.run(*as_arrays(tensors)), expected, strict=True):
        assert found.dtype == eager.dtype
        assert compare(found, eager).ok
