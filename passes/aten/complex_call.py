"""Calls that take or give complex numbers, part by part: a complex tensor is two real ones, real and imaginary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import ComplexType
from xdsl.ir import Attribute, SSAValue

from dialects.aten import Argument, CallOp
from dialects.graph.types import Tensor, part_element, tensor, type_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call

Parts: TypeAlias = tuple[SSAValue, ...]
"""A tensor at the graph level: itself, or the real and the imaginary part of a complex one."""

REAL, IMAGINARY = 0, 1

_SELECTORS = frozenset(("condition", "index", "indices", "mask"))
"""Arguments that say which elements are meant, whatever part of them is moved."""
_NUMBERS = frozenset(("self", "other", "value", "fill_value", "s"))
"""Arguments that may be a number in the place of a tensor's elements."""


def is_complex(kind: Attribute) -> bool:
    """Whether a tensor type is one of complex numbers."""
    return isinstance(getattr(kind, "element_type", None), ComplexType)


def part_types(kind: Tensor) -> tuple[Tensor, ...]:
    """The types of the parts of a tensor."""
    if not is_complex(kind):
        return (kind,)
    return (tensor(kind.get_shape(), part_element(kind.element_type)),) * 2


class PartCall(Call):
    """A call as one of real tensors: each argument's real or imaginary part, as ``part`` says by the argument's name.

    The imaginary part of a real tensor or number is zero.
    """

    def __init__(
        self, op: CallOp, build: GraphBuilder, parts: Mapping[SSAValue, Parts], part: Callable[[str], int]
    ) -> None:
        """Read ``op``, whose operands became ``parts``."""
        super().__init__(op, build, {})
        self._parts, self._part = parts, part

    def converted(self, name: str, value: SSAValue) -> SSAValue:
        """Return the part of a tensor that is meant."""
        found = self._parts[value]
        part = REAL if name in _SELECTORS else self._part(name)
        return found[part] if part < len(found) else self.build.full_like(0, found[REAL])

    def argument(self, name: str) -> Argument:
        """Return an argument; of a number that stands for elements, the part that is meant."""
        value = super().argument(name)
        if name not in _NUMBERS or isinstance(value, bool) or not isinstance(value, int | float | complex):
            return value
        return value.imag if self._part(name) == IMAGINARY else value.real

    def result_type(self, index: int = 0) -> Tensor:
        """Return the type of one part of a result."""
        return part_types(super().result_type(index))[0]


class ComplexCall(PartCall):
    """A call that takes or gives complex numbers; what it reads by the methods of `Call` are real parts."""

    def __init__(self, op: CallOp, build: GraphBuilder, parts: Mapping[SSAValue, Parts]) -> None:
        """Read ``op``, whose operands became ``parts``."""
        super().__init__(op, build, parts, lambda _: REAL)

    def with_parts(self, part: Callable[[str], int]) -> Call:
        """Return the call of the arguments' parts that ``part`` names."""
        return PartCall(self.op, self.build, self._parts, part)

    def part(self, part: int) -> Call:
        """Return the call of one part of all arguments."""
        return self.with_parts(lambda _: part)

    def is_real(self, name: str) -> bool:
        """Whether an argument has no imaginary part."""
        value = self.op.argument(name)
        return len(self._parts[value]) == 1 if isinstance(value, SSAValue) else not isinstance(value, complex)

    def pair(self, name: str) -> tuple[SSAValue, SSAValue]:
        """Return both parts of a tensor or number in the result's element type and shape."""
        shape, element = self.result_shape, self.result_element
        real, imaginary = (self.part(part).operand(name) for part in (REAL, IMAGINARY))
        return self.build.spread(real, shape, element), self.build.spread(imaginary, shape, element)

    @property
    def result_parts(self) -> Sequence[int]:
        """How many parts each result has."""
        return [len(part_types(type_of(output))) for output in self.op.outputs]
