"""What the scalar unit knows, counts and reads: AscendC's GetBlockIdx, GetBlockNum, GetSubBlockIdx and GetValue."""

from __future__ import annotations

from typing import ClassVar, Self

from xdsl.dialects.builtin import I64, IndexType, IntegerAttr, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.interned import INDEX, i64_attr, text_attr
from dialects.kernel.places import space_of
from dialects.kernel.types import GlobalType, LocalType


class _Coordinate(IRDLOperation):
    """A number that tells a core which part of the work is its own."""

    result = result_def(IndexType)

    assembly_format = "attr-dict"
    traits = traits_def(Pure())

    @classmethod
    def make(cls) -> Self:
        """Build the op quickly."""
        return cls.create(result_types=[INDEX])


@irdl_op_definition
class GetBlockIdxOp(_Coordinate):
    """The number of the block that this core belongs to.

    ```mlir
    %b = kernel.get_block_idx
    ```
    """

    name = "kernel.get_block_idx"


@irdl_op_definition
class GetBlockNumOp(_Coordinate):
    """How many blocks the kernel runs on.

    ```mlir
    %n = kernel.get_block_num
    ```
    """

    name = "kernel.get_block_num"


@irdl_op_definition
class GetSubBlockIdxOp(_Coordinate):
    """Which of its block's two vector cores this is: 0 or 1 in a mix kernel, 0 elsewhere.

    ```mlir
    %s = kernel.get_sub_block_idx
    ```
    """

    name = "kernel.get_sub_block_idx"


@irdl_op_definition
class NextSlotOp(IRDLOperation):
    """How often the program has come here before, modulo the slots of a ring: 0, 1, .. in turn.

    It is a register that the op moves on, so that the slot is known however many trips the loops around it took.

    ```mlir
    %s = kernel.next_slot of 4
    ```
    """

    name = "kernel.next_slot"

    slots = prop_def(IntegerAttr[I64])
    result = result_def(IndexType)

    assembly_format = "`of` $slots attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, slots: int) -> Self:
        """Build the op quickly."""
        return cls.create(result_types=[INDEX], properties={"slots": i64_attr(slots)})

    def verify_(self) -> None:
        """A ring has slots."""
        if self.slots.value.data < 1:
            raise VerifyException(f"counts {self.slots.value.data} slots, at least one is needed")


@irdl_op_definition
class GetValueOp(IRDLOperation):
    """One integer element read by the scalar unit from global memory or UB, sign-extended.

    A local tensor must have been dequeued on pipe S, which orders the read after the write.

    ```mlir
    %lengths = "test.op"() : () -> !kernel.global<i32>
    %n = kernel.get_value %lengths as "i32" : !kernel.global<i32>
    ```
    """

    name = "kernel.get_value"

    TYPES: ClassVar[tuple[str, ...]] = ("i64", "i32", "i16", "i8", "u32", "u16", "u8")

    tensor = operand_def(LocalType | GlobalType)
    dtype = prop_def(StringAttr)
    value = result_def(IndexType)

    assembly_format = "$tensor `as` $dtype attr-dict `:` type($tensor)"
    traits = traits_def()

    @classmethod
    def make(cls, tensor: SSAValue, dtype: str) -> Self:
        """Build the op quickly."""
        return cls.create(operands=[tensor], result_types=[INDEX], properties={"dtype": text_attr(dtype)})

    def verify_(self) -> None:
        """Check the element type and that the scalar unit can read the memory."""
        if self.dtype.data not in self.TYPES or self.dtype.data not in DType.__members__:
            raise VerifyException(f"reads a {self.dtype.data}, expected one of {', '.join(self.TYPES)}")
        if (space := space_of(self.tensor)) not in (None, "gm", "ub"):
            raise VerifyException(f"the scalar unit reads from gm and ub, the tensor is in {space}")
