"""What holds instructions: kernels with a program per kind of core, buffers in global memory, launches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Region
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.traits import NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from dialects.isa.fields import Pipe
from dialects.isa.instruction import Instruction
from dialects.isa.origin import NO_ORIGINS, Origins, origins_of

KINDS = ("cube", "vector", "mix")
"""Kinds of kernel: on cube cores, on vector cores, or blocks of one cube core and two vector cores."""
CORE_QUEUES: dict[str, tuple[str, ...]] = {
    "cube": ("S", "M", "MTE1", "MTE2", "MTE3", "FIX"),
    "vector": ("S", "V", "MTE2", "MTE3"),
}
"""Kind of core -> its queues."""
BUFFER_KINDS = ("input", "output", "weight", "constant", "prepared", "temporary")
"""What a host buffer of a program is."""
DIRECTIONS = ("in", "stream", "out", "inout", "workspace")
"""What a kernel does with an argument; `stream` is `in` of what L2 need not keep (AscendC: `SetL2CacheHint`)."""


@irdl_op_definition
class KernelOp(IRDLOperation):
    """A kernel: its kind, its launch width, its arguments (name, type, direction) and a program per kind of core.

    ```mlir
    "isa.kernel"() <{sym_name = "k", kind = "vector", blocks = 4 : i64, arguments = []}> ({
      "isa.program"() <{core = "vector"}> ({
        isa.barrier pipe=V
      }) : () -> ()
    }) : () -> ()
    ```
    """

    name = "isa.kernel"

    sym_name = prop_def(SymbolNameConstraint())
    kind = prop_def(StringAttr)
    blocks = prop_def(IntegerAttr[IntegerType])
    arguments = prop_def(ArrayAttr[DictionaryAttr])
    body = region_def("single_block")

    traits = traits_def(NoTerminator(), SymbolOpInterface())

    def programs(self) -> dict[str, ProgramOp]:
        """Kind of core -> its program."""
        return {op.core.data: op for op in self.body.block.ops if isinstance(op, ProgramOp)}

    def verify_(self) -> None:
        """Check the kind, the arguments' entries and that the programs suit the kind."""
        kind = self.kind.data
        if kind not in KINDS:
            raise VerifyException(f"kind is one of {', '.join(KINDS)}, got '{kind}'")
        if self.blocks.value.data < 1:
            raise VerifyException(f"a kernel has at least one block, got {self.blocks.value.data}")
        cores = [op.core.data for op in self.body.block.ops if isinstance(op, ProgramOp)]
        if len(cores) != len(self.body.block.ops):
            raise VerifyException("a kernel holds programs only")
        if sorted(cores) != (["cube", "vector"] if kind == "mix" else [kind]):
            raise VerifyException(f"a kernel of kind {kind} cannot have programs for {', '.join(cores) or 'no core'}")
        for argument in self.arguments:
            _check_argument(argument)


def _check_argument(argument: DictionaryAttr) -> None:
    name, kind, direction = (argument.data.get(key) for key in ("name", "type", "direction"))
    if not isinstance(name, StringAttr) or not isinstance(kind, TensorType):
        raise VerifyException(f"an argument has a name and a tensor type, got {argument}")
    if not isinstance(direction, StringAttr) or direction.data not in DIRECTIONS:
        raise VerifyException(f"argument '{name.data}': direction is one of {', '.join(DIRECTIONS)}, got {direction}")


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """The instructions of one kind of core, a flat list.

    ```mlir
    "isa.program"() <{core = "cube"}> ({
      isa.loop rd=r0, lower=0, upper=4, step=1
      isa.barrier pipe=MTE1
      isa.end
    }) : () -> ()
    ```
    """

    name = "isa.program"

    core = prop_def(StringAttr)
    origins = opt_prop_def(DictionaryAttr)
    """What the instructions were at the kernel level (``dialects.isa.origin``), for messages."""
    body = region_def("single_block")

    traits = traits_def(NoTerminator())

    def instructions(self) -> Iterator[Instruction]:
        """The instructions in order."""
        for op in self.body.block.ops:
            assert isinstance(op, Instruction)
            yield op

    def verify_(self) -> None:
        """Check that each instruction belongs to the core and that loops and conditions close."""
        if self.core.data not in CORE_QUEUES:
            raise VerifyException(f"core is cube or vector, got '{self.core.data}'")
        for op in self.body.block.ops:
            if not isinstance(op, Instruction):
                raise VerifyException(f"a program holds instructions only, got {op.name}")
        if (fault := origins_of(self.origins).fault(len(self.body.block.ops))) is not None:
            raise VerifyException(fault)
        sequence = ((type(op), op.values) for op in self.instructions())
        for number, message in program_faults(self.core.data, sequence):
            raise VerifyException(f"instruction {number}: {message}")


