"""Binary form of programs: a 64-byte word an instruction; encode and decode are inverse."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from dialects.isa.instruction import Instruction
from dialects.isa.instructions import BY_OPCODE

FIELD_COUNT = 14
"""Fields of a word; instructions with fewer leave the rest 0."""

WORD = np.dtype([("opcode", "<u2"), ("pad", "<u2"), ("regs", "<u4"), ("f", "<i4", (FIELD_COUNT,))])
"""One instruction: bit i of `regs` says that field i is the number of the register to read."""

Words = npt.NDArray[np.void]

Word = tuple[int, int, int, tuple[int, ...]]
"""The fields of WORD."""


def encode(instructions: Iterable[Instruction]) -> Words:
    """Words of checked instructions; SfumatoError names the first instruction that is not encodable."""
    sequence = list(instructions)
    words: list[Word] = []
    for index, instruction in enumerate(sequence):
        values, registers = instruction.values, instruction.registers
        for fault in instruction.violations(values, registers):
            raise SfumatoError(f"instruction {index} ({instruction.mnemonic}): {fault}", instruction.location)
        words.append(encode_word(type(instruction), values, registers))
    return np.array(words, dtype=WORD)


def encode_word(instruction: type[Instruction], values: Iterable[int], registers: int) -> Word:
    """The fields of one word, in the order of WORD; the values are not checked."""
    padded = (*values, *(0,) * FIELD_COUNT)[:FIELD_COUNT]
    return instruction.opcode, 0, registers, padded


def decode(words: Words) -> list[Instruction]:
    """Instructions of words; SfumatoError names the first word that is no instruction."""
    return [instruction.build(values, registers) for instruction, values, registers in decode_fields(words)]


def decode_fields(words: Words) -> list[tuple[type[Instruction], tuple[int, ...], int]]:
    """(class, field values, register bits) of each word, checked: what decode does without making operations."""
    if words.dtype != WORD:
        raise SfumatoError(f"a program is an array of {WORD.itemsize}-byte instruction words, got {words.dtype}")
    decoded: list[tuple[type[Instruction], tuple[int, ...], int]] = []
    for index, (opcode, pad, registers, fields) in enumerate(words.tolist()):
        instruction = BY_OPCODE.get(opcode)
        if instruction is None:
            raise SfumatoError(f"word {index}: there is no instruction with opcode {opcode}")
        used = len(instruction.fields)
        if pad or any(fields[used:]):
            raise SfumatoError(f"word {index} ({instruction.mnemonic}): unused bits are set")
        values = tuple(int(value) for value in fields[:used])
        for fault in instruction.violations(values, registers):
            raise SfumatoError(f"word {index} ({instruction.mnemonic}): {fault}")
        decoded.append((instruction, values, registers))
    return decoded
