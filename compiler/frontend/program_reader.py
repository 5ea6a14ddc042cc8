"""Reads the graph module of an archive's JSON into records; every value is checked to be defined before its use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from compiler.frontend import json_fields as fields
from compiler.frontend.argument_reader import UnsupportedError, read_argument, read_meta, symbols_of
from compiler.frontend.json_fields import MalformedError
from compiler.frontend.program import Input, Node, Program, Source, TensorMeta, Value, references
from compiler.frontend.source_lines import source_location
from dialects.errors import SfumatoError

_INPUT_KINDS = {
    "parameter": ("parameter", "parameter_name"),
    "buffer": ("buffer", "buffer_name"),
    "tensor_constant": ("constant", "tensor_constant_name"),
}
_MUTATIONS = {
    "buffer_mutation": "buffer_name",
    "parameter_mutation": "parameter_name",
    "user_input_mutation": "user_input_name",
}
_TARGET = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
_HIGHER_ORDER = "torch.ops.higher_order."
_TRANSPARENT = {"wrap_with_set_grad_enabled": 1, "wrap_with_autocast": 4}
"""Higher-order operators that only set a mode around a subgraph, with the position of the subgraph's argument."""


@dataclass
class _Scope:
    """Names of one (sub)graph: its own name of a tensor -> the name in the program."""

    prefix: str = ""
    names: dict[str, str] = field(default_factory=dict[str, str])

    def resolve(self, name: str) -> str:
        if name not in self.names:
            raise MalformedError(f"tensor '{name}' is used before it is defined")
        return self.names[name]

    def define(self, name: str) -> str:
        if name in self.names:
            raise MalformedError(f"tensor '{name}' is defined twice")
        return self.names.setdefault(name, self.prefix + name)


@dataclass
class _Reader:
    nodes: list[Node] = field(default_factory=list[Node])
    metas: dict[str, TensorMeta] = field(default_factory=dict[str, TensorMeta])
    sources: dict[tuple[str, str], Source] = field(default_factory=dict[tuple[str, str], Source])

    def read_graph(self, graph: object, scope: _Scope) -> None:
        """Append the nodes of a graph whose inputs ``scope`` already knows."""
        values = fields.as_object(fields.field(graph, "tensor_values"))
        for index, node in enumerate(fields.as_list(fields.field(graph, "nodes"))):
            try:
                self._read_node(node, scope, values)
            except MalformedError as error:
                raise MalformedError(f"nodes[{index}]: {error}") from error

    def read_meta(self, name: str, defined: str, values: dict[str, object]) -> None:
        """Record the description of the tensor ``name`` of a graph under its name in the program."""
        try:
            self.metas[defined] = read_meta(fields.field(values, name))
        except (MalformedError, UnsupportedError) as error:
            raise type(error)(f"tensor '{name}': {error}") from error

    def _read_node(self, node: object, scope: _Scope, values: dict[str, object]) -> None:
        target = fields.as_text(fields.field(node, "target"))
        source = self._source(fields.as_object(fields.field(node, "metadata")))
        inputs = fields.as_list(fields.field(node, "inputs"))
        try:
            if target.startswith(_HIGHER_ORDER):
                self._inline(target.removeprefix(_HIGHER_ORDER), inputs, node, scope)
                return
            if _TARGET.fullmatch(target) is None:
                raise MalformedError(f"'{target}' does not name an operator overload")
            arguments = _read_arguments(inputs, scope)
            names = _output_names(node)
            outputs = tuple(scope.define(name) for name in names)
            for name, defined in zip(names, outputs, strict=True):
                self.read_meta(name, defined, values)
        except UnsupportedError as error:
            raise SfumatoError(f"{_overload(target)}: {error}", source_location(source.stack_trace)) from error
        self.nodes.append(Node(_overload(target), arguments, outputs, source))

    def _inline(self, operator: str, inputs: list[object], node: object, scope: _Scope) -> None:
        """Put the nodes of a subgraph that is run as it stands in place of the operator that wraps it."""
        position = _TRANSPARENT.get(operator)
        if position is None:
            raise UnsupportedError("operators that take a subgraph are not supported yet; export without control flow")
        if len(inputs) <= position:
            raise MalformedError(f"{operator} has {len(inputs)} arguments")
        arguments = [fields.field(item, "arg") for item in inputs]
        if operator == "wrap_with_autocast" and fields.as_union(arguments[2])[1] is not False:
            raise UnsupportedError("autocast is not supported yet; convert the model's dtype before the export")
        kind, value = fields.as_union(arguments[position])
        if kind != "as_graph":
            raise MalformedError(f"{operator} has no subgraph")
        graph = fields.field(value, "graph")
        inner = _Scope(f"{scope.prefix}{fields.as_text(fields.field(value, 'name'))}.")
        formal = _tensor_names(fields.as_list(fields.field(graph, "inputs")))
        actual = _tensor_names(arguments[position + 1 :])
        if len(formal) != len(actual):
            raise MalformedError(f"{operator} passes {len(actual)} tensors to a subgraph of {len(formal)}")
        inner.names.update({name: scope.resolve(value) for name, value in zip(formal, actual, strict=True)})
        self.read_graph(graph, inner)
        results = _tensor_names(fields.as_list(fields.field(graph, "outputs")))
        names = _output_names(node)
        if len(results) != len(names):
            raise MalformedError(f"{operator} has {len(names)} results, its subgraph {len(results)}")
        scope.names.update({name: inner.resolve(result) for name, result in zip(names, results, strict=True)})

    def _source(self, metadata: dict[str, object]) -> Source:
        trace = fields.as_text(metadata.get("stack_trace", ""))
        stack = fields.as_text(metadata.get("nn_module_stack", ""))
        key = (trace, stack)
        if key not in self.sources:
            self.sources[key] = Source(trace, _module_path(stack))
        return self.sources[key]


