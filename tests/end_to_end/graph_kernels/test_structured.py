"""Structured graph ops on the simulator, against their numpy meaning."""

import numpy as np
import pytest
from xdsl.dialects.builtin import StringAttr
from xdsl.parser import Parser

from compiler.emit.program import emit_program
from compiler.instrument import make_pass
from compiler.options import CompileOptions
from compiler.pipelines import PHASES, pass_specs
from compiler.universe import make_context
from dialects.dtypes import DType
from passes.analysis.evaluate import evaluate
from runtime.functional.interpreter import run
from runtime.machine.description import load

CASES = {
    "gather": ("gather", ["6x9x{t}", "6x4xi64"], "6x4x{t}", "axis = 1 : i64"),
    "gather_by_narrow_indices": ("gather", ["6x9x{t}", "6x4xi32"], "6x4x{t}", "axis = 1 : i64"),
    "put_at_narrow_indices": (
        "index_put",
        ["16x8x{t}", "9xi32", "9x8x{t}"],
        "16x8x{t}",
        'axis = 0 : i64, reduce = "add"',
    ),
    "gather_front": ("gather", ["9x3x8x{t}", "5x3x7xi64"], "5x3x7x{t}", "axis = 0 : i64"),
    "take_inner": ("take", ["5x7x3x{t}", "2x5xi64"], "5x2x5x3x{t}", "axis = 1 : i64"),
    "take_elements": ("take", ["5000x{t}", "5x3xi64"], "5x3x{t}", "axis = 0 : i64"),
    "put_one": ("index_put", ["3x16x8x{t}", "1xi64", "3x1x8x{t}"], "3x16x8x{t}", 'axis = 1 : i64, reduce = "none"'),
    "put_many": ("index_put", ["16x8x{t}", "9xi64", "9x8x{t}"], "16x8x{t}", 'axis = 0 : i64, reduce = "none"'),
    "put_add": ("index_put", ["16x8x{t}", "9xi64", "9x8x{t}"], "16x8x{t}", 'axis = 0 : i64, reduce = "add"'),
    "scatter_add": ("scatter", ["6x9x{t}", "5x4xi64", "5x4x{t}"], "6x9x{t}", 'axis = 1 : i64, reduce = "add"'),
}
NUMBERS = {
    "arg_max": ("arg_reduce", ["9x70x{t}"], "9xi64", 'kind = "max", axis = 1 : i64'),
    "arg_min_front": ("arg_reduce", ["9x70x{t}"], "70xi64", 'kind = "min", axis = 0 : i64'),
    "cumsum": ("scan", ["9x70x{t}"], "9x70x{t}", 'kind = "add", axis = 1 : i64'),
    "cummax": ("scan", ["9x70x{t}"], "9x70x{t}", 'kind = "max", axis = 0 : i64'),
    "pool": (
        "reduce_window",
        ["2x3x11x13x{t}"],
        "2x3x6x6x{t}",
        'kind = "max", window = array<i64: 1, 1, 3, 3>, strides = array<i64: 1, 1, 2, 2>, dilation = array<i64: 1, 1, 1, 2>,'
        " padding_low = array<i64: 0, 0, 1, 1>, padding_high = array<i64: 0, 0, 1, 1>",
    ),
}
SAMPLES = [(name, dtype) for name in CASES for dtype in ("f32", "i64", "i1")]
SAMPLES += [(name, dtype) for name in NUMBERS for dtype in ("f32", "i32")]


def sample(kind, number, random):
    dtype = DType.parse(kind.rsplit("x", 1)[1]).numpy
    shape = [int(size) for size in kind.split("x")[:-1]]
    if number == 1:
        return random.integers(0, 5, shape).astype(dtype)
    data = random.integers(-20, 20, shape)
    return data > 0 if dtype == np.bool_ else data.astype(dtype)


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
@pytest.mark.parametrize(("name", "dtype"), SAMPLES)
def test_on_the_simulator(name, dtype, target):
    op, operands, result, properties = {**CASES, **NUMBERS}[name]
    types = [f"tensor<{kind.format(t=dtype)}>" for kind in operands]
    output = f"tensor<{result.format(t=dtype)}>"
    arguments = ", ".join(f"%a{number}: {kind}" for number, kind in enumerate(types))
    names = ", ".join(f"%a{number}" for number in range(len(types)))
    module = Parser(
        make_context(),
        f"func.func @main({arguments}) -> {output} {{\n"
        f"  %r = graph.{op} {names} <{{{properties}}}> : ({', '.join(types)}) -> {output}\n"
        f"  func.return %r : {output}\n}}",
    ).parse_module()
    module.verify()
    random = np.random.default_rng(0)
    inputs = [sample(kind.format(t=dtype), number, random) for number, kind in enumerate(operands)]
    if op == "index_put":
        inputs[1] = random.permutation(16)[: len(inputs[1])].astype(
            inputs[1].dtype
        )  # which of repeated writes stays is open
    (expected,) = evaluate(module, inputs)
    module.attributes["sfumato.target"] = StringAttr(target)
    specs = [spec for phase in PHASES for spec in pass_specs(phase, CompileOptions())]
    context = make_context()
    for spec in specs[specs.index("graph-expand-structured") :]:
        make_pass(spec).apply(context, module)
        module.verify()
    (found,) = run(emit_program(module, {}), inputs, load(target), sanitize=True)
    np.testing.assert_array_equal(found, expected)  # whole numbers: sums are exact
