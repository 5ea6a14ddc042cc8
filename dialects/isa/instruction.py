"""The base of all instructions: one parser, printer and verifier, driven by the fields that a class declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import ClassVar, NoReturn

from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, LocationAttr
from xdsl.ir import Operation
from xdsl.irdl import traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.interned import i64_array, i64_attr
from dialects.isa.fields import REGISTER_COUNT, Field, Register
from dialects.isa.literals import format_bits, parse_bits

FieldValue = int | Register | str | IntEnum


class Instruction(Operation):
    """One instruction of one queue: `isa.<mnemonic>`, its fields held as integers, without SSA operands.

    Property `values` has one integer a field (immediate, register number or code of an enumeration); bit i of property
    `registers` says that field i is read from a register. A destination register (kind "reg") is plain: its bit is 0.
    Not an IRDL definition, which would cost several times the import time for a format all instructions share.
    """

    traits = traits_def()

    mnemonic: ClassVar[str] = ""
    opcode: ClassVar[int] = 0
    """Stable code in encoded programs."""
    queue: ClassVar[str | None] = None
    """Name of the queue that executes it; None when a pipe field names the queue."""
    core: ClassVar[str] = "any"
    """The kind of core that has it: "cube", "vector" or "any"."""
    fields: ClassVar[tuple[Field, ...]] = ()
    positions: ClassVar[dict[str, int]] = {}
    """Field name -> position."""

    def __init_subclass__(cls) -> None:
        """Derive the operation's name and the field index of an instruction class."""
        super().__init_subclass__()
        if "mnemonic" in cls.__dict__:
            cls.name = f"isa.{cls.mnemonic}"
        cls.positions = {field.name: position for position, field in enumerate(cls.fields)}

    @classmethod
    def build(cls, values: Sequence[int], registers: int, location: LocationAttr | None = None) -> Instruction:
        """Make the operation of raw field values, unchecked."""
        properties = {"values": i64_array(values), "registers": i64_attr(registers)}
        return cls.create(properties=properties, location=location)

    @classmethod
    def make(cls, location: LocationAttr | None = None, **fields: FieldValue) -> Instruction:
        """Make the operation of named fields: ints, Registers, enumeration members or their names. Unchecked."""
        values: list[int] = []
        registers = 0
        for position, field in enumerate(cls.fields):
            value = fields.pop(field.name) if field.default is None else fields.pop(field.name, field.default)
            if isinstance(value, str):
                enumeration = field.enumeration
                if enumeration is None:
                    raise ValueError(f"{cls.mnemonic}: field '{field.name}' takes no name, got '{value}'")
                value = enumeration[value]
            elif isinstance(value, Register) and field.takes_register:
                registers |= 1 << position
            values.append(int(value))
        if fields:
            raise ValueError(f"{cls.mnemonic}: no such fields: {', '.join(fields)}")
        return cls.build(values, registers, location)

    @property
    def values(self) -> tuple[int, ...]:
        """The raw value of each field."""
        attribute = self.properties["values"]
        assert isinstance(attribute, DenseArrayBase)
        return tuple(int(value) for value in attribute.get_values())

    @property
    def registers(self) -> int:
        """Bit i is set when field i is read from a register."""
        attribute = self.properties["registers"]
        assert isinstance(attribute, IntegerAttr)
        return attribute.value.data

    def get(self, name: str) -> int | Register | IntEnum:
        """The value of a field, typed: an immediate, a Register or an enumeration member."""
        position = self.positions[name]
        field, value = self.fields[position], self.values[position]
        if self.registers >> position & 1 or field.kind == "reg":
            return Register(value)
        return value if field.enumeration is None else field.enumeration(value)

    @classmethod
    def executing_queue(cls, values: Sequence[int]) -> str | None:
        """The queue that executes the instruction, given its field values."""
        return cls.queue

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """Violated rules beyond single fields; a value is None when a register holds it."""
        yield from ()

    @classmethod
    def violations(cls, values: Sequence[int], registers: int) -> Iterator[str]:
        """Everything wrong with raw field values, as messages."""
        if len(values) != len(cls.fields):
            yield f"{cls.mnemonic} has {len(cls.fields)} fields, got {len(values)}"
            return
        if registers >> len(values):
            yield f"register bits {registers:#x} name fields that {cls.mnemonic} does not have"
        static: list[int | None] = []
        faults = 0
        for position, (field, value) in enumerate(zip(cls.fields, values, strict=True)):
            in_register = bool(registers >> position & 1)
            static.append(None if in_register else value)
            if (fault := _field_fault(field, value, in_register)) is not None:
                faults += 1
                yield f"field '{field.name}': {fault}"
        if not faults:
            yield from cls.rules(static)

    def verify_(self) -> None:
        """Check the fields: kinds, ranges, alignment, types."""
        if self.operands or self.results or self.regions:
            raise VerifyException("an instruction has no operands, results or regions")
        if set(self.properties) != {"values", "registers"}:
            raise VerifyException("an instruction has exactly the properties 'values' and 'registers'")
        for message in self.violations(self.values, self.registers):
            raise VerifyException(message)

    @classmethod
    def pattern_type(cls, values: Sequence[int]) -> DType | None:
        """The type that the bits of pattern fields are of, if the instruction has a `type`."""
        position = cls.positions.get("type")
        if position is None or values[position] not in DType._value2member_map_:
            return None
        return DType(values[position])

    @classmethod
    def format(cls, values: Sequence[int], registers: int) -> str:
        """The fields as text: `dst=[r5], count=64, type=f32`."""
        dtype = cls.pattern_type(values)
        texts = (
            f"{field.name}={_field_text(field, value, bool(registers >> position & 1), dtype)}"
            for position, (field, value) in enumerate(zip(cls.fields, values, strict=True))
        )
        return ", ".join(texts)

    def print(self, printer: Printer) -> None:
        """Print the fields by name."""
        if self.fields:
            printer.print_string(" ")
            printer.print_string(self.format(self.values, self.registers))

    @classmethod
    def parse(cls, parser: Parser) -> Instruction:
        """Parse the fields, each by name and in order."""
        texts: list[tuple[Field, str]] = []
        for position, field in enumerate(cls.fields):
            if position:
                parser.parse_punctuation(",")
            start = parser.pos
            name = parser.parse_identifier(f" naming field '{field.name}' of {cls.mnemonic}")
            if name != field.name:
                parser.raise_error(f"expected field '{field.name}' of {cls.mnemonic}, got '{name}'", start, parser.pos)
            parser.parse_punctuation("=")
            texts.append((field, _value_text(parser, field)))
        try:
            values, registers = cls.read(texts)
        except ValueError as error:
            parser.raise_error(str(error))
        return cls.build(values, registers)

    @classmethod
    def read(cls, texts: Sequence[tuple[Field, str]]) -> tuple[list[int], int]:
        """Field values of their texts (addresses without brackets); ValueError on a text that is not of its kind."""
        type_text = next((text for field, text in texts if field.name == "type"), "")
        dtype = DType.__members__.get(type_text)
        values: list[int] = []
        registers = 0
        for position, (field, text) in enumerate(texts):
            value, in_register = _read_field(field, text, dtype)
            values.append(value)
            registers |= in_register << position
        return values, registers


