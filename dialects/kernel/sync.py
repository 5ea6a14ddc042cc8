"""Order between cores and within a pipe: AscendC's CrossCoreSetFlag, CrossCoreWaitFlag and PipeBarrier."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import I64, IndexType, IntegerAttr, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, opt_operand_def, prop_def, traits_def
from xdsl.utils.exceptions import VerifyException

from dialects.interned import i64_attr, text_attr
from dialects.isa.fields import Pipe
from dialects.isa.sync import CROSS_FLAGS
from dialects.kernel.places import core_of
from dialects.kernel.types import PIPES

MODES = {0: "all cores of the kind", 2: "the cube core and its vector cores"}
"""Mode -> between whom."""


def _check_flag(id: int, mode: int) -> None:
    if not 0 <= id < CROSS_FLAGS:
        raise VerifyException(f"flag {id} does not exist, flags are 0 to {CROSS_FLAGS - 1}")
    if mode not in MODES:
        raise VerifyException(f"mode {mode} does not exist, expected 0 or 2")


def check_pipe(op: IRDLOperation, pipe: str) -> None:
    """Raise VerifyException unless ``pipe`` exists on the core of the program around ``op``."""
    core = core_of(op)
    known = tuple(Pipe.__members__) if core is None else PIPES[core]
    if pipe not in known:
        raise VerifyException(f"pipe {pipe} is none of {', '.join(known)}")


@irdl_op_definition
class CrossCoreSetFlagOp(IRDLOperation):
    """Raise a cross-core flag after everything ``pipe`` issued so far; an index value may add to the flag's number.

    Mode 0 is a rendezvous of all cores of the kind, mode 2 tells the other side of the block (cube core or vector
    cores).

    ```mlir
    %slot = "test.op"() : () -> index
    kernel.cross_core_set_flag "MTE3" id 0 mode 2
    kernel.cross_core_set_flag "MTE3" id 2 + %slot mode 2
    ```
    """

    name = "kernel.cross_core_set_flag"

    pipe = prop_def(StringAttr)
    id = prop_def(IntegerAttr[I64])
    mode = prop_def(IntegerAttr[I64])
    slot = opt_operand_def(IndexType)

    assembly_format = "$pipe `id` $id (`+` $slot^)? `mode` $mode attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, pipe: str, id: int, mode: int, slot: SSAValue | None = None) -> Self:
        """Build the op quickly."""
        return cls.create(
            operands=[] if slot is None else [slot],
            properties={"pipe": text_attr(pipe), "id": i64_attr(id), "mode": i64_attr(mode)},
        )

    def verify_(self) -> None:
        """Check the pipe, the flag and the mode."""
        check_pipe(self, self.pipe.data)
        _check_flag(self.id.value.data, self.mode.value.data)


@irdl_op_definition
class CrossCoreWaitFlagOp(IRDLOperation):
    """Stop the core's issue until a cross-core flag is raised, and take it down by one.

    ```mlir
    kernel.cross_core_wait_flag id 0 mode 2
    ```
    """

    name = "kernel.cross_core_wait_flag"

    id = prop_def(IntegerAttr[I64])
    mode = prop_def(IntegerAttr[I64])
    slot = opt_operand_def(IndexType)

    assembly_format = "`id` $id (`+` $slot^)? `mode` $mode attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, id: int, mode: int, slot: SSAValue | None = None) -> Self:
        """Build the op quickly."""
        return cls.create(
            operands=[] if slot is None else [slot],
            properties={"id": i64_attr(id), "mode": i64_attr(mode)},
        )

    def verify_(self) -> None:
        """Check the flag and the mode."""
        _check_flag(self.id.value.data, self.mode.value.data)


@irdl_op_definition
class PipeBarrierOp(IRDLOperation):
    """What ``pipe`` issues next waits until it has completed what it issued so far; ``ALL`` is every pipe of the core.

    ```mlir
    kernel.pipe_barrier "V"
    ```
    """

    name = "kernel.pipe_barrier"

    pipe = prop_def(StringAttr)

    assembly_format = "$pipe attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, pipe: str) -> Self:
        """Build the op quickly."""
        return cls.create(properties={"pipe": text_attr(pipe)})

    def verify_(self) -> None:
        """Check the pipe."""
        if self.pipe.data != Pipe.ALL.name:
            check_pipe(self, self.pipe.data)
