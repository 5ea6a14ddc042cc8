"""The `aten` dialect: one op, a node of the exported program, with the arguments as torch wrote them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeAlias

from xdsl.dialects.builtin import LocationAttr, StringAttr, TensorType
from xdsl.ir import Attribute, Data, Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import AttrParser, Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException


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
_OVERLOAD = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


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
            arguments = [_parse_rest(parser, first)]
            while parser.parse_optional_punctuation(",") is not None:
                arguments.append(_parse_rest(parser, parser.parse_identifier()))
        return tuple(arguments)

    def print_parameter(self, printer: Printer) -> None:
        """Print the arguments with operands as ``operand<index>``."""
        with printer.in_angle_brackets():
            printer.print_list(self.data, lambda item: _print_argument(printer, item, None))

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


@irdl_op_definition
class CallOp(IRDLOperation):
    """A call of a torch operator overload; operands appear in the arguments in their order, each once.

    Location: the line of the PyTorch source. ``in`` names the module of the model that the call belongs to.

    ```mlir
    %0, %1 = "test.op"() : () -> (tensor<2x4xf32>, tensor<4xf32>)
    %2 = aten.call "aten.add.Tensor"(self = %0, other = %1, alpha = 1) in "model.layers.0" : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    ```
    """  # noqa: E501 - an example line cannot be broken

    name = "aten.call"
    tensors = var_operand_def(TensorType)
    outputs = var_result_def(TensorType)
    overload = prop_def(StringAttr)
    arguments = prop_def(ArgumentsAttr)
    module_path = opt_prop_def(StringAttr)

    @classmethod
    def make(
        cls,
        overload: str,
        arguments: Sequence[tuple[str, Argument]],
        result_types: Sequence[Attribute],
        location: LocationAttr | None = None,
    ) -> Self:
        """Build a call from arguments in which tensors are SSA values."""
        operands: list[SSAValue] = []
        data = tuple((name, _index_operands(value, operands)) for name, value in arguments)
        properties: dict[str, Attribute] = {"overload": StringAttr(overload), "arguments": ArgumentsAttr(data)}
        return cls.create(operands=operands, result_types=result_types, properties=properties, location=location)

    def argument(self, name: str, default: Argument = None) -> Argument:
        """Return the argument ``name`` with tensors as SSA values, or ``default`` when the call leaves it out."""
        for key, value in self.arguments.data:
            if key == name:
                return _resolve(value, self.operands)
        return default

    def verify_(self) -> None:
        """Check the overload's form, that argument names differ, and that each operand is used once, in order."""
        if _OVERLOAD.fullmatch(self.overload.data) is None:
            raise VerifyException(f'"{self.overload.data}" is not an operator overload such as "aten.add.Tensor"')
        names = [name for name, _ in self.arguments.data]
        if len(set(names)) != len(names):
            raise VerifyException(f"argument names repeat: {', '.join(names)}")
        used = [index for _, value in self.arguments.data for index in _operand_indices(value)]
        if used != list(range(len(self.operands))):
            raise VerifyException(
                f"arguments use operands {used}, expected each of {len(self.operands)} once, in order"
            )

    def print(self, printer: Printer) -> None:
        """Print ``"overload"(name = value, ...) in "module" : (types) -> types``."""
        printer.print_string(" ")
        printer.print_string_literal(self.overload.data)
        with printer.in_parens():
            printer.print_list(self.arguments.data, lambda item: _print_argument(printer, item, self.operands))
        if self.module_path is not None:
            printer.print_string(" in ")
            printer.print_string_literal(self.module_path.data)
        if self.attributes:
            printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse what ``print`` writes."""
        properties: dict[str, Attribute] = {"overload": StringAttr(parser.parse_str_literal())}
        operands: list[UnresolvedOperand] = []
        arguments = parser.parse_comma_separated_list(
            parser.Delimiter.PAREN, lambda: _parse_rest(parser, parser.parse_identifier(), operands)
        )
        properties["arguments"] = ArgumentsAttr(tuple(arguments))
        if parser.parse_optional_keyword("in") is not None:
            properties["module_path"] = StringAttr(parser.parse_str_literal())
        attributes = parser.parse_optional_attr_dict_with_keyword()
        parser.parse_punctuation(":")
        position = parser.pos
        types = parser.parse_function_type()
        return cls.create(
            operands=parser.resolve_operands(operands, types.inputs.data, position),
            result_types=types.outputs.data,
            properties=properties,
            attributes=attributes.data if attributes is not None else {},
        )


def _identity(value: Argument) -> object:
    if isinstance(value, tuple):
        return tuple(_identity(item) for item in value)
    return type(value), value.hex() if isinstance(value, float) else value


def _index_operands(value: Argument, operands: list[SSAValue]) -> Argument:
    if isinstance(value, SSAValue):
        operands.append(value)
        return Operand(len(operands) - 1)
    return tuple(_index_operands(item, operands) for item in value) if isinstance(value, tuple) else value


def _resolve(value: Argument, operands: Sequence[SSAValue]) -> Argument:
    if isinstance(value, Operand):
        return operands[value.index]
    return tuple(_resolve(item, operands) for item in value) if isinstance(value, tuple) else value


def _operand_indices(value: Argument) -> Iterator[int]:
    if isinstance(value, Operand):
        yield value.index
    elif isinstance(value, tuple):
        for item in value:
            yield from _operand_indices(item)


def _print_argument(printer: Printer, item: tuple[str, Argument], operands: Sequence[SSAValue] | None) -> None:
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


def _parse_rest(parser: AttrParser, name: str, operands: list[UnresolvedOperand] | None = None) -> tuple[str, Argument]:
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


Aten = Dialect("aten", [CallOp], [ArgumentsAttr])
