"""Pointwise operators against torch: every pair of element types, numbers, broadcasting, special values."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch

from runtime.compare import TOLERANCES

DTYPES = (torch.bool, torch.uint8, torch.int8, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32)
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.75, float("inf"), float("-inf"), float("nan")]


def sample(dtype: torch.dtype, *shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    if dtype == torch.bool:
        return torch.rand(shape, generator=generator) > 0.5
    if dtype.is_floating_point:
        return (torch.randn(shape, generator=generator) * 2).to(dtype)
    low = 0 if dtype == torch.uint8 else -6
    return torch.randint(low, 7, shape, generator=generator).to(dtype)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(DTYPES, DTYPES)), ids=str)
def test_promotion_of_two_tensors(check: Callable[..., None], first: torch.dtype, second: torch.dtype) -> None:
    lhs, rhs = sample(first, 3, 1, 4), sample(second, 5, 4, seed=1)
    check(lambda a, b: (a + b, a * b, a == b, a < b, torch.maximum(a, b)), lhs, rhs)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("number", [True, 3, 0.1], ids=str)
def test_promotion_of_numbers(check: Callable[..., None], dtype: torch.dtype, number: float) -> None:
    check(lambda a: (a + number, a * number, number == a, a <= number), sample(dtype, 4, 5))


@pytest.mark.parametrize(("first", "second"), list(itertools.product(DTYPES, DTYPES)), ids=str)
def test_tensors_without_axes_count_less(check: Callable[..., None], first: torch.dtype, second: torch.dtype) -> None:
    check(lambda a, b: (a * b, a > b), sample(first, 6), sample(second, seed=2))


UNARY = (
    "abs",
    "ceil",
    "floor",
    "round",
    "trunc",
    "neg",
    "sign",
    "frac",
    "square",
    "isnan",
    "isinf",
    "isfinite",
    "signbit",
)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_unary_on_special_values(check: Callable[..., None], name: str, dtype: torch.dtype) -> None:
    values = SPECIAL[:-1] if name == "signbit" else SPECIAL  # torch gives some NaN a sign, which has no meaning
    check(getattr(torch, name), torch.tensor(values).to(dtype))


@pytest.mark.parametrize("mode", [None, "floor", "trunc"])
@pytest.mark.parametrize("dtype", [torch.int32, torch.float32, torch.float16], ids=str)
def test_division(check: Callable[..., None], mode: str | None, dtype: torch.dtype) -> None:
    rhs = sample(dtype, 20, seed=3)
    rhs = torch.where(rhs == 0, torch.ones_like(rhs), rhs)
    check(lambda a, b: torch.div(a, b, rounding_mode=mode), sample(dtype, 20), rhs)


@pytest.mark.parametrize("function", [torch.remainder, torch.fmod, torch.floor_divide])
@pytest.mark.parametrize("dtype", [torch.int64, torch.float32], ids=str)
def test_remainders_have_the_right_sign(
    check: Callable[..., None], function: Callable[..., torch.Tensor], dtype: torch.dtype
) -> None:
    check(function, torch.tensor([7, -7, 7, -7, 0]).to(dtype), torch.tensor([3, 3, -3, -3, 5]).to(dtype))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 4])
def test_powers(check: Callable[..., None], exponent: float) -> None:
    check(lambda a: a**exponent, sample(torch.float32, 12).abs() + 0.1)


def test_numbers_are_not_rounded_into_narrow_types(convert: Callable[..., object]) -> None:
    text = str(convert(lambda a: a * 0.1, [sample(torch.bfloat16, 4)]))
    assert "graph.constant <{value = 1.000000e-01 : f32}>" in text
    assert "graph.mul" in text
    assert "tensor<4xf32>" in text


def test_conditions_and_bounds(check: Callable[..., None]) -> None:
    value, mask = sample(torch.float32, 3, 4), sample(torch.bool, 4)
    check(lambda a, m: (torch.where(m, a, 0.5), a.masked_fill(m, -1), a.clamp(-1, 1), a.clamp(min=0)), value, mask)
    check(
        lambda a, b: (a.clamp(min=b), torch.lerp(a, b, 0.3), torch.addcmul(a, a, b, value=2)),
        value,
        sample(torch.float32, 4),
    )


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.uint8], ids=str)
def test_bits(check: Callable[..., None], dtype: torch.dtype) -> None:
    check(lambda a, b: (a & b, a | b, a ^ b, ~a), sample(dtype, 8), sample(dtype, 8, seed=4))


ACTIVATIONS = ("relu", "relu6", "gelu", "silu", "elu", "selu", "celu", "mish", "softplus", "hardswish", "hardsigmoid", "hardtanh",
               "leaky_relu", "logsigmoid", "softsign", "tanhshrink", "hardshrink", "softshrink", "sigmoid", "tanh")  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_activations(check: Callable[..., None], name: str, dtype: torch.dtype) -> None:
    check(getattr(torch.nn.functional, name), torch.linspace(-8, 8, 41).to(dtype), tolerance=TOLERANCES["f32"])


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "erf", "log1p", "expm1", "rsqrt", "atan", "log2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64], ids=str)
def test_functions_of_integers_are_floats(check: Callable[..., None], name: str, dtype: torch.dtype) -> None:
    check(getattr(torch, name), torch.arange(1, 9).to(dtype), tolerance=TOLERANCES["f32"])
