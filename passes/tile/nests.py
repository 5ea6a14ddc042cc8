"""The loop nests of a kernel: for each store, the iteration space, which dimension is a tile's rows, which its columns.

A tile is a matrix: of all dimensions of a nest, one gives its rows and one its columns; the others are walked one
element at a time, by the grid or, when something is reduced along them, by loops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

from xdsl.dialects.builtin import IntegerAttr, IntegerType
from xdsl.ir import Operation, SSAValue

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import shape_of
from dialects.tile.structure import KernelOp, ReturnOp
from passes.analysis.access import VIEWS, Access, apply_view, array_of
from passes.analysis.iteration_space import Space, build


@dataclass
class Store:
    """A value that leaves the kernel: to which result, from which element on, its stride along each dimension."""

    value: SSAValue
    result: int
    offset: int
    strides: dict[int, int]


@dataclass
class Nest:
    """One loop nest: its space, its stores, and the roles of its dimensions (``None`` where there is none)."""

    space: Space
    stores: list[Store]
    row: int | None = None
    col: int | None = None
    whole: tuple[int, ...] = ()
    matmuls: tuple[Operation, ...] = ()

    @property
    def recurrence(self) -> RecurrenceOp | None:
        """The recurrence that the nest walks, if it has one."""
        return next((op for op in self.space.ops if isinstance(op, RecurrenceOp)), None)

    def is_turned(self, strides: Mapping[int, int]) -> bool:
        """Whether a window with these strides lies in memory column by column."""
        dims = (self.row, self.column_of(frozenset(strides)))
        row, col = (strides.get(dim, 0) if dim is not None else 0 for dim in dims)
        return row == 1 and col not in (0, 1)

    @property
    def grid(self) -> list[int]:
        """Dimensions that tiles are dealt out along, outermost first."""
        return [dim for dim in sorted(self.space.sizes) if dim not in self.space.reduced and dim not in self.whole]

    @property
    def sequential(self) -> list[int]:
        """Dimensions that something is reduced along, other than those that every tile covers."""
        return [dim for dim in sorted(self.space.sizes) if dim in self.space.reduced and dim not in self.whole]

    def column_of(self, varying: frozenset[int]) -> int | None:
        """Return the dimension that gives the columns of a tile which varies along ``varying``."""
        return next((dim for dim in (self.col, *self.whole) if dim is not None and dim in varying), None)

    def product_dims(self, op: Operation) -> tuple[int | None, int | None, int | None]:
        """Return the dimensions (m, n, k) of a product; None where the size is one."""
        lhs, rhs = (list(self.space.axes[operand]) for operand in op.operands)
        if "transpose_a" in op.properties:
            lhs[-1], lhs[-2] = lhs[-2], lhs[-1]
        if "transpose_b" in op.properties:
            rhs[-1], rhs[-2] = rhs[-2], rhs[-1]
        result = self.space.axes[op.results[0]]
        unit = (self.row, self.col)
        m = result[-2] if result[-2] is not None else unit[0]
        n = result[-1] if result[-1] is not None else unit[1]
        return m, n, lhs[-1]


def nests_of(kernel: KernelOp) -> list[Nest]:
    """Analyse a kernel whose body is graph ops."""
    block = kernel.body.block
    final = cast("ReturnOp", block.last_op)
    accesses: dict[SSAValue, tuple[SSAValue, Access]] = {a: (a, Access.dense(shape_of(a))) for a in block.args}
    ops: list[Operation] = []
    concat: Operation | None = None
    for op in block.ops:
        if op is final:
            break
        if op.name in VIEWS and op.operands[0] in accesses:
            base, access = accesses[op.operands[0]]
            view = apply_view(access, op)
            if view is not None:
                accesses[op.results[0]] = (base, view)
                continue
        if op.name == "graph.concat":
            concat = op
            continue
        ops.append(op)
    if concat is not None:
        pieces = [_pieces(concat, i, value) for i, value in enumerate(final.operands)]
        return [_nest(ops, accesses, list(stores)) for stores in zip(*pieces, strict=True)]
    stores = [(value, i, Access.dense(shape_of(value))) for i, value in enumerate(final.operands)]
    return [_nest(ops, accesses, stores)]


def _pieces(concat: Operation, result: int, value: SSAValue) -> list[tuple[SSAValue, int, Access]]:
    """Return where each operand of a concatenation lies in a result of the kernel, which may be a permutation of it."""
    whole = Access.dense(shape_of(value))
    while value is not concat.results[0]:
        view = cast("Operation", value.owner)
        order = array_of(view, "order")
        whole = whole.permute([order.index(axis) for axis in range(len(order))])
        value = view.operands[0]
    axis = cast("IntegerAttr[IntegerType]", concat.properties["axis"]).value.data
    pieces: list[tuple[SSAValue, int, Access]] = []
    start = 0
    for operand in concat.operands:
        shape = shape_of(operand)
        pieces.append((operand, result, Access(start * whole.strides[axis], shape, whole.strides)))
        start += shape[axis]
    return pieces


def _nest(
    ops: Sequence[Operation],
    accesses: dict[SSAValue, tuple[SSAValue, Access]],
    outputs: Sequence[tuple[SSAValue, int, Access]],
) -> Nest:
    needed: set[SSAValue] = {value for value, _, _ in outputs}
    kept: list[Operation] = []
    for op in reversed(ops):
        if any(result in needed for result in op.results):
            kept.append(op)
            needed.update(op.operands)
    kept.reverse()
    space = build(kept, {value: access for value, access in accesses.items() if value in needed})
    stores = [Store(value, index, access.offset, space.strides_of(value, access)) for value, index, access in outputs]
    nest = Nest(space, stores, matmuls=tuple(op for op in space.ops if op.name == "graph.matmul"))
    if not nest.matmuls:
        _merge(nest)
    _choose_roles(nest)
    return nest


def _merge(nest: Nest) -> None:
    """Merge dimensions that follow each other in memory wherever they occur."""
    space = nest.space
    fixed = set(space.iota)
    for op in space.ops:
        if op.name == "graph.take":
            fixed |= {dim for dim in space.axes[op.results[0]] if dim is not None}
    changed = True
    while changed:
        changed = False
        for outer in sorted(space.sizes):
            for dim in sorted(space.sizes):
                if outer != dim and not {outer, dim} & fixed and _follows(nest, outer, dim):
                    _fuse(nest, outer, dim)
                    changed = True
                    break
            if changed:
                break


def _walks(nest: Nest) -> list[dict[int, int]]:
    return [operand.strides for operand in nest.space.operands.values()] + [store.strides for store in nest.stores]


def _follows(nest: Nest, outer: int, inner: int) -> bool:
    """Whether one step of ``outer`` is a full run of ``inner`` for every operand, store and reduction."""
    space = nest.space
    if (outer in space.reduced) != (inner in space.reduced):
        return False
    if any((outer in dims) != (inner in dims) for dims in space.varying.values()):
        return False
    size = space.sizes[inner]
    return all(walk.get(outer, 0) == walk.get(inner, 0) * size for walk in _walks(nest))


def _fuse(nest: Nest, outer: int, inner: int) -> None:
    space = nest.space
    space.sizes[inner] *= space.sizes.pop(outer)
    for walk in _walks(nest):
        walk.pop(outer, None)
    space.varying = {value: dims - {outer} for value, dims in space.varying.items()}
    space.reduced -= {outer}
    space.axes = {value: tuple(None if dim == outer else dim for dim in axes) for value, axes in space.axes.items()}


def _choose_roles(nest: Nest) -> None:
    """Choose the dimension of columns, contiguous for most elements that are loaded and stored, and of rows.

    Rows go along a dimension that is contiguous where the columns are not, so that such tiles can be turned in UB; else
    along one that is reduced, if the columns are not; else along the largest.
    """
    space = nest.space
    if nest.matmuls:
        _choose_product_roles(nest)
        return
    dims = sorted(space.sizes)
    if not dims:
        return
    for op in space.ops:
        if op.name == "graph.take":
            table = space.axes[op.operands[0]]
            nest.col = table[-1]
            rows = [dim for dim in space.axes[op.operands[1]] if dim is not None]
            nest.row = rows[-1] if rows else None
            return

    def elements(walk: Mapping[int, int]) -> int:
        return prod(space.sizes[dim] for dim in walk if dim in space.sizes)

    def contiguous(dim: int) -> tuple[int, int, int]:
        return (sum(elements(walk) for walk in _walks(nest) if walk.get(dim) == 1), space.sizes[dim], dim)

    nest.col = max(dims, key=contiguous)
    rest = [dim for dim in dims if dim != nest.col]
    reduced = [dim for dim in rest if dim in space.reduced]
    candidates = reduced if reduced and nest.col not in space.reduced else rest
    turned = [walk for walk in _walks(nest) if walk.get(nest.col, 0) not in (0, 1)]

    def turned_back(dim: int) -> tuple[int, int, int]:
        return (sum(1 for walk in turned if walk.get(dim) == 1), space.sizes[dim], dim)

    if any(turned_back(dim)[0] for dim in rest):
        candidates = rest
    if candidates:
        nest.row = max(candidates, key=turned_back)


def _choose_product_roles(nest: Nest) -> None:
    """Rows are the first product's m; columns its n. What other products range over is covered whole by every tile."""
    first = nest.matmuls[0]
    m, n, k = nest.product_dims(first)
    nest.row = m if m is not None else _unit_dimension(nest, 0)
    nest.col = n if n is not None else _unit_dimension(nest, 1)
    others = [dim for op in nest.matmuls for dim in nest.product_dims(op)]
    nest.whole = tuple(sorted({dim for dim in others if dim is not None} - {nest.row, nest.col}))
    if nest.recurrence is None and k is not None:
        nest.whole = (k,)


def _unit_dimension(nest: Nest, operand: int) -> int:
    """Give products with a single row or column a dimension of one element there, so that all products look alike."""
    space = nest.space
    dim = 1 + max(space.sizes, default=0)
    space.sizes[dim] = 1
    view = space.operands.get(space.source(nest.matmuls[0].operands[operand]))
    if view is not None:
        view.strides[dim] = 0
    follows = {op.results[0] for op in nest.matmuls}
    if nest.recurrence is not None:
        count = len(nest.recurrence.carried)
        follows |= {*nest.recurrence.finals, *nest.recurrence.body.block.args[:count]}
    for op in space.ops:
        if follows & {*op.operands}:
            follows.update(op.results)
    for value in follows:
        space.varying[value] = space.varying.get(value, frozenset()) | {dim}
    for store in nest.stores:
        store.strides[dim] = 1
    return dim
