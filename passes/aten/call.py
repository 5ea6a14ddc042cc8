"""One ATen call being converted: its arguments by name with torch's defaults, and a builder at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from xdsl.ir import Attribute, SSAValue

from dialects.aten import Argument, CallOp, TorchName
from dialects.dtypes import DType
from dialects.graph.types import Scalar, Tensor, type_of
from passes.aten.builder import GraphBuilder

_TORCH_NAMES: dict[str, DType] = {
    "float32": DType.f32,
    "float": DType.f32,
    "float64": DType.f64,
    "double": DType.f64,
    "float16": DType.f16,
    "half": DType.f16,
    "bfloat16": DType.bf16,
    "int8": DType.i8,
    "uint8": DType.u8,
    "int16": DType.i16,
    "int32": DType.i32,
    "int": DType.i32,
    "int64": DType.i64,
    "long": DType.i64,
    "bool": DType.i1,
    "complex64": DType.f32,
    "cfloat": DType.f32,
    "complex128": DType.f64,
    "cdouble": DType.f64,
}
"""Element types by torch's names; a complex one gives the type of its parts, of which a call is one at a time."""


class UnsupportedCall(Exception):
    """A call the graph level cannot express; the pass reports all of them together."""


class Call:
    """An ``aten.call`` with its operands already converted. Methods named by kind read one argument each."""

    def __init__(self, op: CallOp, build: GraphBuilder, values: Mapping[SSAValue, SSAValue]) -> None:
        """Read ``op``, whose operands were converted to ``values``, and build with ``build``."""
        self.op = op
        self.build = build
        self._values = values
        self._arguments: dict[str, Argument] = dict(op.arguments.data)

    def unsupported(self, reason: str) -> NoReturn:
        """Give up on this call."""
        raise UnsupportedCall(reason)

    def has(self, name: str) -> bool:
        """Whether the argument is there and not None."""
        return self._arguments.get(name) is not None

    def argument(self, name: str) -> Argument:
        """Return an argument as the call has it, None when it is left out."""
        return self.op.argument(name)

    def converted(self, name: str, value: SSAValue) -> SSAValue:
        """Return what became of ``value``, a tensor of the argument ``name``."""
        del name
        return self._values[value]

    def _wrong(self, name: str, expected: str) -> NoReturn:
        self.unsupported(f"argument '{name}' is not {expected}")

    def tensor(self, name: str) -> SSAValue:
        """Return a tensor argument."""
        value = self.argument(name)
        if not isinstance(value, SSAValue):
            self._wrong(name, "a tensor")
        return self.converted(name, value)

    def optional_tensor(self, name: str) -> SSAValue | None:
        """Return a tensor argument, or None when it is left out."""
        return self.tensor(name) if self.has(name) else None

    def tensors(self, name: str) -> list[SSAValue]:
        """Return a list of tensors."""
        found = self.optional_tensors(name)
        if any(each is None for each in found):
            self._wrong(name, "a list of tensors")
        return [each for each in found if each is not None]

    def optional_tensors(self, name: str) -> list[SSAValue | None]:
        """Return a list whose entries are tensors or None."""
        value = self.argument(name)
        if not isinstance(value, tuple):
            self._wrong(name, "a list of tensors")
        found: list[SSAValue | None] = []
        for each in value:
            if each is not None and not isinstance(each, SSAValue):
                self._wrong(name, "a list of tensors")
            found.append(None if each is None else self.converted(name, each))
        return found

    def operand(self, name: str) -> SSAValue | Scalar:
        """Return an argument that is a tensor or a number."""
        value = self.argument(name)
        if isinstance(value, SSAValue):
            return self.converted(name, value)
        if not isinstance(value, bool | int | float):
            self._wrong(name, "a tensor or a real number")
        return value

    def number(self, name: str, default: Scalar | None = None) -> Scalar:
        """Return a number."""
        value = self.argument(name) if self.has(name) else default
        if not isinstance(value, bool | int | float):
            self._wrong(name, "a real number")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an integer."""
        value = self.argument(name) if self.has(name) else default
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(name, "a static integer")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a bool."""
        value = self.argument(name) if self.has(name) else default
        if not isinstance(value, bool | int):
            self._wrong(name, "a bool")
        return bool(value)

    def text(self, name: str, default: str = "") -> str:
        """Return a string."""
        value = self.argument(name) if self.has(name) else default
        if not isinstance(value, str):
            self._wrong(name, "a string")
        return value

    def integers(self, name: str, default: Sequence[int] | None = None, count: int | None = None) -> tuple[int, ...]:
        """Return a list of integers; with ``count``, one integer stands for that many equal ones."""
        value = self.argument(name) if self.has(name) else default
        if isinstance(value, int):
            value = (value,)
        found: list[int] = []
        for each in value if isinstance(value, tuple | list) else self._wrong(name, "a list of integers"):
            if not isinstance(each, int):
                self._wrong(name, "a list of static integers")
            found.append(each)
        return tuple(found * count) if count is not None and len(found) == 1 else tuple(found)

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a list of floats."""
        value = self.argument(name)
        found: list[float] = []
        for each in value if isinstance(value, tuple) else self._wrong(name, "a list of numbers"):
            if not isinstance(each, int | float):
                self._wrong(name, "a list of numbers")
            found.append(float(each))
        return tuple(found)

    def element(self, name: str) -> Attribute | None:
        """Return the element type a torch dtype argument names, or None when it is left out."""
        value = self.argument(name)
        if value is None:
            return None
        if not isinstance(value, TorchName):
            self._wrong(name, "a dtype")
        found = _TORCH_NAMES.get(value.name.removeprefix("torch."))
        if found is None:
            self.unsupported(f"element type {value.name} is not supported")
        return found.type

    def axis(self, name: str, rank: int, default: int | None = None) -> int:
        """Return an axis, counted from the front, of a tensor of ``rank`` (a tensor without axes has one)."""
        value = self.integer(name, default)
        return value % max(rank, 1)

    def axes(self, name: str, rank: int) -> tuple[int, ...]:
        """Return ascending axes; none given means all of them (a tensor without axes has none)."""
        if rank == 0:
            return ()
        found = self.integers(name, ()) if self.has(name) else ()
        return tuple(sorted({axis % rank for axis in found})) if found else tuple(range(rank))

    def result_type(self, index: int = 0) -> Tensor:
        """Return the type that torch recorded for a result."""
        return type_of(self.op.outputs[index])

    @property
    def result_shape(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return self.result_type().get_shape()

    @property
    def result_element(self) -> Attribute:
        """The element type of the first result."""
        return self.result_type().element_type

    def used(self, index: int) -> bool:
        """Whether anything uses a result."""
        return self.op.outputs[index].first_use is not None

    def unneeded(self, index: int, name: str) -> SSAValue:
        """Return a stand-in for a result that nothing uses; a used one makes the call unsupported."""
        if self.used(index):
            self.unsupported(f"its result '{name}' is used")
        kind = self.result_type(index)
        return self.build.full(0, kind.get_shape(), kind.element_type)
