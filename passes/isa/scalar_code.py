"""A program on its way to instructions: nested lists of instructions, loops and branches over unlimited registers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.ir import Operation

from dialects.isa import INSTRUCTIONS, Instruction


class VirtualRegister:
    """A scalar register before allocation; ``depth`` is the nesting of the scope that its value belongs to.

    ``storage`` is the register itself, or the one that is written turn by turn and whose value of one turn this stands
    for.
    """

    __slots__ = ("depth", "number", "storage")

    def __init__(self, number: int, depth: int, storage: VirtualRegister | None = None) -> None:
        """Make register ``number``, whose value belongs to a scope of nesting ``depth``."""
        self.number = number
        self.depth = depth
        self.storage: VirtualRegister = self if storage is None else storage

    def __repr__(self) -> str:
        """A name for messages."""
        return f"v{self.number}"


Operand = int | VirtualRegister
FieldOperand = Operand | str


@dataclass(slots=True)
class Emitted:
    """One instruction; field ``rd`` of a scalar instruction is its target register, ``op`` what it comes from."""

    instruction: type[Instruction]
    fields: dict[str, FieldOperand]
    op: Operation | None


@dataclass(slots=True)
class Nest:
    """A loop or a branch: its opening instruction and what it encloses."""

    opening: Emitted
    body: list[Emitted | Nest]

    @property
    def is_loop(self) -> bool:
        """Whether the body may run more than once."""
        return self.opening.instruction.mnemonic == "loop"


@dataclass(slots=True)
class Scope:
    """An open list of code: the program, or the body of a loop or a branch."""

    depth: int
    is_loop: bool
    nodes: list[Emitted | Nest] = field(default_factory=list["Emitted | Nest"])
    known: dict[object, Operand] = field(default_factory=dict[object, Operand])
    """Expression -> the register that holds it while the scope is open."""


class Code:
    """Builds a program: a stack of open scopes into which instructions are put."""

    def __init__(self) -> None:
        """Start with the program's own scope open."""
        self.scopes = [Scope(0, is_loop=False)]
        self.op: Operation | None = None
        """The op that what is emitted comes from."""
        self._registers = 0

    @property
    def current(self) -> Scope:
        """The innermost open scope."""
        return self.scopes[-1]

    def register(self, depth: int | None = None) -> VirtualRegister:
        """A new register, defined in the scope of nesting ``depth`` (default: the current one)."""
        self._registers += 1
        return VirtualRegister(self._registers - 1, self.current.depth if depth is None else depth)

    def turn(self, register: VirtualRegister) -> VirtualRegister:
        """The value that a register has in the current scope until it is written again."""
        self._registers += 1
        return VirtualRegister(self._registers - 1, self.current.depth, register.storage)

    def emit(self, mnemonic: str, **fields: FieldOperand) -> None:
        """Put an instruction at the end of the current scope."""
        self.emit_in(self.current, mnemonic, **fields)

    def emit_in(self, scope: Scope, mnemonic: str, **fields: FieldOperand) -> None:
        """Put an instruction at the end of a scope; in an outer one, that is in front of the nest being built in it."""
        scope.nodes.append(Emitted(INSTRUCTIONS[mnemonic], fields, self.op))

    def open(self, mnemonic: str, **fields: FieldOperand) -> Emitted:
        """Open a loop or a branch; ``close`` takes the result."""
        self.scopes.append(Scope(self.current.depth + 1, is_loop=mnemonic == "loop"))
        return Emitted(INSTRUCTIONS[mnemonic], fields, self.op)

    def close(self, opening: Emitted) -> None:
        """Close the innermost loop or branch; one without instructions disappears."""
        scope = self.scopes.pop()
        if scope.nodes:
            self.current.nodes.append(Nest(opening, scope.nodes))

    def placement(self, depth: int) -> Scope:
        """Where to compute a pure value of operands defined at nesting ``depth`` or further out.

        In front of the outermost loop it does not change in; not in front of a branch alone, whose body may not run.
        """
        for scope in self.scopes[depth + 1 :]:
            if scope.is_loop:
                return self.scopes[scope.depth - 1]
        return self.current


def registers_of(fields: dict[str, FieldOperand]) -> Iterator[VirtualRegister]:
    """The registers among an instruction's fields other than its target."""
    for name, value in fields.items():
        if name != "rd" and isinstance(value, VirtualRegister):
            yield value.storage