def _field_fault(field: Field, value: int, in_register: bool) -> str | None:
    if in_register:
        if not field.takes_register:
            return "cannot come from a register"
        return None if 0 <= value < REGISTER_COUNT else f"there is no register r{value}"
    if field.enumeration is not None:
        known = value in field.enumeration._value2member_map_
        return None if known else f"{value} is no code of {field.kind}"
    if not field.low <= value <= field.high:
        return f"{value} is outside {field.low} to {field.high}"
    if value % field.multiple:
        return f"{value} is not a multiple of {field.multiple}"
    return None


def _field_text(field: Field, value: int, in_register: bool, dtype: DType | None) -> str:
    if field.enumeration is not None:
        return field.enumeration(value).name
    text = str(value)
    if in_register or field.kind == "reg":
        text = f"r{value}"
    elif field.pattern and dtype is not None:
        text = format_bits(value, dtype)
    return text if field.space is None else f"[{text}]"


def _read_field(field: Field, text: str, dtype: DType | None) -> tuple[int, bool]:
    if field.enumeration is not None:
        if text not in field.enumeration.__members__:
            known = ", ".join(field.enumeration.__members__)
            _mismatch(field, text, f"one of {known}")
        return int(field.enumeration[text]), False
    if text.startswith("r") and text[1:].isdecimal():
        return int(text[1:]), field.kind != "reg"
    if field.kind == "reg":
        _mismatch(field, text, "a register")
    value = parse_bits(text, dtype if field.pattern and dtype is not None else DType.i32)
    if value is None:
        _mismatch(field, text, "an integer or a register")
    return value, False


def _mismatch(field: Field, text: str, expected: str) -> NoReturn:
    raise ValueError(f"field '{field.name}': expected {expected}, got '{text}'")


def _value_text(parser: Parser, field: Field) -> str:
    bracketed = field.space is not None
    if bracketed:
        parser.parse_punctuation("[", f" around the address '{field.name}'")
    text = parser.parse_optional_identifier()
    if text is None:
        text = repr(parser.parse_number(context_msg=f" as field '{field.name}'"))
        if "e" in text and "." not in text:
            text = text.replace("e", ".0e")
    if bracketed:
        parser.parse_punctuation("]", f" around the address '{field.name}'")
    return text
