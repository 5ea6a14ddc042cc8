"""From an archive's program to a module of the `aten` dialect: one op a node, one function a distinct layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import ComplexType, FunctionType, ModuleOp, StringAttr, SymbolRefAttr, TensorType
from xdsl.dialects.func import CallOp as FuncCallOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from compiler.frontend.archive import Archive
from compiler.frontend.functionalize import functionalize
from compiler.frontend.layers import Layer, Occurrence, find_layers
from compiler.frontend.program import Input, Node, Program, Ref, TensorMeta, Value, operands
from compiler.frontend.source_lines import source_location
from dialects.aten import Argument, ArgumentsAttr, CallOp, Operand
from dialects.errors import SfumatoError
from dialects.graph import ConstantOp, WeightOp
from dialects.graph.types import ELEMENTS, part_element


@dataclass(frozen=True)
class ImportReport:
    """What the import found.

    ``layers_found`` occurrences of repeated layers are calls of ``layers_distinct`` functions; ``nodes`` counts the
    nodes of the flat program; ``mutations`` names buffers and inputs that the model writes and the compiled program
    leaves as they are.
    """

    layers_found: int
    layers_distinct: int
    nodes: int
    mutations: tuple[str, ...]


def import_program(archive: Archive, *, outline: bool = True) -> tuple[ModuleOp, ImportReport]:
    """Build the module of an archive: ``func.func @main`` from the user's tensors to the user's outputs.

    In-place operators are made functional. With ``outline`` each repeated layer becomes one private ``@layer_K``,
    called with its weights. Raises ``SfumatoError`` when the program or a weight it uses cannot be read.
    """
    program = functionalize(archive.graph)
    _check_signature(program, archive)
    layers = find_layers(program) if outline else ()
    importer = _Importer(program, _used_weights(program, archive), archive)
    module = ModuleOp(importer.functions(layers))
    distinct = len({id(item.layer) for item in layers})
    return module, ImportReport(len(layers), distinct, len(program.nodes), program.mutations)


def _used_weights(program: Program, archive: Archive) -> dict[str, str]:
    """Name of a used tensor of the archive -> its key, in the program's order; tied weights share a key."""
    used = {name for node in program.nodes for name in operands(node)}.union(program.outputs)
    weights: dict[str, str] = {}
    for item in program.inputs:
        if item.key is not None and item.name in used:
            _check_weight(archive, item, item.key, program.metas[item.name])
            weights[item.name] = archive.tensors[item.key]
    return weights


def _check_weight(archive: Archive, item: Input, key: str, meta: TensorMeta) -> None:
    if part_element(meta.element.ir) not in ELEMENTS:
        raise SfumatoError(
            f"{archive.path}: {item.kind} '{key}' has the element type {meta.element.torch_name}: not supported yet"
        )
    stored = archive.tensor_spec(key).meta
    if (stored.element, stored.shape) != (meta.element, meta.shape):
        raise SfumatoError(
            f"{archive.path}: {item.kind} '{key}' is {meta.element.torch_name} {list(meta.shape)} in the program, "
            f"{stored.element.torch_name} {list(stored.shape)} in the weights table"
        )


def _check_signature(program: Program, archive: Archive) -> None:
    """Refuse complex tensors at the program's ends: what runs it hands over real ones."""
    ends = [("input", item.name) for item in program.inputs if item.kind == "user"]
    ends += [("output", name) for name in program.outputs]
    for what, name in ends:
        if isinstance(program.metas[name].element.ir, ComplexType):
            raise SfumatoError(
                f"{archive.path}: {what} '{name}' is {program.metas[name].element.torch_name}: models take and give "
                "real tensors; pass torch.view_as_real of it and use torch.view_as_complex inside"
            )


