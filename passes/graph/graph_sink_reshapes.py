"""The pass that moves reshapes below pointwise ops and reductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from dialects import graph
from dialects.graph import CastOp, CompareOp, SelectOp
from dialects.graph.operation import GraphOp, integers
from dialects.graph.pointwise import PointwiseOp
from dialects.graph.reduce import ReduceOp
from dialects.graph.types import element_of, shape_of, tensor
from passes.base import SfumatoPass
from passes.graph.graph_dce import sweep
from passes.graph.rewriting import Rewriter, defining, functions, rewrite_block, splat_of


@dataclass(frozen=True)
class GraphSinkReshapes(SfumatoPass):
    """Turn pointwise(reshape(x), y) into reshape(pointwise(x, y')), so that a product's epilogue stands next to it.

    y' is y under the shape of x, which costs nothing: a splat of that shape, the broadcast of the same tensor, or a
    reshape (an alias). Reductions over whole axes of x are passed likewise. Nothing moves when a broadcast cannot be
    written for the shape of x. Of several reshapes, the one of a matrix product's result is moved, else the first.
    """

    name = "graph-sink-reshapes"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Sink in every function; one walk moves a reshape below a whole chain."""
        for function in functions(op):
            block = function.body.block
            rewrite_block(block, sink)
            sweep(block)


def sink(op: Operation, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The op on the shape before a reshape, reshaped; None when there is no such reshape."""
    if isinstance(op, ReduceOp):
        return _sink_below_reduction(op, rewriter)
    if not isinstance(op, PointwiseOp | CastOp | SelectOp | CompareOp):
        return None
    source = _reshape_to_move(op)
    if source is None:
        return None
    shape = shape_of(source)
    plans = [_plan(operand, shape) for operand in op.operands]
    if any(plan is None for plan in plans):
        return None
    operands = [_moved(operand, shape, plan or (), rewriter) for operand, plan in zip(op.operands, plans, strict=True)]
    types = [tensor(shape, element_of(result)) for result in op.results]
    moved = rewriter.insert(type(op).create(operands=operands, result_types=types, properties=op.properties))
    return [rewriter.add(graph.ReshapeOp.make(moved.results[0], shape_of(op.results[0])))]


def _sink_below_reduction(op: ReduceOp, rewriter: Rewriter) -> Sequence[SSAValue] | None:
    """The reduction on the shape before a reshape, if the reduced axes are whole axes there."""
    reshape = defining(op.operand, graph.ReshapeOp)
    if reshape is None:
        return None
    old, new, axes = shape_of(op.operand), shape_of(reshape.operand), integers(op.properties, "axes")
    moved: list[int] = []
    for old_axes, new_axes in reshape_groups(old, new):
        wide = [axis for axis in old_axes if old[axis] != 1]
        reduced = [axis for axis in wide if axis in axes]
        if reduced and len(reduced) < len(wide):
            return None
        moved.extend(axis for axis in new_axes if reduced)
    if not moved:
        return None
    result = rewriter.add(ReduceOp.make(reshape.operand, op.kind.data, moved))
    return [rewriter.add(graph.ReshapeOp.make(result, shape_of(op.result)))]


def _reshape_to_move(op: GraphOp) -> SSAValue | None:
    """The value before the reshape that is moved."""
    reshapes = [defining(operand, graph.ReshapeOp) for operand in op.operands]
    sources = [reshape.operand for reshape in reshapes if reshape is not None]
    products = [source for source in sources if _follows_product(source)]
    return next(iter(products or sources), None)


def _follows_product(value: SSAValue) -> bool:
    """Whether only pointwise ops lie between a matrix product and the value."""
    pending = [value]
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, graph.MatmulOp | graph.ConvolutionOp):
            return True
        if isinstance(owner, PointwiseOp | CastOp):
            pending.extend(owner.operands[:1])
    return False


_PLAIN: tuple[int, ...] = (-1,)
"""The plan of an operand that is reshaped or splat: no dims."""


def _plan(operand: SSAValue, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The dims of a broadcast operand under another shape, `_PLAIN` for others, None if it has no such form."""
    broadcast = defining(operand, graph.BroadcastOp)
    if splat_of(operand) is not None:
        return _PLAIN
    source = operand if broadcast is None else broadcast.operand
    old = shape_of(operand)
    if _counts(source) and any(_joins_axes(group, old, shape) for group in reshape_groups(old, shape)):
        return None  # what is computed from iotas where it is used has no memory that could be named by another shape
    if broadcast is None:
        return _PLAIN
    return broadcast_dims(shape_of(operand), shape, shape_of(broadcast.operand), integers(broadcast.properties, "dims"))


def _joins_axes(group: tuple[list[int], list[int]], old: Sequence[int], new: Sequence[int]) -> bool:
    """Whether a run of axes is one axis under one of the shapes and several under the other."""
    wide = [sum(shape[axis] != 1 for axis in axes) for axes, shape in zip(group, (old, new), strict=True)]
    return max(wide) > 1


def _counts(value: SSAValue) -> bool:
    """Whether a value is made of iotas and numbers by pointwise ops, an iota among them."""
    pending, counts = [value], False
    while pending:
        owner = pending.pop().owner
        if isinstance(owner, graph.IotaOp):
            counts = True
        elif isinstance(owner, PointwiseOp | CastOp | SelectOp | CompareOp):
            pending.extend(owner.operands)
        elif not isinstance(owner, graph.ConstantOp):
            return False
    return counts


def _moved(operand: SSAValue, shape: Sequence[int], dims: tuple[int, ...], rewriter: Rewriter) -> SSAValue:
    constant = splat_of(operand)
    if constant is not None:
        return rewriter.splat(constant, tensor(shape, element_of(operand)))
    broadcast = defining(operand, graph.BroadcastOp)
    if broadcast is not None and dims != _PLAIN:
        source = _reshaped(broadcast.operand, [shape[axis] for axis in dims], rewriter)
        return rewriter.add(graph.BroadcastOp.make(source, shape, dims))
    return _reshaped(operand, shape, rewriter)


def _reshaped(value: SSAValue, shape: Sequence[int], rewriter: Rewriter) -> SSAValue:
    """`value` under another shape; a reshape of a reshape is one, or none at all."""
    reshape = defining(value, graph.ReshapeOp)
    source = value if reshape is None else reshape.operand
    return source if shape_of(source) == tuple(shape) else rewriter.add(graph.ReshapeOp.make(source, shape))


def broadcast_dims(
    old: Sequence[int], new: Sequence[int], sizes: Sequence[int], dims: Sequence[int]
) -> tuple[int, ...] | None:
    """The axes of `new` that a tensor of `sizes`, broadcast along `dims` to `old`, fills when `old` becomes `new`.

    None when some axes that merge or split together are only partly filled.
    """
    filled = {dim for dim, size in zip(dims, sizes, strict=True) if size != 1}
    result: list[int] = []
    for old_axes, new_axes in reshape_groups(old, new):
        wide = [axis for axis in old_axes if old[axis] != 1]
        inside = [axis for axis in wide if axis in filled]
        if not inside:
            continue
        if len(inside) < len(wide):
            return None
        result.extend(axis for axis in new_axes if new[axis] != 1)
    return tuple(result)


def reshape_groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """The smallest runs of axes of both shapes that hold the same number of elements, in order."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        first, second = [i] if i < len(old) else [], [j] if j < len(new) else []
        i, j = i + len(first), j + len(second)
        while (a := prod(old[axis] for axis in first)) != (b := prod(new[axis] for axis in second)):
            if (a < b and i < len(old)) or j == len(new):
                first.append(i)
                i += 1
            else:
                second.append(j)
                j += 1
        groups.append((first, second))
    return groups
