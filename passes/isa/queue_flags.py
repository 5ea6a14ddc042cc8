"""Queue operations as flags and slot addresses: what enqueue, dequeue, allocation and free are at the isa level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue

from dialects.errors import SfumatoError
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp, queue_of
from passes.isa.event_ids import assign_event_ids
from passes.isa.queue_slots import Counter, Turn, find_turns
from passes.isa.scalar_code import Code, VirtualRegister
from passes.isa.scalar_expressions import Expressions, Linear, add, scaled
from passes.kernel.kernel_plan_memory import slot_bytes


@dataclass(frozen=True)
class Slot:
    """A slot that a tensor occupies: its byte address and the event id of its flags."""

    address: Linear
    event: Linear


@dataclass(frozen=True)
class _State:
    """Where a counter of a queue deeper than one is kept: with two slots the address and the event id themselves
    (a turn subtracts them from the sum of both), with more the number of the slot."""

    registers: tuple[VirtualRegister, ...]


class QueueFlags:
    """Lowers the queue ops of one program; call ``advance`` after every op of it, and ``drain`` at its end."""

    def __init__(
        self, queues: Sequence[InitQueueOp], code: Code, build: Expressions, event_ids: int, where: str
    ) -> None:
        """Assign event ids, set all free flags and start the counters; ``where`` names the program in errors."""
        self._queues = queues
        self._code = code
        self._build = build
        self._first = assign_event_ids(queues, event_ids, where)
        self._bases: dict[InitQueueOp, int] = {}
        self._states: dict[Counter, _State] = {}
        self._turn_of: dict[Operation, Turn] = {}
        self._ending: dict[Operation, list[Turn]] = {}
        self._open: dict[Turn, Slot] = {}
        self._slots: dict[SSAValue, Slot] = {}
        for queue in queues:
            self._start(queue)

    def _start(self, queue: InitQueueOp) -> None:
        if queue.address is None:
            raise SfumatoError("queue without address: run kernel-plan-memory first", queue.location)
        base = self._bases[queue] = queue.address.value.data
        self._code.op = queue
        for pipe in queue.consumer_pipes:
            for slot in range(queue.depth.value.data):
                self._code.emit("set_flag", src=pipe, dst=queue.producer.data, id=self._first[queue] + slot)
        for counter in find_turns(queue):
            for turn in counter.turns:
                for op in turn.ops:
                    self._turn_of[op] = turn
                self._ending.setdefault(turn.ops[-1] if turn.overlaps else turn.last_use, []).append(turn)
            if queue.depth.value.data == 2:
                self._states[counter] = _State((self._initial(base), self._initial(self._first[queue])))
            elif queue.depth.value.data > 2:
                self._states[counter] = _State((self._initial(0),))

    def _initial(self, value: int) -> VirtualRegister:
        register = self._code.register()
        self._code.emit("li", rd=register, value_lo=value, value_hi=0)
        return register

    def drain(self) -> None:
        """Take every slot's free flag at the end of the program, so that no flag stays set."""
        for queue in self._queues:
            self._code.op = queue
            for pipe in queue.consumer_pipes:
                for slot in range(queue.depth.value.data):
                    self._code.emit("wait_flag", src=pipe, dst=queue.producer.data, id=self._first[queue] + slot)

    def lower(self, op: Operation) -> Linear | None:
        """Emit the flags of a queue op; an allocation or dequeue gives the tensor's address. None for any other op."""
        match op:
            case AllocTensorOp():
                slot = self._slots[op.tensor] = self._slot(op)
                queue = self._queue(op, op.queue)
                for pipe in queue.consumer_pipes:
                    self._flag("wait_flag", pipe, queue.producer.data, slot)
                return slot.address
            case DequeOp():
                slot = self._slots[op.tensor] = self._slot(op)
                self._flag("wait_flag", self._queue(op, op.queue).producer.data, op.pipe.data, slot)
                return slot.address
            case _:
                return None

    def lower_release(self, op: Operation) -> bool:
        """Emit the flags of an enqueue or a free; False for any other op."""
        match op:
            case EnqueOp():
                queue = self._queue(op, op.queue)
                for pipe in queue.consumer_pipes:
                    self._flag("set_flag", queue.producer.data, pipe, self._slot_of(op, op.tensor))
            case FreeTensorOp():
                queue = self._queue(op, op.queue)
                self._flag("set_flag", op.pipe.data, queue.producer.data, self._slot_of(op, op.tensor))
            case _:
                return False
        return True

    def advance(self, op: Operation) -> None:
        """Move on the counters whose turn ends with ``op``."""
        for turn in self._ending.get(op, ()):
            state = self._states.get(turn.counter)
            if state is None:
                continue
            queue = turn.counter.queue
            if queue.depth.value.data == 2:
                sums = (2 * self._bases[queue] + slot_bytes(queue), 2 * self._first[queue] + 1)
                for register, total in zip(state.registers, sums, strict=True):
                    self._code.emit("sub", rd=register, a=total, b=register)
            else:
                (register,) = state.registers
                self._code.emit("add", rd=register, a=register, b=1)
                self._code.emit("mod", rd=register, a=register, b=queue.depth.value.data)

    def _slot(self, op: AllocTensorOp | DequeOp) -> Slot:
        queue = self._queue(op, op.queue)
        turn = self._turn_of[op]
        state = self._states.get(turn.counter)
        if state is None:
            return Slot(Linear(self._bases[queue]), Linear(self._first[queue]))
        if op is not turn.ops[0]:
            return self._open[turn]
        registers = [self._of_turn(register, turn) for register in state.registers]
        if len(registers) == 2:
            slot = Slot(*registers)
        else:
            address = add(Linear(self._bases[queue]), scaled(registers[0], slot_bytes(queue)))
            slot = Slot(address, add(Linear(self._first[queue]), registers[0]))
        self._open[turn] = slot
        return slot

    def _of_turn(self, register: VirtualRegister, turn: Turn) -> Linear:
        """The counter's value during a turn: a new value each time, since the register changes from turn to turn."""
        if not turn.overlaps:
            return self._build.of_register(self._code.turn(register))
        held = self._code.register()
        self._code.emit("add", rd=held, a=register, b=0)
        return self._build.of_register(held)

    def _flag(self, mnemonic: str, source: str, destination: str, slot: Slot) -> None:
        self._code.emit(mnemonic, src=source, dst=destination, id=self._build.compute(slot.event))

    def _slot_of(self, op: Operation, tensor: SSAValue) -> Slot:
        slot = self._slots.get(tensor)
        if slot is None:
            raise SfumatoError(
                f"{op.name}: the tensor comes from no allocation or dequeue of this program", op.location
            )
        return slot

    def _queue(self, op: Operation, value: SSAValue) -> InitQueueOp:
        queue = queue_of(value)
        if queue is None:
            raise SfumatoError(f"{op.name}: the queue is not declared by a kernel.init_queue", op.location)
        return queue
