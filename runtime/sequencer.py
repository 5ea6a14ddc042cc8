"""The scalar unit of one core: runs loops, branches and integer arithmetic, and hands every other instruction on.

A program is translated once into one Python generator function whose local variables are the scalar registers, so that
an executed instruction costs well under a microsecond. Both views of the simulator (values and cycles) iterate a
`Sequencer`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, NoReturn

from dialects.errors import SfumatoError
from runtime.control_flow import control_flow
from runtime.decoding import CoreProgram, Decoded

Step = tuple[int, int, tuple[int, ...], int]
"""(index of the instruction, its opcode, its resolved fields, scalar instructions executed since the last step)."""

ReadScalar = Callable[[str, int, int], int]
"""Reads one element: (space "gm" or "ub", byte address, dtype code) -> its value, sign-extended."""

_Body = Callable[[int, int, int, Callable[[int, int], int], "_Faults", ReadScalar], Generator[Step, None, None]]

_ALU = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "min": "min({0}, {1})", "max": "max({0}, {1})"}
_COMPARE = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_DIVIDE = {"div": "//", "mod": "%"}
_IDENTITY = {"block_idx": "block", "block_num": "block_num", "sub_idx": "sub"}
_LOADS = {"load_gm": "gm", "load_ub": "ub"}
SCALAR = frozenset({"li", *_ALU, *_COMPARE, *_DIVIDE, *_IDENTITY, *_LOADS, "arg", "loop", "if", "end"})
"""Mnemonics that the sequencer executes itself."""


class _Faults:
    """Raises, from translated code, errors that name the instruction at fault; ``loading`` is the last scalar load."""

    def __init__(self, program: CoreProgram) -> None:
        self.program = program
        self.loading = 0

    def zero(self, index: int) -> NoReturn:
        raise self.program.error(index, "division by zero")

    def step(self, index: int, step: int) -> NoReturn:
        raise self.program.error(index, f"the step of a loop must be positive, not {step}")


def _wrap(value: int) -> int:
    return (value + (1 << 63) & (1 << 64) - 1) - (1 << 63)


class Sequencer:
    """Iterates the instructions one core executes, in program order, with their register fields resolved.

    ``arguments`` are the GM byte addresses that ``arg`` reads. Yields a `Step` for each instruction that is not the
    scalar unit's own. ``remaining`` holds, after the iteration, the scalar instructions executed since the last step.
    """

    def __init__(
        self,
        program: CoreProgram,
        block: int,
        block_num: int,
        sub: int,
        arguments: Sequence[int],
        read_scalar: ReadScalar,
    ) -> None:
        """Prepare block ``block`` of ``block_num``, vector core ``sub`` of its block."""
        self.program = program
        self.remaining = 0
        self._arguments = arguments
        self._faults = _Faults(program)
        self._run = translate(program)(block, block_num, sub, self._argument, self._faults, read_scalar)

    def __iter__(self) -> Iterator[Step]:
        """Return the iterator over the executed instructions; a sequencer runs once."""
        self.remaining = yield from self._run

    @property
    def loading(self) -> int:
        """The index of the scalar load that called ``read_scalar`` last."""
        return self._faults.loading

    def _argument(self, index: int, number: int) -> int:
        if not 0 <= number < len(self._arguments):
            raise self.program.error(
                index, f"the kernel has {len(self._arguments)} arguments, not one numbered {number}"
            )
        return self._arguments[number]


_TRANSLATED: weakref.WeakKeyDictionary[CoreProgram, _Body] = weakref.WeakKeyDictionary()


def translate(program: CoreProgram) -> _Body:
    """Return the generator function of ``program``, translating it the first time."""
    body = _TRANSLATED.get(program)
    if body is None:
        body = _TRANSLATED[program] = _Translator(program).function()
    return body


class _Translator:
    """Writes the generator function line by line.

    The count of scalar instructions since the last step is split in two: ``pending`` is known while translating; the
    local variable ``n`` holds the rest, and ``n_is_zero`` says that it is known to be zero here. ``levels`` has the
    lines that close each open loop or branch.
    """

    def __init__(self, program: CoreProgram) -> None:
        self.program = program
        self.lines: list[str] = []
        self.levels: list[tuple[str, ...]] = []
        self.used: set[int] = set()
        self.pending = 0
        self.n_is_zero = True

    def function(self) -> _Body:
        control_flow(self.program)  # refuses what would not translate
        for decoded in self.program.instructions:
            self._instruction(decoded)
        self._flush()
        registers = "".join(f"    r{number} = 0\n" for number in sorted(self.used))
        source = "def body(block, block_num, sub, arg, faults, read):\n    n = 0\n" + registers
        source += "\n".join(self.lines) + "\n    return n\n    yield\n"
        names: dict[str, Any] = {"wrap": _wrap}
        try:
            exec(compile(source, f"<{self.program.kernel!r} {self.program.core}>", "exec"), names)
        except (RecursionError, MemoryError) as error:
            raise SfumatoError(f"kernel '{self.program.kernel}' is too large to run: {error}") from error
        return names["body"]

    def _emit(self, text: str) -> None:
        self.lines.append("    " * (len(self.levels) + 1) + text)

    def _flush(self) -> None:
        """Move the pending count into ``n``, before control flow joins or splits."""
        if self.n_is_zero:
            self._emit(f"n = {self.pending}")
        elif self.pending:
            self._emit(f"n += {self.pending}")
        self.pending = 0
        self.n_is_zero = False

    def _operand(self, decoded: Decoded, position: int) -> str:
        value = decoded.values[position]
        if not decoded.registers >> position & 1:
            return str(value)
        self.used.add(value)
        return f"r{value}"

    def _instruction(self, decoded: Decoded) -> None:
        name = decoded.mnemonic
        if name not in SCALAR:
            self._step(decoded)
            return
        self.pending += 1
        if name == "loop":
            self._open_loop(decoded)
        elif name == "if":
            self._open_if(decoded)
        elif name == "end":
            self._close()
        else:
            self._define(decoded)

    def _step(self, decoded: Decoded) -> None:
        fields = "".join(f"{self._operand(decoded, position)}, " for position in range(len(decoded.values)))
        count = str(self.pending) if self.n_is_zero else f"n + {self.pending}" if self.pending else "n"
        self._emit(f"yield {decoded.index}, {decoded.instruction.opcode}, ({fields}), {count}")
        self.pending = 0
        self.n_is_zero = True

    def _define(self, decoded: Decoded) -> None:
        name, index = decoded.mnemonic, decoded.index
        number = decoded.values[0]
        self.used.add(number)
        operands = [self._operand(decoded, position) for position in range(1, len(decoded.values))]
        target = f"r{number}"
        if name == "li":
            low, high = decoded.values[1:3]
            self._emit(f"{target} = {(high << 32) | (low & 0xFFFFFFFF)}")
        elif name in _IDENTITY:
            self._emit(f"{target} = {_IDENTITY[name]}")
        elif name == "arg":
            self._emit(f"{target} = arg({index}, {operands[0]})")
        elif name in _LOADS:
            self._emit(f"faults.loading = {index}")
            self._emit(f"{target} = read({_LOADS[name]!r}, {operands[0]}, {operands[1]})")
        elif name in _COMPARE:
            self._emit(f"{target} = 1 if {operands[0]} {_COMPARE[name]} {operands[1]} else 0")
        elif name in _DIVIDE:
            self._emit(f"if {operands[1]} == 0: faults.zero({index})")
            self._emit(f"{target} = {operands[0]} {_DIVIDE[name]} {operands[1]}")
        else:
            self._emit(f"{target} = {_ALU[name].format(*operands)}")
        if name in ("add", "sub", "mul", "div"):
            self._emit(f"if not {-(1 << 63)} <= {target} < {1 << 63}: {target} = wrap({target})")

    def _open_loop(self, decoded: Decoded) -> None:
        index, number = decoded.index, decoded.values[0]
        self.used.add(number)
        lower, upper, step = (self._operand(decoded, position) for position in (1, 2, 3))
        self._flush()
        self._emit(f"r{number}, u{index}, s{index} = {lower}, {upper}, {step}")
        self._emit(f"if s{index} <= 0: faults.step({index}, s{index})")
        self._emit(f"while r{number} < u{index}:")
        self.levels.append((f"r{number} += s{index}",))

    def _open_if(self, decoded: Decoded) -> None:
        condition = self._operand(decoded, 0)
        self._flush()
        self._emit(f"if {condition} != 0:")
        self.levels.append(())
        self._emit("pass")

    def _close(self) -> None:
        self._flush()
        for line in self.levels[-1]:
            self._emit(line)
        self.levels.pop()
