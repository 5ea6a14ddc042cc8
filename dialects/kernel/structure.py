"""Kernels, their programs and the tensors in them: AscendC's kernel function, GlobalTensor and TBuf."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DictionaryAttr,
    IndexType,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    i64,
)
from xdsl.ir import Attribute, Block, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, NoTerminator, Pure, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from dialects.kernel.places import core_of
from dialects.kernel.types import ALIGNMENT, CORE_OF_SPACE, CORES_OF_KIND, LOCAL, SPACES, GlobalType, LocalType

DIRECTIONS = ("in", "out", "inout", "workspace")
"""What a kernel does with an argument."""


@irdl_op_definition
class KernelOp(IRDLOperation):
    """A kernel: one program a kind of core, launched on ``blocks`` blocks; a mix block is a cube core with two vector cores.

    Each argument is a dictionary with ``name``, ``type`` (a tensor type) and ``direction`` (in, out, inout or workspace).

    ```mlir
    kernel.kernel @copy "vector" blocks 4 [{name = "x", type = tensor<64xf32>, direction = "in"}] {
      kernel.program "vector" (%x : !kernel.global<f32>) {
      }
    }
    ```
    """

    name = "kernel.kernel"

    sym_name = prop_def(SymbolNameConstraint())
    kind = prop_def(StringAttr)
    blocks = prop_def(IntegerAttr[I64])
    parameters = prop_def(ArrayAttr[DictionaryAttr], prop_name="arguments")
    body = region_def("single_block")

    assembly_format = "$sym_name $kind `blocks` $blocks $arguments attr-dict-with-keyword $body"
    traits = traits_def(SymbolOpInterface(), IsolatedFromAbove(), NoTerminator())

    @property
    def programs(self) -> tuple[ProgramOp, ...]:
        """The programs, at most one a kind of core."""
        return tuple(op for op in self.body.block.ops if isinstance(op, ProgramOp))

    def verify_(self) -> None:
        """Check the kind, the programs' cores and the arguments' dictionaries."""
        cores = CORES_OF_KIND.get(self.kind.data)
        if cores is None:
            raise VerifyException(f"kind is '{self.kind.data}', expected one of {', '.join(CORES_OF_KIND)}")
        if self.blocks.value.data < 1:
            raise VerifyException(f"runs on {self.blocks.value.data} blocks, at least one is needed")
        if len(self.programs) != len(list(self.body.block.ops)):
            raise VerifyException("holds something else than programs")
        present = sorted(program.core.data for program in self.programs)
        if present != sorted(cores):
            raise VerifyException(
                f"a {self.kind.data} kernel has programs for {', '.join(cores)}, got {', '.join(present)}"
            )
        for entry in self.parameters:
            if not {"name", "type", "direction"} <= set(entry.data):
                raise VerifyException(f"argument {entry} must have name, type and direction")
            direction = entry.data["direction"]
            if not isinstance(direction, StringAttr) or direction.data not in DIRECTIONS:
                raise VerifyException(f"argument direction {direction} is none of {', '.join(DIRECTIONS)}")


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """What one kind of core runs: a block whose arguments are the kernel's, with loops and branches of ``scf``.

    ```mlir
    kernel.kernel @empty "cube" blocks 1 [] {
      kernel.program "cube" () {
      }
    }
    ```
    """

    name = "kernel.program"

    core = prop_def(StringAttr)
    body = region_def("single_block")

    traits = traits_def(HasParent(KernelOp), IsolatedFromAbove(), NoTerminator())

    def __init__(self, core: str, argument_types: list[Attribute]) -> None:
        """Make an empty program for ``core`` with a block argument a kernel argument."""
        super().__init__(properties={"core": StringAttr(core)}, regions=[Region(Block(arg_types=argument_types))])

    def verify_(self) -> None:
        """Check the core and that the block arguments are the kernel's."""
        if self.core.data not in CORE_OF_SPACE.values():
            raise VerifyException(f"core is '{self.core.data}', expected cube or vector")
        kernel = self.parent_op()
        if isinstance(kernel, KernelOp) and len(self.body.block.args) != len(kernel.parameters):
            raise VerifyException(f"has {len(self.body.block.args)} arguments, its kernel {len(kernel.parameters)}")
        for argument in self.body.block.args:
            if not isinstance(argument.type, GlobalType):
                raise VerifyException(f"an argument must be a !kernel.global, got {argument.type}")

    def print(self, printer: Printer) -> None:
        """Print ``"core" (%argument : type, ...) { ... }``."""
        printer.print_string(" ")
        printer.print_attribute(self.core)
        printer.print_string(" ")
        with printer.in_parens():
            printer.print_list(self.body.block.args, printer.print_block_argument)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        """Parse what ``print`` writes."""
        core = parser.parse_str_literal()
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_argument)
        attributes = parser.parse_optional_attr_dict_with_keyword()
        region = parser.parse_region(arguments)
        if not region.blocks:
            region.add_block(Block(arg_types=[argument.type for argument in arguments]))
        return cls.create(
            properties={"core": StringAttr(core)},
            attributes={} if attributes is None else attributes.data,
            regions=[region],
        )


@irdl_op_definition
class InitBufferOp(IRDLOperation):
    """Memory that is not passed between pipes (AscendC's TBuf); its contents live from this op to its last use.

    Buffers whose lives do not overlap may share addresses: put the op inside the loop body when no value crosses iterations.

    ```mlir
    %scratch = kernel.init_buffer "veccalc" bytes 4096
    ```
    """

    name = "kernel.init_buffer"

    position = prop_def(StringAttr)
    bytes = prop_def(IntegerAttr[I64])
    address = opt_prop_def(IntegerAttr[I64])
    """Byte address in its memory, once planned."""
    buffer = result_def(LocalType)

    assembly_format = "$position `bytes` $bytes (`at` $address^)? attr-dict"
    traits = traits_def()

    @classmethod
    def make(cls, position: str, bytes: int) -> Self:
        """Build the op quickly, without an address."""
        properties = {"position": StringAttr(position), "bytes": IntegerAttr(bytes, i64)}
        return cls.create(result_types=[LOCAL], properties=properties)

    def verify_(self) -> None:
        """Check the position, the core, the size and the address."""
        verify_memory(self, self.position.data, self.bytes.value.data, self.address)


def verify_memory(op: IRDLOperation, position: str, bytes: int, address: IntegerAttr[I64] | None) -> None:
    """Raise VerifyException unless ``op`` may declare ``bytes`` of memory at ``position`` on its core."""
    space = SPACES.get(position)
    if space is None:
        raise VerifyException(f"position is '{position}', expected one of {', '.join(SPACES)}")
    core = core_of(op)
    if core is not None and core != CORE_OF_SPACE[space]:
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
        return cls.create(operands=operands, result_types=[tensor.type], properties={"offset": IntegerAttr(bytes, i64)})

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
            properties={"offset": IntegerAttr(offset, i64)},
            attributes={} if attributes is None else attributes.data,
        )
