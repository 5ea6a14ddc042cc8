"""Rebuilds a function from its groups of ops: each becomes a launch of a kernel, behind those that it reads from."""

from __future__ import annotations

from typing import cast

from xdsl.dialects import func
from xdsl.ir import Block, Operation, SSAValue

from dialects.graph import ReshapeOp
from dialects.tile.launch import LaunchOp
from dialects.tile.structure import ReturnOp
from passes.analysis.access import VIEWS
from passes.dispatch.distinct_kernels import DistinctKernels
from passes.dispatch.grouping import Grouping
from passes.dispatch.groups import HOST, Group, Path, is_dense_constant


def _stays(op: Operation) -> bool:
    """Whether ``op`` stays in the function as it is."""
    return (op.name in HOST and op.name != "graph.reshape") or is_dense_constant(op)


Reader = tuple[SSAValue, tuple[Operation, ...]]
"""A value in memory and the views that lead to it from the value that a group computes."""


class FunctionRewriter:
    """Rebuilds one function's block from its groups."""

    def __init__(self, function: func.FuncOp, grouping: Grouping, kernels: DistinctKernels) -> None:
        """Prepare to rewrite ``function``."""
        self.function = function
        self.grouping = grouping
        self.kernels = kernels
        self.old = function.body.block
        self.new = Block(arg_types=[argument.type for argument in self.old.args])
        self.values: dict[SSAValue, SSAValue] = dict(zip(self.old.args, self.new.args, strict=True))
        self.launched: set[int] = set()
        self.copy_of = {group.copied: group for group in grouping.groups if group.copied is not None}

    def rewrite(self) -> None:
        """Replace the function's body."""
        for old, new in zip(self.old.args, self.new.args, strict=True):
            new.name_hint = old.name_hint
        last = {self.grouping.group_of[op]: op for op in self.old.ops if op in self.grouping.group_of}
        for op in self.old.ops:
            group = self.grouping.group_of.get(op)
            if group is not None and last[group] is op and group.number not in self.launched:
                self.launch(group)
            if _stays(op) and not any(result in self.values for result in op.results):
                self._keep(op)
        self.function.body.detach_block(self.old)
        self.function.body.add_block(self.new)
        self.old.drop_all_references()

    def _keep(self, op: Operation) -> None:
        """Add an op that stays in the function."""
        clone = op.clone(dict[SSAValue, SSAValue]({value: self.host(value) for value in op.operands}))
        clone.location = op.location
        self.new.add_op(clone)
        self.values.update(zip(op.results, clone.results, strict=True))

    def host(self, value: SSAValue) -> SSAValue:
        """Return the dense tensor in memory that holds ``value``, launching what computes it first."""
        known = self.values.get(value)
        if known is not None:
            return known
        path = self.grouping.path(value)
        owner = path.root.owner
        if path.root is not value:
            made = self._reshape(value, self.host(path.root))
        elif value in self.grouping.stored and value in self.copy_of:
            self.launch(self.copy_of[value])
            return self.values[value]
        elif isinstance(owner, Operation) and owner in self.grouping.group_of:
            self.launch(self.grouping.group_of[owner])
            return self.values[value]
        elif isinstance(owner, Operation) and owner.name == "graph.reshape":
            made = self._reshape(value, self.host(owner.operands[0]))
        elif value in self.grouping.stored:
            self.launch(self.grouping.group_of[cast("Operation", self.grouping.path_inside(value).root.owner)])
            return self.values[value]
        elif isinstance(owner, Operation) and _stays(owner):  # a launch moved up: its constants move with it
            self._keep(owner)
            return self.values[value]
        else:
            raise AssertionError(f"{owner} was expected to be computed by now")
        self.values[value] = made
        return made

    def _reshape(self, value: SSAValue, source: SSAValue) -> SSAValue:
        """Name dense memory by another shape."""
        if source.type == value.type:
            return source
        op = ReshapeOp.create(operands=[source], result_types=[value.type])
        op.location = cast("Operation", value.owner).location
        self.new.add_op(op)
        return op.results[0]

    def outputs(self, group: Group) -> list[Reader]:
        """Return what a group leaves in memory: values (or stored permutations of them), with the views at the end."""
        if group.copied is not None:
            return [(group.copied, ())]
        found: list[Reader] = []
        inside = set(group.ops)
        for op in group.ops:
            for result in op.results:
                plain = False
                for value, path in self._readers(result):
                    if value in self.grouping.stored and value not in self.copy_of and value is not result:
                        found.append((value, path))
                    else:
                        plain = plain or self._is_read_outside(value, inside)
                if plain:
                    found.append((result, ()))
        return found

    def _readers(self, value: SSAValue, views: tuple[Operation, ...] = ()) -> list[Reader]:
        """Return ``value`` and the views of it, each with the view ops that lead there; stored views end the walk."""
        found = [(value, views)]
        if value in self.grouping.stored and views and value not in self.copy_of:
            return found
        for use in value.uses:
            op = use.operation
            if op.name not in VIEWS:
                continue
            view = op.results[0]
            if view in self.grouping.stored or not self._is_root(view):
                found += self._readers(op.results[0], (*views, op))
        return found

    def _is_root(self, value: SSAValue) -> bool:
        """Whether ``value`` is reached from itself, not through views of something else."""
        return self.grouping.path(value).root is value

    def _is_read_outside(self, value: SSAValue, inside: set[Operation]) -> bool:
        """Whether an op of another kernel, or the host, reads ``value``."""
        for use in value.uses:
            op = use.operation
            if op in inside:
                continue
            if op.name in VIEWS:
                view = op.results[0]
                if view in self.copy_of or (op.name == "graph.reshape" and self._is_root(view)):
                    return True
                continue
            return True
        return False

    def launch(self, group: Group) -> None:
        """Emit the launch of a group's kernel after those of the kernels that it reads from."""
        self.launched.add(group.number)
        outputs = self.outputs(group)
        ops = list(group.ops)
        if group.copied is not None:
            path = self.grouping.path_inside(group.copied)
            body, loads = list(path.views), {}
            roots = [path.root]
        else:
            body, loads = self.grouping.body(ops)
            roots = list[SSAValue]()
            for path in loads.values():
                if path.root not in roots:
                    roots.append(path.root)
        arguments = [self.host(root) for root in roots]
        block = Block(arg_types=[root.type for root in roots])
        inner: dict[SSAValue, SSAValue] = dict(zip(roots, block.args, strict=True))
        for path in loads.values():
            self._clone_views(path, inner, block)
        for op in body:
            self._clone(op, inner, block)
        for _, views in outputs:
            for view in views:
                self._clone(view, inner, block)
        block.add_op(ReturnOp.create(operands=[inner[value] for value, _ in outputs]))
        title = _title(ops) if ops else "copy"
        anchor = next((op for op in ops if op.name in ("graph.matmul", "graph.reduce")), ops[0] if ops else body[-1])
        launch = LaunchOp.create(
            operands=arguments,
            result_types=[value.type for value, _ in outputs],
            properties={"kernel": self.kernels.intern(block, title)},
        )
        launch.location = anchor.location
        self.new.add_op(launch)
        for (value, _), result in zip(outputs, launch.results, strict=True):
            self.values[value] = result

    def _clone_views(self, path: Path, inner: dict[SSAValue, SSAValue], block: Block) -> None:
        for view in path.views:
            self._clone(view, inner, block)

    def _clone(self, op: Operation, inner: dict[SSAValue, SSAValue], block: Block) -> None:
        if all(result in inner for result in op.results):
            return
        if op.regions:
            clone = op.clone(dict(inner))
        else:
            clone = type(op).create(
                operands=[inner[operand] for operand in op.operands],
                result_types=[result.type for result in op.results],
                properties=op.properties,
            )
        clone.location = op.location
        block.add_op(clone)
        inner.update(zip(op.results, clone.results, strict=True))


def _title(ops: list[Operation]) -> str:
    """Name a kernel after its most telling ops."""
    names = [op.name.removeprefix("graph.") for op in ops]
    if "recurrence" in names:
        return "attention"
    for word in ("matmul", "take", "concat"):
        if word in names:
            rest = len([n for n in names if n != word])
            return word if not rest else f"{word}_{names[-1]}"
    if "reduce" in names:
        return f"reduce_{names[-1]}" if names[-1] != "reduce" else "reduce"
    return "_".join(dict.fromkeys(names[-2:]))
