"""Blocks in plain PyTorch at real and at odd sizes, and GPT-2 in its real shape, against PyTorch eager and float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sfumato

Make = Callable[..., Any]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "attention"])
def test_block(plain_model: Make, name: str) -> None:
    plain_model(name).check()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["ascend910b3", "tiny"])
@pytest.mark.parametrize("name", ["odd_mlp", "odd_attention"])
def test_odd_sizes_with_every_access_ordered(plain_model: Make, name: str, target: str) -> None:
    plain_model(name).check(target=target, sanitize=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["odd_mlp", "odd_attention"])
def test_decomposed(plain_model: Make, name: str) -> None:
    plain_model(name, decompose=True).check()


@pytest.mark.slow
def test_gpt2_of_124_million_parameters(plain_model: Make) -> None:
    case = plain_model("gpt2")
    program = case.check()
    assert program.profile()["cycles"] > 0


@pytest.mark.slow
def test_gpt2_with_half_precision_products(plain_model: Make) -> None:
    case = plain_model("gpt2")
    logits = sfumato.compile(case.path, precision="fp16").run(*case.inputs)[0]
    assert logits.dtype == np.float32
    assert np.abs(logits - case.eager[0]).max() <= 1e-2
