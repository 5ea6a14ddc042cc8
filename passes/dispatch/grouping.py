"""Which ops form a kernel: greedy grouping of a function's ops over one iteration space.

An op joins the group of a producer when the union still has one iteration space (``analysis.iteration_space``), when no
third group lies on a path between them, and when the group's anchor allows it: at most one matmul, whose operands are
views of memory and whose result is followed by pointwise ops only. Groups of vector ops that meet in an op become one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import Block, Operation, SSAValue

from dialects.dtypes import DType
from dialects.graph.types import element_of
from passes.analysis.access import VIEWS, apply_view
from passes.analysis.index_maps import Misfit
from passes.analysis.iteration_space import Space, build
from passes.dispatch.groups import (
    GROUPED,
    HOST,
    MATRIX_ELEMENTS,
    POINTWISE,
    SPACE_VIEWS,
    Group,
    Path,
    fits,
    is_dense_constant,
    is_only_reduced,
    walks_alike,
)
from passes.dispatch.stored_values import cloneable_ops, dense_access, stored_views


class Grouping:
    """The groups of one block, and for each value the path that leads to it."""

    def __init__(self, block: Block, refuse: Callable[[Operation, str], None]) -> None:
        """Analyse ``block``; ``refuse`` is told of each op that no kernel can hold."""
        self.block = block
        self.refuse = refuse
        self.paths: dict[SSAValue, Path] = {}
        self.group_of: dict[Operation, Group] = {}
        self.groups: list[Group] = []
        self.order = {op: number for number, op in enumerate(block.ops)}
        self.stored = stored_views(block)
        self.cloneable = cloneable_ops(block, self.stored)
        self._group()

    def path(self, value: SSAValue) -> Path:
        """Return the path to ``value`` from memory or from the op that computes it."""
        known = self.paths.get(value)
        if known is not None:
            return known
        op = value.owner
        path = Path(value, dense_access(value))
        if isinstance(op, Operation) and op.name in VIEWS and value not in self.stored:
            before = self.path(op.operands[0])
            access = apply_view(before.access, op)
            assert access is not None, "what no stride expresses is stored"
            path = Path(before.root, access, (*before.views, op))
        self.paths[value] = path
        return path

    def _group(self) -> None:
        for op in self.block.ops:
            if op.name in HOST or op.name in VIEWS or op in self.cloneable or is_dense_constant(op):
                continue
            if op.name not in POINTWISE and op.name not in GROUPED:
                self.refuse(op, "no kernel yet")
                continue
            elements = [element_of(one.operands[0]) for one in op.walk() if one.name == "graph.matmul"]
            unfit = next((element for element in elements if element not in MATRIX_ELEMENTS), None)
            if unfit is not None:
                kind = DType.of(unfit).name
                self.refuse(op, f"the cube does not multiply {kind}")
                continue
            self._place(op)
        for value in self.stored:
            path = self.path_inside(value)
            producer = self.group_of.get(path.root.owner) if isinstance(path.root.owner, Operation) else None
            only_permutes = all(view.name == "graph.permute" for view in path.views)
            if producer is None or not only_permutes:
                group = Group(-1 - len(self.groups), copied=value)
                if producer is not None:
                    group.ancestors = {producer.number, *producer.ancestors}
                self.groups.append(group)

    def path_inside(self, value: SSAValue) -> Path:
        """Return the path to a stored view itself (``path`` stops at it)."""
        op = value.owner
        if isinstance(op, Operation) and op.name in VIEWS:
            before = self.path(op.operands[0])
            access = apply_view(before.access, op)
            if access is not None:
                return Path(before.root, access, (*before.views, op))
        return self.path(value)

    def _place(self, op: Operation) -> None:
        """Put ``op`` into the latest producer's group that can take it, else into one of its own."""
        direct: dict[int, Group] = {}
        remote: dict[int, Group] = {}
        for operand in op.operands:
            root = self.path(operand).root
            group = self._producer(root)
            if group is not None:
                (direct if root.owner in self.group_of else remote)[group.number] = group
        producers = {**direct, **remote}
        before: set[int] = set(producers)
        for group in producers.values():
            before |= group.ancestors
        for number in sorted(direct.keys() - remote.keys(), reverse=True):
            group = direct[number]
            others = [p for p in producers.values() if p is not group]
            if any(group.number in p.ancestors for p in others) or not self._joins(group, op):
                continue
            group.ops.append(op)
            group.ancestors |= before - {group.number}
            self.group_of[op] = group
            for other in others:
                if other.number in direct and other.number not in remote:
                    self._merge(group, other)
            self._spread(group)
            return
        group = Group(self.order[op], [op], before)
        self.groups.append(group)
        self.group_of[op] = group

    def _merge(self, group: Group, other: Group) -> None:
        """Make one kernel of two vector groups that meet in an op, if no third group lies on a path between them."""
        if group.anchor is not None or not all(op.name in POINTWISE or op.name == "graph.reduce" for op in other.ops):
            return
        if any(
            (group.number in one.ancestors and one.number in other.ancestors)
            or (other.number in one.ancestors and one.number in group.ancestors)
            for one in self.groups
        ):
            return
        ops = sorted((*group.ops, *other.ops), key=self.order.__getitem__)
        if not self._find_space(group, ops):
            return
        group.ops = ops
        group.ancestors = (group.ancestors | other.ancestors) - {group.number, other.number}
        self.group_of.update((op, group) for op in other.ops)
        self.groups.remove(other)
        for one in self.groups:
            if other.number in one.ancestors:
                one.ancestors = one.ancestors - {other.number} | {group.number}

    def _producer(self, value: SSAValue) -> Group | None:
        """Return the group that computes what ``value`` is made of, also through views that are stored."""
        owner = value.owner
        while isinstance(owner, Operation) and owner not in self.group_of and owner.name in VIEWS:
            owner = owner.operands[0].owner
        return self.group_of.get(owner) if isinstance(owner, Operation) else None

    def _spread(self, changed: Group) -> None:
        """After ``changed`` gained ancestors, hand them on to the groups that follow it."""
        for group in self.groups:
            if changed.number in group.ancestors:
                group.ancestors |= changed.ancestors

    def _joins(self, group: Group, op: Operation) -> bool:
        """Whether ``group`` and ``op`` make one kernel."""
        if (op.name not in POINTWISE and op.name != "graph.reduce") or group.anchor == "graph.concat":
            return False
        if group.anchor in ("graph.matmul", "graph.recurrence") and (
            op.name not in POINTWISE or is_only_reduced(op.results[0])
        ):
            return False
        if walks_alike(group, op):
            return True
        for operand in op.operands:
            path = self.path(operand)
            owner = path.root.owner
            if (
                isinstance(owner, Operation)
                and self.group_of.get(owner) is group
                and any(view.name not in SPACE_VIEWS for view in path.views)
            ):
                return False
        return self._find_space(group, [*group.ops, op])

    def _find_space(self, group: Group, ops: Sequence[Operation]) -> bool:
        """Whether ``ops`` make one kernel; if so, its space becomes that of ``group``."""
        try:
            space = self.space(ops)
        except Misfit:
            return False
        if not fits(space):
            return False
        group.space = space
        return True

    def body(self, ops: Sequence[Operation]) -> tuple[list[Operation], dict[SSAValue, Path]]:
        """Return a kernel's full body (with views and cloned ops, in order) and the views of memory that it loads."""
        inside = set(ops)
        body: dict[Operation, None] = {}
        loads: dict[SSAValue, Path] = {}

        def visit(value: SSAValue) -> None:
            if value in loads:
                return
            owner = value.owner
            if isinstance(owner, Operation) and (owner in inside or owner in self.cloneable):
                if owner in self.cloneable and owner not in body:
                    for operand in owner.operands:
                        visit(operand)
                    body[owner] = None
                return
            path = self.path(value)
            root = path.root.owner
            if path.views and isinstance(root, Operation) and (root in inside or root in self.cloneable):
                last = path.views[-1]
                visit(last.operands[0])
                body[last] = None
                return
            loads[value] = path

        for op in ops:
            for operand in op.operands:
                visit(operand)
            body[op] = None
        return list(body), loads

    def space(self, ops: Sequence[Operation]) -> Space:
        """Return the iteration space of a kernel of ``ops``; raises ``Misfit``."""
        body, loads = self.body(ops)
        return build(body, {value: (path.root, path.access) for value, path in loads.items()})
