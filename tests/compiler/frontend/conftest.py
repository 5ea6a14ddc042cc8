"""Fixtures of the front end: export with torch, import with ours, and evaluate the imported module with torch."""

import warnings

import pytest
import torch
from xdsl.dialects.func import CallOp as FuncCallOp
from xdsl.dialects.func import FuncOp, ReturnOp

from compiler.frontend.archive import Archive
from compiler.frontend.importer import import_program
from dialects.aten import CallOp, Device, TorchName
from dialects.graph import ConstantOp
from runtime.compare import TOLERANCES


@pytest.fixture
def export(tmp_path):
    """Export a module and open the archive: ``export(module, *inputs, decompose=False)``."""

    def run(module, *inputs, decompose=False, name="model", **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(module.eval(), inputs, strict=False, **options)
            if decompose:
                program = program.run_decompositions()
            torch.export.save(program, tmp_path / f"{name}.pt2")
        return Archive.open(tmp_path / f"{name}.pt2")

    return run


@pytest.fixture
def evaluate():
    """Run an imported module with torch's own operators: the result shows what the records really say."""
    return _evaluate


@pytest.fixture
def check(export, evaluate):
    """Check that a module imported flat and outlined computes what eager PyTorch computes; return the report.

    Bit-equal, as torch runs the same operators; a decomposed export has others, which may round f32 differently.
    """

    def run(module, *inputs, decompose=False):
        archive = export(module, *[tensor.clone() for tensor in inputs], decompose=decompose)
        expected = module.eval()(*[tensor.clone() for tensor in inputs])
        expected = [leaf for leaf in torch.utils._pytree.tree_leaves(expected) if isinstance(leaf, torch.Tensor)]
        tolerance = TOLERANCES["f32"] if decompose else 0
        reports = []
        for outline in (False, True):
            imported, report = import_program(archive, outline=outline)
            imported.verify()
            outputs = evaluate(imported, archive, *[tensor.clone() for tensor in inputs])
            assert len(outputs) == len(expected)
            for output, tensor in zip(outputs, expected, strict=True):
                torch.testing.assert_close(output, tensor, rtol=tolerance, atol=tolerance, equal_nan=True)
            reports.append(report)
        return reports[1]

    return run


def _evaluate(module, archive, *inputs):
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, FuncOp)}

    def call(function, arguments):
        values = dict(zip(function.body.block.args, arguments, strict=True))
        for value, argument in values.items():
            assert tuple(argument.shape) == value.type.get_shape()
        for op in function.body.block.ops:
            if isinstance(op, ReturnOp):
                return [values[operand] for operand in op.operands]
            if isinstance(op, FuncCallOp):
                results = call(functions[op.callee.string_value()], [values[operand] for operand in op.operands])
            elif isinstance(op, CallOp):
                results = _run(op, values)
            elif isinstance(op, ConstantOp):
                results = [torch.from_numpy(op.to_numpy().copy())]
            else:
                assert op.name == "graph.weight"
                results = [_tensor(archive, op.key.data)]
            for result, tensor in zip(op.results, results, strict=True):
                assert tuple(tensor.shape) == result.type.get_shape()
                values[result] = tensor
        raise AssertionError("a function without return")

    return call(functions["main"], inputs)


def _tensor(archive, key):
    array = archive.tensor(key)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view("uint16").copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def _run(op, values):
    def python(value):
        if isinstance(value, tuple):
            return [python(item) for item in value]
        if isinstance(value, TorchName):
            return getattr(torch, value.name.removeprefix("torch."))
        if isinstance(value, Device):
            return torch.device(value.name)
        return values.get(value, value)

    arguments = {name: python(op.argument(name)) for name, _ in op.arguments.data}
    if op.overload.data == "aten.view.default":  # tensors of the IR have no strides
        return [arguments["self"].reshape(arguments["size"])]
    target = torch.ops
    for part in op.overload.data.split("."):
        target = getattr(target, part)
    results = target(**arguments)
    results = results if isinstance(results, tuple | list) else [] if results is None else [results]
    return list(results)
