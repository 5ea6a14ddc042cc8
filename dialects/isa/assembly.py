"""Textual assembly of hand-written and disassembled kernels; parse_kernel and print_kernel are inverse.

```
.kernel double kind=vector blocks=2 target=ascend910b3
.arg x f32 [128] in
.arg y f32 [128] out
.vector
  arg rd=r0, index=0          // comments run to the end of the line
  copy_gm_ub dst=[0], src=[r0], bursts=1, burst_bytes=512, src_stride=512, dst_stride=512
```
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn, cast

import numpy as np
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.isa.encoding import WORD, Words, decode_fields, encode_word
from dialects.isa.fields import Field
from dialects.isa.instruction import Instruction
from dialects.isa.instructions import INSTRUCTIONS
from dialects.isa.structure import CORE_QUEUES, DIRECTIONS, KINDS, program_faults

_TERMINALS = {
    "_NEWLINE": "the end of the line",
    "NAME": "a name",
    "NUMBER": "a number",
    "CORE": "'.cube' or '.vector'",
    "EQUAL": "'='",
    "COMMA": "','",
    "LSQB": "'['",
    "RSQB": "']'",
    "__ANON_0": "'.kernel'",
    "__ANON_1": "'.arg'",
    "$END": "the end of the file",
}


class AssembledArgument(NamedTuple):
    """An argument of a kernel; direction is one of in, stream, out, inout, workspace."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    direction: str


