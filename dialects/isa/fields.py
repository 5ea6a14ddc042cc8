"""Operand fields of instructions: their kinds, ranges and enumerations, in binary and in text."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from dialects.dtypes import DType

REGISTER_COUNT = 256
INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1


class Pipe(IntEnum):
    """An in-order queue of a core; `ALL` stands for every queue of it (barriers only)."""

    S = 0
    V = 1
    M = 2
    MTE1 = 3
    MTE2 = 4
    MTE3 = 5
    FIX = 6
    ALL = 7


class Predicate(IntEnum):
    """A comparison; every one but `ne` is false when an operand is NaN."""

    eq = 0
    ne = 1
    lt = 2
    le = 3
    gt = 4
    ge = 5


class Round(IntEnum):
    """Rounding of a conversion.

    `rint`: half to even; `round`: half away from zero; `odd`: to the odd neighbour if inexact; `none`: exact or rint.
    """

    none = 0
    rint = 1
    floor = 2
    ceil = 3
    round = 4
    trunc = 5
    odd = 6


class Atomic(IntEnum):
    """What a store does with the value already in global memory."""

    none = 0
    add = 1
    max = 2
    min = 3


class Quant(IntEnum):
    """The conversion that a fixpipe applies on its way out of L0C."""

    none = 0
    f32_f16 = 1
    f32_bf16 = 2
    deq_f16 = 3
    req_i8 = 4
    f32_i8 = 5


class MmadMode(IntEnum):
    """How the cube multiplies f32: exactly, or rounded to hf32 at twice the rate."""

    none = 0
    hf32 = 1


ENUMERATIONS: dict[str, type[IntEnum]] = {
    "pipe": Pipe,
    "dtype": DType,
    "Predicate": Predicate,
    "Round": Round,
    "Atomic": Atomic,
    "Quant": Quant,
    "MmadMode": MmadMode,
}
"""Field kind -> enumeration of the kinds whose values are names."""


class Register(int):
    """The number of a scalar register, as opposed to an immediate."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The register's name in assembly."""
        return f"r{int(self)}"


class Field(NamedTuple):
    """One operand of an instruction.

    `kind` is "addr:<space>", "int", "reg" (destination register) or a key of ENUMERATIONS. An immediate lies in
    [low, high] and is a multiple of `multiple`. A `pattern` holds the bits of a number of the instruction's `type`.
    `default` is what `Instruction.make` puts where the field is not given; in text every field is.
    """

    name: str
    kind: str
    low: int = INT32_MIN
    high: int = INT32_MAX
    multiple: int = 1
    pattern: bool = False
    default: int | None = None

    @property
    def enumeration(self) -> type[IntEnum] | None:
        """The enumeration that the values of the field belong to, if its values are names."""
        return ENUMERATIONS.get(self.kind)

    @property
    def takes_register(self) -> bool:
        """Whether the value may come from a register when the instruction issues."""
        return self.kind == "int" or self.kind.startswith("addr:")

    @property
    def space(self) -> str | None:
        """The memory space of an address field."""
        return self.kind[5:] if self.kind.startswith("addr:") else None


def address(name: str, space: str, multiple: int = 1) -> Field:
    """An address field in `space`, in bytes."""
    return Field(name, f"addr:{space}", 0, INT32_MAX, multiple)


def natural(name: str, low: int = 0, high: int = INT32_MAX, multiple: int = 1) -> Field:
    """An integer field that is not negative."""
    return Field(name, "int", low, high, multiple)


def integer(name: str) -> Field:
    """An integer field of any 32-bit value."""
    return Field(name, "int")


def register(name: str) -> Field:
    """A field that names the register to write."""
    return Field(name, "reg", 0, REGISTER_COUNT - 1)


def enumerated(name: str, kind: str) -> Field:
    """A field whose values are the names of an enumeration."""
    return Field(name, kind)


def pattern(name: str) -> Field:
    """A number of the instruction's `type`, held as its bits (sign-extended to 32)."""
    return Field(name, "int", pattern=True)
