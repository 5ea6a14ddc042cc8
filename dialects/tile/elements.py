"""Tiles whose elements lie apart in global memory: each element is a transfer of its own.

The transfers bring elements to UB a block (32 bytes) each, some at a time; the vector core packs those into the tile,
or spreads the tile before they leave. `piece` is how many elements are on their way at a time.
"""

from __future__ import annotations

from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerAttr, TensorType, i64
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def

from dialects.tile.types import TileType


@irdl_op_definition
class LoadElementsOp(IRDLOperation):
    """Copy a window of GM into UB element by element; the vector core makes the tile.

    ```mlir
    %v, %r, %c = "test.op"() : () -> (!tile.tile<16x96xf32, gm, nd>, index, index)
    %t = tile.load_elements %v by 64 extents(%r, %c) : !tile.tile<16x96xf32, gm, nd> -> !tile.tile<16x96xf32, ub, nd>
    ```
    """

    name = "tile.load_elements"
    window = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    piece = prop_def(IntegerAttr.constr(i64))
    tile = result_def(TileType)
    assembly_format = (
        "$window `by` $piece `extents` `(` $rows `,` $cols `)` attr-dict `:` type($window) `->` type($tile)"
    )


@irdl_op_definition
class GatherElementsOp(IRDLOperation):
    """Load elements of the rows of a tensor that an index tile (a column, i32) names, as `tile.gather_rows` loads rows.

    ```mlir
    %x, %o, %i, %r, %c = "test.op"() : () -> (tensor<48x151xf32>, index, !tile.tile<8x1xi32, ub, nd>, index, index)
    %t = tile.gather_elements %x[%o] by %i, 64 strides [1, 151] extents(%r, %c)
      : tensor<48x151xf32>, !tile.tile<8x1xi32, ub, nd> -> !tile.tile<8x48xf32, ub, nd>
    ```
    """

    name = "tile.gather_elements"
    tensor = operand_def(TensorType)
    offset = operand_def(IndexType)
    indices = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    strides = prop_def(DenseArrayBase.constr(i64))
    piece = prop_def(IntegerAttr.constr(i64))
    tile = result_def(TileType)
    assembly_format = (
        "$tensor `[` $offset `]` `by` $indices `,` $piece `strides` $strides"
        " `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` type($tensor) `,` type($indices) `->` type($tile)"
    )


@irdl_op_definition
class StoreElementsOp(IRDLOperation):
    """Copy a tile from UB to a window of GM element by element.

    ```mlir
    %t, %v, %r, %c = "test.op"()
      : () -> (!tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xf32, gm, nd>, index, index)
    tile.store_elements %t to %v by 64 extents(%r, %c) : !tile.tile<16x96xf32, ub, nd>, !tile.tile<16x96xf32, gm, nd>
    ```
    """

    name = "tile.store_elements"
    source = operand_def(TileType)
    window = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    piece = prop_def(IntegerAttr.constr(i64))
    assembly_format = (
        "$source `to` $window `by` $piece `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` type($source) `,` type($window)"
    )