@dataclass(frozen=True)
class AssembledKernel:
    """A kernel read from assembly: header, arguments and the words of each core's program (None: no such program).

    `cube_lines` and `vector_lines` give the source line of each instruction, from 1.
    """

    name: str
    kind: str
    blocks: int
    target: str
    arguments: tuple[AssembledArgument, ...]
    cube: Words | None
    vector: Words | None
    cube_lines: tuple[int, ...] = ()
    vector_lines: tuple[int, ...] = ()


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("assembly.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse_kernel(text: str, filename: str) -> AssembledKernel:
    """Assemble one kernel; SfumatoError says file:line:column, what was found and what was expected."""
    source = _Source(filename)
    try:
        tree = _parser().parse(text + "\n")  # pyright: ignore[reportUnknownMemberType]
    except UnexpectedInput as error:
        source.syntax_error(error)
    return source.kernel(tree)


class _Source:
    """Turns a parse tree into a kernel; knows the file for messages."""

    def __init__(self, filename: str) -> None:
        self.filename = filename

    def fail(self, line: int, column: int, message: str) -> NoReturn:
        raise SfumatoError(f"{self.filename}:{line}:{column}: {message}") from None

    def fail_at(self, token: Token, message: str) -> NoReturn:
        self.fail(token.line or 0, token.column or 0, message)

    def syntax_error(self, error: UnexpectedInput) -> NoReturn:
        expected: set[str] = set()
        found = "the end of the file"
        if isinstance(error, UnexpectedToken):
            expected = set(error.expected)
            token = cast("Token", error.token)  # pyright: ignore[reportUnknownMemberType]
            if token.type == "_NEWLINE":
                found = "the end of the line"
            elif token.type != "$END":
                found = f"'{token}'"
        elif isinstance(error, UnexpectedCharacters):
            expected = set(error.allowed or ())
            found = f"'{cast('str', error.char)}'"  # pyright: ignore[reportUnknownMemberType]
        known = " or ".join(sorted(_TERMINALS.get(name, name) for name in expected))
        self.fail(error.line, error.column, f"expected {known}, got {found}")

    def kernel(self, tree: Tree[Token]) -> AssembledKernel:
        header, *rest = _trees(tree)
        name = _tokens(header)[0]
        options = self.options(header)
        kind = self.choice(options["kind"], KINDS, "kind")
        arguments = [self.argument(node) for node in rest if node.data == "argument"]
        programs: dict[str, tuple[Words, tuple[int, ...]]] = {}
        for node in rest:
            if node.data == "section":
                core = _tokens(node)[0]
                if core[1:] in programs:
                    self.fail_at(core, f"a second section {core}")
                programs[core[1:]] = self.program(core[1:], node, len(arguments))
        needed = ("cube", "vector") if kind == "mix" else (kind,)
        if sorted(programs) != sorted(needed):
            sections = " and ".join(f".{core}" for core in needed)
            self.fail_at(name, f"a kernel of kind {kind} has section {sections}, got {', '.join(programs) or 'none'}")
        empty: tuple[None, tuple[int, ...]] = (None, ())
        cube, cube_lines = programs.get("cube", empty)
        vector, vector_lines = programs.get("vector", empty)
        blocks = self.natural(options["blocks"], 1)
        target = str(options["target"])
        return AssembledKernel(
            str(name), kind, blocks, target, tuple(arguments), cube, vector, cube_lines, vector_lines
        )

    def options(self, header: Tree[Token]) -> dict[str, Token]:
        options: dict[str, Token] = {}
        for node in _trees(header):
            key, value = _tokens(node)
            self.choice(key, ("kind", "blocks", "target"), "option")
            if key in options:
                self.fail_at(key, f"option {key} is given twice")
            options[str(key)] = value
        for key in ("kind", "blocks", "target"):
            if key not in options:
                self.fail_at(_tokens(header)[0], f"the kernel lacks option {key}=")
        return options

    def choice(self, token: Token, known: tuple[str, ...], what: str) -> str:
        if token not in known:
            self.fail_at(token, f"expected {what} {' or '.join(known)}, got '{token}'")
        return str(token)

    def natural(self, token: Token, low: int) -> int:
        if not token.isdecimal() or int(token) < low:
            self.fail_at(token, f"expected an integer of at least {low}, got '{token}'")
        return int(token)

    def argument(self, node: Tree[Token]) -> AssembledArgument:
        name, dtype, direction = _tokens(node)
        shape = tuple(self.natural(size, 0) for size in _tokens(_trees(node)[0]))
        self.choice(dtype, tuple(DType.__members__), "element type")
        return AssembledArgument(str(name), DType[dtype], shape, self.choice(direction, DIRECTIONS, "direction"))

    def program(self, core: str, section: Tree[Token], argument_count: int) -> tuple[Words, tuple[int, ...]]:
        nodes = _trees(section)
        parsed = [self.instruction(node, argument_count) for node in nodes]
        words = np.zeros(len(parsed), dtype=WORD)
        for index, fields in enumerate(parsed):
            words[index] = encode_word(*fields)
        sequence = [(instruction, values) for instruction, values, _ in parsed]
        for number, message in program_faults(core, sequence):
            self.fail_at(_tokens(nodes[number])[0], message)
        return words, tuple(_tokens(node)[0].line or 0 for node in nodes)

    def instruction(self, node: Tree[Token], argument_count: int) -> tuple[type[Instruction], tuple[int, ...], int]:
        mnemonic = _tokens(node)[0]
        instruction = INSTRUCTIONS.get(mnemonic)
        if instruction is None:
            self.fail_at(mnemonic, f"there is no instruction '{mnemonic}'")
        nodes = _trees(node)
        texts = [self.field(*pair) for pair in zip(instruction.fields, nodes, strict=False)]
        if len(nodes) != len(instruction.fields):
            wanted = ", ".join(field.name for field in instruction.fields) or "no fields"
            self.fail_at(mnemonic, f"{mnemonic} has {wanted}; got {len(nodes)} fields")
        try:
            values, registers = instruction.read(texts)
        except ValueError as error:
            self.fail_at(mnemonic, f"{mnemonic}: {error}")
        for message in instruction.violations(values, registers):
            self.fail_at(mnemonic, f"{mnemonic}: {message}")
        if instruction.mnemonic == "arg" and not registers and values[1] >= argument_count:
            self.fail_at(mnemonic, f"the kernel has {argument_count} arguments, there is none with index {values[1]}")
        return instruction, tuple(values), registers

    def field(self, field: Field, node: Tree[Token]) -> tuple[Field, str]:
        name, *rest = _tokens(node)
        if name != field.name:
            self.fail_at(name, f"expected field '{field.name}', got '{name}'")
        addresses = _trees(node)
        value = rest[0] if rest else _tokens(addresses[0])[0]
        if bool(addresses) != (field.space is not None):
            wanted = "an address in brackets" if field.space is not None else "a value without brackets"
            self.fail_at(value, f"field '{field.name}': expected {wanted}")
        return field, str(value)


def _trees(node: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in node.children if isinstance(child, Tree)]


def _tokens(node: Tree[Token]) -> list[Token]:
    return [child for child in node.children if isinstance(child, Token)]


def print_kernel(kernel: AssembledKernel) -> str:
    """Assembly text of a kernel; SfumatoError when a word is no instruction."""
    lines = [f".kernel {kernel.name} kind={kernel.kind} blocks={kernel.blocks} target={kernel.target}"]
    for argument in kernel.arguments:
        shape = ",".join(map(str, argument.shape))
        lines.append(f".arg {argument.name} {argument.dtype.name} [{shape}] {argument.direction}")
    for core, words in zip(CORE_QUEUES, (kernel.cube, kernel.vector), strict=True):
        if words is not None:
            lines.append(f".{core}")
            lines.extend(print_program(words))
    return "\n".join(lines) + "\n"


def print_program(words: Words) -> Iterator[str]:
    """A line of text an instruction, indented by the loops and conditions around it."""
    depth = 1
    for instruction, values, registers in decode_fields(words):
        if instruction.mnemonic == "end":
            depth = max(depth - 1, 1)
        yield f"{'  ' * depth}{instruction.mnemonic} {instruction.format(values, registers)}".rstrip()
        if instruction.mnemonic in ("loop", "if"):
            depth += 1
