"""The pass `tile-form-loops`: kernel bodies of graph ops become loops over tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects.errors import SfumatoError
from dialects.graph.recurrence import RecurrenceOp
from dialects.tile.compute import AccumulatorOp, ComputeOp, ConstantOp, IotaOp, MatmulOp, ReduceOp, TransposeOp
from dialects.tile.data import GatherRowsOp, LoadOp, StoreOp, ViewOp
from dialects.tile.structure import GridOp, KernelOp, RangeOp
from dialects.tile.types import TileType
from passes.analysis.access import array_of
from passes.analysis.iteration_space import CHUNK, Operand
from passes.base import SfumatoPass
from passes.tile.nests import Nest, Store, nests_of
from passes.tile.scope import INDEX, Index, Scope

NEUTRAL = {"add": 0.0, "mul": 1.0, "max": float("-inf"), "min": float("inf"), "and": 1, "or": 0}
"""What a reduction starts from."""
COMBINE = {"add": "add", "mul": "mul", "max": "max", "min": "min", "and": "and", "or": "or"}
"""The function that joins two partial reductions."""


@dataclass(frozen=True)
class TileFormLoops(SfumatoPass):
    """Turn each kernel's graph ops into a grid of tiles, loops along reduced dimensions, loads, tile ops and stores.

    Needs the `schedule` attribute. The kernel's results become arguments that it stores to. Values are computed in the
    outermost loop in which all dimensions they vary along are bound. A reduction along a dimension that one tile does not
    cover becomes a loop that carries the partial result; what is needed again after it is loaded and computed again.
    """

    name = "tile-form-loops"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrite every kernel that still holds graph ops."""
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and kernel.arguments is None:
                _form(kernel)


def _form(kernel: KernelOp) -> None:
    old = kernel.body.block
    nests = nests_of(kernel)
    assert kernel.schedule is not None
    schedules = cast("ArrayAttr[DictionaryAttr]", kernel.schedule.data["nests"])
    final = cast("Operation", old.last_op)
    block = Block(arg_types=[*(a.type for a in old.args), *(v.type for v in final.operands)])
    inputs, outputs = block.args[: len(old.args)], block.args[len(old.args) :]
    arguments = dict(zip(old.args, inputs, strict=True))
    for nest, schedule in zip(nests, schedules, strict=True):
        NestBuilder(nest, schedule.data, arguments, outputs, Scope(block, location=kernel.location)).build()
    directions = [*("in" for _ in inputs), *("out" for _ in outputs)]
    kernel.properties["arguments"] = DictionaryAttr(
        {"directions": ArrayAttr([StringAttr(direction) for direction in directions])}
    )
    flops = sum(_flops(nest) for nest in nests)
    kernel.attributes["flops"] = IntegerAttr(flops, i64)
    kernel.body.detach_block(old)
    kernel.body.add_block(block)
    old.drop_all_references()


def _flops(nest: Nest) -> int:
    sizes = nest.space.sizes
    total = 0
    for op in nest.matmuls:
        dims = {dim for dim in nest.space.axes[op.results[0]] if dim is not None}
        total += 2 * prod(sizes[dim] for dim in dims | {d for d in nest.product_dims(op) if d is not None})
    return total


@dataclass
class Bound:
    """Where a loop or the grid stands in a dimension: the first element of the tile and how many there are."""

    start: Index
    extent: Index


@dataclass
class Frame:
    """A loop body under construction: its scope, the dimensions it binds, the values computed in it."""

    scope: Scope
    bound: dict[int, Bound]
    parent: Frame | None = None
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def find(self, dim: int) -> Bound | None:
        """Return where an enclosing loop stands in ``dim``."""
        frame: Frame | None = self
        while frame is not None:
            if dim in frame.bound:
                return frame.bound[dim]
            frame = frame.parent
        return None

    def known(self, value: SSAValue) -> SSAValue | None:
        """Return the tile of ``value`` if an enclosing loop has it."""
        frame: Frame | None = self
        while frame is not None:
            if value in frame.values:
                return frame.values[value]
            frame = frame.parent
        return None


