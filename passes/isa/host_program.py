"""The host program while global memory is laid out: buffers, launches, and which of them do not depend on inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, LocationAttr, SymbolRefAttr, TensorType, UnitAttr
from xdsl.ir import Attribute

from dialects.dtypes import DType
from dialects.graph.source import ConstantOp, WeightOp
from dialects.interned import i64_array, i64_attr, text_attr
from dialects.isa.structure import BufferOp, LaunchOp

_INDEPENDENT = ("weight", "constant", "prepared")
"""Kinds of buffers whose contents are the same in every run."""


@dataclass
class HostBuffer:
    """A buffer to be: first and last launch that touch it decide what a temporary may share memory with."""

    number: int
    name: str
    kind: str
    type: Attribute
    bytes: int
    first: int = 0
    last: int = 0
    index: int | None = None
    key: str | None = None
    value: Attribute | None = None
    address: int = 0

    def op(self) -> BufferOp:
        """Make the buffer's op."""
        properties: dict[str, Attribute] = {
            "sym_name": text_attr(self.name),
            "bytes": i64_attr(self.bytes),
            "kind": text_attr(self.kind),
            "address": i64_attr(self.address),
            "type": self.type,
        }
        if self.index is not None:
            properties["index"] = i64_attr(self.index)
        if self.key is not None:
            properties["key"] = text_attr(self.key)
        if self.value is not None:
            properties["value"] = self.value
        return BufferOp.create(properties=properties)


@dataclass(frozen=True)
class HostLaunch:
    """A launch to be: names of buffers are known when all outputs are. A ``setup`` launch runs once, at loading.

    The first ``inputs`` of its arguments are read, those after them written.
    """

    kernel: SymbolRefAttr
    arguments: list[HostBuffer]
    inputs: int
    location: LocationAttr
    setup: bool = False

    def op(self) -> LaunchOp:
        """Make the launch's op."""
        properties: dict[str, Attribute] = {
            "kernel": self.kernel,
            "arguments": ArrayAttr([SymbolRefAttr(buffer.name) for buffer in self.arguments]),
            "offsets": i64_array([0] * len(self.arguments)),
        }
        if self.setup:
            properties["setup"] = UnitAttr()
        return LaunchOp.create(properties=properties, location=self.location)


@dataclass
class HostProgram:
    """The host program as it is inlined: SSA values stand for buffers."""

    buffers: list[HostBuffer] = field(default_factory=list[HostBuffer])
    launches: list[HostLaunch] = field(default_factory=list[HostLaunch])
    _counts: Counter[str] = field(default_factory=Counter[str])
    _sources: dict[tuple[Attribute, ...], HostBuffer] = field(default_factory=dict[tuple[Attribute, ...], HostBuffer])
    _prepared: dict[tuple[SymbolRefAttr, tuple[int, ...]], list[HostBuffer]] = field(
        default_factory=dict[tuple[SymbolRefAttr, tuple[int, ...]], list[HostBuffer]]
    )

    def add(self, name: str, kind: str, type: Attribute) -> HostBuffer:
        """Add a buffer that holds a tensor of ``type``."""
        buffer = HostBuffer(len(self.buffers), name, kind, type, tensor_bytes(type))
        self.buffers.append(buffer)
        self._counts[kind] += 1
        return buffer

    def source(self, op: WeightOp | ConstantOp) -> HostBuffer:
        """Return the buffer of a weight or constant; equal ones share it."""
        type = op.result.type
        key = (op.key, type) if isinstance(op, WeightOp) else (op.value, type)
        if key not in self._sources:
            kind = "weight" if isinstance(op, WeightOp) else "constant"
            buffer = self.add(f"{kind}{self._counts[kind]}", kind, type)
            if isinstance(op, WeightOp):
                buffer.key = op.key.data
            else:
                buffer.value = op.value
            self._sources[key] = buffer
        return self._sources[key]

    def launch(
        self,
        kernel: SymbolRefAttr,
        inputs: Sequence[HostBuffer],
        results: Sequence[Attribute],
        workspaces: Sequence[int],
        location: LocationAttr,
    ) -> list[HostBuffer]:
        """Add a launch and return the buffers of its results.

        Without inputs that change from run to run it is a setup launch, and one like an earlier one is not needed.
        """
        setup = all(buffer.kind in _INDEPENDENT for buffer in inputs)
        same = (kernel, tuple(buffer.number for buffer in inputs))
        if setup and same in self._prepared:
            return self._prepared[same]
        count = len(self.buffers)
        kind = "prepared" if setup else "temporary"
        made = [self.add(f"value{count + position}", kind, type) for position, type in enumerate(results)]
        count = len(self.buffers)
        taken = [
            self.add(f"workspace{count + position}", "temporary", TensorType(DType.u8.type, (size,)))
            for position, size in enumerate(workspaces)
        ]
        self.launches.append(HostLaunch(kernel, [*inputs, *made, *taken], len(inputs), location, setup))
        if setup:
            self._prepared[same] = made
        return made

    def order(self) -> None:
        """Drop what no output needs, put setup launches first and find how long each buffer is needed.

        What setup launches leave for each other only is as temporary as what the others do.
        """
        self._drop_unread()
        self.launches.sort(key=lambda launch: not launch.setup)
        needed = {one.number for launch in self.launches if not launch.setup for one in launch.arguments}
        for buffer in self.buffers:
            if buffer.kind == "prepared" and buffer.number not in needed:
                buffer.kind = "temporary"
        touched: set[int] = set()
        for position, launch in enumerate(self.launches):
            for buffer in launch.arguments:
                if buffer.number not in touched:
                    touched.add(buffer.number)
                    buffer.first = position
                buffer.last = position

    def _drop_unread(self) -> None:
        """Drop launches whose results nobody reads: calls hid that their function has no use for an argument."""
        read = {buffer.number for buffer in self.buffers if buffer.kind == "output"}
        kept: list[HostLaunch] = []
        for launch in reversed(self.launches):
            if any(buffer.number in read for buffer in launch.arguments[launch.inputs :]):
                kept.append(launch)
                read.update(buffer.number for buffer in launch.arguments[: launch.inputs])
        self.launches = kept[::-1]
        touched = {buffer.number for launch in kept for buffer in launch.arguments}
        self.buffers = [one for one in self.buffers if one.number in touched or one.index is not None]


def tensor_bytes(type: Attribute) -> int:
    """Return the bytes of a tensor type."""
    tensor = cast(TensorType[Attribute], type)
    return DType.of(tensor.element_type).size * prod(tensor.get_shape())
