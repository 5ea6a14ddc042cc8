"""Scalar-unit instructions: register arithmetic, the kernel's coordinates and arguments, scalar loads, loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.isa.fields import address, enumerated, integer, natural, register
from dialects.isa.instruction import Instruction

_BINARY = (register("rd"), integer("a"), integer("b"))


class ScalarInstruction(Instruction):
    """An instruction of the scalar unit: one cycle, 64-bit registers."""

    queue = "S"


class CoordinateInstruction(ScalarInstruction):
    """A read of where the program runs."""

    fields = (register("rd"),)


class BinaryScalarInstruction(ScalarInstruction):
    """`rd` = `a` op `b` on signed 64-bit integers."""

    fields = _BINARY


class Li(ScalarInstruction):
    """Load a 64-bit immediate: `value_hi` << 32 plus the unsigned 32 bits of `value_lo`.

    ```mlir
    isa.li rd=r1, value_lo=4096, value_hi=0
    ```
    """

    mnemonic = "li"
    opcode = 1
    fields = (register("rd"), integer("value_lo"), integer("value_hi"))


class Add(BinaryScalarInstruction):
    """Add: rd = a + b.

    ```mlir
    isa.add rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "add"
    opcode = 2


class Sub(BinaryScalarInstruction):
    """Subtract: rd = a - b.

    ```mlir
    isa.sub rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "sub"
    opcode = 3


class Mul(BinaryScalarInstruction):
    """Multiply: rd = a * b.

    ```mlir
    isa.mul rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "mul"
    opcode = 4


class Div(BinaryScalarInstruction):
    """Divide, rounding toward minus infinity: rd = floor(a / b).

    ```mlir
    isa.div rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "div"
    opcode = 5


class Mod(BinaryScalarInstruction):
    """Remainder of the flooring division: rd = a - b * floor(a / b).

    ```mlir
    isa.mod rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "mod"
    opcode = 6


class Min(BinaryScalarInstruction):
    """Minimum: rd = min(a, b).

    ```mlir
    isa.min rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "min"
    opcode = 7


class Max(BinaryScalarInstruction):
    """Maximum: rd = max(a, b).

    ```mlir
    isa.max rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "max"
    opcode = 8


class Lt(BinaryScalarInstruction):
    """Compare: rd = 1 if a < b, else 0.

    ```mlir
    isa.lt rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "lt"
    opcode = 9


class Le(BinaryScalarInstruction):
    """Compare: rd = 1 if a <= b, else 0.

    ```mlir
    isa.le rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "le"
    opcode = 10


class Eq(BinaryScalarInstruction):
    """Compare: rd = 1 if a equals b, else 0.

    ```mlir
    isa.eq rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "eq"
    opcode = 11


class Ne(BinaryScalarInstruction):
    """Compare: rd = 1 if a differs from b, else 0.

    ```mlir
    isa.ne rd=r2, a=r1, b=16
    ```
    """

    mnemonic = "ne"
    opcode = 12


class BlockIdx(CoordinateInstruction):
    """The number of this block, from 0.

    ```mlir
    isa.block_idx rd=r0
    ```
    """

    mnemonic = "block_idx"
    opcode = 13


class BlockNum(CoordinateInstruction):
    """How many blocks were launched.

    ```mlir
    isa.block_num rd=r0
    ```
    """

    mnemonic = "block_num"
    opcode = 14


class SubIdx(CoordinateInstruction):
    """The number of this vector core in its block: 0 or 1 in a mix kernel, else 0.

    ```mlir
    isa.sub_idx rd=r0
    ```
    """

    mnemonic = "sub_idx"
    opcode = 15


class Arg(ScalarInstruction):
    """The global-memory byte address of a kernel argument.

    ```mlir
    isa.arg rd=r3, index=0
    ```
    """

    mnemonic = "arg"
    opcode = 16
    fields = (register("rd"), natural("index"))


class LoadGm(ScalarInstruction):
    """Read one element of global memory, sign-extended (floats: their bits); ordered only by flags towards S.

    ```mlir
    isa.load_gm rd=r4, src=[r3], type=i32
    ```
    """

    mnemonic = "load_gm"
    opcode = 17
    fields = (register("rd"), address("src", "gm"), enumerated("type", "dtype"))


class LoadUb(ScalarInstruction):
    """Read one element of UB, sign-extended (floats: their bits); ordered only by flags towards S.

    ```mlir
    isa.load_ub rd=r4, src=[64], type=f32
    ```
    """

    mnemonic = "load_ub"
    opcode = 18
    core = "vector"
    fields = (register("rd"), address("src", "ub"), enumerated("type", "dtype"))


class Loop(ScalarInstruction):
    """Begin a loop: rd counts from `lower` while below `upper` by `step` > 0; zero trips allowed; closed by `end`.

    ```mlir
    isa.loop rd=r5, lower=r0, upper=r6, step=1
    ```
    """

    mnemonic = "loop"
    opcode = 19
    fields = (register("rd"), integer("lower"), integer("upper"), integer("step"))

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A loop that does not advance would never end."""
        step = values[3]
        if step is not None and step <= 0:
            yield f"a loop's step is positive, got {step}"


class If(ScalarInstruction):
    """Begin instructions that run only when `a` is not 0; closed by `end`.

    ```mlir
    isa.if a=r5
    ```
    """

    mnemonic = "if"
    opcode = 20
    fields = (integer("a"),)


class End(ScalarInstruction):
    """Close the innermost `loop` or `if`.

    ```mlir
    isa.end
    ```
    """

    mnemonic = "end"
    opcode = 21
    fields = ()
