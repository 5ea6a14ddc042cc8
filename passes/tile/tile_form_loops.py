"""The pass `tile-form-loops`: kernel bodies of graph ops become loops over tiles."""

from __future__ import annotations

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
    f32,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects.tile.compute import ComputeOp, ConstantOp, IotaOp, MatmulOp, ReduceOp
from dialects.tile.data import GatherRowsOp, LoadOp, StoreOp, ViewOp
from dialects.tile.structure import GridOp, KernelOp, RangeOp
from dialects.tile.types import TileType
from passes.analysis.access import array_of
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
        sizes = {name: cast("IntegerAttr", value).value.data for name, value in schedule.data.items()}
        NestBuilder(nest, sizes, arguments, outputs, Scope(block, location=kernel.location)).build()
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
    return 2 * prod(nest.space.sizes.values()) if nest.matmul is not None else 0


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
        sizes: dict[str, int],
        arguments: dict[SSAValue, SSAValue],
        outputs: tuple[SSAValue, ...] | list[SSAValue],
        scope: Scope,
    ) -> None:
        """Prepare to append ``nest`` to the block of ``scope``."""
        self.nest = nest
        self.space = nest.space
        self.sizes = sizes
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
        return 1

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
        for dim in self.nest.sequential:
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

    def _loop(self, frame: Frame, dim: int, carried: SSAValue | None) -> tuple[Frame, scf.ForOp]:
        """Open a loop over the tiles of ``dim``; the caller fills the frame, yields, and adds the loop."""
        size, step = self.space.sizes[dim], self.tile_size(dim)
        types = [INDEX] if carried is None else [INDEX, carried.type]
        body = Block(arg_types=types)
        inner = Scope(body, frame.scope)
        start = body.args[0]
        extent: Index = step if size % step == 0 else inner.smaller(step, inner.difference(size, start))
        outer = frame.scope
        loop = scf.ForOp.create(
            operands=[outer.value(0), outer.value(size), outer.value(step), *([] if carried is None else [carried])],
            result_types=[] if carried is None else [carried.type],
            regions=[Region(body)],
        )
        return Frame(inner, {dim: Bound(start, extent)}, frame), loop

    def _stores(self, frame: Frame, loops: tuple[int, ...], stores: list[Store]) -> None:
        if loops:
            inner, loop = self._loop(frame, loops[0], None)
            self._stores(inner, loops[1:], stores)
            inner.scope.add(scf.YieldOp.create())
            frame.scope.add(loop)
            return
        for store in stores:
            tile = self.emit(store.value, frame)
            type_ = cast("TileType", tile.type)
            rows, cols = self._tile_shape(frozenset(store.strides))
            if (type_.rows, type_.cols) != (rows, cols):
                tile = self._compute(
                    frame, "copy", [tile], TileType.make(rows, cols, type_.element_type, type_.space.data),
                    frozenset(store.strides),
                )
            window = self._view(
                frame, self.outputs[store.result], store.offset, store.strides, frozenset(store.strides), None
            )
            extents = self._extents(frame, frozenset(store.strides))
            frame.scope.add(StoreOp.create(operands=[tile, window, *extents]))

    def _tile_shape(self, varying: frozenset[int]) -> tuple[int, int]:
        rows = self.tile_size(self.nest.row) if self.nest.row in varying and self.nest.row is not None else 1
        cols = self.tile_size(self.nest.col) if self.nest.col in varying and self.nest.col is not None else 1
        return rows, cols

    def _extents(self, frame: Frame, varying: frozenset[int]) -> list[SSAValue]:
        extents: list[SSAValue] = []
        for dim in (self.nest.row, self.nest.col):
            extent: Index = 1
            if dim is not None and dim in varying:
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
        varying: frozenset[int],
        shape: tuple[int | None, int | None] | None,
    ) -> SSAValue:
        """Name the window of ``tensor`` that the current tile covers; ``shape`` gives other dimensions its roles."""
        row, col = (self.nest.row, self.nest.col) if shape is None else shape
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
        home = self.home(frame, self.space.varying[value])
        operand = self.space.operands.get(value)
        if operand is not None:
            tensor = self.arguments[operand.argument]
            window = self._view(home, tensor, operand.offset, operand.strides, self.space.varying[value], None)
            kind = cast("TileType", window.type)
            extents = self._extents(home, self.space.varying[value])
            tile = home.scope.add(
                LoadOp.create(
                    operands=[window, *extents],
                    result_types=[TileType.make(kind.rows, kind.cols, kind.element_type, "ub")],
                )
            ).tile
        else:
            tile = self._operation(self.ops[value], home)
        home.values[value] = tile
        return tile

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
        varying = self.space.varying[source] | cast("set[int]", gone)
        return self._reduce_in(op, kind, frame, loops, varying, cast("frozenset[int]", frozenset(gone)))

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
        inner, loop = self._loop(frame, loops[0], start)
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
        for dim, axis in ((self.nest.col, "cols"), (self.nest.row, "rows")):
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
        nest = self.nest
        element = cast("TensorType[Attribute]", op.results[0].type).element_type
        windows: list[SSAValue] = []
        for operand, flag, first, second in (
            (op.operands[0], "transpose_a", nest.row, nest.inner),
            (op.operands[1], "transpose_b", nest.inner, nest.col),
        ):
            view = self.space.operands[operand]
            roles = (second, first) if flag in op.properties else (first, second)
            tensor = self.arguments[view.argument]
            windows.append(self._view(frame, tensor, view.offset, view.strides, frozenset(), roles))
        scope = frame.scope
        rows, cols = self._tile_shape(self.space.varying[op.results[0]])
        extents = self._extents(frame, self.space.varying[op.results[0]])
        inner = self.space.sizes[nest.inner] if nest.inner is not None else 1
        integer = isinstance(element, IntegerType)
        made = MatmulOp.create(
            operands=[*windows, *extents, scope.value(inner)],
            properties={name: op.properties[name] for name in ("transpose_a", "transpose_b") if name in op.properties},
            attributes={"l1_k": IntegerAttr(self.sizes["k_l1"], i64), "l0_k": IntegerAttr(self.sizes["k_l0"], i64)},
            result_types=[TileType.make(rows, cols, i32 if integer else f32, "l0c")],
        )
        tile = scope.add(made).tile
        accumulated = cast("TileType", tile.type).element_type
        if accumulated == element:
            return tile
        type_ = TileType.make(rows, cols, element, "ub")
        return self._compute(frame, "cast", [tile], type_, self.space.varying[op.results[0]])

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
