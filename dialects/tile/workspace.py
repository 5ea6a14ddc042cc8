"""Memory in GM that a block has to itself and both kinds of core add to, and whose turn it is to do so."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, StringAttr, TensorType, i64
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
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.tile.structure import CORES
from dialects.tile.types import TileType


@irdl_op_definition
class WorkspaceOp(IRDLOperation):
    """A tile in GM of the block's own, in which a sum lives while both kinds of core add to it by atomic stores.

    `tile-partition-cores` gives it memory, one tile a block, and two cross-core flags: `id` from the vector cores to
    the cube core, `id + 1` back.

    ```mlir
    %w = "test.op"() : () -> tensor<20x16x64xf32>
    %o = tile.workspace id 6 in %w : tensor<20x16x64xf32> -> !tile.tile<16x64xf32, gm, nd>
    ```
    """

    name = "tile.workspace"
    memory = opt_operand_def(TensorType)
    id = opt_prop_def(IntegerAttr.constr(i64))
    tile = result_def(TileType)
    assembly_format = "(`id` $id^)? (`in` $memory^ `:` type($memory))? attr-dict `->` type($tile)"

    def verify_(self) -> None:
        """It lies in GM."""
        if self.tile.type.space.data != "gm":
            raise VerifyException(f"a workspace lies in gm, found a tile in {self.tile.type.space.data}")


@irdl_op_definition
class BitcastOp(IRDLOperation):
    """A window of GM whose elements are taken for another type of the same size.

    ```mlir
    %o = "test.op"() : () -> !tile.tile<16x64xf32, gm, nd>
    %i = tile.bitcast %o : !tile.tile<16x64xf32, gm, nd> -> !tile.tile<16x64xi32, gm, nd>
    ```
    """

    name = "tile.bitcast"
    source = operand_def(TileType)
    window = result_def(TileType)
    traits = traits_def(Pure())
    assembly_format = "$source attr-dict `:` type($source) `->` type($window)"

    def verify_(self) -> None:
        """Both lie in GM and have elements of one size."""
        source, result = self.source.type, self.window.type
        assert isinstance(source, TileType)
        spaces = {source.space.data, result.space.data}
        sizes = {DType.of(source.element_type).size, DType.of(result.element_type).size}
        if spaces != {"gm"} or len(sizes) > 1 or source.shape != result.shape:
            raise VerifyException(f"{source} and {result} are no two views of the same bytes of gm")


@irdl_op_definition
class SignalOp(IRDLOperation):
    """Say that what this core has stored to a workspace is there, so that the other kind of core goes on with it.

    ```mlir
    %o = "test.op"() : () -> !tile.tile<16x64xf32, gm, nd>
    tile.signal %o from "cube" : !tile.tile<16x64xf32, gm, nd>
    ```
    """

    name = "tile.signal"
    workspace = operand_def(TileType)
    core = prop_def(StringAttr)
    assembly_format = "$workspace `from` $core attr-dict `:` type($workspace)"

    def verify_(self) -> None:
        """One of the two kinds of core."""
        _check_core(self.core)


@irdl_op_definition
class WaitOp(IRDLOperation):
    """Wait until the other kind of core, `core`, has said that its stores to a workspace are there.

    ```mlir
    %o = "test.op"() : () -> !tile.tile<16x64xf32, gm, nd>
    tile.wait %o for "vector" : !tile.tile<16x64xf32, gm, nd>
    ```
    """

    name = "tile.wait"
    workspace = operand_def(TileType)
    core = prop_def(StringAttr)
    assembly_format = "$workspace `for` $core attr-dict `:` type($workspace)"

    def verify_(self) -> None:
        """One of the two kinds of core."""
        _check_core(self.core)


def _check_core(core: StringAttr) -> None:
    if core.data not in CORES:
        raise VerifyException(f"unknown core '{core.data}', expected cube or vector")
