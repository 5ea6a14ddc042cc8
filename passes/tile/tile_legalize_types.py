"""The pass `tile-legalize-types`: computation on tiles in types that the vector unit computes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue, Use
from xdsl.rewriter import Rewriter

from dialects.dtypes import DType
from dialects.graph.types import scalar_attr
from dialects.tile.compute import ComputeOp, ConstantOp, IotaOp, ReduceOp
from dialects.tile.data import GatherRowsOp, LoadOp, StoreOp
from dialects.tile.structure import KernelOp, PutOp
from dialects.tile.types import ChannelType, TileType, is_in_ub
from passes.base import SfumatoPass

COMPUTED: dict[DType, DType] = {
    DType.bf16: DType.f32,
    DType.i1: DType.f16,
    DType.i16: DType.i32,
    DType.i8: DType.i32,
    DType.u8: DType.i32,
}
"""Element type -> the type it is computed in, where that is another one."""

MOVES = ("copy", "join_words")
"""Functions, besides conversions, that may have 64-bit results."""


@dataclass(frozen=True)
class TileLegalizeTypes(SfumatoPass):
    """Compute on tiles in UB in f32, f16 and i32 only; convert after loads and before stores.

    bf16 is computed in f32, booleans are f16 0 and 1 (a byte in memory), i8, ui8 and i16 are computed in i32. A chain
    of bf16 operations rounds once, at its store. f64 is an error: the chip does not compute in it. Tiles of the cube
    core stay. i64 stays: `graph-legalize-integers` has left only what moves, converts, takes apart or joins it, and
    integers that fit the narrower type that they are converted to or stored in.

    A loaded tile that is only converted is converted in one go, from the type it has in memory; a tile that is only
    loaded and stored keeps its type.
    """

    name = "tile-legalize-types"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every kernel of the module in place."""
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and kernel.arguments is not None:
                for inner in list(kernel.body.walk()):
                    self._legalize(inner)

    def _legalize(self, op: Operation) -> None:
        for region in op.regions:
            for block in region.blocks:
                for argument in block.args:
                    self._retype(argument, op)
        if isinstance(op, LoadOp | GatherRowsOp):
            self._load(op)
        elif isinstance(op, ConstantOp):
            self._constant(op)
        elif isinstance(op, ComputeOp) and op.function.data == "cast":
            self._cast(op)
        elif isinstance(op, StoreOp | PutOp):
            self._store(op)
        else:
            self._refuse_wide(op)
            for result in op.results:
                self._retype(result, op)

    def _refuse_wide(self, op: Operation) -> None:
        """Nothing computes i64: it is moved, and put together from words."""
        if isinstance(op, ComputeOp | ReduceOp | IotaOp) and op.tile.type.element_type == DType.i64.type:
            function = op.function.data if isinstance(op, ComputeOp) else op.name
            if function not in MOVES:
                self.fail(op, f"'{function}' of int64 in one word: graph-legalize-integers comes first")

    def _computed(self, element: Attribute, op: Operation) -> Attribute:
        dtype = DType.of(element)
        if dtype == DType.f64:
            self.fail(op, "the NPU does not compute in float64: export the model in float32")
        return COMPUTED.get(dtype, dtype).type

    def _retype(self, value: SSAValue, op: Operation) -> None:
        tile = value.type
        if isinstance(tile, TileType) and is_in_ub(value):
            _set_element(value, self._computed(tile.element_type, op))

    def _load(self, op: LoadOp | GatherRowsOp) -> None:
        """Load what lies in memory; convert for the users that do not convert it themselves."""
        tile = op.tile.type
        if not is_in_ub(op.tile):
            return
        computed = self._computed(tile.element_type, op)
        _set_element(op.tile, _stored(tile.element_type))
        if op.tile.type != tile.with_element(computed):
            users = [
                use
                for use in op.tile.uses
                if not _converts(use.operation, tile) and not _stores_as_is(use.operation, op.tile)
            ]
            self._convert_for(users, op, computed)

    def _convert_for(self, users: Sequence[Use], op: LoadOp | GatherRowsOp, computed: Attribute) -> None:
        """Hand ``users`` the result of ``op`` in the type that is computed in."""
        if not users:
            return
        converted = _cast(op.tile, op.rows, op.cols, computed, op)
        block = op.parent
        assert block is not None
        block.insert_op_after(converted, op)
        for use in users:
            use.operation.operands[use.index] = converted.tile

    def _constant(self, op: ConstantOp) -> None:
        tile = op.tile.type
        computed = self._computed(tile.element_type, op)
        if computed == tile.element_type:
            return
        value = op.value.value.data
        if tile.element_type == DType.i1.type:
            value = 1 if value else 0
        elif not DType.of(computed).is_float:
            value = int(value)
        op.properties["value"] = scalar_attr(value, computed)
        _set_element(op.tile, computed)

    def _cast(self, op: ComputeOp) -> None:
        """A conversion between types that are computed alike is none."""
        source = op.inputs[0]
        kind, result = cast("TileType", source.type), op.tile.type
        computed = self._computed(result.element_type, op)
        if result.element_type == DType.i1.type:
            self._nonzero(op, kind)
        elif kind.element_type != computed:
            _set_element(op.tile, computed)
        elif (kind.rows, kind.cols) == (result.rows, result.cols):
            op.tile.replace_all_uses_with(source)
            Rewriter.erase_op(op)
        else:
            op.properties["function"] = StringAttr("copy")
            op.properties.pop("option", None)
            _set_element(op.tile, computed)

    def _nonzero(self, op: ComputeOp, source: TileType) -> None:
        """A number is true when it is not 0."""
        zero = ConstantOp.create(
            properties={"value": scalar_attr(0, source.element_type)},
            result_types=[TileType.make(1, 1, source.element_type, "ub")],
            location=op.location,
        )
        compare = ComputeOp.create(
            operands=[op.inputs[0], zero.tile, op.rows, op.cols],
            properties={"function": StringAttr("compare"), "option": StringAttr("ne")},
            result_types=[op.tile.type.with_element(DType.f16.type)],
            location=op.location,
        )
        Rewriter.replace_op(op, [zero, compare], [compare.tile])

    def _store(self, op: StoreOp | PutOp) -> None:
        kind = cast("TileType", op.source.type)
        if not is_in_ub(op.source):
            return
        target = op.window.type if isinstance(op, StoreOp) else cast("ChannelType", op.channel.type).slot
        self._computed(cast("TileType", target).element_type, op)
        stored = _stored(cast("TileType", target).element_type)
        if kind.element_type == stored:
            return
        converted = _cast(op.source, op.rows, op.cols, stored, op)
        block = op.parent
        assert block is not None
        block.insert_op_before(converted, op)
        op.operands[0] = converted.tile


