"""Hand-written kernels of the kernel level, as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects.isa.structure import KernelOp
from runtime.program import Kernel

LowerText = Callable[[str], KernelOp]


@pytest.fixture(scope="session")
def lower_text(lower_module: Callable[[ModuleOp], KernelOp]) -> LowerText:
    """Lower one kernel's text to the isa level."""

    def lower(text: str) -> KernelOp:
        module = Parser(make_context(), text).parse_module()
        assert isinstance(module, ModuleOp)
        return lower_module(module)

    return lower


@pytest.fixture(scope="session")
def run_text(
    lower_text: LowerText, run_lowered: Callable[[KernelOp, Sequence[np.ndarray]], Kernel]
) -> Callable[[str, Sequence[np.ndarray]], Kernel]:
    """Lower one kernel's text and run it on arrays; arguments of direction out are written in place."""
    return lambda text, arrays: run_lowered(lower_text(text), arrays)
