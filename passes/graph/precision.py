"""Puts matrix products and attention into a narrower float type, everything else untouched."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from xdsl.dialects.builtin import FunctionType, ModuleOp, f16, f32
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from dialects import graph
from dialects.attn import AttentionOp
from dialects.graph import ConvolutionOp, MatmulOp
from dialects.graph.operation import GraphOp
from dialects.graph.types import element_of, is_float, shape_of, tensor
from passes.graph.rewriting import Rewriter, functions, splat_of

_VIEWS = (graph.ReshapeOp, graph.PermuteOp, graph.BroadcastOp, graph.SliceOp)
_F16_LARGEST = 65504.0


class Narrowing:
    """Narrows the operands of the products of one function; each value is converted once, where it is made."""

    def __init__(self, function: FuncOp, element: Attribute) -> None:
        """Narrow to `element` (f16 or bf16) in `function`."""
        self.function, self.element = function, element
        self.rewriter = Rewriter(function.body.block)
        self._narrow: dict[SSAValue, SSAValue] = {}

    def run(self) -> None:
        """Rebuild every product of floats."""
        for op in list(self.function.body.block.ops):
            if isinstance(op, MatmulOp | ConvolutionOp | AttentionOp) and is_float(element_of(op.operands[0])):
                self._rebuild(op)

    def _rebuild(self, op: GraphOp) -> None:
        count = 3 if isinstance(op, AttentionOp) else len(op.operands)  # biases and masks meet the scores, in f32
        operands = [*(self.narrow(operand) for operand in op.operands[:count]), *op.operands[count:]]
        self.rewriter.at(op)
        element = self.element if isinstance(op, AttentionOp) else f32  # products leave the unit that sums in f32
        result = tensor(shape_of(op.results[0]), element)
        regions = [op.detach_region(region) for region in list(op.regions)]
        narrow = self.rewriter.add(
            type(op).create(operands=operands, result_types=(result,), properties=op.properties, regions=regions)
        )
        self.rewriter.replace(op, [self.rewriter.cast(narrow, element_of(op.results[0]))])

    def narrow(self, value: SSAValue) -> SSAValue:
        """The value in the narrow type, converted as early as views allow."""
        if element_of(value) == self.element:
            return value
        found = self._narrow.get(value)
        if found is None:
            found = self._narrow[value] = self._converted(value)
        return found

    def _converted(self, value: SSAValue) -> SSAValue:
        op = value.owner
        self._insert_after(value)
        result = tensor(shape_of(value), self.element)
        constant = splat_of(value)
        if constant is not None:
            return self.rewriter.add(graph.ConstantOp.make(self._bounded(float(constant)), result))
        if isinstance(op, graph.WeightOp):
            return self.rewriter.add(graph.WeightOp.make(op.key.data, result))
        if isinstance(op, _VIEWS):
            source = self.narrow(op.operands[0])
            self._insert_after(value)
            return self.rewriter.add(
                type(op).create(operands=(source,), result_types=(result,), properties=op.properties)
            )
        if isinstance(op, graph.CastOp) and element_of(op.operand) == self.element:
            return op.operand
        return self.rewriter.cast(value, self.element)

    def _bounded(self, value: float) -> float:
        """Finite constants stay finite: the masks of models are the lowest f32."""
        if self.element != f16 or not isfinite(value):
            return value
        return max(-_F16_LARGEST, min(_F16_LARGEST, value))

    def _insert_after(self, value: SSAValue) -> None:
        owner = value.owner
        block = self.function.body.block
        anchor = owner.next_op if isinstance(owner, Operation) else block.first_op
        assert anchor is not None
        self.rewriter.at(anchor)

    def narrow_arguments(self) -> list[int]:
        """Turn arguments that are only ever used in the narrow type into narrow ones; their positions."""
        changed: list[int] = []
        for argument in self.function.body.block.args:
            found = self._narrow.get(argument)
            cast = None if found is None else found.owner
            use = argument.first_use
            only_cast = use is not None and argument.has_one_use() and use.operation is cast
            if found is None or not isinstance(cast, graph.CastOp) or not only_cast:
                continue
            _retype(argument, self.element)
            self.rewriter.replace(cast, [argument])
            changed.append(argument.index)
        types = [argument.type for argument in self.function.body.block.args]
        self.function.function_type = FunctionType.from_lists(types, list(self.function.function_type.outputs.data))
        return changed


def _retype(argument: BlockArgument, element: Attribute) -> None:
    argument._type = tensor(shape_of(argument), element)  # pyright: ignore[reportPrivateUsage]  # xdsl has no setter


def narrow_products(module: ModuleOp, element: Attribute) -> None:
    """Narrow the products of every function; private functions take narrow arguments where that is all they use."""
    public: list[Narrowing] = []
    narrowed: dict[str, list[int]] = {}
    for function in functions(module):
        narrowing = Narrowing(function, element)
        narrowing.run()
        if function.sym_visibility is not None and function.sym_visibility.data == "private":
            narrowed[function.sym_name.data] = narrowing.narrow_arguments()
        public.append(narrowing)
    for narrowing in public:
        for call in list(narrowing.function.body.block.ops):
            if isinstance(call, CallOp):
                _narrow_call(call, narrowed.get(call.callee.root_reference.data, ()), narrowing)


def _narrow_call(call: CallOp, positions: Sequence[int], narrowing: Narrowing) -> None:
    for position in positions:
        call.operands[position] = narrowing.narrow(call.operands[position])