def _stored(element: Attribute) -> Attribute:
    """The type whose bytes lie in memory: a boolean is a byte."""
    return DType.u8.type if element == DType.i1.type else element


def _converts(op: Operation, tile: TileType) -> bool:
    """Whether a user of a loaded tile is a conversion that can start from the type in memory."""
    if not isinstance(op, ComputeOp) or op.function.data != "cast":
        return False
    result = op.tile.type
    return result.element_type != DType.i1.type and (result.rows, result.cols) == (tile.rows, tile.cols)


def _stores_as_is(op: Operation, tile: SSAValue) -> bool:
    """Whether a user stores a tile in the very type that it has."""
    if not isinstance(op, StoreOp):
        return False
    return _stored(cast("TileType", op.window.type).element_type) == cast("TileType", tile.type).element_type


def _cast(source: SSAValue, rows: SSAValue, cols: SSAValue, element: Attribute, near: Operation) -> ComputeOp:
    return ComputeOp.create(
        operands=[source, rows, cols],
        properties={"function": StringAttr("cast")},
        result_types=[cast("TileType", source.type).with_element(element)],
        location=near.location,
    )


def _set_element(value: SSAValue, element: Attribute) -> None:
    tile = cast("TileType", value.type)
    if tile.element_type != element:
        Rewriter.replace_value_with_new_type(value, tile.with_element(element))
