"""Builds programs of hand-written kernels from instruction lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from dialects.isa.instruction import Instruction
from runtime.program import Argument, Buffer, Kernel, Launch, Program

Make = Callable[..., Instruction]
Build = Callable[..., Program]


@pytest.fixture
def make() -> Make:
    """`make("vadd", dst=..., ...)`: one instruction."""
    return lambda mnemonic, **fields: INSTRUCTIONS[mnemonic].make(**fields)


@pytest.fixture
def build() -> Build:
    """A program with one kernel over f32 buffers of the given element counts, launched `launches` times."""

    def build(
        kind: str,
        cube: Sequence[Instruction] | None = None,
        vector: Sequence[Instruction] | None = None,
        elements: Sequence[int] = (),
        blocks: int = 1,
        launches: int = 1,
    ) -> Program:
        buffers: list[Buffer] = []
        address = 512
        for number, count in enumerate(elements):
            buffers.append(Buffer(f"b{number}", 4 * count, "temporary", "f32", (count,), address))
            address += -(-4 * count // 512) * 512
        kernel = Kernel(
            name="k",
            kind=kind,
            blocks=blocks,
            arguments=[Argument(f"b{number}", "f32", (count,), "inout") for number, count in enumerate(elements)],
            cube=None if cube is None else encode(cube),
            vector=None if vector is None else encode(vector),
        )
        launch = Launch(0, tuple((number, 0) for number in range(len(elements))))
        return Program("test", [kernel], buffers, [launch] * launches)

    return build