def read_program(graph_module: object) -> Program:
    """Read a ``GraphModule`` of the schema.

    Raises ``MalformedError`` when it is not one, ``SfumatoError`` or ``UnsupportedError`` for symbolic shapes, control
    flow, training graphs and custom objects.
    """
    graph, signature = fields.field(graph_module, "graph"), fields.field(graph_module, "signature")
    values = fields.as_object(fields.field(graph, "tensor_values"))
    reader, scope = _Reader(), _Scope()
    inputs: list[Input] = []
    for spec in fields.as_list(fields.field(signature, "input_specs")):
        if (item := _read_input(spec, values)) is not None:
            inputs.append(item)
            reader.read_meta(item.name, scope.define(item.name), values)
    reader.read_graph(graph, scope)
    outputs, mutations = _read_outputs(fields.as_list(fields.field(signature, "output_specs")), scope)
    return Program(tuple(inputs), tuple(reader.nodes), outputs, reader.metas, mutations)


def _read_input(spec: object, values: dict[str, object]) -> Input | None:
    kind, body = fields.as_union(spec)
    if kind in _INPUT_KINDS:
        label, key = _INPUT_KINDS[kind]
        name = fields.as_text(fields.field(fields.field(body, "arg"), "name"))
        return Input(name, label, fields.as_text(fields.field(body, key)))  # pyright: ignore[reportArgumentType]
    if kind == "constant_input":
        return None
    if kind != "user_input":
        raise UnsupportedError(f"an input of kind '{kind}' is not supported")
    kind, value = fields.as_union(fields.field(body, "arg"))
    if kind.startswith("as_sym"):
        raise UnsupportedError("a symbolic number as input is not supported yet; export with a fixed number")
    if kind != "as_tensor":
        return None
    name = fields.as_text(fields.field(value, "name"))
    _refuse_symbols(name, fields.field(values, name))
    return Input(name, "user")


def _refuse_symbols(name: str, meta: object) -> None:
    for axis, size in enumerate(fields.as_list(fields.field(meta, "sizes"))):
        if symbols := symbols_of(size):
            raise UnsupportedError(
                f"input '{name}' has the symbolic size {', '.join(symbols)} in dimension {axis}: not supported yet; "
                "export without dynamic_shapes"
            )


def _read_outputs(specs: list[object], scope: _Scope) -> tuple[tuple[str, ...], tuple[str, ...]]:
    outputs: list[str] = []
    mutations: list[str] = []
    for spec in specs:
        kind, body = fields.as_union(spec)
        if kind == "user_output":
            outputs.extend(references(read_argument(fields.field(body, "arg"), scope.resolve)))
        elif kind in _MUTATIONS:
            mutations.append(fields.as_text(fields.field(body, _MUTATIONS[kind])))
        elif kind != "token":
            raise UnsupportedError(f"an output of kind '{kind}' is not supported: export the model for inference")
    return tuple(outputs), tuple(mutations)


def _read_arguments(inputs: list[object], scope: _Scope) -> tuple[tuple[str, Value], ...]:
    arguments: dict[str, Value] = {}
    for item in inputs:
        name = fields.as_text(fields.field(item, "name"))
        if not name.isidentifier() or name in arguments:
            raise MalformedError(f"'{name}' cannot name an argument, or does so twice")
        arguments[name] = read_argument(fields.field(item, "arg"), scope.resolve)
    return tuple(arguments.items())


def _output_names(node: object) -> tuple[str, ...]:
    return _tensor_names(fields.as_list(fields.field(node, "outputs")))


def _tensor_names(arguments: list[object]) -> tuple[str, ...]:
    """The names of the tensors in a list of ``Argument``, lists of tensors laid flat."""
    names: list[str] = []
    for argument in arguments:
        kind, value = fields.as_union(argument)
        if kind == "as_tensor":
            names.append(fields.as_text(fields.field(value, "name")))
        elif kind == "as_tensors":
            names.extend(fields.as_text(fields.field(item, "name")) for item in fields.as_list(value))
        elif kind.startswith("as_sym"):
            raise UnsupportedError("a number computed from tensor values is not supported yet")
        elif kind != "as_none":
            raise UnsupportedError(f"a value of kind '{kind.removeprefix('as_')}' is not supported here")
    return tuple(names)


def _overload(target: str) -> str:
    return target.removeprefix("torch.ops.")


def _module_path(stack: str) -> str:
    """The path of the innermost module in ``key,path,class;key,path,class``."""
    parts = stack.rpartition(";")[2].split(",")
    return parts[1] if len(parts) > 1 else ""
