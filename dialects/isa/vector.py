"""The shape that all vector instructions share, and the three arrangements of elementwise arithmetic.

Common shape: `count` elements are worked on in repeats of `mask` elements, at most 255 repeats, the last one partial; a
count of 0 does nothing. Element e of repeat i lies in block e // (32 / element size), at
base + i * rep * 32 + block * blk * 32 + (e % (32 / element size)) * element size, with `blk` and `rep` of each operand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.dtypes import DType
from dialects.isa.fields import Field, address, enumerated, natural, pattern
from dialects.isa.instruction import Instruction
from dialects.isa.legality import supports
from dialects.isa.mte import BLOCK

REPEAT_BYTES = 256
"""Bytes of the widest operand that one repeat works on."""
MAX_REPEATS = 255
"""Repeats of one instruction."""
MAX_STRIDE = 255
"""The largest block or repeat stride of an operand, in blocks."""

COUNT = (natural("count"), natural("mask", 1, 256))
TYPE = (enumerated("type", "dtype"),)


def ub(name: str, multiple: int = BLOCK) -> Field:
    """An address field in UB."""
    return address(name, "ub", multiple)


def strides(*operands: str) -> tuple[Field, ...]:
    """Block and repeat strides of operands, in 32-byte units: all block strides first."""
    return tuple(natural(f"{operand}_{stride}", 0, MAX_STRIDE) for stride in ("blk", "rep") for operand in operands)


class VectorInstruction(Instruction):
    """An instruction of the vector unit."""

    queue = "V"
    core = "vector"

    @classmethod
    def repeat_elements(cls, values: Sequence[int | None]) -> int:
        """Elements of a full repeat: 256 bytes of the widest operand type."""
        types = (values[position] for name, position in cls.positions.items() if name.endswith("type"))
        return REPEAT_BYTES // max(DType(code).size for code in types if code is not None)

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A type that the instruction computes in, and a mask and repeats within the unit's limits."""
        yield from cls.type_faults(values)
        if "mask" not in cls.positions:
            return
        count, mask = values[cls.positions["count"]], values[cls.positions["mask"]]
        elements = cls.repeat_elements(values)
        if mask is not None and mask > elements:
            yield f"a repeat has at most {elements} elements here, got mask={mask}"
        elif mask is not None and count is not None and -(-count // mask) > MAX_REPEATS:
            yield f"{count} elements by {mask} are {-(-count // mask)} repeats, more than {MAX_REPEATS}"

    @classmethod
    def type_faults(cls, values: Sequence[int | None]) -> Iterator[str]:
        """Why the element type is not legal."""
        code = values[cls.positions["type"]]
        assert code is not None
        if not supports(cls.mnemonic, DType(code)):
            yield f"{cls.mnemonic} does not compute in {DType(code).name}"


class UnaryInstruction(VectorInstruction):
    """dst = f(src)."""

    fields = (ub("dst"), ub("src"), *COUNT, *strides("dst", "src"), *TYPE)


class BinaryInstruction(VectorInstruction):
    """dst = f(src0, src1)."""

    fields = (ub("dst"), ub("src0"), ub("src1"), *COUNT, *strides("dst", "src0", "src1"), *TYPE)


class ScalarOperandInstruction(VectorInstruction):
    """dst = f(src, scalar); the scalar is the bits of a number of `type`, immediate or in a register."""

    fields = (ub("dst"), ub("src"), pattern("scalar"), *COUNT, *strides("dst", "src"), *TYPE)
