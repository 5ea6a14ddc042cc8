"""Kernels, programs, grids and channels: the frame in which tiles are computed."""

from __future__ import annotations

from xdsl.dialects.builtin import (
    DenseArrayBase,
    DictionaryAttr,
    IndexType,
    IntegerAttr,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    UnitAttr,
    i64,
)
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
    var_operand_def,
)
from xdsl.traits import IsolatedFromAbove, IsTerminator, NoTerminator, Pure, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from dialects.tile.types import ChannelType, TileType

CORES = ("cube", "vector")


@irdl_op_definition
class KernelOp(IRDLOperation):
    """One kernel. After `dispatch` its body is graph mathematics; the tile passes turn that into programs on tiles.

    ```mlir
    tile.kernel @relu {
    ^bb0(%x: tensor<4x8xf32>):
      tile.return %x : tensor<4x8xf32>
    }
    ```
    """

    name = "tile.kernel"
    sym_name = prop_def(SymbolNameConstraint())
    kind = opt_prop_def(StringAttr)
    blocks = opt_prop_def(IntegerAttr)
    schedule = opt_prop_def(DictionaryAttr)
    arguments = opt_prop_def(DictionaryAttr)
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), NoTerminator())
    assembly_format = (
        "$sym_name (`kind` $kind^)? (`blocks` $blocks^)? (`schedule` $schedule^)? (`arguments` $arguments^)?"
        " $body attr-dict"
    )


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """The tensors that a kernel computes, while its body is still mathematics.

    ```mlir
    tile.kernel @identity {
    ^bb0(%x: tensor<4x8xf32>):
      tile.return %x : tensor<4x8xf32>
    }
    ```
    """

    name = "tile.return"
    values = var_operand_def()
    traits = traits_def(IsTerminator())
    assembly_format = "($values^ `:` type($values))? attr-dict"


@irdl_op_definition
class ProgramOp(IRDLOperation):
    """What one kind of core runs in a kernel; its block has one argument per kernel argument.

    ```mlir
    tile.program "vector" {
    ^bb0(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>):
    }
    ```
    """

    name = "tile.program"
    core = prop_def(StringAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator(), IsolatedFromAbove())

    def verify_(self) -> None:
        """The core is one of the two kinds."""
        if self.core.data not in CORES:
            raise VerifyException(f"unknown core '{self.core.data}', expected cube or vector")

    assembly_format = "$core $body attr-dict"


@irdl_op_definition
class GridOp(IRDLOperation):
    """Independent tiles, dealt out to the blocks round robin; with `snake` backwards in every other round.

    Where tiles are sorted by their work, `snake` gives the blocks about equal work.

    The body's arguments are the tile's coordinates.

    ```mlir
    tile.grid [3, 2] {
    ^bb0(%i: index, %j: index):
    }
    ```
    """

    name = "tile.grid"
    tiles = prop_def(DenseArrayBase.constr(i64))
    snake = opt_prop_def(UnitAttr)
    body = region_def("single_block")
    traits = traits_def(NoTerminator())

    def verify_(self) -> None:
        """One index per grid dimension."""
        if len(self.body.block.args) != len(self.tiles.get_values()):
            raise VerifyException("a grid's block takes one index per dimension")

    assembly_format = "$tiles (`snake` $snake^)? $body attr-dict"


@irdl_op_definition
class RangeOp(IRDLOperation):
    """The part of a dimension that tile number `index` covers: its start, and its extent, which the tail cuts short.

    ```mlir
    %i = "test.op"() : () -> index
    %start, %extent = tile.range %i step 16 of 37 as "row"
    ```
    """

    name = "tile.range"
    number = operand_def(IndexType)
    step = prop_def(IntegerAttr.constr(i64))
    size = prop_def(IntegerAttr.constr(i64))
    role = prop_def(StringAttr)
    start = result_def(IndexType)
    extent = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$number `step` $step `of` $size `as` $role attr-dict"

    def verify_(self) -> None:
        """The dimension is a tile's rows or columns."""
        if self.role.data not in ("row", "col"):
            raise VerifyException(f"unknown role '{self.role.data}', expected row or col")


@irdl_op_definition
class SplitRowsOp(IRDLOperation):
    """This vector core's share of a block's rows: offset within the tile, and extent (0 when none are left).

    ```mlir
    %extent = "test.op"() : () -> index
    %offset, %share = tile.split_rows %extent by 64
    ```
    """

    name = "tile.split_rows"
    extent = operand_def(IndexType)
    share = prop_def(IntegerAttr.constr(i64))
    offset = result_def(IndexType)
    rows = result_def(IndexType)
    traits = traits_def(Pure())
    assembly_format = "$extent `by` $share attr-dict"


