"""Register allocation by liveness over structured code, and the instructions with their final registers."""

from __future__ import annotations

import heapq

from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Operation

from dialects.errors import SfumatoError
from dialects.isa import INSTRUCTIONS, Instruction
from dialects.isa.fields import REGISTER_COUNT, Register
from passes.isa.scalar_code import Emitted, FieldOperand, Nest, VirtualRegister, registers_of


class _Lives:
    """First write and last read of every register; a register from outside a loop stays alive while the loop runs."""

    def __init__(self, nodes: list[Emitted | Nest]) -> None:
        self.start: dict[VirtualRegister, int] = {}
        self.end: dict[VirtualRegister, int] = {}
        self._time = 0
        self._loops: list[tuple[int, dict[VirtualRegister, None]]] = []
        self._visit(nodes)

    def _visit(self, nodes: list[Emitted | Nest]) -> None:
        for node in nodes:
            self._time += 1
            if isinstance(node, Emitted):
                self._visit_fields(node.fields)
            else:
                self._visit_nest(node)

    def _visit_fields(self, fields: dict[str, FieldOperand]) -> None:
        for register in registers_of(fields):
            self._read(register)
        target = fields.get("rd")
        if isinstance(target, VirtualRegister):
            register = target.storage
            if register in self.start:
                self._read(register)
            else:
                self.start[register] = self.end[register] = self._time

    def _visit_nest(self, nest: Nest) -> None:
        self._visit_fields(nest.opening.fields)
        if not nest.is_loop:
            self._visit(nest.body)
            return
        crossing: dict[VirtualRegister, None] = {}
        self._loops.append((self._time, crossing))
        self._visit(nest.body)
        self._time += 1
        # The loop's end advances the counter and compares it with the bound again.
        for value in nest.opening.fields.values():
            if isinstance(value, VirtualRegister):
                self._read(value.storage)
                crossing[value.storage] = None
        self._loops.pop()
        for register in crossing:
            self.end[register] = max(self.end[register], self._time)

    def _read(self, register: VirtualRegister) -> None:
        self.end[register] = max(self.end[register], self._time)
        for start, crossing in self._loops:
            if self.start[register] < start:
                crossing[register] = None
                break


def allocate(nodes: list[Emitted | Nest], where: str, location: LocationAttr | None) -> dict[VirtualRegister, int]:
    """Give every register a number such that those alive together differ.

    Raises SfumatoError naming ``where`` when the program needs more than the scalar unit has.
    """
    lives = _Lives(nodes)
    free = list(range(REGISTER_COUNT))
    active: list[tuple[int, int]] = []
    numbers: dict[VirtualRegister, int] = {}
    for register in sorted(lives.start, key=lambda register: (lives.start[register], register.number)):
        # An instruction reads before it writes, so a register read for the last time can be its target.
        while active and active[0][0] <= lives.start[register]:
            heapq.heappush(free, heapq.heappop(active)[1])
        if not free:
            raise SfumatoError(
                f"{where} needs more than {REGISTER_COUNT} scalar registers at once: "
                "split the kernel, or use fewer operands with distinct addresses in one loop",
                location,
            )
        numbers[register] = heapq.heappop(free)
        heapq.heappush(active, (lives.end[register], numbers[register]))
    return numbers


def instructions(
    nodes: list[Emitted | Nest], numbers: dict[VirtualRegister, int]
) -> list[tuple[Instruction, Operation | None]]:
    """The flat program with allocated registers, and what each instruction comes from; loops and branches close with
    ``end``."""
    result: list[tuple[Instruction, Operation | None]] = []

    def visit(inner: list[Emitted | Nest]) -> None:
        for node in inner:
            if isinstance(node, Emitted):
                result.append((_final(node, numbers), node.op))
            else:
                result.append((_final(node.opening, numbers), node.opening.op))
                visit(node.body)
                result.append((INSTRUCTIONS["end"].make(_location(node.opening)), node.opening.op))

    visit(nodes)
    return result


def _final(node: Emitted, numbers: dict[VirtualRegister, int]) -> Instruction:
    fields = {
        name: Register(numbers[value.storage]) if isinstance(value, VirtualRegister) else value
        for name, value in node.fields.items()
    }
    return node.instruction.make(_location(node), **fields)


def _location(node: Emitted) -> LocationAttr | None:
    return None if node.op is None else node.op.location
