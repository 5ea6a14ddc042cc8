"""Memory of a core and places in it: AscendC's TBuf, and tensors that start further on."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import I64, IndexType, IntegerAttr, StringAttr
from xdsl.ir import SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.interned import i64_attr, text_attr
from dialects.kernel.places import core_of
from dialects.kernel.types import ALIGNMENT, CORE_OF_SPACE, LOCAL, SPACES, GlobalType, LocalType


@irdl_op_definition
class InitBufferOp(IRDLOperation):
    """Memory that is not passed between pipes (AscendC's TBuf); its contents live from this op to its last use.

    Buffers whose lives do not overlap may share addresses: put the op inside the loop body when no value crosses
    iterations.

    A buffer of a channel holds the slots that one kind of core fills and the other reads: the programs of both declare
    it with the same number, in the consumer's memory, and see it at the same address throughout.

    ```mlir
    %scratch = kernel.init_buffer "veccalc" bytes 4096
    %slots = kernel.init_buffer "vecin" bytes 8192 channel 0
    ```
    """

    name = "kernel.init_buffer"

    position = prop_def(StringAttr)
    bytes = prop_def(IntegerAttr[I64])
    channel = opt_prop_def(IntegerAttr[I64])
    """Number of the channel whose slots it holds."""
    address = opt_prop_def(IntegerAttr[I64])
    """Byte address in its memory, once planned."""
    buffer = result_def(LocalType)

    assembly_format = "$position `bytes` $bytes (`channel` $channel^)? (`at` $address^)? attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, position: str, bytes: int, channel: int | None = None) -> Self:
        """Build the op quickly, without an address."""
        properties = {"position": text_attr(position), "bytes": i64_attr(bytes)}
        if channel is not None:
            properties["channel"] = i64_attr(channel)
        return cls.create(result_types=[LOCAL], properties=properties)

    def verify_(self) -> None:
        """Check the position, the core, the size and the address."""
        verify_memory(self, self.position.data, self.bytes.value.data, self.address, self.channel is not None)


def verify_memory(
    op: IRDLOperation, position: str, bytes: int, address: IntegerAttr[I64] | None, of_any_core: bool = False
) -> None:
    """Raise VerifyException unless ``op`` may declare ``bytes`` of memory at ``position`` on its core (or on any)."""
    space = SPACES.get(position)
    if space is None:
        raise VerifyException(f"position is '{position}', expected one of {', '.join(SPACES)}")
    core = core_of(op)
    if not of_any_core and core is not None and core != CORE_OF_SPACE[space]:
        raise VerifyException(
            f"position {position} is in {space} of the {CORE_OF_SPACE[space]} core, not of the {core} core"
        )
    if bytes < 1:
        raise VerifyException(f"has {bytes} bytes, at least one is needed")
    if address is not None and (address.value.data < 0 or address.value.data % ALIGNMENT[space]):
        raise VerifyException(f"address {address.value.data} is not a multiple of {ALIGNMENT[space]} in {space}")


@irdl_op_definition
class SliceOp(IRDLOperation):
    """The tensor that starts a number of bytes further on: a static offset plus, optionally, an index value.

    ```mlir
    %t, %i = "test.op"() : () -> (!kernel.local, index)
    %u = kernel.slice %t[%i + 128] : !kernel.local
    ```
    """

    name = "kernel.slice"

    tensor = operand_def(LocalType | GlobalType)
    dynamic = opt_operand_def(IndexType)
    offset = prop_def(IntegerAttr[I64])
    result = result_def(LocalType | GlobalType)

    traits = traits_def(Pure())

    @classmethod
    def make(cls, tensor: SSAValue, offset: int | SSAValue, static: int = 0) -> Self:
        """Build the op quickly: ``tensor`` moved by ``offset`` (immediate or index value) plus ``static`` bytes."""
        if isinstance(offset, SSAValue):
            operands, bytes = (tensor, offset), static
        else:
            operands, bytes = (tensor,), offset + static
        return cls.create(operands=operands, result_types=[tensor.type], properties={"offset": i64_attr(bytes)})

    def verify_(self) -> None:
        """Check that the type does not change."""
        if self.result.type != self.tensor.type:
            raise VerifyException(f"slices a {self.tensor.type} to a {self.result.type}")

    def print(self, printer: Printer) -> None:
        """Print ``%tensor[%dynamic + offset] : type``."""
        printer.print_string(" ")
        printer.print_operand(self.tensor)
        with printer.in_square_brackets():
            if self.dynamic is not None:
                printer.print_operand(self.dynamic)
                printer.print_string(" + ")
            printer.print_string(str(self.offset.value.data))
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse what ``print`` writes; a lone index value means a static offset of zero."""
        tensor = parser.parse_unresolved_operand()
        parser.parse_punctuation("[")
        dynamic = parser.parse_optional_operand(IndexType())
        offset = 0
        if dynamic is None or parser.parse_optional_punctuation("+") is not None:
            offset = parser.parse_integer(allow_boolean=False)
        parser.parse_punctuation("]")
        attributes = parser.parse_optional_attr_dict_with_keyword()
        parser.parse_punctuation(":")
        result_type = parser.parse_type()
        resolved = parser.resolve_operand(tensor, result_type)
        return cls.create(
            operands=[resolved] if dynamic is None else [resolved, dynamic],
            result_types=[result_type],
            properties={"offset": i64_attr(offset)},
            attributes={} if attributes is None else attributes.data,
        )
