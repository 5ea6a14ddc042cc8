"""Builds the tiles of one nest on demand: windows, loads, and whatever computes a value where the loops stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.dialects import scf
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, IntegerType, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import element_of
from dialects.interned import INDEX, i64_array
from dialects.tile.compute import ComputeOp, ConstantOp, TransposeOp
from dialects.tile.data import LoadOp, ViewOp
from dialects.tile.types import TileType
from passes.analysis.iteration_space import Operand
from passes.scope import Index, Scope
from passes.tile import operations
from passes.tile.frames import Bound, Frame
from passes.tile.nests import Nest
from passes.tile.numbers import number

Roles = tuple[int | None, int | None]
"""The dimensions that give a tile its rows and its columns."""


def kind_of(tile: SSAValue) -> TileType:
    """Return the type of a tile value."""
    return cast("TileType", tile.type)


class TileBuilder:
    """Emits the tile that holds a value, in the outermost loop in which all it varies along is bound."""

    def __init__(self, nest: Nest, schedule: Mapping[str, Attribute], arguments: Mapping[SSAValue, SSAValue]) -> None:
        """Build tiles of ``nest``; ``arguments`` maps the arguments of the kernel's old body to the new one's."""
        self.nest = nest
        self.space = nest.space
        self.sizes = {
            name: cast("IntegerAttr[IntegerType]", value).value.data
            for name, value in schedule.items()
            if isinstance(value, IntegerAttr)
        }
        self.chunks = {
            name: cast("DenseArrayBase[IntegerType]", value).get_values()
            for name, value in schedule.items()
            if isinstance(value, DenseArrayBase)
        }
        self.arguments = arguments
        self.ops: dict[SSAValue, Operation] = {op.results[0]: op for op in nest.space.ops}

    def is_read(self, value: SSAValue) -> bool:
        """Whether an op of the nest reads a value."""
        return any(value in op.operands for op in self.space.ops)

    def tile_size(self, dim: int) -> int:
        """Return how many elements of ``dim`` one tile covers."""
        if dim == self.nest.row:
            return self.sizes["row"]
        if dim == self.nest.col:
            return self.sizes["col"]
        return self.space.sizes[dim] if dim in self.nest.whole else 1

    def tiles(self, dim: int) -> int:
        """Return how many tiles cover ``dim``."""
        return -(-self.space.sizes[dim] // self.tile_size(dim))

    def looped(self, dim: int) -> bool:
        """Whether a reduced dimension needs a loop."""
        return dim in self.nest.sequential and self.tile_size(dim) < self.space.sizes[dim]

    def roles(self, varying: frozenset[int]) -> Roles:
        """Return the dimensions of the rows and columns of a tile that varies along ``varying``."""
        return (self.nest.row if self.nest.row in varying else None), self.nest.column_of(varying)

    def type_of(self, varying: frozenset[int], element: Attribute, space: str = "ub") -> TileType:
        """Return the type of a tile of a value that varies along ``varying``."""
        rows, cols = (1 if dim is None else self.tile_size(dim) for dim in self.roles(varying))
        return TileType.make(rows, cols, element, space)

    def extents(self, frame: Frame, varying: frozenset[int]) -> list[SSAValue]:
        """Return how many rows and columns of such a tile are valid where the loops stand."""
        found: list[SSAValue] = []
        for dim in self.roles(varying):
            bound = frame.find(dim)
            assert dim is None or bound is not None
            found.append(frame.scope.value(1 if bound is None else bound.extent))
        return found

    def loop(
        self, frame: Frame, dim: int, carried: Sequence[SSAValue], bounds: tuple[Index, Index] | None = None
    ) -> tuple[Frame, scf.ForOp]:
        """Open a loop over the tiles of ``dim``; the caller fills the frame, yields, and adds the loop.

        ``bounds``: the first element and the end, where they are not all of the dimension.
        """
        size, step = self.space.sizes[dim], self.tile_size(dim)
        types = [value.type for value in carried]
        body = Block(arg_types=[INDEX, *types])
        inner = Scope(body, frame.scope)
        start = body.args[0]
        extent: Index = step if size % step == 0 else inner.smaller(step, inner.difference(size, start))
        outer = frame.scope
        lower, upper = bounds or (0, size)
        loop = scf.ForOp.create(
            operands=[outer.value(lower), outer.value(upper), outer.value(step), *carried],
            result_types=types,
            regions=[Region(body)],
        )
        return Frame(inner, {dim: Bound(start, extent)}, frame), loop

    def offset(self, frame: Frame, first: int, strides: Mapping[int, int]) -> Index:
        """Return the first element of the current tile of a tensor walked by ``strides``."""
        scope = frame.scope
        start: Index = 0
        for dim, stride in strides.items():
            bound = frame.find(dim)
            if bound is not None:
                start = scope.sum(start, scope.product(bound.start, stride))
        return scope.sum(start, first)

    def view(self, frame: Frame, tensor: SSAValue, first: int, strides: Mapping[int, int], roles: Roles) -> SSAValue:
        """Name the window of ``tensor`` that the current tile covers."""
        scope = frame.scope
        extents: list[SSAValue] = []
        sizes: list[int] = []
        for dim in roles:
            present = dim is not None and dim in strides
            bound = frame.find(dim) if present else None
            full = self.space.sizes[dim] if present and dim is not None else 1
            extents.append(scope.value(bound.extent if bound is not None else full))
            sizes.append(self.tile_size(dim) if bound is not None and dim is not None else full)
        steps = [strides.get(dim, 0) if dim is not None else 0 for dim in roles]
        op = ViewOp.create(
            operands=[tensor, scope.value(self.offset(frame, first, strides)), *extents],
            properties={"strides": i64_array(steps)},
            result_types=[TileType.make(sizes[0], sizes[1], element_of(tensor), "gm")],
        )
        return scope.add(op).window

    def emit(self, value: SSAValue, frame: Frame) -> SSAValue:
        """Return the tile that holds ``value`` where the loops stand, computing it if need be."""
        value = self.space.source(value)
        known = frame.known(value)
        if known is not None:
            return known
        home = frame.home(self.space.varying[value])
        operand = self.space.operands.get(value)
        if operand is not None:
            home.values[value] = self._load(operand, self.space.varying[value], home)
        elif isinstance(value.owner, RecurrenceOp):
            operations.recurrence(self, value.owner, home)
        else:
            home.values[value] = operations.operation(self, self.ops[value], home)
        return home.values[value]

    def walk_roles(self, strides: Mapping[int, int]) -> tuple[Roles, bool]:
        """Return the roles in which a window lies row by row in memory, and whether they are swapped for that."""
        row, col = self.nest.row, self.nest.column_of(frozenset(strides))
        turned = self.nest.is_turned(strides)
        return ((col, row) if turned else (row, col)), turned

    def _load(self, operand: Operand, varying: frozenset[int], frame: Frame) -> SSAValue:
        """Load a tile; one that lies column by column is loaded as it lies and transposed in UB."""
        tensor = self.arguments[operand.argument]
        roles, turned = self.walk_roles(operand.strides)
        window = self.view(frame, tensor, operand.offset, operand.strides, roles)
        kind = kind_of(window)
        rows, cols = self.extents(frame, varying)
        load = LoadOp.create(
            operands=[window, cols, rows] if turned else [window, rows, cols],
            result_types=[TileType.make(kind.rows, kind.cols, kind.element_type, "ub")],
        )
        tile = frame.scope.add(load).tile
        return self.transpose(tile, cols, rows, frame) if turned else tile

    def transpose(self, tile: SSAValue, rows: SSAValue, cols: SSAValue, frame: Frame) -> SSAValue:
        """Turn a tile in UB."""
        kind = kind_of(tile)
        made = TransposeOp.create(
            operands=[tile, rows, cols], result_types=[TileType.make(kind.cols, kind.rows, kind.element_type, "ub")]
        )
        return frame.scope.add(made).tile

    def constant(self, value: float, element: Attribute, frame: Frame) -> SSAValue:
        """One number as a tile."""
        type_ = TileType.make(1, 1, element, "ub")
        made = ConstantOp.create(properties={"value": number(value, element)}, result_types=[type_])
        return frame.scope.add(made).tile

    def compute(
        self,
        frame: Frame,
        function: str,
        operands: Sequence[SSAValue],
        element: Attribute,
        varying: frozenset[int],
        option: Attribute | None = None,
    ) -> SSAValue:
        """Apply a pointwise function; the result varies along ``varying``."""
        properties: dict[str, Attribute] = {"function": StringAttr(function)}
        if option is not None:
            properties["option"] = option
        op = ComputeOp.create(
            operands=[*operands, *self.extents(frame, varying)],
            properties=properties,
            result_types=[self.type_of(varying, element)],
        )
        return frame.scope.add(op).tile

    def spread(self, tile: SSAValue, varying: frozenset[int], frame: Frame) -> SSAValue:
        """Copy a tile to one that varies along ``varying``, unless it already has that extent."""
        kind = kind_of(tile)
        if kind == self.type_of(varying, kind.element_type, kind.space.data):
            return tile
        return self.compute(frame, "copy", [tile], kind.element_type, varying)
