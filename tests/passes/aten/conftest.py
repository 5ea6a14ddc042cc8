"""Traces a torch function to ATen calls, converts them to graph ops and runs those in numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_flatten
from xdsl.context import Context
from xdsl.dialects.builtin import ComplexType, FunctionType, ModuleOp, TensorType
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Region, SSAValue

from dialects.aten import CallOp, Device, TorchName
from dialects.dtypes import DType
from dialects.graph import ConstantOp
from dialects.graph.types import tensor
from passes.aten.convert_aten_to_graph import ConvertAtenToGraph
from runtime.compare import TOLERANCES

ELEMENTS = {
    torch.float32: DType.f32,
    torch.float64: DType.f64,
    torch.float16: DType.f16,
    torch.bfloat16: DType.bf16,
    torch.int8: DType.i8,
    torch.uint8: DType.u8,
    torch.int16: DType.i16,
    torch.int32: DType.i32,
    torch.int64: DType.i64,
    torch.bool: DType.i1,
}


def to_numpy(value: torch.Tensor) -> np.ndarray:
    value = value.detach().contiguous()
    if value.dtype == torch.bfloat16:
        return value.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return value.numpy()


def type_of(value: torch.Tensor) -> Attribute:
    if value.is_complex():
        return TensorType(ComplexType(ELEMENTS[value.dtype.to_real()].type), value.shape)
    return tensor(tuple(value.shape), ELEMENTS[value.dtype].type)


def named_arguments(node: torch.fx.Node, values: dict[torch.fx.Node, Any]) -> list[tuple[str, Any]]:
    def convert(argument: Any) -> Any:
        if isinstance(argument, torch.fx.Node):
            return values[argument]
        if isinstance(argument, list | tuple):
            return tuple(convert(each) for each in argument)
        if isinstance(argument, torch.dtype | torch.layout | torch.memory_format):
            return TorchName(str(argument))
        return Device(str(argument)) if isinstance(argument, torch.device) else argument

    names = [argument.name for argument in node.target._schema.arguments]
    pairs = [*zip(names, node.args, strict=False), *node.kwargs.items()]
    return [(name, convert(value)) for name, value in pairs]


def to_module(traced: torch.fx.GraphModule) -> ModuleOp:
    """Write a traced graph as a function of `aten.call` ops; tensors it captured become constants."""
    graph = traced.graph
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    block = Block(arg_types=[type_of(node.meta["val"]) for node in inputs])
    values: dict[torch.fx.Node, Any] = dict(zip(inputs, block.args, strict=True))
    outputs: list[SSAValue] = []
    for node in graph.nodes:
        if node.op == "get_attr":
            captured = getattr(traced, node.target)
            constant = ConstantOp.from_array(to_numpy(captured), type_of(captured))
            block.add_op(constant)
            values[node] = constant.result
        elif node.op == "call_function" and node.target.__name__ == "getitem":
            values[node] = values[node.args[0]][node.args[1]]
        elif node.op == "call_function":
            found = node.meta.get("val")
            tensors = [] if found is None else [found] if isinstance(found, torch.Tensor) else list(found)
            call = CallOp.make(str(node.target), named_arguments(node, values), [type_of(each) for each in tensors])
            block.add_op(call)
            values[node] = call.results[0] if isinstance(found, torch.Tensor) else call.results
        elif node.op == "output":
            outputs = [values[each] for each in tree_flatten(node.args[0])[0]]
    block.add_op(ReturnOp(*outputs))
    kind = FunctionType.from_lists(list(block.arg_types), [each.type for each in outputs])
    return ModuleOp([FuncOp("main", kind, Region(block))])


def converted(function: Callable[..., Any], inputs: list[torch.Tensor]) -> ModuleOp:
    traced = make_fx(
        lambda *arguments: function(*arguments), tracing_mode="fake", pre_dispatch=True, _allow_non_fake_inputs=True
    )(*inputs)
    traced.graph.eliminate_dead_code()
    module = to_module(traced)
    module.verify()
    ConvertAtenToGraph().apply(Context(), module)
    module.verify()
    return module


@pytest.fixture
def convert() -> Callable[..., ModuleOp]:
    """`convert(function, inputs)` -> the module of graph ops of a torch function."""
    return converted


@pytest.fixture
def check() -> Callable[..., None]:
    """`check(function, *inputs)`: converted and run in numpy, the function gives what torch gives."""
    from passes.analysis.evaluate import evaluate

    # Stricter than the table's 1e-5 for f32: where no sum is long, numpy and torch differ by a few roundings only.
    def compare(function: Callable[..., Any], *inputs: torch.Tensor, tolerance: float = 2e-6) -> None:
        module = converted(function, list(inputs))
        found = evaluate(module, [to_numpy(each) for each in inputs])
        expected = [each for each in tree_flatten(function(*inputs))[0]]
        assert len(found) == len(expected)
        for mine, theirs in zip(found, expected, strict=True):
            reference = to_numpy(theirs)
            assert mine.shape == reference.shape
            assert mine.dtype == reference.dtype
            if theirs.is_floating_point():
                wide = TOLERANCES.get({torch.float16: "f16", torch.bfloat16: "bf16"}.get(theirs.dtype, ""), tolerance)
                scale = np.nanmax(
                    np.abs(np.where(np.isfinite(reference), reference, 0).astype(np.float64)), initial=1.0
                )
                np.testing.assert_allclose(
                    mine.astype(np.float64), reference.astype(np.float64), rtol=wide, atol=wide * min(scale, 1e4)
                )
            else:
                np.testing.assert_array_equal(mine, reference)

    return compare
