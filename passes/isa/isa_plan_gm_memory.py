"""Lay out global memory: host code becomes a flat list of buffers with addresses and of launches."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IntegerAttr,
    LocationAttr,
    ModuleOp,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnknownLoc,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from dialects.graph.source import ConstantOp, WeightOp
from dialects.graph.view import ReshapeOp
from dialects.isa.structure import BufferOp, KernelOp, LaunchOp
from dialects.tile.structure import LaunchOp as TileLaunchOp
from passes.analysis.memory_planner import Interval, plan
from passes.base import SfumatoPass, target_of
from passes.isa.copy_kernel import copy_kernel
from runtime.machine.description import load

ALIGNMENT = 512
"""Bytes that every buffer's address is a multiple of: an L2 line of the 910B."""


@dataclass
class _Buffer:
    """A buffer to be: first and last launch that touch it decide what a temporary may share memory with."""

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
class _Launch:
    """A launch to be: names of buffers are known when all outputs are."""

    kernel: SymbolRefAttr
    arguments: list[_Buffer]
    location: LocationAttr

    def op(self) -> LaunchOp:
        return LaunchOp.create(
            properties={
                "kernel": self.kernel,
                "arguments": ArrayAttr([SymbolRefAttr(buffer.name) for buffer in self.arguments]),
                "offsets": DenseArrayBase.from_list(i64, [0] * len(self.arguments)),
            },
            location=self.location,
        )


@dataclass
class _Host:
    """The host program as it is inlined: SSA values stand for buffers."""

    buffers: list[_Buffer] = field(default_factory=list[_Buffer])
    launches: list[_Launch] = field(default_factory=list[_Launch])
    sources: dict[tuple[Attribute, ...], _Buffer] = field(default_factory=dict[tuple[Attribute, ...], _Buffer])

    def add(self, name: str, kind: str, type: Attribute, size: int | None = None) -> _Buffer:
        buffer = _Buffer(name, kind, type, _bytes(type) if size is None else size, len(self.launches))
        self.buffers.append(buffer)
        return buffer

    def source(self, op: WeightOp | ConstantOp) -> _Buffer:
        """Return the buffer of a weight or constant; equal ones share it."""
        type = op.result.type
        key = (op.key, type) if isinstance(op, WeightOp) else (op.value, type)
        if key not in self.sources:
            kind = "weight" if isinstance(op, WeightOp) else "constant"
            count = sum(one.kind == kind for one in self.buffers)
            buffer = self.add(f"{kind}{count}", kind, type)
            if isinstance(op, WeightOp):
                buffer.key = op.key.data
            else:
                buffer.value = op.value
            self.sources[key] = buffer
        return self.sources[key]