@irdl_op_definition
class ChannelOp(IRDLOperation):
    """A ring of `depth` slots, with a full flag one way and a free flag the other (ids `id`, `id + 1`).

    Both sides use the slots in turn: what is put the n-th time is what is taken the n-th time.

    The slots lie in a workspace in GM, or, on machines with direct paths, in the consumer's own memory: L1 of the cube
    core, or UB of the vector cores, which share a slot's rows.

    ```mlir
    %w = "test.op"() : () -> tensor<20x2x16x96xf32>
    %c = tile.channel depth 2 id 0 from "cube" in %w : tensor<20x2x16x96xf32>
      -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    %d = tile.channel depth 2 id 2 from "cube" -> !tile.channel<!tile.tile<16x96xf32, ub, nd>>
    ```
    """

    name = "tile.channel"
    memory = opt_operand_def(TensorType)
    id = prop_def(IntegerAttr.constr(i64))
    depth = prop_def(IntegerAttr.constr(i64))
    producer = prop_def(StringAttr)
    channel = result_def(ChannelType)
    assembly_format = (
        "`depth` $depth `id` $id `from` $producer (`in` $memory^ `:` type($memory))? attr-dict `->` type($channel)"
    )

    @property
    def direct(self) -> bool:
        """Whether the slots lie in the consumer's memory."""
        return self.memory is None

    def verify_(self) -> None:
        """The producer is one of the two kinds of core, the slots where its consumer reads them."""
        if self.producer.data not in CORES:
            raise VerifyException(f"unknown producer '{self.producer.data}', expected cube or vector")
        wanted = "gm" if not self.direct else "ub" if self.producer.data == "cube" else "l1"
        space = self.channel.type.slot.space.data
        if space != wanted:
            raise VerifyException(f"the slots of this channel lie in {wanted}, found tiles in {space}")


@irdl_op_definition
class PutOp(IRDLOperation):
    """Write a tile into the channel's next slot, from row `row` on, once it is free; raise its full flag.

    ```mlir
    %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    %t, %m, %n = "test.op"() : () -> (!tile.tile<16x96xf32, l0c, nz>, index, index)
    tile.put %t into %c row %m extents(%m, %n)
      : !tile.tile<16x96xf32, l0c, nz>, !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    ```
    """

    name = "tile.put"
    source = operand_def(TileType)
    channel = operand_def(ChannelType)
    row = operand_def(IndexType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    assembly_format = (
        "$source `into` $channel `row` $row `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` type($source) `,` type($channel)"
    )


@irdl_op_definition
class TakeOp(IRDLOperation):
    """Wait until the channel's next slot is full and name it.

    ```mlir
    %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    %s = tile.take %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
    ```
    """

    name = "tile.take"
    channel = operand_def(ChannelType)
    slot = result_def(TileType)
    assembly_format = "$channel attr-dict `:` type($channel) `->` type($slot)"


@irdl_op_definition
class ReleaseOp(IRDLOperation):
    """Give the slot taken last back to the producer, once what reads it is done: loads, products or vector operations.

    ```mlir
    %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    tile.release %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    ```
    """

    name = "tile.release"
    channel = operand_def(ChannelType)
    assembly_format = "$channel attr-dict `:` type($channel)"


@irdl_op_definition
class AcquireOp(IRDLOperation):
    """Wait until the channel's next slot is free, for a producer that fills it in parts, and name it.

    ```mlir
    %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    %s = tile.acquire %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>> -> !tile.tile<16x96xf32, gm, nd>
    ```
    """

    name = "tile.acquire"
    channel = operand_def(ChannelType)
    slot = result_def(TileType)
    assembly_format = "$channel attr-dict `:` type($channel) `->` type($slot)"


@irdl_op_definition
class CommitOp(IRDLOperation):
    """Raise the full flag of the slot acquired last, once what has been stored to it is there.

    ```mlir
    %c = "test.op"() : () -> !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    tile.commit %c : !tile.channel<!tile.tile<16x96xf32, gm, nd>>
    ```
    """

    name = "tile.commit"
    channel = operand_def(ChannelType)
    assembly_format = "$channel attr-dict `:` type($channel)"
