"""Tiny transformers of the common families, every float type, against PyTorch eager and float64."""

from collections.abc import Callable
from typing import Any

import pytest

DTYPES = ("float32", "bfloat16", "float16")
FAMILIES = ("gpt2", "llama", "qwen2", "mistral", "bert", "distilbert", "vit")

WHAT_IFS = (
    "ascend910b3:aiv_per_aic=1",
    "ascend910b3:aiv_per_aic=4,cube.block_m=8,cube.block_n=8",
    "ascend910b3:cube.block_m=32,cube.block_n=16,cube.l0a_layout=nz",
)

Make = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_prefill(transformer: Make, family: str, dtype: str) -> None:
    transformer(family, dtype).check()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", ["gpt2", "llama", "qwen2", "mistral"])
def test_decode(transformer: Make, family: str, dtype: str) -> None:
    transformer(family, dtype, "decode").check()


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["standard", "flash"])
@pytest.mark.parametrize("family", ["gpt2", "mistral", "distilbert"])
def test_attention_algorithms(transformer: Make, family: str, algorithm: str) -> None:
    transformer(family).check(attention=algorithm)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_decomposed(transformer: Make, family: str) -> None:
    transformer(family, decompose=True).check()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_flags_order_every_access(transformer: Make, family: str) -> None:
    transformer(family).check(sanitize=True)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ascend910b1", "ascend910c", "tiny", *WHAT_IFS])
def test_targets(transformer: Make, target: str) -> None:
    transformer("gpt2").check(target=target)
