from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dialects.isa import INSTRUCTIONS
from runtime.functional.binding import HANDLERS
from runtime.machine.description import load
from runtime.memory.gm import GlobalBuffer, GlobalMemory
from runtime.memory.spaces import core_spaces

GM_ADDRESS = 4096


class Bench:
    """One core with random bytes in its buffers (and 64 KiB of GM), to execute single instructions on."""

    def __init__(self, seed: int = 0, target: str = "tiny") -> None:
        machine = load(target)
        self.random = np.random.default_rng(seed)
        self.spaces: dict[str, Any] = {**core_spaces("cube", machine, True), **core_spaces("vector", machine, True)}
        for space in self.spaces.values():
            space.data[:] = self.random.integers(0, 256, len(space.data), dtype=np.uint8)
        self.gm = self.random.integers(0, 256, 65536, dtype=np.uint8)
        self.spaces["gm"] = GlobalMemory([GlobalBuffer("gm", GM_ADDRESS, self.gm, np.ones(len(self.gm), np.bool_))])

    def bytes(self, space: str) -> Any:
        return self.gm if space == "gm" else self.spaces[space].data

    def put(self, space: str, offset: int, values: Any) -> None:
        raw = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        start = offset - GM_ADDRESS if space == "gm" else offset
        self.bytes(space)[start : start + len(raw)] = raw

    def _declared(self, accesses: Any, space: str) -> Any:
        mask = np.zeros(len(self.bytes(space)), bool)
        for access in accesses:
            if access.space == space:
                base = GM_ADDRESS if space == "gm" else 0
                for low, high in access.intervals():
                    mask[low - base : high - base] = True
        return mask

    def execute(self, name: str, **fields: Any) -> None:
        """Execute one instruction; what it changes must be what it declares to write."""
        op = INSTRUCTIONS[name].make(**fields)
        assert not list(op.violations(op.values, op.registers))
        operation = HANDLERS[op.opcode](self.spaces, tuple(op.values))
        further = operation.dynamic() if operation.dynamic else ((), ())
        before = {space: self.bytes(space).copy() for space in self.spaces}
        with np.errstate(all="ignore"):
            operation.run()
        written = (*operation.writes, *further[1], *(target for target, _ in operation.moves))
        for space, old in before.items():
            outside = ~self._declared(written, space)
            np.testing.assert_array_equal(self.bytes(space)[outside], old[outside])


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def make_bench() -> Callable[[int], Bench]:
    return Bench


@pytest.fixture
def gm_address() -> int:
    return GM_ADDRESS
