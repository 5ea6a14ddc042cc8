"""What a kernel may hold: groups of ops over one iteration space, and the conditions on them."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, bf16, f16, f32, i8
from xdsl.ir import Operation, SSAValue

from dialects.graph.types import shape_of
from passes.analysis.access import VIEWS, Access
from passes.analysis.iteration_space import Space
from passes.graph.rewriting import splat_of

POINTWISE = frozenset(
    "graph." + name
    for name in (
        "add sub mul div max min neg abs exp log sqrt rsqrt reciprocal relu floor ceil round trunc not and or shl"
        " shr compare select cast low_word high_word join_words add_bits"
    ).split()
)
"""Graph ops that a vector core computes element by element."""

MATRIX_ELEMENTS = (f32, f16, bf16, i8)
"""Element types of the operands of a matmul that the cube core takes."""

HOST = frozenset(("graph.weight", "func.call", "func.return", "graph.reshape"))
"""Ops that stay outside kernels."""

SPACE_VIEWS = ("graph.broadcast", "graph.permute", "graph.reshape")
"""Views that may lie between two ops of one kernel."""


@dataclass
class Path:
    """How a value is reached from what lies in memory (or is computed): views applied to a root."""

    root: SSAValue
    access: Access
    views: tuple[Operation, ...] = ()


@dataclass(eq=False)
class Group:
    """The ops of one kernel, in program order; ``copied`` is the view that a kernel without ops makes dense.

    ``space`` is their iteration space, once it is known.
    """

    number: int
    ops: list[Operation] = field(default_factory=list[Operation])
    ancestors: set[int] = field(default_factory=set[int])
    copied: SSAValue | None = None
    space: Space | None = None

    @property
    def anchor(self) -> str | None:
        """The name of the op that decides how the kernel is tiled, if it is not pointwise."""
        return next((op.name for op in self.ops if op.name in ANCHORS), None)


ANCHORS = ("graph.matmul", "graph.recurrence", "graph.concat")
"""Ops of which a kernel holds at most one."""

GROUPED = ("graph.constant", "graph.iota", "graph.reduce", "graph.take", *ANCHORS)
"""Ops besides pointwise ones that a kernel may hold."""


def is_dense_constant(op: Operation) -> bool:
    """Whether ``op`` is a constant that no kernel makes: its elements are listed and live in memory, or it has none."""
    if op.name != "graph.constant":
        return False
    return isinstance(op.properties["value"], DenseIntOrFPElementsAttr) or 0 in shape_of(op.results[0])


def walks_alike(group: Group, op: Operation) -> bool:
    """Whether a pointwise op walks the group's space as all its operands do: then nothing is new to that.

    The result is added to the space, and a constant that the space has not.
    """
    space = group.space
    if space is None or op.name not in POINTWISE:
        return False
    known = [value for value in op.operands if value in space.axes]
    if not known or any(value not in space.axes and splat_of(value) is None for value in op.operands):
        return False
    axes = space.axes[known[0]]
    dims = [dim for dim in axes if dim is not None]
    if len(set(dims)) != len(dims) or any(space.axes[value] != axes for value in known):
        return False
    for value in op.operands:
        if value not in space.axes:
            space.axes[value], space.varying[value] = axes, frozenset[int]()
    space.axes[op.results[0]] = axes
    space.varying[op.results[0]] = frozenset[int]().union(*(space.varying[value] for value in op.operands))
    return True


def is_only_reduced(value: SSAValue) -> bool:
    """Whether reductions alone read ``value``: it is computed beside them, so that it need not be stored."""
    readers = [use.operation for use in value.uses]
    return bool(readers) and all(
        reader.name == "graph.reduce" or (reader.name in VIEWS and is_only_reduced(reader.results[0]))
        for reader in readers
    )


def fits(space: Space) -> bool:
    """Whether tiles can walk the space: reductions agree, and nothing varies along a dimension that others lack."""
    if any(op.name == "graph.recurrence" for op in space.ops):
        return True
    reductions = {
        frozenset(space.varying[op.operands[0]] & space.reduced) for op in space.ops if op.name == "graph.reduce"
    }
    if len(reductions) > 1:
        return False
    matmul = next((op for op in space.ops if op.name == "graph.matmul"), None)
    dims = set(space.sizes)
    if matmul is not None:
        result = {dim for dim in space.axes[matmul.results[0]] if dim is not None}
        computed = set[int]().union(*(space.varying[op.results[0]] for op in space.ops))
        return computed <= result
    widest = max((space.varying[op.results[0]] | space.reduced for op in space.ops), key=len, default=frozenset[int]())
    return dims <= widest | {dim for dim in dims if space.sizes[dim] == 1}
