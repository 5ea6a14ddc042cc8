"""Every single change to the synchronisation and to the addresses of a program, as a value that can be applied.

Flags, barriers and cross-core flags are deleted, swapped with their neighbours, and retargeted: to another id, another
queue, another mode. Addresses are moved by one alignment unit, by one byte, onto the next buffer, and out of
the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from dialects.isa import INSTRUCTIONS
from dialects.isa.encoding import WORD, decode_fields, encode_word
from dialects.isa.fields import REGISTER_COUNT, Field, Pipe
from dialects.isa.instruction import Instruction
from dialects.isa.structure import CORE_QUEUES
from dialects.isa.sync import CROSS_FLAGS, EVENT_IDS, SyncInstruction
from runtime.machine.description import Machine, load
from runtime.mutation.edit import Edit, edited
from runtime.program import CORES, Program

FAR_IN_GM = 1 << 40
"""Bytes from every buffer that an address in global memory is moved out by."""
GM_UNIT = 32
"""Bytes that an address in global memory is moved by: a block of every on-chip buffer."""


@dataclass(frozen=True)
class Mutation:
    """One change to instruction ``index`` of the program of ``core`` of a kernel.

    ``action`` is delete, delay or hasten (swap with the next instruction or the one before) or retarget, for what
    synchronises; unit, misalign, neighbour or outside, for addresses. ``detail`` says what exactly, for people.
    """

    kernel: int
    core: str
    index: int
    action: str
    mnemonic: str
    detail: str
    words: tuple[Edit, ...]

    @property
    def moves_an_address(self) -> bool:
        """Whether the change is to an address rather than to synchronisation."""
        return self.action in ("unit", "misalign", "neighbour", "outside")

    def apply(self, program: Program) -> Program:
        """Return the changed program."""
        return edited(program, self.kernel, self.core, self.words)


def mutations(program: Program) -> Iterator[Mutation]:
    """Yield every mutation of a program, kernel by kernel in the order of the code; the same ones each time."""
    machine = load(program.target)
    for position in range(len(program.kernels)):
        for core in CORES:
            if program.kernels[position].code(core) is not None:
                yield from _Mutator(program, position, core, machine).all()


class _Mutator:
    """The mutations of one program of one kernel."""

    def __init__(self, program: Program, kernel: int, core: str, machine: Machine) -> None:
        code = program.kernels[kernel].code(core)
        assert code is not None
        self._kernel = kernel
        self._core = core
        self._machine = machine
        self._origins = program.kernels[kernel].origins(core)
        self._words: list[Edit] = list(enumerate(code))
        self._fields = decode_fields(code)
        used = {value for fields in self._fields for value in _registers(*fields)}
        self._free = next((number for number in range(REGISTER_COUNT) if number not in used), None)

    def all(self) -> Iterator[Mutation]:
        for index, (instruction, _, _) in enumerate(self._fields):
            if issubclass(instruction, SyncInstruction):
                yield self._made(index, "delete", "", self._words[:index] + self._words[index + 1 :])
                yield from self._swapped(index, 1)
                yield from self._swapped(index, -1)
                yield from self._retargeted(index)
            for position, field in enumerate(instruction.fields):
                if field.space is not None:
                    yield from self._moved(index, position, field)

    def _made(self, index: int, action: str, detail: str, words: list[Edit]) -> Mutation:
        mnemonic = self._fields[index][0].mnemonic
        return Mutation(self._kernel, self._core, index, action, mnemonic, detail, tuple(words))

    def _swapped(self, index: int, step: int) -> Iterator[Mutation]:
        """Swap an instruction with the next (-1: the one before) that is not scalar, in the same block of the code; not
        if one of its registers changes in between."""
        instruction, values, registers = self._fields[index]
        read = set(_registers(instruction, values, registers))
        other = index + step
        while 0 <= other < len(self._fields):
            rival, fields, bits = self._fields[other]
            if rival.mnemonic in ("loop", "if", "end") or (rival, fields, bits) == (instruction, values, registers):
                return
            if not (rival.fields and rival.fields[0].kind == "reg"):
                words = [*self._words[:index], *self._words[index + 1 :]]
                words.insert(other, self._words[index])
                action, where = ("delay", "behind") if step > 0 else ("hasten", "in front of")
                yield self._made(index, action, f"{where} {rival.mnemonic} {rival.format(fields, bits)}", words)
                return
            if fields[0] in read:
                return
            other += step

    def _retargeted(self, index: int) -> Iterator[Mutation]:
        instruction, values, registers = self._fields[index]
        for position, field in enumerate(instruction.fields):
            if field.kind == "pipe":
                candidates = [int(Pipe[name]) for name in CORE_QUEUES[self._core]]
            elif field.name == "mode":
                candidates = [0, 2]
            else:
                ids = EVENT_IDS if instruction.mnemonic in ("set_flag", "wait_flag") else CROSS_FLAGS
                value = values[position]
                candidates = [0, ids - 1] if registers >> position & 1 else [(value + 1) % ids, ids - 1]
            for candidate in dict.fromkeys(candidates):
                changed = (*values[:position], candidate, *values[position + 1 :])
                bits = registers & ~(1 << position)
                if (changed, bits) == (values, registers) or any(instruction.violations(changed, bits)):
                    continue
                detail = f"{instruction.format(values, registers)} -> {instruction.format(changed, bits)}"
                yield self._made(index, "retarget", detail, self._with(index, instruction, changed, bits))

    def _moved(self, index: int, position: int, field: Field) -> Iterator[Mutation]:
        moved = partial(self._shifted, index, position, field)
        unit = GM_UNIT if field.space == "gm" else max(field.multiple, 1)
        yield from moved("unit", unit)
        if field.multiple > 1:
            yield from moved("misalign", 1)
        if (step := self._neighbour(index, position, field)) is not None:
            yield from moved("neighbour", step)
        capacity = FAR_IN_GM if field.space == "gm" else int(getattr(self._machine, f"{field.space}_bytes"))
        yield from moved("outside", capacity)

    def _neighbour(self, index: int, position: int, field: Field) -> int | None:
        """Return how far the next buffer of the memory is: behind the one at an immediate address, or the first two."""
        _, values, registers = self._fields[index]
        starts = sorted({one.address for one in self._origins.buffers if one.space == field.space})
        at = 0 if registers >> position & 1 else values[position]
        behind = [start for start in starts if start > at]
        return behind[0] - max((start for start in starts if start <= at), default=0) if behind else None

    def _shifted(self, index: int, position: int, field: Field, action: str, step: int) -> Iterator[Mutation]:
        instruction, values, registers = self._fields[index]
        if registers >> position & 1:
            if self._free is None:
                return
            words = self._with_register(index, position, self._free, step)
        elif values[position] + step <= field.high:
            changed = (*values[:position], values[position] + step, *values[position + 1 :])
            words = self._with(index, instruction, changed, registers)
        else:
            return
        yield self._made(index, action, f"{field.name} {step:+} bytes", words)

    def _with(self, index: int, instruction: type[Instruction], values: tuple[int, ...], registers: int) -> list[Edit]:
        return [*self._words[:index], (index, _word(instruction, values, registers)), *self._words[index + 1 :]]

    def _with_register(self, index: int, position: int, free: int, step: int) -> list[Edit]:
        """The address is in a register: add ``step`` to it in a free one."""
        instruction, values, registers = self._fields[index]
        low = step & 0xFFFFFFFF
        load = {"rd": free, "value_lo": low - (1 << 32) if low >> 31 else low, "value_hi": step >> 32}
        add = {"rd": free, "a": values[position], "b": free}
        changed = (*values[:position], free, *values[position + 1 :])
        new: list[Edit] = [
            (None, _scalar("li", load, 0)),
            (None, _scalar("add", add, 0b110)),
            (index, _word(instruction, changed, registers)),
        ]
        return [*self._words[:index], *new, *self._words[index + 1 :]]


def _word(instruction: type[Instruction], values: tuple[int, ...], registers: int) -> np.void:
    return np.array([encode_word(instruction, values, registers)], WORD)[0]


def _scalar(mnemonic: str, fields: Mapping[str, int], registers: int) -> np.void:
    instruction = INSTRUCTIONS[mnemonic]
    return _word(instruction, tuple(fields[field.name] for field in instruction.fields), registers)


def _registers(instruction: type[Instruction], values: tuple[int, ...], registers: int) -> Iterator[int]:
    for position, (field, value) in enumerate(zip(instruction.fields, values, strict=True)):
        if field.kind == "reg" or registers >> position & 1:
            yield value
