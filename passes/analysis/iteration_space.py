"""The iteration space of a kernel body: its dimensions, and how each operand and result walks along them.

Axes of all values are unified through the ops' index maps; each class of axes is one dimension. A view of an argument
is an operand, walked by strides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from xdsl.ir import BlockArgument, Operation, SSAValue

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import shape_of
from passes.analysis.access import Access
from passes.analysis.index_maps import IndexMaps, Map, Misfit, index_maps

CHUNK = -1
"""Stands among the dimensions of what differs in each chunk of a recurrence, besides the walked dimension itself."""


@dataclass
class Operand:
    """A view of a kernel argument: its first element and its stride along each dimension, in elements."""

    argument: SSAValue
    offset: int
    strides: dict[int, int]


@dataclass
class Space:
    """Dimensions of a kernel body and the place of every value in them."""

    sizes: dict[int, int] = field(default_factory=dict[int, int])
    axes: dict[SSAValue, tuple[int | None, ...]] = field(default_factory=dict[SSAValue, "tuple[int | None, ...]"])
    operands: dict[SSAValue, Operand] = field(default_factory=dict[SSAValue, Operand])
    varying: dict[SSAValue, frozenset[int]] = field(default_factory=dict[SSAValue, frozenset[int]])
    reduced: frozenset[int] = frozenset()
    iota: frozenset[int] = frozenset()
    recurred: frozenset[int] = frozenset()
    aliases: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    ops: list[Operation] = field(default_factory=list[Operation])

    def source(self, value: SSAValue) -> SSAValue:
        """Return what an argument of a recurrence's body stands for (any other value: itself)."""
        while value in self.aliases:
            value = self.aliases[value]
        return value

    def strides_of(self, value: SSAValue, access: Access) -> dict[int, int]:
        """Return the stride along each dimension of ``value`` when it is stored through ``access``."""
        return _strides(self.axes[value], access)


def _strides(axes: Sequence[int | None], access: Access) -> dict[int, int]:
    strides: dict[int, int] = {}
    for dim, stride in zip(axes, access.strides, strict=True):
        if dim is not None and stride:
            strides[dim] = strides.get(dim, 0) + stride
    return strides


class _Axes:
    """Union-find over (value, axis)."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.size: list[int] = []
        self.of: dict[SSAValue, list[int | None]] = {}

    def add(self, value: SSAValue) -> list[int | None]:
        known = self.of.get(value)
        if known is None:
            known = list[int | None]()
            for size in shape_of(value):
                if size == 1:
                    known.append(None)
                else:
                    known.append(len(self.parent))
                    self.parent.append(len(self.parent))
                    self.size.append(size)
            self.of[value] = known
        return known

    def find(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def unify(self, first: int | None, second: int | None) -> None:
        if first is None or second is None:
            if first is not second:
                raise Misfit("an axis of one element meets a longer one")
            return
        a, b = self.find(first), self.find(second)
        if self.size[a] != self.size[b]:
            raise Misfit("axes of different sizes meet")
        self.parent[max(a, b)] = min(a, b)


def _unify_all(axes: _Axes, first: Iterable[int | None], second: Iterable[int | None]) -> None:
    for a, b in zip(first, second, strict=True):
        axes.unify(a, b)


def _relate(axes: _Axes, op: Operation) -> IndexMaps:
    """Unify the axes that walk the same dimension of ``op``."""
    maps = index_maps(op)
    first: dict[int, int | None] = {}
    for value, walked in zip((*op.results, *op.operands), (maps.result, *maps.operands), strict=True):
        for node, dim in zip(axes.add(value), walked, strict=True):
            if dim is not None:
                axes.unify(first.setdefault(dim, node), node)
    return maps


def _relate_recurrence(axes: _Axes, op: RecurrenceOp, space: Space) -> dict[Operation, IndexMaps]:
    """Unify what a recurrence carries with what it starts from and ends with; add its body's ops to the space."""
    maps: dict[Operation, IndexMaps] = {}
    arguments = op.body.block.args
    count = len(op.carried)
    for start, argument, after, final in zip(op.carried, arguments[:count], op.yielded, op.finals, strict=True):
        for other in (argument, after, final):
            _unify_all(axes, axes.add(start), axes.add(other))
    for value, argument in zip(op.ins, arguments[count:], strict=True):
        _unify_all(axes, axes.add(value), axes.add(argument))
        space.aliases[argument] = value
    walked = [axes.add(value)[axis] for value, axis in zip(op.ins, op.axes.get_values(), strict=True) if axis >= 0]
    for one in walked[1:]:
        axes.unify(walked[0], one)
    for inner in op.body.block.ops:
        if inner is not op.body.block.last_op:
            maps[inner] = _relate(axes, inner)
            space.ops.append(inner)
    return maps


