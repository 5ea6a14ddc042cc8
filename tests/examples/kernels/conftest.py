"""Runs written kernels on the functional simulator, every ordering hazard being an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kernel_output import assemble

from dialects.dtypes import DType
from runtime.compare import single_operation_tolerance
from runtime.functional.interpreter import run
from runtime.machine.description import load


@pytest.fixture(scope="session")
def outputs_of() -> Callable[..., list[Any]]:
    """Assemble a kernel's text and return what it computes from inputs, sanitized: ``outputs_of(text, a, b)``."""

    def outputs(text: str, *inputs: Any) -> list[Any]:
        program = assemble(text, "kernel.s")
        return run(program, inputs, load(program.target), sanitize=True)

    return outputs


@pytest.fixture(scope="session")
def numbers() -> Callable[..., Any]:
    """Random numbers of an element type: ``numbers("f16", 3, 5)``; the same ones for the same shape."""

    def make(dtype: str, *shape: int) -> Any:
        generator = np.random.default_rng(list(shape))
        if not DType[dtype].is_float:
            return generator.integers(-128, 128, shape).astype(DType[dtype].numpy)
        return generator.standard_normal(shape).astype(DType[dtype].numpy)

    return make


@pytest.fixture(scope="session")
def agrees() -> Callable[..., None]:
    """Check an output against the exact result of sums of ``length`` terms, within the tolerance of its type."""

    def check(actual: Any, exact: Any, length: int) -> None:
        bound = single_operation_tolerance(DType.of_numpy(actual.dtype).name, length) * np.abs(exact).max(initial=0)
        assert actual.shape == exact.shape
        assert np.abs(actual.astype(exact.dtype) - exact).max(initial=0) <= bound

    return check
