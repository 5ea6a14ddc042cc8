"""Writes the assembly of a kernel: arithmetic on scalar registers becomes instructions, `with` blocks become loops.

What happens when the text is written and what happens when the kernel runs are told apart by type: a Python `int` is
known now and folds away, a `Scalar` is a register of the running core. So a tiling that divides its shape costs no tail
arithmetic, and the text does not grow with the number of trips.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from dialects.dtypes import DType
from dialects.isa import INSTRUCTIONS
from dialects.isa.fields import INT32_MAX, INT32_MIN, REGISTER_COUNT, Field
from dialects.isa.literals import bits_of, format_bits


class Scalar:
    """A scalar register that holds a value. Operators emit an instruction and return the register of its result."""

    __slots__ = ("program", "register", "scope")

    def __init__(self, program: CoreProgram, register: int, scope: int) -> None:
        """Name ``register`` of a core; it is free again when the block numbered ``scope`` ends."""
        self.program = program
        self.register = register
        self.scope = scope

    def __add__(self, other: Number) -> Number:
        """Emit an addition."""
        return self if _is(other, 0) else self.program.compute("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Number) -> Number:
        """Emit a subtraction."""
        return self if _is(other, 0) else self.program.compute("sub", self, other)

    def __rsub__(self, other: int) -> Number:
        """Emit a subtraction from a known number."""
        return self.program.compute("sub", other, self)

    def __mul__(self, other: Number) -> Number:
        """Emit a multiplication."""
        if _is(other, 0):
            return 0
        return self if _is(other, 1) else self.program.compute("mul", self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Number) -> Number:
        """Emit a flooring division."""
        return self if _is(other, 1) else self.program.compute("div", self, other)

    def __mod__(self, other: Number) -> Number:
        """Emit the remainder of a flooring division."""
        return 0 if _is(other, 1) else self.program.compute("mod", self, other)


Number = int | Scalar
Value = Number | str | float


def _is(number: Number, value: int) -> bool:
    return isinstance(number, int) and number == value


def ceil_div(number: Number, divisor: int) -> Number:
    """Return the quotient rounded up."""
    return (number + (divisor - 1)) // divisor


class CoreProgram:
    """The program of one kind of core, written instruction by instruction."""

    def __init__(self, core: str) -> None:
        """Start the section of ``core``, "cube" or "vector"."""
        self.lines = [f".{core}"]
        self._scopes = [0]
        self._opened = 0
        self._next = 0

    # Text.

    def comment(self, text: str) -> None:
        """Write a line of comment."""
        self._write(f"// {text}")

    def emit(self, mnemonic: str, **fields: Value) -> None:
        """Write one instruction; every field is given by name, in any order."""
        instruction = INSTRUCTIONS[mnemonic]
        dtype = fields.get("type")
        missing = {field.name: field.default for field in instruction.fields if field.default is not None}
        fields = missing | fields
        texts = [self._text(field, fields.pop(field.name), dtype) for field in instruction.fields]
        if fields:
            raise ValueError(f"{mnemonic} has no field {', '.join(fields)}")
        self._write(f"{mnemonic} {', '.join(texts)}".rstrip())

    def _write(self, text: str) -> None:
        self.lines.append("  " * len(self._scopes) + text)

    def _text(self, field: Field, value: Value, dtype: Value | None) -> str:
        if isinstance(value, float):
            assert isinstance(dtype, str)
            element = DType[dtype]
            text = format_bits(bits_of(value, element), element)
        elif isinstance(value, int) and not INT32_MIN <= value <= INT32_MAX:
            text = self._name(self.held(value))
        else:
            text = self._name(value)
        return f"{field.name}=[{text}]" if field.space is not None else f"{field.name}={text}"

    def _name(self, value: Value) -> str:
        if not isinstance(value, Scalar):
            return str(value)
        if value.program is not self or value.scope not in self._scopes:
            raise ValueError(f"r{value.register} is used outside of the block that computes it")
        return f"r{value.register}"

    # Registers.

    def _register(self) -> Scalar:
        if self._next == REGISTER_COUNT:
            raise ValueError(f"the kernel needs more than {REGISTER_COUNT} scalar registers")
        self._next += 1
        return Scalar(self, self._next - 1, self._scopes[-1])

    def compute(self, mnemonic: str, a: Number, b: Number) -> Scalar:
        """Emit a scalar instruction on two operands."""
        result = self._register()
        self.emit(mnemonic, rd=result, a=a, b=b)
        return result

    def held(self, value: Number) -> Scalar:
        """Return a register that holds ``value``; to be read, not assigned to."""
        if isinstance(value, Scalar):
            return value
        result = self._register()
        low = (value + (1 << 31)) % (1 << 32) - (1 << 31)
        self.emit("li", rd=result, value_lo=low, value_hi=value >> 32)
        return result

    def variable(self, value: Number) -> Scalar:
        """Return a register of its own that starts with ``value`` and may be assigned to."""
        return self.held(value) if isinstance(value, int) else self.compute("add", value, 0)

    def assign(self, variable: Scalar, value: Number) -> None:
        """Give a variable another value."""
        if isinstance(value, int):
            self.emit("li", rd=variable, value_lo=value, value_hi=value >> 32)
        else:
            self.emit("add", rd=variable, a=value, b=0)

    def read(self, mnemonic: str) -> Scalar:
        """Read a coordinate: "block_idx", "block_num" or "sub_idx"."""
        result = self._register()
        self.emit(mnemonic, rd=result)
        return result

    def argument(self, index: int) -> Scalar:
        """Read the address of an argument."""
        result = self._register()
        self.emit("arg", rd=result, index=index)
        return result

    def minimum(self, a: Number, b: Number) -> Number:
        """Return the smaller number."""
        return self._fold("min", min, a, b)

    def maximum(self, a: Number, b: Number) -> Number:
        """Return the larger number."""
        return self._fold("max", max, a, b)

    def less(self, a: Number, b: Number) -> Number:
        """Return 1 if a < b, else 0."""
        return self._fold("lt", lambda x, y: int(x < y), a, b)

    def equal(self, a: Number, b: Number) -> Number:
        """Return 1 if a equals b, else 0."""
        return self._fold("eq", lambda x, y: int(x == y), a, b)

    def _fold(self, mnemonic: str, function: Callable[[int, int], int], a: Number, b: Number) -> Number:
        if isinstance(a, int) and isinstance(b, int):
            return function(a, b)
        return self.compute(mnemonic, a, b)

    # Control flow.

    @contextmanager
    def loop(self, lower: Number, upper: Number, step: Number = 1) -> Generator[Scalar]:
        """Run the body with the counter from ``lower`` while below ``upper``."""
        saved = self._next
        counter = self._register()
        self.emit("loop", rd=counter, lower=lower, upper=upper, step=step)
        counter.scope = self._open()
        yield counter
        self._close(saved)

    @contextmanager
    def when(self, condition: Number) -> Generator[None]:
        """Run the body if the condition is not 0."""
        if _is(condition, 1):
            yield
            return
        saved = self._next
        self.emit("if", a=condition)
        self._open()
        yield
        self._close(saved)

    def _open(self) -> int:
        """Begin a block; what is computed inside is forgotten at its end."""
        self._opened += 1
        self._scopes.append(self._opened)
        return self._opened

    def _close(self, saved: int) -> None:
        self._scopes.pop()
        self._next = saved
        self.emit("end")

    # Synchronisation.

    def set_flag(self, source: str, target: str, event: Number) -> None:
        """Let queue ``target`` know that queue ``source`` has done what it was given so far."""
        self.emit("set_flag", src=source, dst=target, id=event)

    def wait_flag(self, source: str, target: str, event: Number) -> None:
        """Let queue ``target`` wait for the flag."""
        self.emit("wait_flag", src=source, dst=target, id=event)

    def barrier(self, pipe: str) -> None:
        """Let a queue finish what it was given so far."""
        self.emit("barrier", pipe=pipe)


class Parameter(NamedTuple):
    """An argument of a kernel; direction is one of in, stream, out, workspace."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    direction: str


def kernel_text(
    name: str, target: str, blocks: int, parameters: Sequence[Parameter], programs: Sequence[CoreProgram], about: str
) -> str:
    """Return the assembly of a kernel; ``about`` becomes the comment above it."""
    cores = [program.lines[0][1:] for program in programs]
    kind = "mix" if len(cores) > 1 else cores[0]
    header = [f"// {line}" for line in about.splitlines()]
    header.append(f".kernel {name} kind={kind} blocks={blocks} target={target}")
    for one in parameters:
        header.append(f".arg {one.name} {one.dtype} [{','.join(map(str, one.shape))}] {one.direction}")
    return "\n".join([*header, *(line for program in programs for line in program.lines), ""])
