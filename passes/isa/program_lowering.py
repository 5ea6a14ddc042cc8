"""One program of a kernel as instructions: walks its ops in order and keeps what every value has become."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import scf
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Block, Operation, SSAValue

from dialects.errors import SfumatoError
from dialects.isa import Instruction
from dialects.kernel.intrinsic import Intrinsic
from dialects.kernel.queue import InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp, GetBlockNumOp, GetSubBlockIdxOp, GetValueOp, NextSlotOp
from dialects.kernel.structure import InitBufferOp, ProgramOp, SliceOp
from dialects.kernel.sync import CrossCoreSetFlagOp, CrossCoreWaitFlagOp, PipeBarrierOp
from dialects.kernel.types import GlobalType
from passes.analysis.index_range import IndexRanges
from passes.isa.index_lowering import convert
from passes.isa.queue_flags import QueueFlags
from passes.isa.registers import allocate, instructions
from passes.isa.scalar_code import Code, FieldOperand, VirtualRegister
from passes.isa.scalar_expressions import Expressions, Linear, add

_COORDINATES: dict[type[Operation], str] = {
    GetBlockIdxOp: "block_idx",
    GetBlockNumOp: "block_num",
    GetSubBlockIdxOp: "sub_idx",
}


class ProgramLowering:
    """Lowers one ``kernel.program``; ``where`` names it in errors, ``event_ids`` exist per pair of pipes."""

    def __init__(self, program: ProgramOp, event_ids: int, where: str) -> None:
        """Prepare the lowering of a program."""
        self._program = program
        self._where = where
        self._code = Code()
        self._build = Expressions(self._code)
        self._ranges = IndexRanges()
        self._values: dict[SSAValue, Linear] = {}
        """Index values, and tensors as byte addresses."""
        queues = [op for op in program.body.block.ops if isinstance(op, InitQueueOp)]
        self._queues = QueueFlags(queues, self._code, self._build, event_ids, where)
        self._counts: dict[Operation, VirtualRegister] = {}

    def run(self) -> list[tuple[Instruction, Operation | None]]:
        """The program's instructions, in order, and the op that each comes from."""
        for index, argument in enumerate(self._program.body.block.args):
            self._values[argument] = self._build.coordinate("arg", index)
        for op in self._program.walk():
            if isinstance(op, NextSlotOp):
                self._counts[op] = self._code.register()
                self._code.emit("li", rd=self._counts[op], value_lo=0, value_hi=0)
        self._block(self._program.body.block)
        self._queues.drain()
        nodes = self._code.scopes[0].nodes
        location: LocationAttr | None = self._program.location
        return instructions(nodes, allocate(nodes, self._where, location))

    def _block(self, block: Block) -> None:
        for op in block.ops:
            self._code.op = op
            self._op(op)
            self._code.op = op
            self._queues.advance(op)

    def _op(self, op: Operation) -> None:
        if isinstance(op, Intrinsic):
            self._intrinsic(op)
        elif (value := self._pure(op)) is not None:
            self._values[op.results[0]] = value
        elif not self._effect(op):
            raise SfumatoError(f"{op.name} has no translation to instructions", op.location)

    def _pure(self, op: Operation) -> Linear | None:
        match op:
            case GetBlockIdxOp() | GetBlockNumOp() | GetSubBlockIdxOp():
                return self._build.coordinate(_COORDINATES[type(op)])
            case SliceOp():
                moved = add(self._values[op.tensor], Linear(op.offset.value.data))
                return moved if op.dynamic is None else add(moved, self._values[op.dynamic])
            case InitBufferOp():
                if op.address is None:
                    raise SfumatoError("buffer without address: run kernel-plan-memory first", op.location)
                return Linear(op.address.value.data)
            case GetValueOp():
                return self._load(op)
            case NextSlotOp():
                return self._next_slot(op)
            case _ if op.name.startswith("arith."):
                operands = [self._values[operand] for operand in op.operands]
                return convert(op, operands, self._build, self._ranges)
            case _:
                return self._queues.lower(op)

    def _next_slot(self, op: NextSlotOp) -> Linear:
        """A copy of the register that counts for an op, which moves on."""
        slots, register, held = op.slots.value.data, self._counts[op], self._code.register()
        self._code.emit("add", rd=held, a=register, b=0)
        if slots == 2:
            self._code.emit("sub", rd=register, a=1, b=register)
        else:
            self._code.emit("add", rd=register, a=register, b=1)
            self._code.emit("mod", rd=register, a=register, b=slots)
        return self._build.of_register(held)

    def _load(self, op: GetValueOp) -> Linear:
        address = self._build.compute(self._values[op.tensor])
        target = self._code.register()
        mnemonic = "load_gm" if isinstance(op.tensor.type, GlobalType) else "load_ub"
        self._code.emit(mnemonic, rd=target, src=address, type=op.dtype.data)
        return self._build.of_register(target)

    def _effect(self, op: Operation) -> bool:
        """Lower an op without results; False for one that is unknown here."""
        match op:
            case scf.ForOp():
                self._loop(op)
            case scf.IfOp():
                self._branch(op)
            case InitQueueOp() | scf.YieldOp():
                pass
            case PipeBarrierOp():
                self._code.emit("barrier", pipe=op.pipe.data)
            case CrossCoreSetFlagOp():
                flag = self._flag(op)
                self._code.emit("cross_set", pipe=op.pipe.data, id=flag, mode=op.mode.value.data)
            case CrossCoreWaitFlagOp():
                self._code.emit("cross_wait", id=self._flag(op), mode=op.mode.value.data)
            case _:
                return self._queues.lower_release(op)
        return True

    def _flag(self, op: CrossCoreSetFlagOp | CrossCoreWaitFlagOp) -> FieldOperand:
        flag = Linear(op.id.value.data)
        return self._build.compute(flag if op.slot is None else add(flag, self._values[op.slot]))

    def _intrinsic(self, op: Intrinsic) -> None:
        fields: dict[str, FieldOperand] = dict(op.options)
        for name, value in op.integers.items():
            fields[name] = self._build.compute(self._values[value] if isinstance(value, SSAValue) else Linear(value))
        addresses = iter(op.tensors)
        for field in op.tensor_fields:
            tensor = next(addresses, None)
            fields[field.name] = 0 if tensor is None else self._build.compute(self._values[tensor])
        self._code.emit(op.instruction.mnemonic, **fields)

    def _loop(self, op: scf.ForOp) -> None:
        if op.iter_args:
            raise SfumatoError("a loop that carries values has no translation to instructions", op.location)
        lower, upper, step = (self._values[value] for value in (op.lb, op.ub, op.step))
        counter = op.body.block.args[0]
        if not lower.terms and not upper.terms and not step.terms:
            trips = -(-(upper.constant - lower.constant) // step.constant) if step.constant > 0 else 2
            if trips <= 0:
                return
            if trips == 1:
                self._values[counter] = lower
                self._block(op.body.block)
                return
        bounds = {"lower": lower, "upper": upper, "step": step}
        operands = {name: self._build.compute(value) for name, value in bounds.items()}
        register = self._code.register(self._code.current.depth + 1)
        opening = self._code.open("loop", rd=register, **operands)
        self._values[counter] = self._build.of_register(register)
        self._block(op.body.block)
        self._code.close(opening)

    def _branch(self, op: scf.IfOp) -> None:
        if op.results:
            raise SfumatoError("a branch that gives values has no translation to instructions", op.location)
        condition = self._values[op.cond]
        for block, taken in self._arms(op, condition):
            if not taken.terms:
                if taken.constant:
                    self._block(block)
                continue
            opening = self._code.open("if", a=self._build.compute(taken))
            self._block(block)
            self._code.close(opening)

    def _arms(self, op: scf.IfOp, condition: Linear) -> Iterator[tuple[Block, Linear]]:
        yield op.true_region.block, condition
        if op.false_region.blocks and list(op.false_region.block.ops):
            yield op.false_region.block, self._build.binary("eq", condition, Linear(0))
