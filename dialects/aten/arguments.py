"""Arguments of a torch operator as torch wrote them: values, their attribute, and its text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from xdsl.ir import Data, SSAValue
from xdsl.irdl import (
    irdl_attr_definition,
)
from xdsl.parser import AttrParser, Parser, UnresolvedOperand
from xdsl.printer import Printer


@dataclass(frozen=True)
class Operand:
    """A tensor argument: the operand of the op with this index."""

    index: int


@dataclass(frozen=True)
class TorchName:
    """A dtype, layout or memory format by torch's own name, such as ``torch.float32``."""

    name: str


@dataclass(frozen=True)
class Device:
    """A device by torch's own name, such as ``cpu`` or ``cuda:0``."""

    name: str


Argument: TypeAlias = (
    "bool | int | float | complex | str | TorchName | Device | Operand | SSAValue | tuple[Argument, ...] | None"
)
"""The value of an argument. ``ArgumentsAttr`` holds `Operand` for tensors, ``CallOp.argument`` returns `SSAValue`."""

Arguments: TypeAlias = "tuple[tuple[str, Argument], ...]"

_WORDS: dict[str, bool | float | None] = {
    "true": True,
    "false": False,
    "none": None,
    "inf": math.inf,
    "nan": math.nan,
}


@irdl_attr_definition
class ArgumentsAttr(Data[Arguments]):
    """Named arguments in torch's order; two are equal when names, types and values are (``1`` is not ``true``)."""

    name = "aten.arguments"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Arguments:
        """Parse ``<self = operand<0>, alpha = 1>``."""
        with parser.in_angle_brackets():
            if (first := parser.parse_optional_identifier()) is None:
                return ()
            arguments = [parse_argument(parser, first)]
            while parser.parse_optional_punctuation(",") is not None:
                arguments.append(parse_argument(parser, parser.parse_identifier()))
        return tuple(arguments)

    def print_parameter(self, printer: Printer) -> None:
        """Print the arguments with operands as ``operand<index>``."""
        with printer.in_angle_brackets():
            printer.print_list(self.data, lambda item: print_argument(printer, item, None))

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """A hashable form that tells ``1`` from ``1.0`` and ``true``, and takes nan as equal to itself."""
        return tuple((name, _identity(value)) for name, value in self.data)

    def __eq__(self, other: object) -> bool:
        """Compare by type and value."""
        return isinstance(other, ArgumentsAttr) and self.identity == other.identity

    def __hash__(self) -> int:
        """Hash what ``==`` compares."""
        return hash(self.identity)


def _identity(value: Argument) -> object:
    if isinstance(value, tuple):
        return tuple(_identity(item) for item in value)
    return type(value), value.hex() if isinstance(value, float) else value


def print_argument(printer: Printer, item: tuple[str, Argument], operands: Sequence[SSAValue] | None) -> None:
    """Print ``name = value``, with operands by their SSA names if there are any."""
    printer.print_string(f"{item[0]} = ")
    _print_value(printer, item[1], operands)


def _print_value(printer: Printer, value: Argument, operands: Sequence[SSAValue] | None) -> None:
    match value:
        case Operand(index) if operands is not None:
            printer.print_operand(operands[index])
        case Operand(index):
            printer.print_string(f"operand<{index}>")
        case tuple():
            with printer.in_square_brackets():
                printer.print_list(value, lambda element: _print_value(printer, element, operands))
        case str():
            printer.print_string_literal(value)
        case Device(name):
            printer.print_string("device")
            with printer.in_angle_brackets():
                printer.print_string_literal(name)
        case TorchName(name):
            printer.print_string(name)
        case complex():
            printer.print_string(f"complex<{_float_text(value.real)}, {_float_text(value.imag)}>")
        case float():
            printer.print_string(_float_text(value))
        case _:
            printer.print_string(str(value).lower())


def _float_text(value: float) -> str:
    """The shortest text that reads back as ``value`` and has the point that MLIR asks for."""
    text = repr(value)
    if "." in text or not math.isfinite(value):
        return text
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}"


def parse_argument(
    parser: AttrParser, name: str, operands: list[UnresolvedOperand] | None = None
) -> tuple[str, Argument]:
    """Parse what follows an argument's name; SSA names are added to ``operands``."""
    parser.parse_punctuation("=")
    return name, _parse_value(parser, operands)


def _parse_value(parser: AttrParser, operands: list[UnresolvedOperand] | None) -> Argument:
    if operands is not None and isinstance(parser, Parser):
        if (operand := parser.parse_optional_unresolved_operand()) is not None:
            operands.append(operand)
            return Operand(len(operands) - 1)
    elements = parser.parse_optional_comma_separated_list(
        parser.Delimiter.SQUARE, lambda: _parse_value(parser, operands)
    )
    if elements is not None:
        return tuple(elements)
    if (text := parser.parse_optional_str_literal()) is not None:
        return text
    if (word := parser.parse_optional_identifier()) is None:
        return _parse_number(parser)
    if word in _WORDS:
        return _WORDS[word]
    if word.startswith("torch."):
        return TorchName(word)
    return _parse_bracketed(parser, word)


def _parse_bracketed(parser: AttrParser, word: str) -> Argument:
    if word not in ("operand", "device", "complex"):
        parser.raise_error(f"'{word}' is not an argument value")
    with parser.in_angle_brackets():
        if word == "operand":
            return Operand(parser.parse_integer(allow_boolean=False, allow_negative=False))
        if word == "device":
            return Device(parser.parse_str_literal())
        real = _parse_number(parser)
        parser.parse_punctuation(",")
        return complex(real, _parse_number(parser))


def _parse_number(parser: AttrParser) -> int | float:
    negative = parser.parse_optional_characters("-") is not None
    word = parser.parse_optional_keyword_in(("inf", "nan"))
    value = parser.parse_number() if word is None else float(word)
    return -value if negative else value
