"""Kernels and their programs: AscendC's kernel functions. Ops on buffers (``buffer.py``) can be had from here too."""

from __future__ import annotations

from typing import Self

from xdsl.dialects.builtin import (
    I64,
    ArrayAttr,
    DictionaryAttr,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
)
from xdsl.ir import Attribute, Block, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import HasParent, IsolatedFromAbove, NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from dialects.isa.structure import DIRECTIONS
from dialects.kernel.buffer import InitBufferOp, SliceOp
from dialects.kernel.types import CORE_OF_SPACE, CORES_OF_KIND, GlobalType

__all__ = ["InitBufferOp", "KernelOp", "ProgramOp", "SliceOp"]


@irdl_op_definition
class KernelOp(IRDLOperation):
    """A kernel: one program a kind of core, launched on ``blocks`` blocks; a mix block is a cube core with two vector
    cores.

    Each argument is a dictionary with ``name``, ``type`` (a tensor type) and ``direction`` (in, out, inout or
    workspace).

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
        arguments = parser.parse_comma_separated_list(parser.Delimiter.PAREN, lambda: _parse_argument(parser))
        attributes = parser.parse_optional_attr_dict_with_keyword()
        region = parser.parse_region(arguments)
        if not region.blocks:
            region.add_block(Block(arg_types=[argument.type for argument in arguments]))
        return cls.create(
            properties={"core": StringAttr(core)},
            attributes={} if attributes is None else attributes.data,
            regions=[region],
        )


def _parse_argument(parser: Parser) -> Parser.Argument:
    """Parse ``%name : type`` and the location that a dump adds to it."""
    argument = parser.parse_argument()
    parser.parse_optional_location()
    return argument
