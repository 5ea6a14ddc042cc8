"""A node of the exported program: a call of a torch operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Self

from xdsl.dialects.builtin import LocationAttr, StringAttr, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_prop_def, prop_def, var_operand_def, var_result_def
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from dialects.aten.arguments import Argument, ArgumentsAttr, Operand, parse_argument, print_argument

_OVERLOAD = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


@irdl_op_definition
class CallOp(IRDLOperation):
    """A call of a torch operator overload; operands appear in the arguments in their order, each once.

    Location: the line of the PyTorch source. ``in`` names the module of the model that the call belongs to.

    ```mlir
    %0, %1 = "test.op"() : () -> (tensor<2x4xf32>, tensor<4xf32>)
    %2 = aten.call "aten.add.Tensor"(self = %0, other = %1, alpha = 1) in "model.layers.0"
        : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    ```
    """

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
            printer.print_list(self.arguments.data, lambda item: print_argument(printer, item, self.operands))
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
            parser.Delimiter.PAREN, lambda: parse_argument(parser, parser.parse_identifier(), operands)
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