@dataclass
class _Importer:
    """Builds ops; attributes are made once for equal content."""

    program: Program
    weights: dict[str, str]
    archive: Archive
    types: dict[tuple[str, tuple[int, ...]], TensorType[Attribute]] = field(
        default_factory=dict[tuple[str, tuple[int, ...]], TensorType[Attribute]]
    )
    strings: dict[str, StringAttr] = field(default_factory=dict[str, StringAttr])
    arguments: dict[ArgumentsAttr, ArgumentsAttr] = field(default_factory=dict[ArgumentsAttr, ArgumentsAttr])

    def functions(self, occurrences: Sequence[Occurrence]) -> list[Operation]:
        """Return ``@main`` and the layers' functions, in the order of their first calls."""
        names: dict[int, str] = {}
        functions: list[Operation] = []
        for occurrence in occurrences:
            if id(occurrence.layer) not in names:
                name = names[id(occurrence.layer)] = f"layer_{len(names)}"
                functions.append(self._layer(name, occurrence.layer))
        return [self._main(occurrences, names), *functions]

    def _main(self, occurrences: Sequence[Occurrence], names: dict[int, str]) -> FuncOp:
        program = self.program
        inputs = [item.name for item in program.inputs if item.kind == "user"]
        block = Block(arg_types=self._types(inputs))
        values: dict[str, SSAValue] = dict(zip(inputs, block.args, strict=True))
        for name, argument in values.items():
            argument.name_hint = name if SSAValue.is_valid_name(name) else None
        block.add_ops(self._weights(values))
        position = 0
        for occurrence in occurrences:
            block.add_ops(self._calls(program.nodes[position : occurrence.start], values))
            block.add_op(self._call_layer(names[id(occurrence.layer)], occurrence, values))
            position = occurrence.stop
        block.add_ops(self._calls(program.nodes[position:], values))
        return self._function("main", "public", block, program.outputs, values)

    def _layer(self, name: str, layer: Layer) -> FuncOp:
        block = Block(arg_types=self._types(layer.parameters))
        values: dict[str, SSAValue] = dict(zip(layer.parameters, block.args, strict=True))
        block.add_ops(self._calls(layer.nodes, values))
        function = self._function(name, "private", block, layer.results, values)
        function.location = source_location(layer.nodes[0].source.stack_trace)
        return function

    def _function(
        self, name: str, visibility: str, block: Block, results: Sequence[str], values: dict[str, SSAValue]
    ) -> FuncOp:
        block.add_op(ReturnOp(*(values[result] for result in results)))
        type = FunctionType.from_lists(block.arg_types, self._types(results))
        return FuncOp(name, type, Region(block), visibility=visibility)

    def _weights(self, values: dict[str, SSAValue]) -> list[Operation]:
        """Build the weights that are used; a complex one is read as pairs of real numbers.

        A number that the model's code wraps in a tensor, as ``torch.tensor(-inf)`` does, is known while compiling.
        """
        ops: list[Operation] = []
        made: dict[str, SSAValue] = {}
        written = {item.name for item in self.program.inputs if item.kind == "constant"}
        for name, key in self.weights.items():
            meta = self.program.metas[name]
            if name in written and meta.size == 1 and meta.element.ir in ELEMENTS:
                ops.append(ConstantOp.from_array(self.archive.tensor(key), self._type(meta)))
                made[key] = ops[-1].results[0]
            if key not in made:
                kind, pairs = self._type(meta), isinstance(meta.element.ir, ComplexType)
                stored = TensorType(part_element(meta.element.ir), (*meta.shape, 2)) if pairs else kind
                ops.append(WeightOp.make(key, stored))
                if pairs:
                    ops.append(CallOp.make("aten.view_as_complex.default", [("self", ops[-1].results[0])], [kind]))
                made[key] = ops[-1].results[0]
            values[name] = made[key]
        return ops

    def _call_layer(self, name: str, occurrence: Occurrence, values: dict[str, SSAValue]) -> Operation:
        call = FuncCallOp.create(
            operands=[values[argument] for argument in occurrence.arguments],
            result_types=self._types(occurrence.results),
            properties={"callee": SymbolRefAttr(name)},
            location=source_location(self.program.nodes[occurrence.start].source.stack_trace),
        )
        values.update(zip(occurrence.results, call.results, strict=True))
        return call

    def _calls(self, nodes: Iterable[Node], values: dict[str, SSAValue]) -> list[Operation]:
        """Build the ops of ``nodes`` and add their results to ``values``."""
        ops: list[Operation] = []
        for node in nodes:
            tensors: list[SSAValue] = []
            arguments = ArgumentsAttr(
                tuple((name, _argument(value, values, tensors)) for name, value in node.arguments)
            )
            properties: dict[str, Attribute] = {
                "overload": self._string(node.overload),
                "arguments": self.arguments.setdefault(arguments, arguments),
            }
            if node.source.module_path:
                properties["module_path"] = self._string(node.source.module_path)
            op = CallOp.create(
                operands=tensors,
                result_types=self._types(node.outputs),
                properties=properties,
                location=source_location(node.source.stack_trace),
            )
            values.update(zip(node.outputs, op.results, strict=True))
            ops.append(op)
        return ops

    def _types(self, names: Iterable[str]) -> list[TensorType[Attribute]]:
        return [self._type(self.program.metas[name]) for name in names]

    def _type(self, meta: TensorMeta) -> TensorType[Attribute]:
        key = (meta.element.torch_name, meta.shape)
        if key not in self.types:
            self.types[key] = TensorType(meta.element.ir, meta.shape)
        return self.types[key]

    def _string(self, text: str) -> StringAttr:
        if text not in self.strings:
            self.strings[text] = StringAttr(text)
        return self.strings[text]


def _argument(value: Value, values: dict[str, SSAValue], tensors: list[SSAValue]) -> Argument:
    """Return an argument as the op holds it, its tensors appended to the operands."""
    if isinstance(value, Ref):
        tensors.append(values[value.name])
        return Operand(len(tensors) - 1)
    return tuple(_argument(item, values, tensors) for item in value) if isinstance(value, tuple) else value
