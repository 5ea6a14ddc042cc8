"""Instructions, and programs made of lists of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from runtime.functional.interpreter import run_kernel
from runtime.machine.description import load
from runtime.program import Argument, Kernel


@pytest.fixture
def run_program() -> Callable[..., None]:
    """Run lists of instructions as a kernel on arrays given as (direction, array)."""

    def run(
        arguments: list[tuple[str, Any]],
        vector: list[Any] | None = None,
        cube: list[Any] | None = None,
        blocks: int = 1,
        sanitize: bool = True,
        target: str = "tiny",
    ) -> None:
        names = {"float32": "f32", "float16": "f16", "int32": "i32", "int8": "i8", "uint8": "u8"}
        described = [
            Argument(f"x{i}", names[array.dtype.name], array.shape, direction)
            for i, (direction, array) in enumerate(arguments)
        ]
        kind = "mix" if vector is not None and cube is not None else "cube" if vector is None else "vector"
        kernel = Kernel(
            "k",
            kind,
            blocks,
            described,
            None if cube is None else encode(cube),
            None if vector is None else encode(vector),
        )
        if kernel.vector is not None:
            kernel.vector_sources, kernel.vector_source_of = ["model.py:7"], np.zeros(len(kernel.vector), np.int32)
        run_kernel(kernel, [array for _, array in arguments], load(target), sanitize)

    return run


@pytest.fixture
def isa() -> Callable[..., Any]:
    """Make an instruction; `pipe` fields by name, registers as Register."""

    def make(name: str, **fields: Any) -> Any:
        return INSTRUCTIONS[name].make(**fields)

    return make
