"""Computation on tiles: the vector core's functions, the cube core's products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, cast

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IndexType, IntegerAttr, StringAttr, UnitAttr, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.graph.reduce import KINDS
from dialects.tile.types import TileType


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """One number, broadcast where it is used.

    ```mlir
    %c = tile.constant 1.0 : f32 -> !tile.tile<1x1xf32, ub, nd>
    ```
    """

    name = "tile.constant"
    value = prop_def(IntegerAttr.constr() | FloatAttr.constr())
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = "$value `->` type($tile) attr-dict"


@irdl_op_definition
class ComputeOp(IRDLOperation):
    """One pointwise function of the vector core on tiles; size-1 dimensions of operands are broadcast.

    `function` is the name of the graph op that it realises. `option` is the predicate of a comparison or the rounding
    of a cast.

    ```mlir
    %a, %b, %r, %c = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x96xf32, ub, nd>, index, index)
    %s = tile.compute "add"(%a, %b) extents(%r, %c)
      : (!tile.tile<16x96xf32, ub, nd>, !tile.tile<1x96xf32, ub, nd>) -> !tile.tile<16x96xf32, ub, nd>
    ```
    """

    name = "tile.compute"
    function = prop_def(StringAttr)
    option = opt_prop_def(StringAttr)
    inputs = var_operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = (
        "$function (`option` $option^)? `(` $inputs `)` `extents` `(` $rows `,` $cols `)` attr-dict"
        " `:` functional-type($inputs, $tile)"
    )

    def verify_(self) -> None:
        """Every operand's shape broadcasts to the result's."""
        result = self.tile.type
        for operand in self.inputs:
            shape = cast("TileType", operand.type)
            if shape.rows not in (1, result.rows) or shape.cols not in (1, result.cols):
                raise VerifyException(
                    f"operand {shape.rows}x{shape.cols} does not broadcast to {result.rows}x{result.cols}"
                )


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Reduce a tile along its columns (giving one number a row) or along its rows (giving one row).

    ```mlir
    %a, %r, %c = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, index, index)
    %s = tile.reduce "add" along "cols" %a extents(%r, %c)
      : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<16x1xf32, ub, nd>
    ```
    """

    name = "tile.reduce"
    kind = prop_def(StringAttr)
    axis = prop_def(StringAttr)
    source = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = (
        "$kind `along` $axis $source `extents` `(` $rows `,` $cols `)` attr-dict `:` type($source) `->` type($tile)"
    )

    def verify_(self) -> None:
        """A known kind; the reduced axis has one element in the result."""
        if self.kind.data not in KINDS:
            raise VerifyException(f"unknown kind '{self.kind.data}', expected one of {', '.join(KINDS)}")
        result = self.tile.type
        if self.axis.data not in ("rows", "cols") or (result.cols if self.axis.data == "cols" else result.rows) != 1:
            raise VerifyException(f"a reduction along '{self.axis.data}' leaves one element there")


