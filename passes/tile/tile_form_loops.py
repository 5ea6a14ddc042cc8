"""The pass `tile-form-loops`: kernel bodies of graph ops become loops over tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from dialects.interned import INDEX, UNIT, i64_array, i64_attr
from dialects.tile.compute import ConstantOp
from dialects.tile.data import StoreOp
from dialects.tile.structure import GridOp, KernelOp, RangeOp
from dialects.tile.types import is_in_ub
from passes.base import SfumatoPass
from passes.scope import Index, Scope
from passes.tile.frames import Bound, Frame
from passes.tile.nests import Store, nests_of
from passes.tile.tile_builder import TileBuilder, kind_of

MANY_STORES = 4
"""With more stores than this, tiles on their way to memory take turns: each needs a flag, and there are few."""


@dataclass(frozen=True)
class TileFormLoops(SfumatoPass):
    """Turn each kernel's graph ops into a grid of tiles, loops along reduced dimensions, loads, tile ops and stores.

    Needs the `schedule` attribute. The kernel's results become arguments that it stores to. Values are computed in the
    outermost loop in which all dimensions they vary along are bound. A reduction along a dimension that one tile does
    not cover becomes a loop that carries the partial result; what is needed again after it is loaded and computed
    again.
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
    arguments: dict[SSAValue, SSAValue] = {before: after for before, after in zip(old.args, inputs, strict=True)}
    scope = Scope(block, location=kernel.location)
    for nest, schedule in zip(nests, schedules, strict=True):
        _form_nest(TileBuilder(nest, schedule.data, arguments), outputs, scope)
    directions = [*("in" for _ in inputs), *("out" for _ in outputs)]
    kernel.properties["arguments"] = DictionaryAttr(
        {"directions": ArrayAttr([StringAttr(direction) for direction in directions])}
    )
    kernel.body.detach_block(old)
    kernel.body.add_block(block)
    old.drop_all_references()


def _form_nest(builder: TileBuilder, outputs: Sequence[SSAValue], scope: Scope) -> None:
    """Emit one grid with all stores of a nest; stores that need the same loops share them."""
    nest = builder.nest
    tiled = [dim for dim in (nest.row, nest.col) if dim is not None and dim in nest.grid]
    if builder.sizes.get("rows_first"):
        tiled.reverse()
    grid = [dim for dim in nest.grid if dim not in tiled]
    place = builder.sizes.get("rows_at")
    at = len(grid) if place is None else place
    grid[at:at] = tiled
    counts = [builder.tiles(dim) for dim in grid]
    body = Block(arg_types=[INDEX] * len(grid))
    frame = Frame(Scope(body, scope), {})
    for dim, argument in zip(grid, body.args, strict=True):
        number = argument
        if dim == nest.row and builder.sizes.get("descending"):
            number = frame.scope.value(frame.scope.difference(builder.tiles(dim) - 1, argument))
        frame.bound[dim] = _range(builder, frame.scope, dim, number)
    for dim in (*nest.sequential, *nest.whole):
        if not builder.looped(dim):
            frame.bound[dim] = Bound(0, nest.space.sizes[dim])
    pending: dict[tuple[int, ...], list[Store]] = {}
    for store in nest.stores:
        pending.setdefault(tuple(dim for dim in store.strides if builder.looped(dim)), []).append(store)
    for loops, stores in pending.items():
        _form_stores(builder, outputs, frame, loops, stores)
    properties: dict[str, Attribute] = {"tiles": i64_array(counts)}
    if place is not None:
        properties["snake"] = UNIT
    scope.add(GridOp.create(properties=properties, regions=[Region(body)]))


def _range(builder: TileBuilder, scope: Scope, dim: int, number: SSAValue) -> Bound:
    if dim not in (builder.nest.row, builder.nest.col):
        return Bound(number, 1)
    op = RangeOp.create(
        operands=[number],
        properties={
            "step": i64_attr(builder.tile_size(dim)),
            "size": i64_attr(builder.space.sizes[dim]),
            "role": StringAttr("row" if dim == builder.nest.row else "col"),
        },
        result_types=[INDEX, INDEX],
    )
    scope.add(op)
    return Bound(op.start, op.extent)


def _form_stores(
    builder: TileBuilder, outputs: Sequence[SSAValue], frame: Frame, loops: tuple[int, ...], stores: Sequence[Store]
) -> None:
    if not loops:
        for store in stores:
            _store(builder, outputs[store.result], frame, store)
        return
    inner, loop = builder.loop(frame, loops[0], ())
    _form_stores(builder, outputs, inner, loops[1:], stores)
    inner.scope.add(scf.YieldOp.create())
    frame.scope.add(loop)


def _store(builder: TileBuilder, tensor: SSAValue, frame: Frame, store: Store) -> None:
    """Store a tile; what a loop carries, or a constant, is copied first, since stores read what an op has just made.

    Where there are many stores, so is what other ops read too: the memory of the copy is free again after the store.
    """
    varying = frozenset(store.strides)
    tile = builder.spread(builder.emit(store.value, frame), varying, frame)
    shared = len(builder.nest.stores) > MANY_STORES and builder.is_read(store.value)
    if is_in_ub(tile) and (shared or isinstance(tile.owner, scf.ForOp | ConstantOp)):
        tile = builder.compute(frame, "copy", [tile], kind_of(tile).element_type, varying)
    roles, turned = builder.walk_roles(store.strides)
    window = builder.view(frame, tensor, store.offset, store.strides, roles)
    extents = builder.extents(frame, varying)
    if turned:
        tile = builder.transpose(tile, extents[0], extents[1], frame)
        extents.reverse()
    made = StoreOp.create(operands=[tile, window, *extents])
    shared = builder.nest.row if builder.nest.matmuls else None  # its rows may be divided between vector cores
    others = [dim for dim in builder.nest.grid if dim not in varying and (builder.tiles(dim) > 1 or dim == shared)]
    if not others:
        frame.scope.add(made)
        return
    body = Block(arg_types=[INDEX])
    inner = Scope(body, frame.scope)
    inner.add(made)
    inner.add(scf.YieldOp.create())
    bounds = [frame.scope.value(bound) for bound in (0, _first_only(frame, others), 1)]
    frame.scope.add(scf.ForOp.create(operands=bounds, regions=[Region(body)]))


def _first_only(frame: Frame, dims: Sequence[int]) -> Index:
    """1 at the first tile of all of ``dims``, else 0: of tiles that hold the same, one is stored."""
    scope, start = frame.scope, cast("Index", 0)
    for dim in dims:
        bound = frame.find(dim)
        start = scope.sum(start, 0 if bound is None else bound.start)
    return scope.difference(1, scope.smaller(start, 1))
