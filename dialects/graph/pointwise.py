"""The shared shape of pointwise ops: operands and result have one type, broadcasts and casts are ops of their own."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from xdsl.dialects.builtin import TensorType
from xdsl.ir import SSAValue
from xdsl.irdl import operand_def, result_def

from dialects.graph.operation import GraphOp, Properties, require
from dialects.graph.types import Tensor, is_bool, is_float

Elements = Literal["number", "float", "integer", "any"]
"""What an op computes on: numbers (no bool), floats only, integers and bool, or all."""


class PointwiseOp(GraphOp, ABC):
    """An op whose result element depends on the operands' elements at the same place only."""

    COMPUTES_ON: ClassVar[Elements] = "number"

    @classmethod
    def infer(cls, operands: Sequence[Tensor], properties: Properties) -> tuple[Tensor, ...]:
        """Return the one type all operands have."""
        first = operands[0]
        for other in operands[1:]:
            require(other == first, f"operands differ in type: {first} and {other} (cast and broadcast are explicit)")
        element = first.element_type
        allowed = (
            cls.COMPUTES_ON == "any"
            or (cls.COMPUTES_ON == "float" and is_float(element))
            or (cls.COMPUTES_ON == "integer" and not is_float(element))
            or (cls.COMPUTES_ON == "number" and not is_bool(element))
        )
        require(allowed, f"{cls.name} computes on {cls.COMPUTES_ON} elements, found {element}")
        return (first,)


class UnaryOp(PointwiseOp, ABC):
    """A pointwise op of one tensor."""

    operand = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, operand: SSAValue) -> Self:
        """Build the op on ``operand``."""
        return cls.inferred((operand,))


class FunctionOp(UnaryOp, ABC):
    """A pointwise function of one float tensor that is expanded to primitives before kernels are formed."""

    COMPUTES_ON: ClassVar[Elements] = "float"


class BinaryOp(PointwiseOp, ABC):
    """A pointwise op of two tensors."""

    lhs = operand_def(TensorType)
    rhs = operand_def(TensorType)
    result = result_def(TensorType)

    @classmethod
    def make(cls, lhs: SSAValue, rhs: SSAValue) -> Self:
        """Build the op on two values of one type."""
        return cls.inferred((lhs, rhs))