@dataclass(frozen=True)
class IsaPlanGmMemory(SfumatoPass):
    """Inline the calls of ``@main`` and give every tensor a range of global memory.

    Functions go; what is left are kernels, ``isa.buffer`` with addresses (multiples of 512 bytes) and ``isa.launch`` in
    order. Inputs, outputs, weights and constants have memory of their own; temporaries share memory when no launch
    needs both. A reshape is another name for the same buffer. An output that no launch computes (an input, a weight,
    another output) is copied by a kernel. Attribute ``sfumato.values`` of the module tells how many tensors there were
    before any shared memory.

    The host may hold only ``graph.weight``, ``graph.constant``, ``graph.reshape``, ``tile.launch``, ``func.call`` and
    ``func.return``. Fails when the buffers do not fit the global memory of the target, listing the largest.
    """

    name = "isa-plan-gm-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace the functions of the module by buffers and launches."""
        functions = {one.sym_name.data: one for one in op.ops if isinstance(one, func.FuncOp)}
        if "main" not in functions:
            raise SfumatoError(f"the module has no function @main [in pass {self.name}]")
        host, main = _Host(), functions["main"]
        values: dict[SSAValue, _Buffer] = {}
        for position, argument in enumerate(main.body.block.args):
            values[argument] = host.add(f"input{position}", "input", argument.type)
            values[argument].index = position
        returned = self._inline(main.body.block, values, host, functions, ("main",))
        _name_outputs(op, host, returned)
        self._place(op, host)
        for function in functions.values():
            function.detach()
            function.drop_all_references()
        block = op.body.block
        block.add_ops([buffer.op() for buffer in host.buffers])
        block.add_ops([launch.op() for launch in host.launches])
        op.attributes["sfumato.values"] = IntegerAttr(len(host.buffers), i64)

    def _inline(
        self,
        block: Block,
        values: dict[SSAValue, _Buffer],
        host: _Host,
        functions: dict[str, func.FuncOp],
        stack: tuple[str, ...],
    ) -> list[tuple[_Buffer, SSAValue]]:
        """Walk a function's block in order, adding its launches; return the buffers of what it returns."""
        for op in block.ops:
            match op:
                case WeightOp() | ConstantOp():
                    values[op.result] = host.source(op)
                case ReshapeOp():
                    values[op.result] = values[op.operand]
                case TileLaunchOp():
                    _launch(op, values, host)
                case func.CallOp():
                    name = op.callee.string_value()
                    if name not in functions or name in stack:
                        self.fail(
                            op, f"@{name} cannot be called here: it is no function of the module, or calls itself"
                        )
                    body = functions[name].body.block
                    inner: dict[SSAValue, _Buffer] = dict(
                        zip(body.args, (values[one] for one in op.arguments), strict=True)
                    )
                    returned = self._inline(body, inner, host, functions, (*stack, name))
                    values.update(zip(op.results, (buffer for buffer, _ in returned), strict=True))
                case func.ReturnOp():
                    return [(values[one], one) for one in op.arguments]
                case _:
                    self.fail(op, f"'{op.name}' is not in a kernel; only launches, calls and reshapes run on the host")
        self.fail(cast(Operation, block.parent_op()), "the function does not return")

    def _place(self, module: ModuleOp, host: _Host) -> None:
        """Give every buffer its address: lasting buffers one after the other, then temporaries by their lifetimes."""
        top = ALIGNMENT
        for buffer in host.buffers:
            if buffer.kind == "temporary":
                continue
            buffer.address = top
            top += _aligned(buffer.bytes)
        temporaries = [one for one in host.buffers if one.kind == "temporary"]
        intervals = [Interval(one.first, one.last, _aligned(one.bytes), ALIGNMENT) for one in temporaries]
        offsets, peak = plan(intervals)
        for buffer, offset in zip(temporaries, offsets, strict=True):
            buffer.address = top + offset
        limit = load(target_of(module)).memory.gm_bytes
        if top + peak > limit:
            largest = sorted(host.buffers, key=lambda one: (-one.bytes, one.name))[:10]
            listed = "\n".join(f"  {one.name:<14} {one.bytes:>14} bytes  {one.key or one.type}" for one in largest)
            raise SfumatoError(
                f"the program needs {top + peak} bytes of global memory, {target_of(module)} has {limit}; "
                f"use a smaller model or batch, a lower --precision, or another --target. "
                f"The largest buffers:\n{listed}"
            )


def _name_outputs(module: ModuleOp, host: _Host, returned: list[tuple[_Buffer, SSAValue]]) -> None:
    """Make the buffers that ``@main`` returns outputs; what is returned twice, or is no result of a launch, is
    copied."""
    copies: dict[Attribute, KernelOp] = {}
    for position, (buffer, value) in enumerate(returned):
        if buffer.kind != "temporary":
            copy = copies.get(value.type)
            if copy is None:
                name = f"copy_to_output{position}"
                copy = copies[value.type] = copy_kernel(name, value.type, load(target_of(module)))
                module.body.block.add_op(copy)
            source, buffer = buffer, host.add("", "output", value.type)
            source.last = len(host.launches)
            host.launches.append(_Launch(SymbolRefAttr(copy.sym_name.data), [source, buffer], UnknownLoc()))
        buffer.name, buffer.kind, buffer.index, buffer.type = f"output{position}", "output", position, value.type


def _launch(op: TileLaunchOp, values: dict[SSAValue, _Buffer], host: _Host) -> None:
    """Add a launch: its inputs live up to here, its results and workspaces from here."""
    taken = [values[one] for one in op.arguments]
    count = len(host.buffers)
    for position, result in enumerate(op.results):
        values[result] = host.add(f"value{count + position}", "temporary", result.type)
        taken.append(values[result])
    for position, size in enumerate(op.workspace.get_values() if op.workspace is not None else ()):
        type = TensorType(DType.u8.type, (int(size),))
        taken.append(host.add(f"workspace{count + len(op.results) + position}", "temporary", type, int(size)))
    for buffer in taken:
        buffer.last = len(host.launches)
    host.launches.append(_Launch(op.kernel, taken, op.location))


def _bytes(type: Attribute) -> int:
    tensor = cast(TensorType[Attribute], type)
    return DType.of(tensor.element_type).size * prod(tensor.get_shape())


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
