"""What each graph op is on tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import element_of
from dialects.interned import i64_array
from dialects.tile.compute import ConstantOp, IotaOp
from dialects.tile.data import GatherRowsOp
from dialects.tile.structure import RangeOp
from dialects.tile.types import TileType
from passes.analysis.iteration_space import CHUNK
from passes.analysis.memory_sums import memory_sums
from passes.scope import Index
from passes.tile import bands, positional, products, reductions
from passes.tile.frames import Frame
from passes.tile.sums_in_memory import SumInMemory

if TYPE_CHECKING:
    from passes.tile.tile_builder import TileBuilder


def operation(builder: TileBuilder, op: Operation, frame: Frame) -> SSAValue:
    """Emit ``op`` into ``frame`` and return the tile of its result."""
    result = op.results[0]
    varying = builder.space.varying[result]
    element = element_of(result)
    match op.name:
        case "graph.constant":
            made = ConstantOp.create(
                properties={"value": op.properties["value"]}, result_types=[TileType.make(1, 1, element, "ub")]
            )
            return frame.scope.add(made).tile
        case "graph.iota":
            return _iota(builder, varying, element, frame)
        case "graph.broadcast" | "graph.permute" | "graph.reshape":
            return builder.emit(op.operands[0], frame)
        case "graph.reduce":
            return reductions.reduce(builder, op, frame)
        case "graph.matmul":
            return products.matmul(builder, op, frame)
        case "graph.take":
            return _take(builder, op, frame)
        case "graph.select" if (chosen := positional.select(builder, op, frame)) is not None:
            return chosen
        case _:
            operands = [builder.emit(operand, frame) for operand in op.operands]
            name = op.name.removeprefix("graph.")
            return builder.compute(frame, name, operands, element, varying, op.properties.get("predicate"))


def _iota(builder: TileBuilder, varying: frozenset[int], element: Attribute, frame: Frame) -> SSAValue:
    dim = next(iter(varying), None)
    bound = frame.find(dim)
    start: Index = 0 if bound is None else bound.start
    axis = "rows" if dim is not None and dim == builder.nest.row else "cols"
    made = IotaOp.create(
        operands=[frame.scope.value(start), *builder.extents(frame, varying)],
        properties={"axis": StringAttr(axis)},
        result_types=[builder.type_of(varying, element)],
    )
    return frame.scope.add(made).tile


def _take(builder: TileBuilder, op: Operation, frame: Frame) -> SSAValue:
    """Rows of a table in memory, chosen by a tile of indices (which the scalar unit reads as i32)."""
    table = builder.space.operands[op.operands[0]]
    varying = builder.space.varying[op.results[0]]
    indices = builder.emit(op.operands[1], frame)
    if cast("TileType", indices.type).element_type != i32:
        indices = builder.compute(frame, "cast", [indices], i32, builder.space.varying[op.operands[1]])
    gathered = builder.space.axes[op.operands[0]][0]
    column = builder.nest.column_of(varying)
    strides = [table.strides.get(dim, 0) if dim is not None else 0 for dim in (gathered, column)]
    walked = {dim: stride for dim, stride in table.strides.items() if dim != gathered}
    made = GatherRowsOp.create(
        operands=[
            builder.arguments[table.argument],
            frame.scope.value(builder.offset(frame, table.offset, walked)),
            indices,
            *builder.extents(frame, varying),
        ],
        properties={"strides": i64_array(strides)},
        result_types=[builder.type_of(varying, element_of(op.results[0]))],
    )
    return frame.scope.add(made).tile


def recurrence(builder: TileBuilder, op: RecurrenceOp, frame: Frame) -> None:
    """Walk the recurrence's dimension tile by tile, carrying its values; one tile needs no loop.

    Sums that steps only add to stay in memory meanwhile.
    """
    arguments = op.body.block.args[: len(op.carried)]
    loops = [dim for dim in sorted(builder.space.recurred) if builder.looped(dim)]
    steps = memory_sums(op) if loops else {}
    sums = {place: SumInMemory(builder, arguments[place], op.carried[place], frame) for place in steps}
    places = [place for place in range(len(arguments)) if place not in sums]
    starts: list[SSAValue] = []
    for argument, start in ((arguments[place], op.carried[place]) for place in places):
        element, varying = element_of(argument), builder.space.varying[argument]
        starts.append(builder.compute(frame, "copy", [builder.emit(start, frame)], element, varying))
    if not loops:
        frame.values.update(zip(arguments, starts, strict=True))
        for final, value in zip(op.finals, op.yielded, strict=True):
            frame.values[final] = builder.emit(value, frame)
        return
    inner, loop = builder.loop(frame, loops[0], starts, _walked(builder, op, frame, loops[0]))
    inner.bound[CHUNK] = inner.bound[loops[0]]
    inner.values.update(zip((arguments[place] for place in places), loop.body.block.args[1:], strict=True))
    carried = [builder.emit(op.yielded[place], inner) for place in places]
    for place, sum_ in sums.items():
        sum_.add(steps[place], inner)
    inner.scope.add(scf.YieldOp.create(operands=carried))
    frame.scope.add(loop)
    frame.values.update(zip((op.finals[place] for place in places), loop.results, strict=True))
    frame.values.update((op.finals[place], sum_.total(frame)) for place, sum_ in sums.items())


def _walked(builder: TileBuilder, op: RecurrenceOp, frame: Frame, dim: int) -> tuple[Index, Index] | None:
    """The part of the walked dimension that matters to the tile's rows; None if that is all of it.

    Both kinds of core, and both vector cores, walk the same part: it follows from the tile, not from a core's share.
    """
    size, chunk, row = builder.space.sizes[dim], builder.tile_size(dim), builder.nest.row
    if row is None or not bands.is_skipping(op):
        return None
    bound = frame.find(row)
    start: Index = 0 if bound is None else bound.start
    if isinstance(start, SSAValue) and isinstance(start.owner, RangeOp):
        start = frame.scope.product(start.owner.number, builder.tile_size(row))
    return bands.walked(op, frame.scope, start, builder.tile_size(row), chunk, size)
