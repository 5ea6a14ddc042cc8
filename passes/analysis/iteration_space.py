"""The iteration space of a kernel body: its dimensions, and how each operand and result walks along them.

Axes of all values are unified through the meaning of the ops (pointwise: same axes; reduce: the axes that are left;
matmul: rows, columns and batch); each class of axes is one dimension. A view of an argument is an operand, walked by
strides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import BlockArgument, Operation, SSAValue

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import shape_of
from passes.analysis.access import Access, array_of

CHUNK = -1
"""Stands among the dimensions of what differs in each chunk of a recurrence, besides the walked dimension itself."""


class Misfit(Exception):
    """The ops do not share one iteration space."""


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


def _relate(axes: _Axes, op: Operation) -> None:
    """Unify the axes that ``op``'s meaning ties together."""
    result = axes.add(op.results[0])
    match op.name:
        case "graph.constant" | "graph.iota":
            return
        case "graph.reduce":
            gone = set(array_of(op, "axes"))
            source = axes.add(op.operands[0])
            _unify_all(axes, (a for i, a in enumerate(source) if i not in gone), result)
        case "graph.arg_reduce":
            raise Misfit("arg_reduce")
        case "graph.broadcast":
            source, shape = axes.add(op.operands[0]), shape_of(op.operands[0])
            for i, target in enumerate(array_of(op, "dims")):
                if shape[i] != 1:
                    axes.unify(source[i], result[target])
        case "graph.permute":
            source = axes.add(op.operands[0])
            _unify_all(axes, (source[a] for a in array_of(op, "order")), result)
        case "graph.reshape":
            source = [a for a in axes.add(op.operands[0]) if a is not None]
            target = [a for a in result if a is not None]
            if len(source) != len(target):
                raise Misfit("a reshape regroups axes")
            _unify_all(axes, source, target)
        case "graph.slice":
            raise Misfit("a slice of a computed value")
        case "graph.matmul":
            lhs, rhs = list(axes.add(op.operands[0])), list(axes.add(op.operands[1]))
            if "transpose_a" in op.properties:
                lhs[-1], lhs[-2] = lhs[-2], lhs[-1]
            if "transpose_b" in op.properties:
                rhs[-1], rhs[-2] = rhs[-2], rhs[-1]
            _unify_all(axes, lhs[:-1], [*result[:-1]])
            _unify_all(axes, rhs[:-2], result[:-2])
            axes.unify(rhs[-1], result[-1])
            axes.unify(lhs[-1], rhs[-2])
        case "graph.take":
            if cast("IntegerAttr", op.properties["axis"]).value.data != 0:
                raise Misfit("take along an inner axis")
            indices, table = axes.add(op.operands[1]), axes.add(op.operands[0])
            _unify_all(axes, indices, result[: len(indices)])
            _unify_all(axes, table[1:], result[len(indices) :])
        case _:
            for operand in op.operands:
                _unify_all(axes, axes.add(operand), result)


def _relate_recurrence(axes: _Axes, op: RecurrenceOp, space: Space) -> None:
    """Unify what a recurrence carries with what it starts from and ends with; add its body's ops to the space."""
    arguments = op.body.block.args
    count = len(op.carried)
    for start, argument, after, final in zip(op.carried, arguments[:count], op.yielded, op.finals, strict=True):
        for other in (argument, after, final):
            _unify_all(axes, axes.add(start), axes.add(other))
    for value, argument in zip(op.ins, arguments[count:], strict=True):
        _unify_all(axes, axes.add(value), axes.add(argument))
        space.aliases[argument] = value
    for inner in op.body.block.ops:
        if inner is not op.body.block.last_op:
            _relate(axes, inner)
            space.ops.append(inner)


def build(ops: Sequence[Operation], arguments: dict[SSAValue, tuple[SSAValue, Access]]) -> Space:
    """Return the iteration space of ``ops`` (in order), whose inputs are the views in ``arguments``.

    ``arguments`` maps each value that comes from outside to the tensor it is a view of and its access. Raises
    ``Misfit`` when the ops do not share one space.
    """
    axes = _Axes()
    for value in arguments:
        axes.add(value)
    space = Space()
    for op in ops:
        if isinstance(op, RecurrenceOp):
            _relate_recurrence(axes, op, space)
        else:
            _relate(axes, op)
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
        if op.name == "graph.take":
            _drop_gathered(space, op)
        elif isinstance(op, RecurrenceOp):
            places = zip(op.ins, op.axes.get_values(), strict=True)
            walked = (space.axes[value][axis] for value, axis in places if axis >= 0)
            space.recurred |= {dim for dim in walked if dim is not None}
    _propagate(space)
    return space


def _drop_gathered(space: Space, op: Operation) -> None:
    """Take the dimension that indices choose from out of the space: no loop walks it."""
    gathered = space.axes[op.operands[0]][0]
    table = op.operands[0]
    if gathered is not None and any(gathered in axes for value, axes in space.axes.items() if value is not table):
        raise Misfit("a gathered dimension is also walked")
    if gathered is not None:
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


def _propagate(space: Space) -> None:
    """Find the dimensions along which each computed value varies, and those that some op reduces."""
    reduced: set[int] = set()
    iota: set[int] = set()
    for op in space.ops:
        if isinstance(op, RecurrenceOp):
            for final in op.finals:
                _vary_argument(space, final)
            continue
        for operand in op.operands:
            if operand not in space.varying:
                _vary_argument(space, operand)
        result = op.results[0]
        dims = frozenset(dim for dim in space.axes[result] if dim is not None)
        match op.name:
            case "graph.constant":
                space.varying[result] = frozenset()
            case "graph.iota":
                dim = space.axes[result][cast("IntegerAttr", op.properties["axis"]).value.data]
                space.varying[result] = frozenset[int]() if dim is None else frozenset((dim,))
                iota |= space.varying[result]
            case "graph.reduce":
                source = space.axes[op.operands[0]]
                gone = {source[axis] for axis in array_of(op, "axes")} - {None}
                reduced |= cast("set[int]", gone)
                space.varying[result] = space.varying[op.operands[0]] - gone
            case "graph.matmul":
                lhs = space.axes[op.operands[0]]
                inner = lhs[-2 if "transpose_a" in op.properties else -1]
                reduced |= cast("set[int]", {inner} - {None})
                space.varying[result] = dims
            case "graph.take":
                space.varying[result] = dims
            case _:
                space.varying[result] = frozenset[int]().union(*(space.varying[operand] for operand in op.operands))
        if isinstance(op.parent_op(), RecurrenceOp):
            chunked = space.recurred | {CHUNK}
            if any(space.varying[operand] & chunked for operand in op.operands):
                space.varying[result] |= {CHUNK}
    space.reduced = frozenset(reduced) | space.recurred
    space.iota = frozenset(iota)
