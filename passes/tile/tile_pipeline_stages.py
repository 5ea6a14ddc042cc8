"""The pass `tile-pipeline-stages`: loops in which data goes back and forth between the cores run in skewed turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from dialects.graph.types import scalar_attr
from dialects.interned import INDEX
from dialects.tile.compute import ComputeOp, ConstantOp
from dialects.tile.structure import KernelOp, ProgramOp, PutOp, TakeOp
from dialects.tile.types import TileType, is_in_ub
from passes.base import SfumatoPass
from passes.scope import Index, Scope
from passes.tile.channels import constant_of, preload_of
from passes.tile.turns import Turns, read_by


@dataclass(frozen=True)
class TilePipelineStages(SfumatoPass):
    """Let the first turns of later iterations run ahead, so that one core works while the other does.

    The schedule's `preload` says how many iterations a turn is ahead of the next. Both cores' loops are skewed alike:
    iteration i of the new loop runs iteration i - lag of every turn for which there is one. What a later turn needs of
    an earlier one waits in values that the loop carries. Loops with one turn, or without a `preload`, stay.
    """

    name = "tile-pipeline-stages"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Pipeline the loops of every kernel."""
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and preload_of(kernel):
                _pipeline(kernel, preload_of(kernel))


def _pipeline(kernel: KernelOp, preload: int) -> None:
    programs = [op for op in kernel.body.block.ops if isinstance(op, ProgramOp)]
    loops = [loop for program in programs for loop in program.walk() if isinstance(loop, scf.ForOp) and _hands(loop)]
    if len(programs) < 2 or len(loops) != len(programs):
        return
    turns = Turns(loops)
    if not turns.known:
        return
    skewed = [_Loop(loop, turns, preload) for loop in loops]
    if all(loop.is_possible for loop in skewed):
        for loop in skewed:
            loop.skew()


def _hands(loop: scf.ForOp) -> bool:
    return any(isinstance(op, PutOp | TakeOp) for op in loop.body.block.ops)


