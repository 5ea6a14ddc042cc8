"""Block rewriting: one forward walk over each function; new ops take the place and location of the op they replace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import TypeVar

from xdsl.dialects.builtin import LocationAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from dialects.graph import BroadcastOp, CastOp, ConstantOp, ReshapeOp
from dialects.graph.operation import GraphOp
from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import Scalar, Tensor, element_of, scalar_attr, shape_of, type_of

OpT = TypeVar("OpT", bound=Operation)


class Rewriter:
    """Inserts ops in front of the op that is being rewritten; equal splats are made once a function."""

    def __init__(self, block: Block) -> None:
        """Rewrite the ops of `block`."""
        self.block = block
        self._constants: dict[tuple[Tensor, Attribute], SSAValue] = {}
        self._anchor: Operation | None = None

    def at(self, anchor: Operation) -> None:
        """Insert in front of `anchor` from now on."""
        self._anchor = anchor

    @property
    def location(self) -> LocationAttr:
        """The location of the op that is being rewritten, which all new ops take."""
        if self._anchor is None:
            raise ValueError("no operation is being rewritten")
        return self._anchor.location

    def insert(self, op: OpT) -> OpT:
        """Insert `op`, which takes the location of the op being rewritten."""
        op.location = self.location
        assert self._anchor is not None
        self.block.insert_op_before(op, self._anchor)
        return op

    def add(self, op: GraphOp) -> SSAValue:
        """Insert an op of one result and return that."""
        return self.insert(op).results[0]

    def splat(self, value: Scalar, type: Tensor) -> SSAValue:
        """A constant of `type` whose elements are all `value`."""
        key = (type, scalar_attr(value, type.element_type))
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self.add(ConstantOp.make(value, type))
        return found

    def cast(self, value: SSAValue, element: Attribute) -> SSAValue:
        """`value` converted to another element type, itself if it has it."""
        return value if element_of(value) == element else self.add(CastOp.make(value, element))

    def append(self, op: Operation) -> SSAValue:
        """Insert an op of one result, of any dialect, and return that."""
        return self.insert(op).results[0]

    def reshape(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """`value` under another shape, of which one size may be -1: as many as there are elements for."""
        if -1 in shape:
            known = prod(size for size in shape if size != -1)
            shape = [prod(shape_of(value)) // known if size == -1 else size for size in shape]
        return value if shape_of(value) == tuple(shape) else self.add(ReshapeOp.make(value, shape))

    def spread(self, value: SSAValue, shape: Sequence[int]) -> SSAValue:
        """`value` repeated along its axes of one element to `shape`."""
        if shape_of(value) == tuple(shape):
            return value
        return self.add(BroadcastOp.make(value, shape, range(len(shape))))

    def replace(self, op: Operation, values: Sequence[SSAValue]) -> None:
        """Put `values` in the place of the results of `op`, and remove it."""
        for old, new in zip(op.results, values, strict=True):
            old.replace_all_uses_with(new)
        op.detach()
        op.erase()


class Appender(Rewriter):
    """Inserts ops by a function, for instance at the end of a block that is being built."""

    def __init__(self, append: Callable[[Operation], SSAValue]) -> None:
        """Insert by ``append``, which returns the op's result."""
        super().__init__(Block())
        self._append = append

    def insert(self, op: OpT) -> OpT:
        """Append `op`."""
        self._append(op)
        return op


Rule = Callable[[Operation, Rewriter], Sequence[SSAValue] | None]
"""The values that replace an op's results, or None to leave the op alone."""


def functions(module: ModuleOp) -> Iterator[FuncOp]:
    """The functions of a module that have a body, in order."""
    for op in module.body.block.ops:
        if isinstance(op, FuncOp) and op.body.blocks:
            yield op


def rewrite_block(block: Block, rule: Rule) -> bool:
    """Apply a rule to each op of the block once, operands before users; returns whether anything changed."""
    rewriter = Rewriter(block)
    changed = False
    for op in list(block.ops):
        rewriter.at(op)
        values = rule(op, rewriter)
        if values is not None:
            rewriter.replace(op, values)
            changed = True
    return changed


def blocks(function: FuncOp) -> Iterator[Block]:
    """The block of a function and those of the recurrences in it."""
    yield function.body.block
    for op in function.body.block.ops:
        if isinstance(op, RecurrenceOp):
            yield op.body.block


def rewrite(module: ModuleOp, rule: Rule) -> bool:
    """Apply a rule to each op of every function, recurrences included, once; returns whether anything changed."""
    changed = False
    for function in functions(module):
        for block in blocks(function):
            changed |= rewrite_block(block, rule)
    return changed


def defining(value: SSAValue, kind: type[OpT]) -> OpT | None:
    """The op that makes `value` if it is of this kind."""
    owner = value.owner
    return owner if isinstance(owner, kind) else None


def splat_of(value: SSAValue) -> float | int | None:
    """The one element of a splat constant, or None."""
    constant = defining(value, ConstantOp)
    return None if constant is None else constant.scalar


def same_type(first: SSAValue, second: SSAValue) -> bool:
    """Whether two values have one tensor type."""
    return type_of(first) == type_of(second)
