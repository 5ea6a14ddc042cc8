"""A product of windows as loops over chunks of k in L1 and in L0."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IntegerAttr, UnitAttr, f32
from xdsl.ir import Block, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.interned import INDEX
from dialects.tile.compute import AccumulatorOp, MatmulOp, MmadOp
from dialects.tile.data import LoadOp, MoveOp, SubviewOp, ViewOp
from dialects.tile.types import TileType
from passes.scope import Index, Scope

Body = Callable[[Scope, Index, Index, SSAValue], SSAValue]
"""Builds a loop body from its scope, the start and extent of the chunk and the accumulator, which it returns."""


def index_of(value: SSAValue) -> Index:
    """Return an index as an int if it is known while compiling."""
    owner = value.owner
    return cast("IntegerAttr", owner.value).value.data if isinstance(owner, arith.ConstantOp) else value


class Product:
    """One product, with its sum in L0C as a whole."""

    def __init__(self, op: MatmulOp, hf32: bool) -> None:
        """Expand ``op``; ``hf32`` rounds operands of f32 to HF32."""
        self.op = op
        self.hf32 = hf32 and cast("TileType", op.lhs.type).element_type == f32
        self.type = op.tile.type
        lhs = cast("TileType", op.lhs.type)
        self.most_k = lhs.rows if op.transpose_a is not None else lhs.cols
        self.l1_k = min(op.l1_k.value.data, self.most_k)
        self.l0_k = min(op.l0_k.value.data, self.l1_k)

    def expand(self) -> None:
        """Replace the op by its loops."""
        holder = Block()
        scope = Scope(holder, location=self.op.location)
        start = self.op.accumulator or scope.add(AccumulatorOp.create(result_types=[self.type])).tile
        result = self.loop(scope, index_of(self.op.k), self.most_k, self.l1_k, start, self._l1_body)
        ops = list(holder.ops)
        for op in ops:
            op.detach()
        Rewriter.insert_op(ops, InsertPoint.before(self.op))
        self.op.tile.replace_all_uses_with(result)
        self.op.detach()
        self.op.erase()

    def loop(self, scope: Scope, total: Index, most: int, step: int, carried: SSAValue, body: Body) -> SSAValue:
        """Run ``body(scope, start, extent, accumulator)`` over ``total`` (at most ``most``) in steps; one: no loop."""
        if most <= step:
            return body(scope, 0, total, carried)
        block = Block(arg_types=[INDEX, self.type])
        inner = Scope(block, scope)
        at = block.args[0]
        exact = isinstance(total, int) and total % step == 0
        extent: Index = step if exact else inner.smaller(step, inner.difference(total, at))
        loop = scf.ForOp.create(
            operands=[scope.value(0), scope.value(total), scope.value(step), carried],
            result_types=[self.type],
            regions=[Region(block)],
        )
        result = body(inner, at, extent, block.args[1])
        inner.add(scf.YieldOp.create(operands=[result]))
        scope.add(loop)
        return loop.results[0]

    def _l1_body(self, scope: Scope, at: Index, extent: Index, accumulator: SSAValue) -> SSAValue:
        rows_a, rows_b = self.op.transpose_a is not None, self.op.transpose_b is None
        a, from_a = self.load(scope, self.op.lhs, at, extent, self.op.m, self.type.rows, rows_a)
        b, from_b = self.load(scope, self.op.rhs, at, extent, self.op.n, self.type.cols, rows_b)

        def inner(scope: Scope, k: Index, part: Index, accumulator: SSAValue) -> SSAValue:
            left = self.move(scope, a, scope.sum(from_a, k), part, self.op.m, self.type.rows, rows_a)
            right = self.move(scope, b, scope.sum(from_b, k), part, self.op.n, self.type.cols, rows_b, into="l0b")
            before = 0 if self.op.summed is None else self.op.summed
            summed = scope.sum(before, scope.sum(at, k))
            return self.mmad(scope, (left, right), accumulator, summed, (self.op.m, self.op.n, scope.value(part)))

        return self.loop(scope, extent, self.l1_k, self.l0_k, accumulator, inner)

    def mmad(
        self,
        scope: Scope,
        operands: tuple[SSAValue, SSAValue],
        accumulator: SSAValue,
        summed: Index,
        extents: tuple[SSAValue, SSAValue, SSAValue],
    ) -> SSAValue:
        """Add a product of m x n x k ``extents`` to an accumulator, or overwrite that if nothing is ``summed`` yet."""
        first = scope.difference(1, scope.smaller(summed, 1))
        made = MmadOp.create(
            operands=[*operands, accumulator, scope.value(first), *extents],
            properties={"hf32": UnitAttr()} if self.hf32 else {},
            result_types=[self.type],
        )
        return scope.add(made).tile

    def load(
        self, scope: Scope, window: SSAValue, at: Index, extent: Index, other: SSAValue, size: int, k_rows: bool
    ) -> tuple[SSAValue, Index]:
        """Load a chunk of k to L1 as it is stored: k along the rows when ``k_rows``, else along the columns.

        Return the tile in L1 and where in it the chunk starts; an operand that already lies there is that tile.
        """
        type_ = cast("TileType", window.type)
        if type_.space.data == "l1":
            return window, at
        if self.most_k <= self.l1_k and self.is_named_outside(window, other):
            return self.load_once(window, k_rows, size), 0
        element = type_.element_type
        shape = (self.l1_k, size) if k_rows else (size, self.l1_k)
        zero = scope.value(0)
        start = (scope.value(at), zero) if k_rows else (zero, scope.value(at))
        extents = (scope.value(extent), other) if k_rows else (other, scope.value(extent))
        view = SubviewOp.create(
            operands=[window, *start, *extents], result_types=[TileType.make(*shape, element, "gm")]
        )
        scope.add(view)
        load = LoadOp.create(operands=[view.window, *extents], result_types=[TileType.make(*shape, element, "l1")])
        return scope.add(load).tile, 0

    def is_named_outside(self, window: SSAValue, other: SSAValue) -> bool:
        """Whether a window, and the extents of what it holds, come from outside a loop around the op."""
        owner, block = window.owner, self.op.parent
        if not isinstance(owner, ViewOp) or owner.parent is block:
            return False
        return all(extent in owner.operands for extent in (other, self.op.k))

    def load_once(self, window: SSAValue, k_rows: bool, size: int) -> SSAValue:
        """Load all of a window where it is named."""
        view = cast("ViewOp", window.owner)
        known = next((use.operation for use in window.uses if isinstance(use.operation, LoadOp)), None)
        if isinstance(known, LoadOp):
            return known.tile
        shape = (self.most_k, size) if k_rows else (size, self.most_k)
        element = view.window.type.element_type
        load = LoadOp.create(
            operands=[window, view.rows, view.cols], result_types=[TileType.make(*shape, element, "l1")]
        )
        load.location = self.op.location
        Rewriter.insert_op(load, InsertPoint.after(view))
        return load.tile

    def move(
        self,
        scope: Scope,
        source: SSAValue,
        at: Index,
        extent: Index,
        other: SSAValue,
        size: int,
        k_rows: bool,
        into: str = "l0a",
        begin: int = 0,
    ) -> SSAValue:
        """Move a chunk of k to L0A (m x k) or L0B (n x k), turning it when k lies along the rows in L1.

        ``begin`` is the first row of the result in the tile in L1.
        """
        element = cast("TileType", source.type).element_type
        part = (self.l0_k, size) if k_rows else (size, self.l0_k)
        first = scope.value(begin)
        start = (scope.value(at), first) if k_rows else (first, scope.value(at))
        extents = (scope.value(extent), other) if k_rows else (other, scope.value(extent))
        view = SubviewOp.create(operands=[source, *start, *extents], result_types=[TileType.make(*part, element, "l1")])
        scope.add(view)
        move = MoveOp.create(
            operands=[view.window, other, scope.value(extent)],
            properties={"transpose": UnitAttr()} if k_rows else {},
            result_types=[TileType.make(size, self.l0_k, element, into)],
        )
        return scope.add(move).tile
