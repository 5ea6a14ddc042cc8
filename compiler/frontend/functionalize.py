"""In-place operators become functional ones, followed through views and aliases.

This happens on the archive's records, before layers are outlined: an outlined layer then takes and returns values, and
no write has to be followed through a call.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from compiler.frontend.program import Node, Program, Ref, TensorMeta, Value, operands
from compiler.frontend.promotion import functional_element
from compiler.frontend.source_lines import source_location
from compiler.frontend.torch_types import ElementType
from compiler.frontend.views import View, operator_of, viewed, write_back
from dialects.aten import TorchName
from dialects.errors import SfumatoError

_RESHAPED_IN_PLACE = {
    "detach_": "aten.detach.default",
    "squeeze_": "aten.squeeze",
    "swapaxes_": "aten.swapaxes.default",
    "swapdims_": "aten.swapdims.default",
    "t_": "aten.t.default",
    "transpose_": "aten.transpose.int",
    "unsqueeze_": "aten.unsqueeze.default",
}
"""Operators that change a tensor's shape but not its bytes: a view that takes the tensor's place."""

_REFUSED = frozenset(("as_strided_", "resize_", "resize_as_", "set_"))
_AUGMENTED = frozenset(("__iand__", "__ilshift__", "__ior__", "__irshift__", "__ixor__"))
_DROPOUTS = frozenset(("alpha_dropout_", "dropout_", "feature_alpha_dropout_", "feature_dropout_"))


@dataclass
class _Storage:
    """Bytes that tensors share: the value that holds all of them now, and how often they were written."""

    value: str
    writes: int = 0


@dataclass
class _Alias:
    """A tensor as views of its storage; ``value`` holds it as of write number ``seen``."""

    storage: _Storage
    views: tuple[View, ...]
    value: str
    seen: int = 0


@dataclass
class _Functionalizer:
    metas: dict[str, TensorMeta]
    nodes: list[Node] = field(default_factory=list[Node])
    aliases: dict[str, _Alias] = field(default_factory=dict[str, _Alias])

    def own(self, name: str) -> None:
        """Give a tensor bytes of its own."""
        self.aliases[name] = _Alias(_Storage(name), (), name)

    def current(self, name: str) -> str:
        """Return the value that the tensor ``name`` has after all writes so far."""
        alias = self.aliases[name]
        if alias.seen != alias.storage.writes:
            value = alias.storage.value
            for view in alias.views:
                value = self._show(view, value)
            alias.value, alias.seen = value, alias.storage.writes
        return alias.value

    def visit(self, node: Node) -> None:
        """Append what ``node`` does in functional form."""
        operator = operator_of(node)
        if not writes_in_place(node):
            self._keep(node)
        elif operator in _RESHAPED_IN_PLACE:
            self._reshape_in_place(node, _RESHAPED_IN_PLACE[operator])
        elif operator in _REFUSED or not operator.endswith("_") or "." in operator or "_foreach_" in operator:
            raise _refusal(node, "writes into a given tensor in a way that is not supported yet")
        else:
            self._write_in_place(node, operator)

    def _keep(self, node: Node) -> None:
        """Append a node that writes nothing; its outputs are views of its input, or own their bytes."""
        base = viewed(node, self.metas)
        self.nodes.append(replace(node, arguments=self._current_arguments(node)))
        for index, output in enumerate(node.outputs):
            if base is None:
                self.own(output)
                continue
            alias = self.aliases[base]
            view = View(node, index, self.metas[base], self.metas[output])
            self.aliases[output] = _Alias(alias.storage, (*alias.views, view), output, alias.storage.writes)

    def _reshape_in_place(self, node: Node, overload: str) -> None:
        target = _target(node)
        if overload.count(".") == 1:
            overload = f"{overload}.{node.overload.rpartition('.')[2]}"
        self._keep(replace(node, overload=overload))
        self.aliases[target] = self.aliases[node.outputs[0]]

    def _write_in_place(self, node: Node, operator: str) -> None:
        target = _target(node)
        functional = _functional(operator)
        meta, result = self.metas[target], node.outputs[0]
        others = [self.metas[name] for name in operands(node) if name != target]
        element = functional_element(functional, meta, others)
        arguments = self._current_arguments(node)
        if operator in _DROPOUTS:
            arguments = (("input", arguments[0][1]), *arguments[1:])
        overload = f"aten.{functional}.{node.overload.rpartition('.')[2]}"
        if element == meta.element:
            self.nodes.append(Node(overload, arguments, (result,), node.source))
        else:
            self._compute_and_round(replace(node, overload=overload, arguments=arguments), element)
        alias = self.aliases[target]
        self._write(alias, result, node)
        alias.value, alias.seen = result, alias.storage.writes
        self.aliases[result] = alias

    def _compute_and_round(self, node: Node, element: ElementType) -> None:
        """Append ``node`` computed in ``element`` and its conversion to the type of its output."""
        result = node.outputs[0]
        wide = self._fresh(result, replace(self.metas[result], element=element))
        self.nodes.append(replace(node, outputs=(wide,)))
        dtype = TorchName(self.metas[result].element.torch_name)
        self.nodes.append(Node("aten.to.dtype", (("self", Ref(wide)), ("dtype", dtype)), (result,), node.source))

    def _write(self, alias: _Alias, written: str, node: Node) -> None:
        """Make ``written`` the content of a view, from the innermost view out to the storage."""
        before = [alias.storage.value]
        last = max((index for index, view in enumerate(alias.views) if not view.keeps_all), default=0)
        for view in alias.views[:last]:
            before.append(self._show(view, before[-1]))
        before.extend("" for _ in alias.views[last + 1 :])
        for view, old in zip(reversed(alias.views), reversed(before[: len(alias.views)]), strict=True):
            call = write_back(view, old, written)
            if call is None:
                raise _refusal(node, f"writes through a view made by {view.node.overload}: not supported yet")
            written = self._fresh(view.node.outputs[view.index], view.before)
            self.nodes.append(Node(*call, (written,), node.source))
        alias.storage.value = written
        alias.storage.writes += 1

    def _show(self, view: View, value: str) -> str:
        """Append the view of another value of the tensor it was taken of; return the view's name."""
        outputs = tuple(self._fresh(output, self.metas[output]) for output in view.node.outputs)
        (first, _), *rest = self._current_arguments(view.node, skip=1)
        arguments: tuple[tuple[str, Value], ...] = ((first, Ref(value)), *rest)
        self.nodes.append(replace(view.node, arguments=arguments, outputs=outputs))
        return outputs[view.index]

    def _current_arguments(self, node: Node, skip: int = 0) -> tuple[tuple[str, Value], ...]:
        kept = node.arguments[:skip]
        return (*kept, *((name, self._current_value(value)) for name, value in node.arguments[skip:]))

    def _current_value(self, value: Value) -> Value:
        if isinstance(value, Ref):
            return Ref(self.current(value.name))
        return tuple(self._current_value(item) for item in value) if isinstance(value, tuple) else value

    def _fresh(self, name: str, meta: TensorMeta) -> str:
        """Return an unused name made of ``name``; torch's own names hold no ``~``."""
        stem = name.partition("~")[0]
        number = 1
        while (fresh := f"{stem}~{number}") in self.metas:
            number += 1
        self.metas[fresh] = meta
        return fresh


