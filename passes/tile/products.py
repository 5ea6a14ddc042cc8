"""Products on tiles: of windows of memory or computed tiles, alone or added up in one accumulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerType, UnitAttr, f32, i32
from xdsl.ir import Attribute, Operation, SSAValue

from dialects.graph.types import element_of
from dialects.interned import i64_attr
from dialects.tile.compute import AccumulatorOp, MatmulOp
from dialects.tile.types import TileType
from passes.scope import Index
from passes.tile.frames import Frame

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder


def matmul(builder: TileBuilder, op: Operation, frame: Frame) -> SSAValue:
    """A product in L0C, converted to the type that the op gives."""
    return _narrow(builder, _product(builder, op, frame, ()), op, builder.space.varying[op.results[0]], frame)


def accumulate(builder: TileBuilder, op: Operation, frame: Frame, loops: list[int]) -> SSAValue:
    """The sum of products along the dimensions of ``loops``, in one accumulator."""
    varying = builder.space.varying[op.results[0]] - set(loops)
    start = AccumulatorOp.create(result_types=[builder.type_of(varying, _accumulated(op), "l0c")])
    result = _summed(builder, op, frame, loops, frame.scope.add(start).tile, 0)
    return _narrow(builder, result, op, varying, frame)


def _accumulated(op: Operation) -> Attribute:
    """Return the type that L0C holds."""
    element = element_of(op.results[0])
    return i32 if isinstance(element, IntegerType) else f32


def _narrow(builder: TileBuilder, tile: SSAValue, op: Operation, varying: frozenset[int], frame: Frame) -> SSAValue:
    element = element_of(op.results[0])
    if cast("TileType", tile.type).element_type == element:
        return tile
    return builder.compute(frame, "cast", [tile], element, varying)


def _summed(
    builder: TileBuilder, op: Operation, frame: Frame, loops: list[int], accumulator: SSAValue, before: Index
) -> SSAValue:
    if not loops:
        return _product(builder, op, frame, (accumulator, frame.scope.value(before)))
    inner, loop = builder.loop(frame, loops[0], [accumulator])
    before = inner.scope.sum(before, inner.bound[loops[0]].start)
    result = _summed(builder, op, inner, loops[1:], loop.body.block.args[1], before)
    inner.scope.add(scf.YieldOp.create(operands=[result]))
    frame.scope.add(loop)
    return loop.results[0]


def _product(builder: TileBuilder, op: Operation, frame: Frame, into: tuple[SSAValue, ...]) -> SSAValue:
    """One product, in a new accumulator or added to one (given with a number that is 0 while that is empty)."""
    m, n, k = builder.nest.product_dims(op)
    flags: dict[str, Attribute] = {}
    operands: list[SSAValue] = []
    for operand, flag, dims in ((op.operands[0], "transpose_a", (m, k)), (op.operands[1], "transpose_b", (k, n))):
        operands.append(_operand(builder, operand, flag, dims, flags, op, frame))
    varying = builder.space.varying[op.results[0]]
    bound = frame.find(k)
    place = builder.nest.matmuls.index(op)
    extents = builder.extents(frame, varying)
    made = MatmulOp.make(
        [*operands, *extents, frame.scope.value(1 if bound is None else bound.extent), *into],
        builder.type_of(varying, _accumulated(op), "l0c"),
        {**flags, **_tiling(builder, place)},
    )
    return frame.scope.add(made).tile


def _tiling(builder: TileBuilder, place: int) -> dict[str, Attribute]:
    """The tile sizes of a product in L1 and L0, as the schedule has them."""
    names = ("l1_k", "l0_k", "l0_m", "l1_n", "l0_n", "slots", "keep")
    return {name: i64_attr(builder.chunks[name][place]) for name in names if name in builder.chunks}


def _operand(
    builder: TileBuilder,
    operand: SSAValue,
    flag: str,
    dims: tuple[int | None, int | None],
    flags: dict[str, Attribute],
    op: Operation,
    frame: Frame,
) -> SSAValue:
    """A window of memory, as it lies there (``flags`` then says that it is transposed), or a computed tile."""
    view = builder.space.operands.get(builder.space.source(operand))
    if view is None:
        return builder.emit(operand, frame)
    first, second = (view.strides.get(dim, 0) if dim is not None else 0 for dim in dims)
    if second not in (0, 1) and first not in (0, 1):
        raise AssertionError(f"{op.name}: elements lie {first} and {second} apart, but dispatch makes operands dense")
    if second not in (0, 1) or (second == 0 and first == 1):
        flags[flag] = UnitAttr()
        dims = (dims[1], dims[0])
    home = frame.home(frozenset(dim for dim in view.strides))  # outside the loops that do not move it
    return builder.view(home, builder.arguments[view.argument], view.offset, view.strides, dims)
