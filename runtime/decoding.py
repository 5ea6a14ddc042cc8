"""Decodes the binary words of one core's program and checks them, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError
from dialects.isa.encoding import decode_fields
from dialects.isa.instruction import Instruction
from dialects.isa.origin import NO_ORIGINS, Origins
from runtime.program import Kernel


@dataclass(frozen=True)
class Decoded:
    """One instruction: its class, its fields as stored, and in ``registers`` a bit for each that names a register."""

    index: int
    instruction: type[Instruction]
    values: tuple[int, ...]
    registers: int

    @property
    def mnemonic(self) -> str:
        """The instruction's name in assembly."""
        return self.instruction.mnemonic

    def text(self) -> str:
        """Return the instruction as assembly, for messages."""
        return f"{self.mnemonic} {self.instruction.format(self.values, self.registers)}".rstrip()


@dataclass(frozen=True, eq=False)
class CoreProgram:
    """The decoded program of one kind of core of one kernel.

    ``sources`` and ``source_of`` map an instruction's index to the source line it came from (-1: unknown).
    """

    kernel: str
    core: str
    instructions: tuple[Decoded, ...]
    sources: Sequence[str] = ()
    source_of: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    origins: Origins = NO_ORIGINS

    def source(self, index: int) -> str | None:
        """Return the source line of an instruction, or ``None`` when it is unknown."""
        number = int(self.source_of[index]) if index < len(self.source_of) else -1
        return self.sources[number] if 0 <= number < len(self.sources) else None

    def describe(self, index: int) -> str:
        """Return where an instruction is: kernel, core, index, text, operation of the kernel level and source line."""
        place = f"kernel '{self.kernel}' ({self.core} core), instruction {index} `{self.instructions[index].text()}`"
        origin = ", ".join(filter(None, (self.origins.op(index), self.source(index))))
        return f"{place}, from {origin}" if origin else place

    def error(self, index: int, message: str) -> SfumatoError:
        """Make the error that an instruction is at fault."""
        return SfumatoError(f"{self.describe(index)}: {message}")


def decode_program(
    words: npt.NDArray[np.void],
    kernel: str,
    core: str,
    sources: Sequence[str] = (),
    source_of: npt.NDArray[np.int32] | None = None,
    origins: Origins = NO_ORIGINS,
) -> CoreProgram:
    """Decode ``words`` for a ``core`` ("cube" or "vector"), refusing whatever is not an instruction of that core.

    Words that do not verify (unknown opcode, field out of range, illegal type) raise `SfumatoError`.
    """
    place = f"kernel '{kernel}' ({core} core)"
    try:
        fields = decode_fields(words)
    except SfumatoError as error:
        raise SfumatoError(f"{place}: {error}") from error
    for index, (instruction, _, _) in enumerate(fields):
        if instruction.core not in ("any", core):
            raise SfumatoError(f"{place}, instruction {index}: {instruction.mnemonic} needs a {instruction.core} core")
    decoded = tuple(Decoded(index, *parts) for index, parts in enumerate(fields))
    lines = np.zeros(0, np.int32) if source_of is None else np.asarray(source_of, np.int32)
    return CoreProgram(kernel, core, decoded, sources, lines, origins)


def decode_kernel(kernel: Kernel, core: str) -> CoreProgram:
    """Decode the stream of ``core``, which the kernel must have."""
    words = kernel.code(core)
    assert words is not None, f"kernel '{kernel.name}' does not use the {core} core"
    return decode_program(words, kernel.name, core, *kernel.lines(core), kernel.origins(core))