class _Loop:
    """One core's loop, its ops sorted into turns."""

    def __init__(self, loop: scf.ForOp, turns: Turns, preload: int) -> None:
        self.loop, self.turns, self.preload = loop, turns, preload
        self.block = loop.body.block
        self.yielded = cast("scf.YieldOp", self.block.last_op).operands
        self.ops: dict[int, list[Operation]] = {}
        for op in self.block.ops:
            if not turns.is_repeatable(op) and not isinstance(op, scf.YieldOp):
                self.ops.setdefault(turns.of(op), []).append(op)
        self.turn_of: dict[SSAValue, int | None] = {arg: turns.of_carried(arg) for arg in self.block.args[1:]}
        for number, ops in self.ops.items():
            self.turn_of.update((result, number) for op in ops for result in op.results)
        self.delays = self._delays()

    @property
    def is_possible(self) -> bool:
        """Whether one turn updates each carried value, and what waits lies in UB and has a known extent."""
        carried = all(self.turn_of[argument] is not None for argument in self.block.args[1:])
        return carried and all(is_in_ub(value) and self._extents(value) is not None for value in self.delays)

    def _delays(self) -> dict[SSAValue, int]:
        """Return each value that a later turn reads, and how many iterations it waits at most."""
        found: dict[SSAValue, int] = {}
        for number, ops in self.ops.items():
            for value in (value for op in ops for value in read_by(op)):
                made = self.turn_of.get(value)
                if made is not None and made < number:
                    found[value] = max(found.get(value, 0), (number - made) * self.preload)
        return found

    def _extents(self, value: SSAValue) -> tuple[SSAValue, SSAValue] | None:
        """Return the rows and columns of a tile if the loop does not change them."""
        owner = self.yielded[value.index - 1].owner if isinstance(value, BlockArgument) else value.owner
        if isinstance(owner, ComputeOp) and all(_is_outside(one, self.block) for one in (owner.rows, owner.cols)):
            return owner.rows, owner.cols
        return None

    def skew(self) -> None:
        """Replace the loop, if it has several turns."""
        if len(self.ops) < 2:
            return
        loop = self.loop
        before = Scope(Block(), location=loop.location)
        lower, upper, step = _index(loop.lb), _index(loop.ub), constant_of(loop.step)
        slots = [(value, age) for value, longest in self.delays.items() for age in range(longest, 0, -1)]
        starts = [*(self._empty(value, before) for value, _ in slots), *loop.iter_args]
        body = Block(arg_types=[INDEX, *(start.type for start in starts)])
        end = before.sum(upper, max(self.ops) * self.preload * step)
        bounds = [before.value(bound) for bound in (lower, end, step)]
        inner = _Body(Scope(body, before), body.args[0])
        inner.waiting.update(zip(slots, body.args[1:], strict=False))
        inner.carried.update(zip(self.block.args[1:], body.args[1 + len(slots) :], strict=True))
        for number in sorted(self.ops):
            self._guarded(number, inner, (lower, upper, step))
        # The oldest first: each takes over the next one's memory before that one moves on.
        kept = [inner.made[value] if age == 1 else inner.waiting[value, age - 1] for value, age in slots]
        inner.scope.add(scf.YieldOp.create(operands=[*kept, *(inner.carried[arg] for arg in self.block.args[1:])]))
        types = [start.type for start in starts]
        made = scf.ForOp.create(operands=[*bounds, *starts], result_types=types, regions=[Region(body)])
        before.add(made)
        for old, new in zip(loop.results, made.results[len(slots) :], strict=True):
            old.replace_all_uses_with(new)
        ops = list(before.block.ops)
        for op in ops:
            op.detach()
        Rewriter.insert_op(ops, InsertPoint.before(loop))
        loop.detach()
        loop.erase()

    def _empty(self, value: SSAValue, scope: Scope) -> SSAValue:
        """Make a tile for a value that has not come yet."""
        type_, extents = cast("TileType", value.type), self._extents(value)
        assert extents is not None
        number = ConstantOp.create(
            properties={"value": scalar_attr(0, type_.element_type)},
            result_types=[TileType.make(1, 1, type_.element_type, "ub")],
        )
        fill = ComputeOp.create(
            operands=[scope.add(number).tile, *extents],
            properties={"function": StringAttr("copy")},
            result_types=[type_],
        )
        return scope.add(fill).tile

    def _guarded(self, number: int, body: _Body, bounds: tuple[Index, Index, int]) -> None:
        """Add a turn: its iteration, if there is one, as a loop of one trip or none."""
        lower, upper, step = bounds
        outer = body.scope
        at = outer.difference(body.counter, number * self.preload * step)
        first = outer.value(outer.larger(lower, at) if number else at)
        last = outer.value(outer.smaller(upper, outer.sum(at, 1)))
        carried = [arg for arg in self.block.args[1:] if self.turn_of[arg] == number]
        delayed = [value for value in self.delays if self.turn_of[value] == number]
        starts = [*(body.waiting[value, 1] for value in delayed), *(body.carried[arg] for arg in carried)]
        block = Block(arg_types=[INDEX, *(start.type for start in starts)])
        values: dict[SSAValue, SSAValue] = {self.block.args[0]: block.args[0]}
        values.update(zip(carried, block.args[1 + len(delayed) :], strict=True))
        for (value, age), slot in body.waiting.items():
            made = self.turn_of[value]
            if made is not None and age == (number - made) * self.preload:
                values[value] = slot
        scope = Scope(block, outer)
        for op in self._copied(number):
            clone = op.clone(values)
            scope.add(clone)
        results = [*(values[value] for value in delayed), *(values[self.yielded[arg.index - 1]] for arg in carried)]
        scope.add(scf.YieldOp.create(operands=results))
        types = [start.type for start in starts]
        operands = [first, last, outer.value(step), *starts]
        loop = outer.add(scf.ForOp.create(operands=operands, result_types=types, regions=[Region(block)]))
        body.made.update(zip(delayed, loop.results, strict=False))
        body.carried.update(zip(carried, loop.results[len(delayed) :], strict=True))

    def _copied(self, number: int) -> list[Operation]:
        """Return the ops of a turn and the repeatable ones that they need, in order."""
        kept: list[Operation] = []
        needed: set[SSAValue] = set()
        for op in reversed(list(self.block.ops)):
            if isinstance(op, scf.YieldOp):
                continue
            if self.turns.is_repeatable(op):
                wanted = any(result in needed for result in op.results)
            else:
                wanted = self.turns.of(op) == number
            if wanted:
                kept.append(op)
                needed.update(read_by(op))
        return kept[::-1]


@dataclass
class _Body:
    """The new loop's body: its counter, what waits in it by age, what it carries, what its turns have made."""

    scope: Scope
    counter: SSAValue
    waiting: dict[tuple[SSAValue, int], SSAValue] = field(default_factory=dict[tuple[SSAValue, int], SSAValue])
    carried: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    made: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])


def _index(value: SSAValue) -> Index:
    """Return an index as a number if it is a constant."""
    return constant_of(value) if isinstance(value.owner, arith.ConstantOp) else value


def _is_outside(value: SSAValue, block: Block) -> bool:
    owner = value.owner
    return owner is not block and (not isinstance(owner, Operation) or owner.parent is not block)
