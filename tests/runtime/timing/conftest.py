"""Builds programs of hand-written kernels from instruction lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import encode
from dialects.isa.instruction import Instruction
from runtime.decoding import decode_program
from runtime.machine.description import Machine
from runtime.program import Argument, Buffer, Kernel, Launch, Program

Make = Callable[..., Instruction]
Build = Callable[..., Program]
Cost = Callable[[Machine, Instruction], tuple[float, float, float]]


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


@pytest.fixture
def cost() -> Cost:
    """`cost(machine, instruction)`: cycles its unit is occupied, cycles to the result, more cycles if it stood still."""
    from runtime.timing import records as r
    from runtime.timing.launch_state import Cores, State, initial_state
    from runtime.timing.program_tables import program_tables
    from runtime.timing.residency import CacheState, LineRange
    from runtime.timing.unit_costs import cost_of

    def cost(machine: Machine, instruction: Instruction) -> tuple[float, float, float]:
        kind = "cube" if instruction.core == "cube" else "vector"
        tables = program_tables([decode_program(encode([instruction]), "k", kind)], machine)
        nothing = CacheState(np.zeros(0, np.int64), np.zeros(0, np.int64), 0, 0)
        state = initial_state(machine, Cores(machine, tables, 1), [], [LineRange(0, 0)], nothing, False)
        state = State(state.n.tolist(), state.x.tolist())
        cost_of(state.n, state.x, 0, 0, 0)
        entry = state.table("x", r.RING_F, r.RING_F_COLUMNS, 1)[0]
        return float(entry[r.OCCUPANCY]), float(entry[r.LATENCY]), float(entry[r.IDLE])

    return cost