@irdl_op_definition
class IotaOp(IRDLOperation):
    """The numbers `start + i` along the rows or the columns.

    ```mlir
    %s, %r, %c = "test.op"() : () -> (index, index, index)
    %i = tile.iota "cols" from %s extents(%r, %c) : !tile.tile<1x96xi32, ub, nd>
    ```
    """

    name = "tile.iota"
    axis = prop_def(StringAttr)
    start = operand_def(IndexType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = "$axis `from` $start `extents` `(` $rows `,` $cols `)` attr-dict `:` type($tile)"


@irdl_op_definition
class TransposeOp(IRDLOperation):
    """Transpose a tile in UB.

    ```mlir
    %a, %r, %c = "test.op"() : () -> (!tile.tile<16x96xf32, ub, nd>, index, index)
    %t = tile.transpose %a extents(%r, %c) : !tile.tile<16x96xf32, ub, nd> -> !tile.tile<96x16xf32, ub, nd>
    ```
    """

    name = "tile.transpose"
    source = operand_def(TileType)
    rows = operand_def(IndexType)
    cols = operand_def(IndexType)
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = "$source `extents` `(` $rows `,` $cols `)` attr-dict `:` type($source) `->` type($tile)"


@irdl_op_definition
class JoinRowsOp(IRDLOperation):
    """One column of several, each the numbers of some more rows, of which `rows` are valid in all.

    ```mlir
    %a, %b, %r = "test.op"() : () -> (!tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>, index)
    %c = tile.join_rows %a, %b extent(%r) : !tile.tile<16x1xf32, ub, nd>, !tile.tile<16x1xf32, ub, nd>
      -> !tile.tile<24x1xf32, ub, nd>
    ```
    """

    name = "tile.join_rows"
    parts = var_operand_def(TileType)
    rows = operand_def(IndexType)
    tile = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = "$parts `extent` `(` $rows `)` attr-dict `:` type($parts) `->` type($tile)"

    def verify_(self) -> None:
        """Columns of one size, of which none is beyond the end."""
        whole = self.tile.type
        sizes = {cast("TileType", part.type).rows for part in self.parts}
        columns = all(cast("TileType", value.type).cols == 1 for value in (*self.parts, self.tile))
        if not columns or len(sizes) != 1 or not 0 <= len(self.parts) * min(sizes) - whole.rows < min(sizes):
            raise VerifyException(f"columns of {sorted(sizes)} rows do not make one of {whole.rows}")


@irdl_op_definition
class MatmulOp(IRDLOperation):
    """The product of two tiles, whole: windows of GM, or (before `tile-partition-cores`) tiles computed in UB.

    `lhs` is m x k (k x m with `transpose_a`), `rhs` k x n (n x k with `transpose_b`).

    With an accumulator, the product is added to it unless `summed`, the number of products in it, is zero.
    `tile-expand-matmul` turns the op into loops over L1 and L0 tiles that hold `l1_k` and `l0_k` (`chunks`) of k. With
    `parts`, these tiles hold `l0_m` of the rows and `l1_n` and `l0_n` of the columns, since L0C does not hold all of
    the result, which only a store or a put may use; `slots` chunks of rhs are in L1 at a time. `keep` says how long a
    chunk of lhs stays there: for its part of the columns (0), for the product (1), or, where no loop around the op
    moves it, for all of that loop (2).

    ```mlir
    %a, %b, %m = "test.op"() : () -> (!tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd>, index)
    %c = tile.matmul %a, %b extents(%m, %m, %m) transpose_b chunks(64, 32)
      : !tile.tile<16x64xf32, gm, nd>, !tile.tile<96x64xf32, gm, nd> -> !tile.tile<16x96xf32, l0c, nz>
    ```
    """

    name = "tile.matmul"
    lhs = operand_def(TileType)
    rhs = operand_def(TileType)
    m = operand_def(IndexType)
    n = operand_def(IndexType)
    k = operand_def(IndexType)
    accumulator = opt_operand_def(TileType)
    summed = opt_operand_def(IndexType)
    transpose_a = opt_prop_def(UnitAttr)
    transpose_b = opt_prop_def(UnitAttr)
    l1_k = prop_def(IntegerAttr.constr(i64))
    l0_k = prop_def(IntegerAttr.constr(i64))
    l1_n = opt_prop_def(IntegerAttr.constr(i64))
    l0_n = opt_prop_def(IntegerAttr.constr(i64))
    l0_m = opt_prop_def(IntegerAttr.constr(i64))
    slots = opt_prop_def(IntegerAttr.constr(i64))
    keep = opt_prop_def(IntegerAttr.constr(i64))
    tile = result_def(TileType)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())
    assembly_format = (
        "$lhs `,` $rhs (`into` $accumulator^ `:` type($accumulator) `after` $summed)?"
        " `extents` `(` $m `,` $n `,` $k `)` (`transpose_a` $transpose_a^)? (`transpose_b` $transpose_b^)?"
        " `chunks` `(` $l1_k `,` $l0_k `)` (`parts` `(` $l0_m^ `,` $l1_n `,` $l0_n `)` `slots` $slots `keep` $keep)?"
        " attr-dict"
        " `:` type($lhs) `,` type($rhs) `->` type($tile)"
    )

    def verify_(self) -> None:
        """The chunks are not empty."""
        for name, chunk in (("l1_k", self.l1_k), ("l0_k", self.l0_k)):
            if chunk.value.data <= 0:
                raise VerifyException(f"{name} = {chunk.value.data}: a chunk of k has at least one element")

    @classmethod
    def make(cls, operands: Sequence[SSAValue], result: TileType, properties: Mapping[str, Attribute]) -> Self:
        """Build the op quickly: lhs, rhs, m, n, k, and, if it adds to one, accumulator and summed."""
        into = int(len(operands) > 5)
        segments = DenseArrayBase.from_list(i32, [1, 1, 1, 1, 1, into, into])
        return cls.create(
            operands=operands,
            result_types=[result],
            properties={**properties, "operandSegmentSizes": segments},
        )


@irdl_op_definition
class AccumulatorOp(IRDLOperation):
    """A tile of L0C for products to be summed in; its contents are undefined until the first one.

    ```mlir
    %c = tile.accumulator : !tile.tile<16x96xf32, l0c, nz>
    ```
    """

    name = "tile.accumulator"
    tile = result_def(TileType)
    assembly_format = "attr-dict `:` type($tile)"


@irdl_op_definition
class MmadOp(IRDLOperation):
    """Add the product of an L0A and an L0B tile to an accumulator; `first` (not zero) overwrites it instead.

    `hf32` rounds operands of f32 to HF32 (11 bits of mantissa), at twice the rate.

    ```mlir
    %a, %b, %c, %m = "test.op"()
      : () -> (!tile.tile<16x64xf32, l0a, zz>, !tile.tile<64x96xf32, l0b, zn>, !tile.tile<16x96xf32, l0c, nz>, index)
    %d = tile.mmad %a, %b, %c first %m extents(%m, %m, %m)
      : !tile.tile<16x64xf32, l0a, zz>, !tile.tile<64x96xf32, l0b, zn> -> !tile.tile<16x96xf32, l0c, nz>
    ```
    """

    T: ClassVar = VarConstraint("T", base(TileType))

    name = "tile.mmad"
    lhs = operand_def(TileType)
    rhs = operand_def(TileType)
    accumulator = operand_def(T)
    first = operand_def(IndexType)
    m = operand_def(IndexType)
    n = operand_def(IndexType)
    k = operand_def(IndexType)
    hf32 = opt_prop_def(UnitAttr)
    tile = result_def(T)
    assembly_format = (
        "$lhs `,` $rhs `,` $accumulator `first` $first `extents` `(` $m `,` $n `,` $k `)` (`hf32` $hf32^)? attr-dict"
        " `:` type($lhs) `,` type($rhs) `->` type($tile)"
    )
