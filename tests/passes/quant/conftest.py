"""The meaning of the quant ops in numpy, and a way to run modules that hold them on the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.parser import Parser

from compiler.emit.program import emit_program
from compiler.instrument import make_pass
from compiler.options import CompileOptions
from compiler.pipelines import PHASE_NAMES, pass_specs, phases_between
from compiler.universe import make_context
from runtime.functional.interpreter import run
from runtime.machine.description import load

RunQuantized = Callable[..., list[np.ndarray]]
Quantize = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def quantize(x: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scales of an f32 array by the textbook: the largest magnitude along ``axis`` becomes 127."""
    largest = np.abs(x).max(axis=axis)
    scale = np.where(largest == 0, np.float32(1), largest / np.float32(127)).astype(np.float32)
    codes = np.clip(np.rint(x / np.expand_dims(scale, axis)), -127, 127)
    return codes.astype(np.int8), scale


def run_quantized(
    text: str,
    inputs: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray] | None = None,
    target: str = "ascend910b3",
) -> list[np.ndarray]:
    """Take a graph-level module through the quant phase (w8a8) and all later ones, and run it under the sanitizer."""
    context = make_context()
    module = Parser(context, text).parse_module()
    assert isinstance(module, ModuleOp)
    module.attributes["sfumato.target"] = StringAttr(target)
    module.verify()
    for phase in phases_between("attention", PHASE_NAMES[-1]):
        for spec in pass_specs(phase, CompileOptions(quantize="w8a8")):
            make_pass(spec).apply(context, module)
            module.verify()
    return run(emit_program(module, dict(weights or {})), list(inputs), load(target), sanitize=True)


@pytest.fixture(scope="session")
def quantized_reference() -> Quantize:
    return quantize


@pytest.fixture(scope="session")
def run_w8a8() -> RunQuantized:
    return run_quantized
