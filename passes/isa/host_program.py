"""The host program while global memory is laid out: buffers, launches, and which of them do not depend on inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IntegerAttr,
    LocationAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute

from dialects.dtypes import DType
from dialects.graph.source import ConstantOp, WeightOp
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
            "sym_name": StringAttr(self.name),
            "bytes": IntegerAttr(self.bytes, i64),
            "kind": StringAttr(self.kind),
            "address": IntegerAttr(self.address, i64),
            "type": self.type,
        }
        if self.index is not None:
            properties["index"] = IntegerAttr(self.index, i64)
        if self.key is not None:
            properties["key"] = StringAttr(self.key)
        if self.value is not None:
            properties["value"] = self.value
        return BufferOp.create(properties=properties)


@dataclass(frozen=True)
class HostLaunch:
    """A launch to be: names of buffers are known when all outputs are. A ``setup`` launch runs once, at loading."""

    kernel: SymbolRefAttr
    arguments: list[HostBuffer]
    location: LocationAttr
    setup: bool = False

    def op(self) -> LaunchOp:
        """Make the launch's op."""
        properties: dict[str, Attribute] = {
            "kernel": self.kernel,
            "arguments": ArrayAttr([SymbolRefAttr(buffer.name) for buffer in self.arguments]),
            "offsets": DenseArrayBase.from_list(i64, [0] * len(self.arguments)),
        }
        if self.setup:
            properties["setup"] = UnitAttr()
        return LaunchOp.create(properties=properties, location=self.location)


@dataclass
class HostProgram:
    """The host program as it is inlined: SSA values stand for buffers."""

    buffers: list[HostBuffer] = field(default_factory=list[HostBuffer])
    launches: list[HostLaunch] = field(default_factory=list[HostLaunch])
    _sources: dict[tuple[Attribute, ...], HostBuffer] = field(default_factory=dict[tuple[Attribute, ...], HostBuffer])
    _prepared: dict[tuple[SymbolRefAttr, tuple[int, ...]], list[HostBuffer]] = field(
        default_factory=dict[tuple[SymbolRefAttr, tuple[int, ...]], list[HostBuffer]]
    )

    def add(self, name: str, kind: str, type: Attribute) -> HostBuffer:
        """Add a buffer that holds a tensor of ``type``."""
        buffer = HostBuffer(len(self.buffers), name, kind, type, tensor_bytes(type))
        self.buffers.append(buffer)
        return buffer

    def source(self, op: WeightOp | ConstantOp) -> HostBuffer:
        """Return the buffer of a weight or constant; equal ones share it."""
        type = op.result.type
        key = (op.key, type) if isinstance(op, WeightOp) else (op.value, type)
        if key not in self._sources:
            kind = "weight" if isinstance(op, WeightOp) else "constant"
            count = sum(one.kind == kind for one in self.buffers)
            buffer = self.add(f"{kind}{count}", kind, type)
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
        self.launches.append(HostLaunch(kernel, [*inputs, *made, *taken], location, setup))
        if setup:
            self._prepared[same] = made
        return made

    def order(self) -> None:
        """Put setup launches first and find how long each buffer is needed.

        What setup launches leave for each other only is as temporary as what the others do.
        """
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


def tensor_bytes(type: Attribute) -> int:
    """Return the bytes of a tensor type."""
    tensor = cast(TensorType[Attribute], type)
    return DType.of(tensor.element_type).size * prod(tensor.get_shape())
