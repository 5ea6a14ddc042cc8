"""Names for what instructions come from: buffers by position and number, operations with the buffers they work on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Operation, OpResult, SSAValue

from dialects.isa.origin import LocalBuffer, Origins
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp, queue_of
from dialects.kernel.structure import InitBufferOp, KernelOp, ProgramOp, SliceOp
from dialects.kernel.types import SPACES, GlobalType, LocalType
from passes.kernel.kernel_plan_memory import slot_bytes


class OriginNames:
    """The buffers of one program by name (``vecin.0``, ``veccalc.3``), its arguments by the kernel's names."""

    def __init__(self, kernel: KernelOp, program: ProgramOp) -> None:
        """Name the arguments of ``kernel`` and everything that ``program``, one of its two, declares."""
        self._names: dict[SSAValue, str] = {}
        for argument, entry in zip(program.body.block.args, kernel.parameters, strict=True):
            name = entry.data["name"]
            assert isinstance(name, StringAttr)
            self._names[argument] = name.data
        self._buffers: list[LocalBuffer] = []
        numbers: Counter[str] = Counter()
        for op in program.walk():
            if not isinstance(op, InitQueueOp | InitBufferOp) or op.address is None:
                continue
            position = op.position.data
            name = op.results[0].name_hint or f"{position}.{numbers[position]}"
            numbers[position] += 1
            self._names[op.results[0]] = name
            size, slots = op.bytes.value.data, 1
            if isinstance(op, InitQueueOp):
                size, slots = slot_bytes(op), op.depth.value.data
            self._buffers.append(LocalBuffer(name, SPACES[position], op.address.value.data, size, slots))

    def origins(self, ops: Iterable[Operation | None]) -> Origins:
        """Return the origins of instructions that came from ``ops``, one each."""
        texts: dict[Operation, str] = {}
        found: dict[str, int] = {}
        positions: list[int] = []
        for op in ops:
            if op is None:
                positions.append(-1)
                continue
            if op not in texts:
                texts[op] = self._text(op)
            positions.append(found.setdefault(texts[op], len(found)))
        return Origins(tuple(found), tuple(positions), tuple(self._buffers))

    def _text(self, op: Operation) -> str:
        match op:
            case InitQueueOp() | InitBufferOp():
                return f"{op.name} {self._names.get(op.results[0], '')}".rstrip()
            case AllocTensorOp() | DequeOp() | EnqueOp() | FreeTensorOp():
                return f"{op.name} {self._tensor(op.queue)}"
            case _:
                tensors = [value for value in op.operands if isinstance(value.type, LocalType | GlobalType)]
                return f"{op.name}({', '.join(map(self._tensor, tensors))})" if tensors else op.name

    def _tensor(self, value: SSAValue) -> str:
        """Name a tensor by the buffer, queue or argument it is a piece of, and the bytes in front of the piece."""
        offset, exact = 0, True
        while isinstance(value, OpResult) and isinstance(value.op, SliceOp):
            offset += value.op.offset.value.data
            exact = exact and value.op.dynamic is None
            value = value.op.tensor
        if isinstance(value, OpResult) and isinstance(value.op, AllocTensorOp | DequeOp):
            queue = queue_of(value.op.queue)
            value = value if queue is None else queue.queue
        name = self._names.get(value, "tensor")
        return f"{name}[{offset}]" if exact and offset else name if exact else f"{name}[...]"
