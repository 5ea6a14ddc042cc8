"""An exported program as light records: what the archive's JSON says, checked, before any op is built."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

from compiler.frontend.torch_types import ElementType
from dialects.aten import Device, TorchName


@dataclass(frozen=True, slots=True)
class TensorMeta:
    """Element type, shape, strides and storage offset (both in elements) of a tensor."""

    element: ElementType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Ref:
    """A tensor argument: the value of this name."""

    name: str


Value: TypeAlias = "bool | int | float | complex | str | TorchName | Device | Ref | tuple[Value, ...] | None"
"""An argument of a node."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a node comes from: torch's stack trace text and the path of the module it belongs to (either may be "")."""

    stack_trace: str
    module_path: str


@dataclass(frozen=True, slots=True)
class Node:
    """A call: overload such as ``aten.add.Tensor``, arguments in torch's order, names of the tensors it makes."""

    overload: str
    arguments: tuple[tuple[str, Value], ...]
    outputs: tuple[str, ...]
    source: Source

    def argument(self, name: str, default: Value = None) -> Value:
        """Return the argument ``name``, or ``default`` when it is left out."""
        for key, value in self.arguments:
            if key == name:
                return value
        return default


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that the graph takes: a user input, or a tensor of the archive by its ``key``."""

    name: str
    kind: Literal["user", "parameter", "buffer", "constant"]
    key: str | None = None

    @property
    def label(self) -> str:
        """The name a user knows it by."""
        return self.name if self.key is None else self.key


@dataclass(frozen=True, slots=True)
class Program:
    """The graph of an exported program.

    ``outputs`` are the tensors among the user's outputs, in order (``None`` and Python numbers, being constants, are
    left out). ``mutations`` labels the buffers and inputs whose new value the exporter returns besides them.
    """

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    metas: dict[str, TensorMeta]
    mutations: tuple[str, ...] = ()


def references(value: Value) -> tuple[str, ...]:
    """Return the names of the tensors in an argument, in order, repeats kept."""
    if isinstance(value, Ref):
        return (value.name,)
    if isinstance(value, tuple):
        return tuple(name for item in value for name in references(item))
    return ()


def operands(node: Node) -> tuple[str, ...]:
    """Return the names of the tensors that ``node`` takes, in order, repeats kept."""
    names: list[str] = []
    for _, value in node.arguments:
        if isinstance(value, Ref):
            names.append(value.name)
        elif isinstance(value, tuple):
            names.extend(references(value))
    return tuple(names)