class NestBuilder:
    """Builds one nest: the grid, then each store and, on demand, what it needs."""

    def __init__(
        self,
        nest: Nest,
        schedule: Mapping[str, Attribute],
        arguments: dict[SSAValue, SSAValue],
        outputs: tuple[SSAValue, ...] | list[SSAValue],
        scope: Scope,
    ) -> None:
        """Prepare to append ``nest`` to the block of ``scope``."""
        self.nest = nest
        self.space = nest.space
        self.sizes = {name: v.value.data for name, v in schedule.items() if isinstance(v, IntegerAttr)}
        self.chunks = {name: v.get_values() for name, v in schedule.items() if isinstance(v, DenseArrayBase)}
        self.arguments = arguments
        self.outputs = list(outputs)
        self.scope = scope
        self.ops = {op.results[0]: op for op in nest.space.ops}

    def tile_size(self, dim: int) -> int:
        """Return how many elements of ``dim`` one tile covers."""
        if dim == self.nest.row:
            return self.sizes["row"]
        if dim == self.nest.col:
            return self.sizes["col"]
        return self.space.sizes[dim] if dim in self.nest.whole else 1

    def looped(self, dim: int) -> bool:
        """Whether a reduced dimension needs a loop."""
        return dim in self.nest.sequential and self.tile_size(dim) < self.space.sizes[dim]

    def build(self) -> None:
        """Emit the grid and all stores."""
        grid = self._grid_order()
        counts = [-(-self.space.sizes[dim] // self.tile_size(dim)) for dim in grid]
        body = Block(arg_types=[INDEX] * (len(grid) + 1))
        scope = Scope(body, self.scope)
        frame = Frame(scope, {})
        for dim, number in zip(grid, body.args[1:], strict=True):
            frame.bound[dim] = self._range(scope, dim, number)
        for dim in (*self.nest.sequential, *self.nest.whole):
            if not self.looped(dim):
                frame.bound[dim] = Bound(0, self.space.sizes[dim])
        pending: dict[tuple[int, ...], list[Store]] = {}
        for store in self.nest.stores:
            loops = tuple(dim for dim in store.strides if self.looped(dim))
            pending.setdefault(loops, []).append(store)
        for loops, stores in pending.items():
            self._stores(frame, loops, stores)
        op = GridOp.create(
            properties={"tiles": DenseArrayBase.from_list(i64, counts)}, regions=[Region(body)]
        )
        self.scope.add(op)

    def _grid_order(self) -> list[int]:
        tiled = [dim for dim in (self.nest.row, self.nest.col) if dim in self.nest.grid]
        return [dim for dim in self.nest.grid if dim not in tiled] + [dim for dim in tiled if dim is not None]

    def _range(self, scope: Scope, dim: int, number: SSAValue) -> Bound:
        size, step = self.space.sizes[dim], self.tile_size(dim)
        if dim not in (self.nest.row, self.nest.col):
            return Bound(number, 1)
        role = "row" if dim == self.nest.row else "col"
        op = RangeOp.create(
            operands=[number],
            properties={"step": IntegerAttr(step, i64), "size": IntegerAttr(size, i64), "role": StringAttr(role)},
            result_types=[INDEX, INDEX],
        )
        scope.add(op)
        return Bound(op.start, op.extent)

    def _loop(self, frame: Frame, dim: int, carried: Sequence[SSAValue]) -> tuple[Frame, scf.ForOp]:
        """Open a loop over the tiles of ``dim``; the caller fills the frame, yields, and adds the loop."""
        size, step = self.space.sizes[dim], self.tile_size(dim)
        types = [value.type for value in carried]
        body = Block(arg_types=[INDEX, *types])
        inner = Scope(body, frame.scope)
        start = body.args[0]
        extent: Index = step if size % step == 0 else inner.smaller(step, inner.difference(size, start))
        outer = frame.scope
        loop = scf.ForOp.create(
            operands=[outer.value(0), outer.value(size), outer.value(step), *carried],
            result_types=types,
            regions=[Region(body)],
        )
        return Frame(inner, {dim: Bound(start, extent)}, frame), loop

    def _stores(self, frame: Frame, loops: tuple[int, ...], stores: list[Store]) -> None:
        if loops:
            inner, loop = self._loop(frame, loops[0], ())
            self._stores(inner, loops[1:], stores)
            inner.scope.add(scf.YieldOp.create())
            frame.scope.add(loop)
            return
        for store in stores:
            tile = self.emit(store.value, frame)
            type_ = cast("TileType", tile.type)
            rows, cols = self._tile_shape(frozenset(store.strides))
            if (type_.rows, type_.cols) != (rows, cols) or isinstance(tile.owner, scf.ForOp | ConstantOp):
                whole = TileType.make(rows, cols, type_.element_type, type_.space.data)
                tile = self._compute(frame, "copy", [tile], whole, frozenset(store.strides))
            turned = self.nest.is_turned(store.strides)
            roles = (self.nest.column_of(frozenset(store.strides)), self.nest.row) if turned else None
            window = self._view(frame, self.outputs[store.result], store.offset, store.strides, roles)
            extents = self._extents(frame, frozenset(store.strides))
            if turned:
                tile = self._transpose(tile, *extents, frame)
                extents.reverse()
            frame.scope.add(StoreOp.create(operands=[tile, window, *extents]))

    def _tile_shape(self, varying: frozenset[int]) -> tuple[int, int]:
        row, col = self._roles(varying)
        return (1 if row is None else self.tile_size(row)), (1 if col is None else self.tile_size(col))

    def _roles(self, varying: frozenset[int]) -> tuple[int | None, int | None]:
        """Return the dimensions of the rows and columns of a tile that varies along ``varying``."""
        return (self.nest.row if self.nest.row in varying else None), self.nest.column_of(varying)

    def _extents(self, frame: Frame, varying: frozenset[int]) -> list[SSAValue]:
        extents: list[SSAValue] = []
        for dim in self._roles(varying):
            extent: Index = 1
            if dim is not None:
                bound = frame.find(dim)
                assert bound is not None
                extent = bound.extent
            extents.append(frame.scope.value(extent))
        return extents

    def _view(
        self,
        frame: Frame,
        tensor: SSAValue,
        offset: int,
        strides: dict[int, int],
        roles: tuple[int | None, int | None] | None,
    ) -> SSAValue:
        """Name the window of ``tensor`` that the current tile covers; ``roles`` are other dimensions for rows and columns."""
        row, col = roles or (self.nest.row, self.nest.column_of(frozenset(strides)))
        scope = frame.scope
        start: Index = 0
        for dim, stride in strides.items():
            bound = frame.find(dim)
            if bound is not None:
                start = scope.sum(start, scope.product(bound.start, stride))
        start = scope.sum(start, offset)
        extents: list[SSAValue] = []
        sizes: list[int] = []
        for dim in (row, col):
            present = dim is not None and dim in strides
            bound = frame.find(dim) if present and dim is not None else None
            full = self.space.sizes[dim] if present and dim is not None else 1
            extents.append(scope.value(bound.extent if bound is not None else full))
            sizes.append(self.tile_size(dim) if bound is not None and dim is not None else full)
        element = cast("TensorType[Attribute]", tensor.type).element_type
        op = ViewOp.create(
            operands=[tensor, scope.value(start), *extents],
            properties={
                "strides": DenseArrayBase.from_list(
                    i64, [strides.get(dim, 0) if dim is not None else 0 for dim in (row, col)]
                )
            },
            result_types=[TileType.make(sizes[0], sizes[1], element, "gm")],
        )
        return scope.add(op).window

    def home(self, frame: Frame, varying: frozenset[int]) -> Frame:
        """Return the outermost frame in which all of ``varying`` that loops bind is bound."""
        while frame.parent is not None and not varying & set(frame.bound):
            frame = frame.parent
        return frame

    def emit(self, value: SSAValue, frame: Frame) -> SSAValue:
        """Return the tile that holds ``value`` where the loops stand, computing it if need be."""
        known = frame.known(value)
        if known is not None:
            return known
        if value in self.space.aliases:
            return self.emit(self.space.aliases[value], frame)
        home = self.home(frame, self.space.varying[value])
        operand = self.space.operands.get(value)
        if operand is not None:
            tile = self._load(operand, self.space.varying[value], home)
        elif isinstance(value.owner, RecurrenceOp):
            self._recurrence(value.owner, home)
            return home.values[value]
        else:
            tile = self._operation(self.ops[value], home)
        home.values[value] = tile
        return tile

    def _recurrence(self, op: RecurrenceOp, frame: Frame) -> None:
        """Walk the recurrence's dimension tile by tile, carrying its values; one tile needs no loop."""
        block = op.body.block
        arguments = block.args[: len(op.carried)]
        starts: list[SSAValue] = []
        for start, argument in zip(op.carried, arguments, strict=True):
            varying = self.space.varying[argument]
            rows, cols = self._tile_shape(varying)
            element = cast("TensorType[Attribute]", argument.type).element_type
            type_ = TileType.make(rows, cols, element, "ub")
            starts.append(self._compute(frame, "copy", [self.emit(start, frame)], type_, varying))
        loops = [dim for dim in sorted(self.space.recurred) if self.looped(dim)]
        if not loops:
            frame.values.update(zip(arguments, starts, strict=True))
            for final, value in zip(op.finals, op.yielded, strict=True):
                frame.values[final] = self.emit(value, frame)
            return
        inner, loop = self._loop(frame, loops[0], starts)
        inner.bound[CHUNK] = inner.bound[loops[0]]
        inner.values.update(zip(arguments, loop.body.block.args[1:], strict=True))
        inner.scope.add(scf.YieldOp.create(operands=[self.emit(value, inner) for value in op.yielded]))
        frame.scope.add(loop)
        frame.values.update(zip(op.finals, loop.results, strict=True))

    def _load(self, operand: Operand, varying: frozenset[int], frame: Frame) -> SSAValue:
        """Load a tile; one that lies column by column is loaded as it lies and transposed in UB."""
        tensor = self.arguments[operand.argument]
        turned = self.nest.is_turned(operand.strides)
        roles = (self.nest.column_of(frozenset(operand.strides)), self.nest.row) if turned else None
        window = self._view(frame, tensor, operand.offset, operand.strides, roles)
        kind = cast("TileType", window.type)
        rows, cols = self._extents(frame, varying)
        load = LoadOp.create(
            operands=[window, cols, rows] if turned else [window, rows, cols],
            result_types=[TileType.make(kind.rows, kind.cols, kind.element_type, "ub")],
        )
        tile = frame.scope.add(load).tile
        return self._transpose(tile, cols, rows, frame) if turned else tile

    def _transpose(self, tile: SSAValue, rows: SSAValue, cols: SSAValue, frame: Frame) -> SSAValue:
        kind = cast("TileType", tile.type)
        made = TransposeOp.create(
            operands=[tile, rows, cols], result_types=[TileType.make(kind.cols, kind.rows, kind.element_type, "ub")]
        )
        return frame.scope.add(made).tile

    def _operation(self, op: Operation, frame: Frame) -> SSAValue:
        result = op.results[0]
        varying = self.space.varying[result]
        element = cast("TensorType[Attribute]", result.type).element_type
        rows, cols = self._tile_shape(varying)
        type_ = TileType.make(rows, cols, element, "ub")
        match op.name:
            case "graph.constant":
                value = op.properties["value"]
                return frame.scope.add(ConstantOp.create(properties={"value": value}, result_types=[type_])).tile
            case "graph.iota":
                return self._iota(op, frame, type_)
            case "graph.broadcast" | "graph.permute" | "graph.reshape":
                return self.emit(op.operands[0], frame)
            case "graph.reduce":
                return self._reduce(op, frame)
            case "graph.matmul":
                return self._matmul(op, frame)
            case "graph.take":
                return self._take(op, frame, type_)
            case "graph.neg":
                minus = ConstantOp.create(
                    properties={"value": _number(-1.0, element)}, result_types=[TileType.make(1, 1, element, "ub")]
                )
                operands = [self.emit(op.operands[0], frame), frame.scope.add(minus).tile]
                return self._compute(frame, "mul", operands, type_, varying)
            case _:
                operands = [self.emit(operand, frame) for operand in op.operands]
                option = op.properties.get("predicate")
                return self._compute(frame, op.name.removeprefix("graph."), operands, type_, varying, option)

    def _compute(
        self,
        frame: Frame,
        function: str,
        operands: list[SSAValue],
        type_: TileType,
        varying: frozenset[int],
        option: Attribute | None = None,
    ) -> SSAValue:
        properties: dict[str, Attribute] = {"function": StringAttr(function)}
        if option is not None:
            properties["option"] = option
        op = ComputeOp.create(
            operands=[*operands, *self._extents(frame, varying)], properties=properties, result_types=[type_]
        )
        return frame.scope.add(op).tile

    def _iota(self, op: Operation, frame: Frame, type_: TileType) -> SSAValue:
        dim = next(iter(self.space.varying[op.results[0]]), None)
        scope = frame.scope
        start: Index = 0
        if dim is not None:
            bound = frame.find(dim)
            assert bound is not None
            start = bound.start
        axis = "rows" if dim is not None and dim == self.nest.row else "cols"
        made = IotaOp.create(
            operands=[scope.value(start), *self._extents(frame, self.space.varying[op.results[0]])],
            properties={"axis": StringAttr(axis)},
            result_types=[type_],
        )
        return scope.add(made).tile

    def _reduce(self, op: Operation, frame: Frame) -> SSAValue:
        """Reduce inside the tile, inside loops that carry the partial result where one tile is not enough."""
        kind = cast("StringAttr", op.properties["kind"]).data
        source = op.operands[0]
        axes = self.space.axes[source]
        gone = {axes[axis] for axis in array_of(op, "axes")} - {None}
        loops = [dim for dim in sorted(cast("set[int]", gone)) if self.looped(dim) and frame.find(dim) is None]
        product = self.ops.get(source)
        if product is not None and product.name == "graph.matmul" and loops:
            return self._accumulate(product, frame, loops)
        varying = self.space.varying[source] | cast("set[int]", gone)
        return self._reduce_in(op, kind, frame, loops, varying, cast("frozenset[int]", frozenset(gone)))

    def _accumulate(self, product: Operation, frame: Frame, loops: list[int]) -> SSAValue:
        """Sum products along leading dimensions in one accumulator."""
        varying = self.space.varying[product.results[0]] - set(loops)
        rows, cols = self._tile_shape(varying)
        element = cast("TensorType[Attribute]", product.results[0].type).element_type
        type_ = TileType.make(rows, cols, i32 if isinstance(element, IntegerType) else f32, "l0c")
        start = frame.scope.add(AccumulatorOp.create(result_types=[type_])).tile
        result = self._accumulate_in(product, frame, loops, start, 0)
        return result if type_.element_type == element else self._narrow(result, element, varying, frame)

    def _accumulate_in(
        self, product: Operation, frame: Frame, loops: list[int], accumulator: SSAValue, summed: Index
    ) -> SSAValue:
        if not loops:
            return self._product(product, frame, (accumulator, frame.scope.value(summed)))
        inner, loop = self._loop(frame, loops[0], [accumulator])
        bound = inner.bound[loops[0]]
        summed = inner.scope.sum(summed, bound.start)
        result = self._accumulate_in(product, inner, loops[1:], loop.body.block.args[1], summed)
        inner.scope.add(scf.YieldOp.create(operands=[result]))
        frame.scope.add(loop)
        return loop.results[0]

    def _reduce_in(
        self, op: Operation, kind: str, frame: Frame, loops: list[int], varying: frozenset[int], gone: frozenset[int]
    ) -> SSAValue:
        result = op.results[0]
        element = cast("TensorType[Attribute]", result.type).element_type
        left = self.space.varying[result]
        rows, cols = self._tile_shape(left)
        type_ = TileType.make(rows, cols, element, "ub")
        if not loops:
            return self._reduce_tile(op.operands[0], kind, frame, varying, gone, element)
        neutral = ConstantOp.create(
            properties={"value": _number(NEUTRAL[kind], element)}, result_types=[TileType.make(1, 1, element, "ub")]
        )
        start = self._compute(frame, "copy", [frame.scope.add(neutral).tile], type_, left)
        inner, loop = self._loop(frame, loops[0], [start])
        part = self._reduce_in(op, kind, inner, loops[1:], varying, gone)
        joined = self._compute(inner, COMBINE[kind], [loop.body.block.args[1], part], type_, left)
        inner.scope.add(scf.YieldOp.create(operands=[joined]))
        frame.scope.add(loop)
        return loop.results[0]

    def _reduce_tile(
        self, source: SSAValue, kind: str, frame: Frame, varying: frozenset[int], gone: frozenset[int], element: Attribute
    ) -> SSAValue:
        tile = self.emit(source, frame)
        rows, cols = self._tile_shape(varying)
        shape = cast("TileType", tile.type)
        if (shape.rows, shape.cols) != (rows, cols):
            tile = self._compute(frame, "copy", [tile], TileType.make(rows, cols, element, "ub"), varying)
        for dim, axis in ((self.nest.row, "rows"), (self.nest.column_of(varying), "cols")):
            if dim is None or dim not in gone:
                continue
            extents = self._extents(frame, varying)
            varying = varying - {dim}
            rows, cols = self._tile_shape(varying)
            made = ReduceOp.create(
                operands=[tile, *extents],
                properties={"kind": StringAttr(kind), "axis": StringAttr(axis)},
                result_types=[TileType.make(rows, cols, element, "ub")],
            )
            tile = frame.scope.add(made).tile
        return tile

    def _matmul(self, op: Operation, frame: Frame) -> SSAValue:
        """A product in L0C, converted to the type that the op gives."""
        element = cast("TensorType[Attribute]", op.results[0].type).element_type
        tile = self._product(op, frame, ())
        if cast("TileType", tile.type).element_type == element:
            return tile
        return self._narrow(tile, element, self.space.varying[op.results[0]], frame)

    def _narrow(self, tile: SSAValue, element: Attribute, varying: frozenset[int], frame: Frame) -> SSAValue:
        rows, cols = self._tile_shape(varying)
        return self._compute(frame, "cast", [tile], TileType.make(rows, cols, element, "ub"), varying)

    def _product(self, op: Operation, frame: Frame, into: tuple[SSAValue, ...]) -> SSAValue:
        """One product of windows, in a new accumulator or added to one (with the number of products in it)."""
        element = cast("TensorType[Attribute]", op.results[0].type).element_type
        m, n, k = self.nest.product_dims(op)
        windows: list[SSAValue] = []
        flags: dict[str, Attribute] = {}
        for operand, flag, first, second in ((op.operands[0], "transpose_a", m, k), (op.operands[1], "transpose_b", k, n)):
            view = self.space.operands.get(self.space.source(operand))
            if view is None:
                windows.append(self.emit(operand, frame))
                continue
            strides = [view.strides.get(dim, 0) if dim is not None else 0 for dim in (first, second)]
            if strides[1] not in (0, 1) and strides[0] not in (0, 1):
                message = f"an operand of a product whose elements lie {strides[0]} and {strides[1]} apart is not supported yet"
                raise SfumatoError(message, op.location)
            turned = strides[1] not in (0, 1) or (strides[1] == 0 and strides[0] == 1)
            if turned:
                flags[flag] = UnitAttr()
            tensor = self.arguments[view.argument]
            windows.append(
                self._view(frame, tensor, view.offset, view.strides, (second, first) if turned else (first, second))
            )
        scope = frame.scope
        rows, cols = self._tile_shape(self.space.varying[op.results[0]])
        extents = self._extents(frame, self.space.varying[op.results[0]])
        bound = None if k is None else frame.find(k)
        inner: Index = 1 if bound is None else bound.extent
        place = self.nest.matmuls.index(op)
        integer = isinstance(element, IntegerType)
        made = MatmulOp.make(
            [*windows, *extents, scope.value(inner), *into],
            TileType.make(rows, cols, i32 if integer else f32, "l0c"),
            flags,
            {name: IntegerAttr(self.chunks[name][place], i64) for name in ("l1_k", "l0_k")},
        )
        return scope.add(made).tile

    def _take(self, op: Operation, frame: Frame, type_: TileType) -> SSAValue:
        table = self.space.operands[op.operands[0]]
        indices = self.emit(op.operands[1], frame)
        step = cast("TileType", indices.type)
        if step.element_type != i32:
            rows = self.space.varying[op.operands[1]]
            indices = self._compute(frame, "cast", [indices], step.with_element(i32), rows)
        scope = frame.scope
        start: Index = table.offset
        if self.nest.col is not None and (bound := frame.find(self.nest.col)) is not None:
            start = scope.sum(start, scope.product(bound.start, table.strides.get(self.nest.col, 0)))
        axis = self.space.axes[op.operands[0]][0]
        strides = [
            table.strides.get(axis, 0) if axis is not None else 0,
            table.strides.get(self.nest.col, 0) if self.nest.col is not None else 0,
        ]
        made = GatherRowsOp.create(
            operands=[
                self.arguments[table.argument],
                scope.value(start),
                indices,
                *self._extents(frame, self.space.varying[op.results[0]]),
            ],
            properties={"strides": DenseArrayBase.from_list(i64, strides)},
            result_types=[type_],
        )
        return scope.add(made).tile


def _number(value: float, element: Attribute) -> Attribute:
    """Return ``value`` as a scalar attribute; infinities of an integer type are its ends."""
    if isinstance(element, IntegerType):
        width = element.width.data
        if value == float("inf"):
            return IntegerAttr((1 << (min(width, 32) - 1)) - 1, element)
        if value == float("-inf"):
            return IntegerAttr(-(1 << (min(width, 32) - 1)) if width > 1 else 0, element)
        return IntegerAttr(int(value), element)
    return FloatAttr(value, element)  # pyright: ignore[reportArgumentType]