def program_faults(
    core: str, instructions: Iterable[tuple[type[Instruction], tuple[int, ...]]]
) -> Iterator[tuple[int, str]]:
    """What is wrong with a sequence of (class, checked field values) as a program of `core`: (position, message)."""
    opened: list[int] = []
    for number, (instruction, values) in enumerate(instructions):
        if instruction.core not in ("any", core):
            yield number, f"{instruction.mnemonic} belongs to the {instruction.core} core"
        for field, value in zip(instruction.fields, values, strict=True):
            if field.kind == "pipe" and value != Pipe.ALL and Pipe(value).name not in CORE_QUEUES[core]:
                yield number, f"the {core} core has no queue {Pipe(value).name}"
        if instruction.mnemonic in ("loop", "if"):
            opened.append(number)
        elif instruction.mnemonic == "end" and not opened:
            yield number, "end closes nothing"
        elif instruction.mnemonic == "end":
            opened.pop()
    if opened:
        yield opened[-1], "no end closes this loop or if"


@irdl_op_definition
class BufferOp(IRDLOperation):
    """A buffer in global memory: its bytes, what it is for and, once planned, its address.

    `index` is the position of an input or output, `key` the archive name of a weight. Setup launches leave results for
    the others in buffers of kind `prepared`.

    ```mlir
    "isa.buffer"() <{sym_name = "x", bytes = 4096 : i64, kind = "input", address = 512 : i64, index = 0 : i64,
                     type = tensor<32x32xf32>}> : () -> ()
    ```
    """

    name = "isa.buffer"

    sym_name = prop_def(SymbolNameConstraint())
    bytes = prop_def(IntegerAttr[IntegerType])
    kind = prop_def(StringAttr)
    address = opt_prop_def(IntegerAttr[IntegerType])
    index = opt_prop_def(IntegerAttr[IntegerType])
    key = opt_prop_def(StringAttr)
    type = prop_def(TensorType)
    value = opt_prop_def(Attribute)

    traits = traits_def(SymbolOpInterface())

    def verify_(self) -> None:
        """Check the kind, the size, the address and that inputs, outputs and weights say which."""
        kind = self.kind.data
        if kind not in BUFFER_KINDS:
            raise VerifyException(f"kind is one of {', '.join(BUFFER_KINDS)}, got '{kind}'")
        if self.bytes.value.data < 0 or (self.address is not None and self.address.value.data < 0):
            raise VerifyException("bytes and address are not negative")
        if (kind in ("input", "output")) != (self.index is not None):
            raise VerifyException("inputs and outputs, and only they, have an index")
        if (kind == "weight") != (self.key is not None):
            raise VerifyException("weights, and only they, have a key")


@irdl_op_definition
class LaunchOp(IRDLOperation):
    """Run a kernel: a buffer and a byte offset into it for each argument; launches run in order.

    Those with `setup` do not depend on the model's inputs: they run once, when the program is loaded.

    ```mlir
    "isa.launch"() <{kernel = @k, arguments = [@x, @y], offsets = array<i64: 0, 1024>}> : () -> ()
    ```
    """

    name = "isa.launch"

    kernel = prop_def(SymbolRefAttr)
    arguments = prop_def(ArrayAttr[SymbolRefAttr])
    offsets = prop_def(DenseArrayBase[IntegerType])
    setup = opt_prop_def(UnitAttr)

    def verify_(self) -> None:
        """Check that each argument has an offset that is not negative."""
        offsets = self.offsets.get_values()
        if len(offsets) != len(self.arguments):
            raise VerifyException(f"{len(self.arguments)} arguments but {len(offsets)} offsets")
        if any(offset < 0 for offset in offsets):
            raise VerifyException(f"offsets are not negative, got {list(offsets)}")


def kernel_op(name: str, kind: str, blocks: int, arguments: list[DictionaryAttr], body: Region) -> KernelOp:
    """Make a kernel of a region that holds its programs."""
    return KernelOp.create(
        properties={
            "sym_name": StringAttr(name),
            "kind": StringAttr(kind),
            "blocks": IntegerAttr(blocks, i64),
            "arguments": ArrayAttr(arguments),
        },
        regions=[body],
    )


def program_op(core: str, body: Region, origins: Origins = NO_ORIGINS) -> ProgramOp:
    """Make the program of one kind of core."""
    properties: dict[str, Attribute] = {"core": StringAttr(core)}
    if origins.ops:
        properties["origins"] = origins.attribute()
    return ProgramOp.create(properties=properties, regions=[body])
