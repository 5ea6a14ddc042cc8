"""Queues of tensors between pipes: AscendC's TQue with AllocTensor, EnQue, DeQue and FreeTensor.

The producer allocates a slot, fills it and enqueues it; each consumer dequeues it, reads it and frees it. Slots are
used in turn, so every consumer sees the tensors in the order they were enqueued. These ops are the only order between
pipes: at the isa level an enqueue sets a flag for each consumer, a dequeue waits for it, a free sets the flag that the
producer's next allocation waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import I64, ArrayAttr, IntegerAttr, StringAttr, UnitAttr
from xdsl.ir import OpResult, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def, traits_def
from xdsl.utils.exceptions import VerifyException

from dialects.interned import i64_attr, text_attr
from dialects.kernel.buffer import verify_memory
from dialects.kernel.places import core_of
from dialects.kernel.types import CORE_OF_SPACE, LOCAL, PIPES, QUEUE, SPACES, LocalType, QueueType


@irdl_op_definition
class InitQueueOp(IRDLOperation):
    """A ring of ``depth`` slots of ``bytes`` each, filled by the producer pipe and read by each consumer pipe.

    One whose turns are ``overlapping``, the next slot being filled before the last one is read, needs all its slots.

    ```mlir
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    ```
    """

    name = "kernel.init_queue"

    position = prop_def(StringAttr)
    depth = prop_def(IntegerAttr[I64])
    bytes = prop_def(IntegerAttr[I64])
    producer = prop_def(StringAttr)
    consumers = prop_def(ArrayAttr[StringAttr])
    address = opt_prop_def(IntegerAttr[I64])
    """Byte address of the first slot, once planned."""
    overlapping = opt_prop_def(UnitAttr)
    queue = result_def(QueueType)

    assembly_format = (
        "$position `depth` $depth `bytes` $bytes `from` $producer `to` $consumers (`at` $address^)?"
        " (`overlapping` $overlapping^)? attr-dict"
    )
    traits = traits_def()

    @classmethod
    def make(cls, position: str, depth: int, bytes: int, producer: str, consumers: Sequence[str]) -> Self:
        """Build the op quickly, without an address."""
        return cls.create(
            result_types=[QUEUE],
            properties={
                "position": text_attr(position),
                "depth": i64_attr(depth),
                "bytes": i64_attr(bytes),
                "producer": text_attr(producer),
                "consumers": ArrayAttr([text_attr(pipe) for pipe in consumers]),
            },
        )

    @property
    def consumer_pipes(self) -> tuple[str, ...]:
        """The names of the pipes that read the tensors."""
        return tuple(pipe.data for pipe in self.consumers)

    def verify_(self) -> None:
        """Check the memory, the depth and that the pipes exist on the core and differ."""
        verify_memory(self, self.position.data, self.bytes.value.data, self.address)
        if self.depth.value.data < 1:
            raise VerifyException(f"has depth {self.depth.value.data}, at least one slot is needed")
        pipes = (self.producer.data, *self.consumer_pipes)
        core = core_of(self) or CORE_OF_SPACE[SPACES[self.position.data]]
        for pipe in pipes:
            if pipe not in PIPES[core]:
                raise VerifyException(f"pipe {pipe} is none of the {core} core's: {', '.join(PIPES[core])}")
        if len(pipes) < 2 or len(set(pipes)) != len(pipes):
            raise VerifyException(f"needs a producer and consumers that are different pipes, got {', '.join(pipes)}")
        block = self.parent
        parent = None if block is None else block.parent_op()
        if parent is not None and parent.name.startswith("scf."):
            raise VerifyException("must stand at the top of the program: its flags are set up once")


def queue_of(value: SSAValue) -> InitQueueOp | None:
    """The op that declares a queue; None for a queue of unknown origin."""
    return value.op if isinstance(value, OpResult) and isinstance(value.op, InitQueueOp) else None


def _check_consumer(queue: SSAValue, pipe: str) -> None:
    declared = queue_of(queue)
    if declared is not None and pipe not in declared.consumer_pipes:
        raise VerifyException(f"pipe {pipe} is no consumer of the queue: {', '.join(declared.consumer_pipes)}")


@irdl_op_definition
class AllocTensorOp(IRDLOperation):
    """The queue's next slot, once every consumer has freed it.

    ```mlir
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    %t = kernel.alloc_tensor %q
    ```
    """

    name = "kernel.alloc_tensor"

    queue = operand_def(QueueType)
    tensor = result_def(LocalType)

    assembly_format = "$queue attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, queue: SSAValue) -> Self:
        """Build the op quickly."""
        return cls.create(operands=[queue], result_types=[LOCAL])


@irdl_op_definition
class EnqueOp(IRDLOperation):
    """Hand an allocated tensor to the consumers, after everything the producer pipe issued so far.

    ```mlir
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    %t = kernel.alloc_tensor %q
    kernel.enque %q, %t
    ```
    """

    name = "kernel.enque"

    queue = operand_def(QueueType)
    tensor = operand_def(LocalType)

    assembly_format = "$queue `,` $tensor attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, queue: SSAValue, tensor: SSAValue) -> Self:
        """Build the op quickly."""
        return cls.create(operands=[queue, tensor])

    def verify_(self) -> None:
        """Check that the tensor was allocated from this queue."""
        source = self.tensor.owner
        if isinstance(source, IRDLOperation) and source.name.startswith("kernel."):
            if not isinstance(source, AllocTensorOp) or source.queue is not self.queue:
                raise VerifyException("the tensor was not allocated from this queue")


@irdl_op_definition
class DequeOp(IRDLOperation):
    """The oldest tensor that ``pipe`` has not taken yet; what the pipe issues next waits for it.

    ```mlir
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    %u = kernel.deque %q on "V"
    ```
    """

    name = "kernel.deque"

    queue = operand_def(QueueType)
    pipe = prop_def(StringAttr)
    tensor = result_def(LocalType)

    assembly_format = "$queue `on` $pipe attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, queue: SSAValue, pipe: str) -> Self:
        """Build the op quickly."""
        return cls.create(operands=[queue], result_types=[LOCAL], properties={"pipe": text_attr(pipe)})

    def verify_(self) -> None:
        """Check that the pipe is a consumer."""
        _check_consumer(self.queue, self.pipe.data)


@irdl_op_definition
class FreeTensorOp(IRDLOperation):
    """Give a dequeued tensor back to the producer, after everything ``pipe`` issued so far.

    ```mlir
    %q = kernel.init_queue "vecin" depth 2 bytes 8192 from "MTE2" to ["V"]
    %u = kernel.deque %q on "V"
    kernel.free_tensor %q, %u on "V"
    ```
    """

    name = "kernel.free_tensor"

    queue = operand_def(QueueType)
    tensor = operand_def(LocalType)
    pipe = prop_def(StringAttr)

    assembly_format = "$queue `,` $tensor `on` $pipe attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, queue: SSAValue, tensor: SSAValue, pipe: str) -> Self:
        """Build the op quickly."""
        return cls.create(operands=[queue, tensor], properties={"pipe": text_attr(pipe)})

    def verify_(self) -> None:
        """Check that the tensor was dequeued from this queue by this pipe."""
        _check_consumer(self.queue, self.pipe.data)
        source = self.tensor.owner
        if isinstance(source, IRDLOperation) and source.name.startswith("kernel."):
            if not isinstance(source, DequeOp) or source.queue is not self.queue or source.pipe != self.pipe:
                raise VerifyException(f"the tensor was not dequeued from this queue by pipe {self.pipe.data}")