def build(ops: Sequence[Operation], arguments: dict[SSAValue, tuple[SSAValue, Access]]) -> Space:
    """Return the iteration space of ``ops`` (in order), whose inputs are the views in ``arguments``.

    ``arguments`` maps each value that comes from outside to the tensor it is a view of and its access. Raises
    ``Misfit`` when the ops do not share one space.
    """
    axes = _Axes()
    for value in arguments:
        axes.add(value)
    space = Space()
    maps: dict[Operation, IndexMaps] = {}
    for op in ops:
        if isinstance(op, RecurrenceOp):
            maps |= _relate_recurrence(axes, op, space)
        else:
            maps[op] = _relate(axes, op)
        space.ops.append(op)
    for value, nodes in axes.of.items():
        dims = tuple(None if node is None else axes.find(node) for node in nodes)
        known = [dim for dim in dims if dim is not None]
        if len(set(known)) != len(known) and value not in arguments:
            raise Misfit("two axes of one value are the same dimension")
        space.axes[value] = dims
        for dim in known:
            space.sizes[dim] = axes.size[dim]
    for value, (base, access) in arguments.items():
        space.operands[value] = Operand(base, access.offset, _strides(space.axes[value], access))
        space.varying[value] = frozenset(space.operands[value].strides)
    for op in space.ops:
        if op in maps:
            _drop_gathered(space, op, maps[op])
        elif isinstance(op, RecurrenceOp):
            places = zip(op.ins, op.axes.get_values(), strict=True)
            walked = (space.axes[value][axis] for value, axis in places if axis >= 0)
            space.recurred |= {dim for dim in walked if dim is not None}
    _propagate(space, maps)
    return space


def _drop_gathered(space: Space, op: Operation, maps: IndexMaps) -> None:
    """Take dimensions that indices choose from, along which nothing walks, out of the space."""
    for table, walked in zip(op.operands, maps.operands, strict=True):
        for gathered, dim in zip(space.axes[table], walked, strict=True):
            if gathered is None or dim is not None:
                continue
            if any(gathered in axes for value, axes in space.axes.items() if value is not table):
                raise Misfit("a gathered dimension is also walked")
            space.sizes.pop(gathered, None)


def _vary_argument(space: Space, value: SSAValue) -> None:
    """An input of a recurrence varies as its source does; what is carried (and comes out) along all its axes."""
    source = space.source(value)
    dims = frozenset(dim for dim in space.axes[value] if dim is not None)
    if source is not value and source in space.varying:
        space.varying[value] = space.varying[source]
    elif isinstance(value, BlockArgument):
        space.varying[value] = dims | {CHUNK}
    else:
        space.varying[value] = dims


def _propagate(space: Space, maps: Mapping[Operation, IndexMaps]) -> None:
    """Find the dimensions along which each computed value varies, and those that some op reduces."""
    reduced: set[int] = set()
    iota: set[int] = set()
    for op in space.ops:
        if isinstance(op, RecurrenceOp):
            for value in (*op.body.block.args, *op.finals):
                if value not in space.varying:
                    _vary_argument(space, value)
            continue
        for operand in op.operands:
            if operand not in space.varying:
                _vary_argument(space, operand)
        varying = _result_varies(space, op, maps[op])
        reduced |= _dims(space, op.operands, maps[op].operands, maps[op].reduced)
        if not op.operands:
            iota |= varying
        if isinstance(op.parent_op(), RecurrenceOp):
            chunked = space.recurred | {CHUNK}
            if any(space.varying[operand] & chunked for operand in op.operands):
                varying |= {CHUNK}
        space.varying[op.results[0]] = varying
    space.reduced = frozenset(reduced) | space.recurred
    space.iota = frozenset(iota)


def _result_varies(space: Space, op: Operation, maps: IndexMaps) -> frozenset[int]:
    """Return the dimensions along which ``op``'s result varies."""
    if maps.own is not None:
        return frozenset(_dims(space, op.results, [maps.result], maps.own))
    reduced = _dims(space, op.operands, maps.operands, maps.reduced)
    return frozenset[int]().union(*(space.varying[operand] for operand in op.operands)) - reduced


def _dims(space: Space, values: Sequence[SSAValue], walked: Sequence[Map], numbers: Set[int]) -> set[int]:
    """Return the space's dimensions that an op's maps of some values have ``numbers`` for."""
    axes = (
        pair for value, map_ in zip(values, walked, strict=True) for pair in zip(space.axes[value], map_, strict=True)
    )
    return {dim for dim, number in axes if dim is not None and number in numbers}
