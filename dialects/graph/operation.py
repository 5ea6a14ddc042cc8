"""What every graph op shares: result types inferred from operands and properties, and one textual format."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, cast

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    FunctionType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.graph.types import ELEMENTS, Tensor

Properties = Mapping[str, Attribute]


class GraphOp(IRDLOperation, ABC):
    """A pure function of tensors.

    Sub-classes define ``infer``, which maps operand types and properties to result types: ``make`` builds with it
    and the verifier compares with it, so that both always agree. Printed as
    ``%r = graph.add %a, %b <{properties}> : type``; one type when operands and result share it, else a function type.
    """

    traits = traits_def(Pure())

    FREE_ELEMENT: ClassVar[bool] = False
    """Whether the result's element type is chosen by who builds the op (``infer`` gives the usual one)."""

    HAS_REGION: ClassVar[bool] = False
    """Whether a region may follow the properties."""

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the result types; raise ``VerifyException`` when operands and properties do not fit together."""
        raise NotImplementedError(cls.name)

    @classmethod
    def inferred(cls, operands: Sequence[SSAValue], properties: Properties | None = None) -> Self:
        """Build the op with the result types that ``infer`` gives."""
        properties = properties or {}
        types = cls.infer([cast("Tensor", operand.type) for operand in operands], properties)
        return cls.create(operands=operands, result_types=types, properties=properties)

    def verify_(self) -> None:
        """Check that operands and results are static tensors and that the results are the inferred ones."""
        for value in (*self.operands, *self.results):
            verify_tensor(value.type)
        operands = [cast("Tensor", operand.type) for operand in self.operands]
        inferred = self.infer(operands, self.properties)
        if len(inferred) != len(self.results):
            raise VerifyException(f"expected {len(inferred)} results, found {len(self.results)}")
        for index, (expected, result) in enumerate(zip(inferred, self.results, strict=True)):
            found = cast("Tensor", result.type)
            same = found.get_shape() == expected.get_shape() if self.FREE_ELEMENT else found == expected
            if not same:
                raise VerifyException(f"result {index} should be {expected}, found {found}")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse ``operands <{properties}> {attributes} : types``."""
        names = parser.parse_optional_undelimited_comma_separated_list(
            parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
        )
        names = names or []
        properties = parser.parse_optional_properties_dict()
        region = parser.parse_optional_region() if cls.HAS_REGION else None
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        parsed = parser.parse_type()
        if isinstance(parsed, FunctionType):
            inputs, outputs = tuple(parsed.inputs), tuple(parsed.outputs)
        else:
            inputs, outputs = (parsed,) * len(names), (parsed,)
        operands = parser.resolve_operands(names, inputs, parser.pos)
        return cls.create(
            operands=operands,
            result_types=outputs,
            properties=properties,
            attributes=attributes,
            regions=[] if region is None else [region],
        )

    def print(self, printer: Printer) -> None:
        """Print what ``parse`` reads."""
        if self.operands:
            printer.print_string(" ")
            printer.print_list(self.operands, printer.print_ssa_value)
        if self.properties:
            printer.print_string(" ")
            with printer.in_angle_brackets():
                printer.print_attr_dict(self.properties)
        for region in self.regions:
            printer.print_string(" ")
            printer.print_region(region)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        types = [*self.operand_types, *self.result_types]
        if len(self.results) == 1 and all(each == types[0] for each in types):
            printer.print_attribute(types[0])
        else:
            printer.print_function_type(self.operand_types, self.result_types)


def verify_tensor(found: Attribute) -> None:
    """Check that ``found`` is a tensor type of the graph level: static shape, known element type."""
    if not isinstance(found, TensorType):
        raise VerifyException(f"graph ops take and give tensors, found {found}")
    known = cast("Tensor", found)
    if any(size < 0 for size in known.get_shape()):
        raise VerifyException(f"graph ops need static shapes, found {found}")
    if known.element_type not in ELEMENTS:
        raise VerifyException(f"element type {known.element_type} is not one of {', '.join(map(str, ELEMENTS))}")


def require(condition: bool, message: str) -> None:
    """Raise ``VerifyException`` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise VerifyException(message)


def integer(properties: Properties, name: str) -> int:
    """Return the value of the integer property ``name``."""
    found = properties.get(name)
    if not isinstance(found, IntegerAttr):
        raise VerifyException(f"property '{name}' must be an integer")
    return found.value.data


def number(properties: Properties, name: str) -> float:
    """Return the value of the float property ``name``."""
    found = properties.get(name)
    if not isinstance(found, FloatAttr):
        raise VerifyException(f"property '{name}' must be a float")
    return found.value.data


def integers(properties: Properties, name: str) -> tuple[int, ...]:
    """Return the values of the ``array<i64>`` property ``name``."""
    found = properties.get(name)
    if not isinstance(found, DenseArrayBase):
        raise VerifyException(f"property '{name}' must be an array of i64")
    array = cast("DenseArrayBase[IntegerType]", found)
    require(array.elt_type == i64, f"property '{name}' must be an array of i64")
    return array.get_values()


def text(properties: Properties, name: str, choices: Sequence[str]) -> str:
    """Return the string property ``name``, which must be one of ``choices``."""
    found = properties.get(name)
    if not isinstance(found, StringAttr) or found.data not in choices:
        raise VerifyException(f"property '{name}' must be one of {', '.join(choices)}")
    return found.data


def axis_of(properties: Properties, rank: int) -> int:
    """Return the property ``axis``, checked against ``rank``."""
    axis = integer(properties, "axis")
    require(0 <= axis < rank, f"axis {axis} is outside a tensor of rank {rank}")
    return axis
