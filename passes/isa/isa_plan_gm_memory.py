"""Lay out global memory: host code becomes a flat list of buffers with addresses and of launches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr, UnknownLoc
from xdsl.ir import Attribute, Block, Operation, SSAValue

from dialects.errors import SfumatoError
from dialects.graph.source import ConstantOp, WeightOp
from dialects.graph.view import ReshapeOp
from dialects.interned import i64_attr
from dialects.isa.structure import KernelOp
from dialects.tile.launch import LaunchOp as TileLaunchOp
from passes.analysis.memory_planner import Interval, plan
from passes.analysis.rounding import round_up
from passes.base import SfumatoPass, target_of
from passes.isa.copy_kernel import copy_kernel
from passes.isa.host_program import HostBuffer, HostLaunch, HostProgram
from runtime.machine.description import load

ALIGNMENT = 512
"""Bytes that every buffer's address is a multiple of: an L2 line of the 910B."""


@dataclass(frozen=True)
class IsaPlanGmMemory(SfumatoPass):
    """Inline the calls of ``@main`` and give every tensor a range of global memory.

    Functions go; what is left are kernels, ``isa.buffer`` with addresses (multiples of 512 bytes) and ``isa.launch`` in
    order. Inputs, outputs, weights and constants have memory of their own; temporaries share memory when no launch
    needs both. A reshape is another name for the same buffer. An output that no launch of a run computes (an input, a
    weight, another output) is copied by a kernel. Attribute ``sfumato.values`` of the module tells how many tensors
    there were before any shared memory.

    Launches that read nothing but weights, constants and each other's results do not depend on the model's inputs.
    They come first, marked ``setup``: they run once, when the program is loaded. What the other launches read of
    theirs are buffers of kind ``prepared``, which live as long as the program; of equal setup launches there is one.
    Launches, kernels and buffers that no output depends on are dropped.

    The host may hold only ``graph.weight``, ``graph.constant``, ``graph.reshape``, ``tile.launch``, ``func.call`` and
    ``func.return``. Fails when the buffers do not fit the global memory of the target, listing the largest.
    """

    name = "isa-plan-gm-memory"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Replace the functions of the module by buffers and launches."""
        functions = {one.sym_name.data: one for one in op.ops if isinstance(one, func.FuncOp)}
        if "main" not in functions:
            raise SfumatoError(f"the module has no function @main [in pass {self.name}]")
        host, main = HostProgram(), functions["main"]
        values: dict[SSAValue, HostBuffer] = {}
        for position, argument in enumerate(main.body.block.args):
            values[argument] = host.add(f"input{position}", "input", argument.type)
            values[argument].index = position
        returned = self._inline(main.body.block, values, host, functions, ("main",))
        _name_outputs(op, host, returned)
        host.order()
        self._place(op, host)
        for function in functions.values():
            function.detach()
            function.drop_all_references()
        launched = {launch.kernel.string_value() for launch in host.launches}
        for kernel in list(op.ops):
            if isinstance(kernel, KernelOp) and kernel.sym_name.data not in launched:
                kernel.detach()
                kernel.drop_all_references()
        block = op.body.block
        block.add_ops([buffer.op() for buffer in host.buffers])
        block.add_ops([launch.op() for launch in host.launches])
        op.attributes["sfumato.values"] = i64_attr(len(host.buffers))

    def _inline(
        self,
        block: Block,
        values: dict[SSAValue, HostBuffer],
        host: HostProgram,
        functions: dict[str, func.FuncOp],
        stack: tuple[str, ...],
    ) -> list[tuple[HostBuffer, SSAValue]]:
        """Walk a function's block in order, adding its launches; return the buffers of what it returns."""
        for op in block.ops:
            match op:
                case WeightOp() | ConstantOp():
                    values[op.result] = host.source(op)
                case ReshapeOp():
                    values[op.result] = values[op.operand]
                case TileLaunchOp():
                    inputs = [values[one] for one in op.arguments]
                    types = [one.type for one in op.results]
                    workspaces = () if op.workspace is None else tuple(map(int, op.workspace.get_values()))
                    made = host.launch(op.kernel, inputs, types, workspaces, op.location)
                    values.update(zip(op.results, made, strict=True))
                case func.CallOp():
                    name = op.callee.string_value()
                    if name not in functions or name in stack:
                        self.fail(
                            op, f"@{name} cannot be called here: it is no function of the module, or calls itself"
                        )
                    body = functions[name].body.block
                    inner: dict[SSAValue, HostBuffer] = dict(
                        zip(body.args, (values[one] for one in op.arguments), strict=True)
                    )
                    returned = self._inline(body, inner, host, functions, (*stack, name))
                    values.update(zip(op.results, (buffer for buffer, _ in returned), strict=True))
                case func.ReturnOp():
                    return [(values[one], one) for one in op.arguments]
                case _:
                    self.fail(op, f"'{op.name}' is not in a kernel; only launches, calls and reshapes run on the host")
        self.fail(cast(Operation, block.parent_op()), "the function does not return")

    def _place(self, module: ModuleOp, host: HostProgram) -> None:
        """Give every buffer its address: lasting buffers one after the other, then temporaries by their lifetimes."""
        top = ALIGNMENT
        for buffer in host.buffers:
            if buffer.kind == "temporary":
                continue
            buffer.address = top
            top += round_up(buffer.bytes, ALIGNMENT)
        temporaries = [one for one in host.buffers if one.kind == "temporary"]
        intervals = [Interval(one.first, one.last, round_up(one.bytes, ALIGNMENT), ALIGNMENT) for one in temporaries]
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


def _name_outputs(module: ModuleOp, host: HostProgram, returned: list[tuple[HostBuffer, SSAValue]]) -> None:
    """Make the buffers that ``@main`` returns outputs; what is returned twice, or is no result of a launch of this
    run, is copied."""
    copies: dict[Attribute, KernelOp] = {}
    for position, (buffer, value) in enumerate(returned):
        if buffer.kind != "temporary":
            copy = copies.get(value.type)
            if copy is None:
                name = f"copy_to_output{position}"
                copy = copies[value.type] = copy_kernel(name, value.type, load(target_of(module)))
                module.body.block.add_op(copy)
            source, buffer = buffer, host.add("", "output", value.type)
            host.launches.append(HostLaunch(SymbolRefAttr(copy.sym_name.data), [source, buffer], 1, UnknownLoc()))
        buffer.name, buffer.kind, buffer.index, buffer.type = f"output{position}", "output", position, value.type
