"""The base of every intrinsic: one op of the kernel level that becomes one instruction of the isa level.

An intrinsic's shape is its instruction's: the address fields are its tensor operands, integer fields are immediates or
index operands, the other fields are properties under the instruction's field names. Fields left out take the defaults
of ``DEFAULTS``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import DenseArrayBase, IndexType, LocationAttr, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.interned import INDEX, i64_array, text_attr
from dialects.isa.fields import Field
from dialects.isa.instruction import Instruction
from dialects.isa.literals import format_bits, parse_bits
from dialects.kernel.places import check_core, check_space
from dialects.kernel.types import LOCAL, GlobalType, LocalType

DYNAMIC = -(1 << 63)
"""Marks an integer field whose value is an index operand."""


Value = int | str | SSAValue

DEFAULTS: dict[str, int | str] = {
    **{f"{operand}_blk": 1 for operand in ("dst", "src", "src0", "src1")},
    **{f"{operand}_rep": 8 for operand in ("dst", "src", "src0", "src1")},
    **{name: 0 for name in ("transpose", "relu", "use_bias", "index", "scale", "unit_flag")},
    **{name: "none" for name in ("atomic", "quant", "mode")},
}
"""Field -> value when it is not written: contiguous vectors, no epilogue, no transposition."""


class Intrinsic(Operation):
    """One instruction with tensors for addresses and index values for integers.

    Operands: the tensors in the order of the instruction's address fields, then the index values of the fields marked
    ``DYNAMIC``. Property ``static_fields`` has the integer fields in instruction order; every field that is a name is a
    property of its own. Not an IRDL definition, for the same reason as ``Instruction``.
    """

    traits = traits_def()

    instruction: ClassVar[type[Instruction]]
    """The instruction that the op becomes."""
    defaults: ClassVar[dict[str, int | str]] = {}
    """What differs from ``DEFAULTS`` here."""
    optional_tensors: ClassVar[int] = 0
    """How many of the last tensors may be left out (their address is then zero and not used)."""

    tensor_fields: ClassVar[tuple[Field, ...]] = ()
    integer_fields: ClassVar[tuple[Field, ...]] = ()
    option_fields: ClassVar[tuple[Field, ...]] = ()
    _defaults: ClassVar[dict[str, int | str]] = {}

    def __init_subclass__(cls) -> None:
        """Sort the instruction's fields by what they are at this level."""
        super().__init_subclass__()
        fields = cls.instruction.fields
        cls.tensor_fields = tuple(field for field in fields if field.space is not None)
        cls.integer_fields = tuple(field for field in fields if field.kind == "int")
        cls.option_fields = tuple(field for field in fields if field.enumeration is not None)
        names = {field.name for field in fields}
        cls._defaults = {name: value for name, value in {**DEFAULTS, **cls.defaults}.items() if name in names}

    @classmethod
    def make(
        cls, tensors: Sequence[SSAValue], fields: Mapping[str, Value], location: LocationAttr | None = None
    ) -> Self:
        """Build the op quickly: ``fields`` maps the instruction's field names to immediates, index values or names.

        Raises ValueError for a name the instruction does not have and for a field with neither value nor default.
        """
        operands = list(tensors)
        integers: list[int] = []
        for field in cls.integer_fields:
            value = fields.get(field.name, cls._defaults.get(field.name))
            if isinstance(value, SSAValue):
                operands.append(value)
                integers.append(DYNAMIC)
            elif isinstance(value, int):
                integers.append(value)
            else:
                raise ValueError(f"{cls.name}: integer field '{field.name}' is {value!r}")
        properties: dict[str, Attribute] = {"static_fields": i64_array(integers)}
        for field in cls.option_fields:
            value = fields.get(field.name, cls._defaults.get(field.name))
            if not isinstance(value, str):
                raise ValueError(f"{cls.name}: field '{field.name}' is {value!r}, expected a name")
            properties[field.name] = text_attr(value)
        for name in fields:
            if name not in cls.instruction.positions or cls.instruction.fields[cls.instruction.positions[name]].space:
                raise ValueError(f"{cls.name} has no field '{name}'")
        return cls.create(operands=operands, properties=properties, location=location)

    @property
    def tensors(self) -> tuple[SSAValue, ...]:
        """The tensor operands, in the order of the instruction's address fields."""
        return tuple(value for value in self.operands if isinstance(value.type, LocalType | GlobalType))

    @property
    def integers(self) -> dict[str, int | SSAValue]:
        """Every integer field by name: an immediate or an index value."""
        dynamic = iter(self.operands[len(self.tensors) :])
        return {
            field.name: next(dynamic) if value == DYNAMIC else value
            for field, value in zip(self.integer_fields, self._static(), strict=True)
        }

    @property
    def options(self) -> dict[str, str]:
        """Every field that is a name (element types, round modes and the like), by field name."""
        options: dict[str, str] = {}
        for field in self.option_fields:
            value = self.properties.get(field.name)
            if not isinstance(value, StringAttr):
                raise VerifyException(f"property '{field.name}' must be a string")
            options[field.name] = value.data
        return options

    def written_fields(self) -> list[tuple[str, Value]]:
        """The fields that differ from their default values, in the order of the instruction."""
        fields: dict[str, Value] = {**self.integers, **self.options}
        ordered = sorted(fields.items(), key=lambda field: self.instruction.positions[field[0]])
        return [(name, value) for name, value in ordered if self._defaults.get(name) != value]

    def _static(self) -> tuple[int, ...]:
        values = self.properties.get("static_fields")
        if not isinstance(values, DenseArrayBase):
            raise VerifyException("property 'static_fields' must be an array<i64>")
        return tuple(int(value) for value in values.get_values())

    def print(self, printer: Printer) -> None:
        """Print ``(tensors) {field = value, ...}`` without default values; global tensors have their type."""

        def print_tensor(tensor: SSAValue) -> None:
            printer.print_operand(tensor)
            if tensor.type != LOCAL:
                printer.print_string(" : ")
                printer.print_attribute(tensor.type)

        with printer.in_parens():
            printer.print_list(self.tensors, print_tensor)
        dtype = DType.__members__.get(self.options.get("type", ""))

        def print_field(field: tuple[str, Value]) -> None:
            name, value = field
            printer.print_string(f"{name} = ")
            if isinstance(value, SSAValue):
                printer.print_operand(value)
            elif isinstance(value, int) and dtype is not None and self.is_pattern(name):
                printer.print_string(format_bits(value, dtype))
            else:
                printer.print_string(str(value))

        printer.print_string(" ")
        with printer.in_braces():
            printer.print_list(self.written_fields(), print_field)
        printer.print_op_attributes(self.attributes, print_keyword=True)

    @classmethod
    def is_pattern(cls, name: str) -> bool:
        """Whether an integer field holds the bits of a number of the op's type."""
        return cls.instruction.fields[cls.instruction.positions[name]].pattern

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse what ``print`` writes; numbers of the op's type may be written as such (``scalar = 0.5``)."""
        tensors = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_tensor(parser))
        fields = dict(parser.parse_comma_separated_list(parser.Delimiter.BRACES, lambda: _parse_field(parser)))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        try:
            op = cls.make(tensors, cls._numbers(fields))
        except ValueError as error:
            parser.raise_error(str(error))
        if attributes is not None:
            op.attributes.update(attributes.data)
        return op

    @classmethod
    def _numbers(cls, fields: Mapping[str, Value]) -> dict[str, Value]:
        dtype = DType.__members__.get(str(fields.get("type")))
        numbers = dict(fields)
        for field in cls.integer_fields:
            text = fields.get(field.name)
            if isinstance(text, str):
                bits = parse_bits(text, dtype if field.pattern and dtype is not None else DType.i32)
                if bits is None:
                    raise ValueError(f"{cls.name}: field '{field.name}' is '{text}', expected a number")
                numbers[field.name] = bits
        return numbers

    def verify_(self) -> None:
        """Check operand kinds, data path, core, and whatever the instruction checks of the static fields."""
        tensors = self.tensors
        indices = self.operands[len(tensors) :]
        lacking = len(self.tensor_fields) - len(tensors)
        if not 0 <= lacking <= self.optional_tensors:
            raise VerifyException(f"expects {len(self.tensor_fields)} tensors, got {len(tensors)}")
        for value in indices:
            if not isinstance(value.type, IndexType):
                raise VerifyException(f"a dynamic field must be an index after the tensors, got {value.type}")
        for field, value in zip(self.tensor_fields, tensors, strict=False):
            check_space(field.name, field.space, value)
        check_core(self, self.instruction.core)
        static = self._static()
        if len(static) != len(self.integer_fields):
            raise VerifyException(f"expects {len(self.integer_fields)} integer fields, got {len(static)}")
        if static.count(DYNAMIC) != len(indices):
            raise VerifyException("the number of index operands differs from the number of dynamic fields")
        self._verify_fields(dict(zip((field.name for field in self.integer_fields), static, strict=True)))

    def _verify_fields(self, integers: dict[str, int]) -> None:
        options = self.options
        values: list[int] = []
        registers = 0
        for position, field in enumerate(self.instruction.fields):
            if field.enumeration is not None:
                name = options[field.name]
                if name not in field.enumeration.__members__:
                    known = ", ".join(field.enumeration.__members__)
                    raise VerifyException(f"{field.name} is '{name}', expected one of {known}")
                values.append(int(field.enumeration[name]))
            elif field.kind == "int" and integers[field.name] != DYNAMIC:
                values.append(integers[field.name])
            else:
                values.append(0)
                registers |= 1 << position
        for message in self.instruction.violations(values, registers):
            raise VerifyException(message)


def _parse_tensor(parser: Parser) -> SSAValue:
    operand = parser.parse_unresolved_operand()
    typed = parser.parse_optional_punctuation(":") is not None
    return parser.resolve_operand(operand, parser.parse_type() if typed else LOCAL)


def _parse_field(parser: Parser) -> tuple[str, Value]:
    name = parser.parse_identifier()
    parser.parse_punctuation("=")
    operand = parser.parse_optional_operand(INDEX)
    if operand is not None:
        return name, operand
    word = parser.parse_optional_identifier()
    if word is not None:
        return name, word
    start = parser.pos
    number = parser.parse_number(context_msg=f" as field '{name}'")
    return name, number if isinstance(number, int) else parser.lexer.input.content[start : parser.pos].strip()
