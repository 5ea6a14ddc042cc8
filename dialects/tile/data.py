"""Tiles in motion: windows of global memory, loads, stores, moves towards the cube unit."""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerAttr, StringAttr, TensorType, UnitAttr, i64
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.tile.types import TileType


@irdl_op_definition
class ViewOp(IRDLOperation):
    """A window of a tensor in GM: first element `offset`, distance between rows and between columns in elements.

    ```mlir
    %x, %o, %r, %c = "test.op"() : () -> (tensor<37x96xf32>, index, index, index)
    %v = tile.view %x[%o] strides [96, 1] extents(%r, %c) : tensor<37x96xf32> -> !tile.tile<16x96xf32, gm, nd>
    ```
    """

    name = "tile.view"
    tensor = operand_def(TensorType)
    offset = operand_def(IndexType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    strides = prop_def(DenseArrayBase.constr(i64))
    window = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = (
        "$tensor `[` $offset `]` `strides` $strides `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` type($tensor) `->` type($window)"
    )

    def verify_(self) -> None:
        """Two strides, a window in GM."""
        if len(self.strides.get_values()) != 2:
            raise VerifyException("a window has a row stride and a column stride")
        if self.window.type.space.data != "gm":
            raise VerifyException(f"a view is a window of GM, found a tile in {self.window.type.space.data}")


@irdl_op_definition
class SubviewOp(IRDLOperation):
    """A part of a window of GM, or of a tile in L1, that starts at (row, column).

    ```mlir
    %v, %i, %r, %c = "test.op"() : () -> (!tile.tile<128x96xf32, gm, nd>, index, index, index)
    %s = tile.subview %v[%i, %i] extents(%r, %c) : !tile.tile<128x96xf32, gm, nd> -> !tile.tile<64x96xf32, gm, nd>
    ```
    """

    name = "tile.subview"
    source = operand_def(TileType)
    row = operand_def(IndexType)
    col = operand_def(IndexType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    window = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = (
        "$source `[` $row `,` $col `]` `extents` `(` $rows `,` $cols `)` attr-dict `:` type($source) `->` type($window)"
    )


@irdl_op_definition
class LoadOp(IRDLOperation):
    """Copy a window of GM into UB (row by row) or into L1 (ND to NZ on the way).

    A tile that is loaded `apart` shares no queue slot with others that are loaded beside it, since it is read earlier
    or kept longer; those of one name follow each other in the `slots` of one queue.

    ```mlir
    %v, %r, %c = "test.op"() : () -> (!tile.tile<16x96xf32, gm, nd>, index, index)
    %t = tile.load %v extents(%r, %c) : !tile.tile<16x96xf32, gm, nd> -> !tile.tile<16x96xf32, ub, nd>
    ```
    """

    name = "tile.load"
    window = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    apart = opt_prop_def(StringAttr)
    slots = opt_prop_def(IntegerAttr.constr(i64))
    tile = result_def(TileType)
    assembly_format = (
        "$window `extents` `(` $rows `,` $cols `)` (`apart` $apart^ `slots` $slots)? attr-dict"
        " `:` type($window) `->` type($tile)"
    )


@irdl_op_definition
class GatherRowsOp(IRDLOperation):
    """Load the rows of a tensor that an index tile (a column, i32) names: row i starts at `offset + index[i] * stride`.

    `strides` (between rows and between columns) and `offset` are in elements; `stride` above is the first. The scalar
    unit reads the indices; each row is one copy. An index outside the tensor's rows is an error of the input.

    ```mlir
    %x, %o, %i, %r, %c = "test.op"() : () -> (tensor<151x48xf32>, index, !tile.tile<8x1xi32, ub, nd>, index, index)
    %t = tile.gather_rows %x[%o] by %i strides [48, 1] extents(%r, %c)
      : tensor<151x48xf32>, !tile.tile<8x1xi32, ub, nd> -> !tile.tile<8x48xf32, ub, nd>
    ```
    """

    name = "tile.gather_rows"
    tensor = operand_def(TensorType)
    offset = operand_def(IndexType)
    indices = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    strides = prop_def(DenseArrayBase.constr(i64))
    tile = result_def(TileType)
    assembly_format = (
        "$tensor `[` $offset `]` `by` $indices `strides` $strides `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` type($tensor) `,` type($indices) `->` type($tile)"
    )


@irdl_op_definition
class StoreOp(IRDLOperation):
    """Copy a tile from UB, or from L0C through the fixpipe, to a window of GM.

    The fixpipe may convert f32 to the window's f16 or bf16 and apply a ReLU on the way. With `atomic`, elements are
    combined with those in memory ("add", from UB also "max" or "min") instead of replacing them.

    ```mlir
    %t, %v, %r, %c = "test.op"()
      : () -> (!tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xf16, gm, nd>, index, index)
    tile.store %t to %v extents(%r, %c) : !tile.tile<16x96xf32, l0c, nz>, !tile.tile<16x96xf16, gm, nd>
    ```
    """

    name = "tile.store"
    source = operand_def(TileType)
    window = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    relu = opt_prop_def(UnitAttr)
    atomic = opt_prop_def(StringAttr)
    assembly_format = (
        "$source `to` $window `extents` `(` $rows `,` $cols `)` (`relu` $relu^)? (`atomic` $atomic^)? attr-dict"
        " `:` type($source) `,` type($window)"
    )


@irdl_op_definition
class MoveOp(IRDLOperation):
    """Copy a tile, or a part of it, from L1 to L0A or L0B; `transpose` turns it on the way.

    ```mlir
    %t, %r, %c = "test.op"() : () -> (!tile.tile<16x64xf16, l1, nz>, index, index)
    %a = tile.move %t extents(%r, %c) : !tile.tile<16x64xf16, l1, nz> -> !tile.tile<16x64xf16, l0a, zz>
    ```
    """

    name = "tile.move"
    source = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    transpose = opt_prop_def(UnitAttr)
    tile = result_def(TileType)
    assembly_format = (
        "$source `extents` `(` $rows `,` $cols `)` (`transpose` $transpose^)? attr-dict"
        " `:` type($source) `->` type($tile)"
    )