def writes_in_place(node: Node) -> bool:
    """Whether a node writes into one of its arguments, by torch's naming (``add_``, ``__iand__``, ``add.out``)."""
    operator = operator_of(node)
    if operator.endswith("__"):
        return operator in _AUGMENTED
    return operator.endswith("_") or node.overload.endswith((".out", "_out")) or "._foreach_" in node.overload


def functionalize(program: Program) -> Program:
    """Return ``program`` with no node that writes into its arguments; it computes the same outputs.

    ``mutations`` gains the inputs and buffers that were written: their new values are not handed back. Raises
    ``SfumatoError`` at a write through a view that cannot be followed backwards.
    """
    if not any(writes_in_place(node) for node in program.nodes):
        return program
    state = _Functionalizer(dict(program.metas))
    for item in program.inputs:
        state.own(item.name)
    for node in program.nodes:
        state.visit(node)
    outputs = tuple(state.current(name) for name in program.outputs)
    written = [item.label for item in program.inputs if state.aliases[item.name].storage.writes]
    mutations = tuple(dict.fromkeys((*program.mutations, *written)))
    return replace(program, nodes=_live(state.nodes, outputs), outputs=outputs, metas=state.metas, mutations=mutations)


def _live(nodes: list[Node], outputs: tuple[str, ...]) -> tuple[Node, ...]:
    """The nodes that the outputs need, and those without results (checks)."""
    needed = set(outputs)
    kept: list[Node] = []
    for node in reversed(nodes):
        if not node.outputs or any(name in needed for name in node.outputs):
            needed.update(operands(node))
            kept.append(node)
    return tuple(reversed(kept))


def _target(node: Node) -> str:
    value = node.arguments[0][1] if node.arguments else None
    if not isinstance(value, Ref) or len(node.outputs) != 1:
        raise _refusal(node, "writes into something other than its first tensor: not supported yet")
    return value.name


def _functional(operator: str) -> str:
    return f"__{operator[3:]}" if operator in _AUGMENTED else operator.removesuffix("_")


def _refusal(node: Node, reason: str) -> SfumatoError:
    decomposed = "export with run_decompositions(), or " if node.overload.startswith("aten.") else ""
    advice = f"{decomposed}write the model without it"
    return SfumatoError(f"{node.overload} {reason}; {advice}", source_location(node.source.stack_trace))
