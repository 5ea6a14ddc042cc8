"""Schedules: what is chosen respects the machine, and any legal choice computes the same values."""

import itertools
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import StringAttr
from xdsl.parser import Parser

from compiler.emit.program import emit_program
from compiler.instrument import make_pass
from compiler.options import CompileOptions
from compiler.pipelines import PHASES, pass_specs
from compiler.universe import make_context
from dialects.errors import SfumatoError
from passes.tile.nests import nests_of
from passes.tile.tile_choose_schedule import TileChooseSchedule
from runtime.compare import TOLERANCES
from runtime.functional.interpreter import run
from runtime.machine.description import load

BOUNDED = settings(max_examples=25, deadline=None)
SIZES = {"f32": 4, "f16": 2, "i8": 1}

MATMUL = """
tile.kernel @product {schedule} {{
^bb0(%x: tensor<{m}x{k}x{dtype}>, %w: tensor<{k}x{n}x{dtype}>):
  %0 = graph.matmul %x, %w : (tensor<{m}x{k}x{dtype}>, tensor<{k}x{n}x{dtype}>) -> tensor<{m}x{n}x{acc}>
  tile.return %0 : tensor<{m}x{n}x{acc}>
}}
func.func @main(%x: tensor<{m}x{k}x{dtype}>, %w: tensor<{k}x{n}x{dtype}>) -> tensor<{m}x{n}x{acc}> {{
  %0 = tile.launch @product(%x, %w) : (tensor<{m}x{k}x{dtype}>, tensor<{k}x{n}x{dtype}>) -> tensor<{m}x{n}x{acc}>
  func.return %0 : tensor<{m}x{n}x{acc}>
}}
"""

SOFTMAX = """
tile.kernel @softmax {schedule} {{
^bb0(%x: tensor<{m}x{n}xf32>):
  %0 = graph.reduce %x <{{kind = "max", axes = array<i64: 1>}}> : (tensor<{m}x{n}xf32>) -> tensor<{m}xf32>
  %1 = graph.broadcast %0 <{{dims = array<i64: 0>}}> : (tensor<{m}xf32>) -> tensor<{m}x{n}xf32>
  %2 = graph.sub %x, %1 : tensor<{m}x{n}xf32>
  %3 = graph.exp %2 : tensor<{m}x{n}xf32>
  %4 = graph.reduce %3 <{{kind = "add", axes = array<i64: 1>}}> : (tensor<{m}x{n}xf32>) -> tensor<{m}xf32>
  %5 = graph.broadcast %4 <{{dims = array<i64: 0>}}> : (tensor<{m}xf32>) -> tensor<{m}x{n}xf32>
  %6 = graph.div %3, %5 : tensor<{m}x{n}xf32>
  tile.return %6 : tensor<{m}x{n}xf32>
}}
func.func @main(%x: tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32> {{
  %0 = tile.launch @softmax(%x) : (tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  func.return %0 : tensor<{m}x{n}xf32>
}}
"""


def parse(text, target="tiny"):
    context = make_context()
    module = Parser(context, text).parse_module()
    module.attributes["sfumato.target"] = StringAttr(target)
    module.verify()
    return context, module


def execute(text, inputs):
    """Run a module of scheduled kernels on the test machine and return its outputs."""
    context, module = parse(text)
    specs = [spec for phase in PHASES for spec in pass_specs(phase, CompileOptions())]
    for spec in specs[specs.index("tile-choose-schedule") :]:
        make_pass(spec).apply(context, module)
        module.verify()
    return run(emit_program(module, {}), inputs, load("tiny"), sanitize=True)


def schedule_of(text, target):
    """Return the entries of the schedule chosen for the first kernel, and its first nest."""
    context, module = parse(text, target)
    TileChooseSchedule().apply(context, module)
    kernel = module.body.block.first_op
    (entry,) = kernel.schedule.data["nests"]
    numbers = {}
    for name, value in entry.data.items():
        numbers[name] = value.value.data if hasattr(value, "value") else tuple(value.get_values())
    return numbers, nests_of(kernel)[0]


@pytest.mark.parametrize(
    "target",
    [
        *("tiny", "ascend910b3", "ascend910b1", "ascend910b3:l1_kib=96,l0c_kib=32,l0a_kib=16"),
        *("tiny:cube.block_m=8,cube.block_n=8", "ascend910b3:cube.block_m=32,cube.block_n=16"),
    ],
)
@given(
    m=st.integers(2, 5000), n=st.integers(2, 5000), k=st.integers(1, 9000), dtype=st.sampled_from(["f32", "f16", "i8"])
)
@BOUNDED
def test_chosen_products_fit_the_cube_buffers_twice(target, m, n, k, dtype):
    machine = load(target)
    acc = "i32" if dtype == "i8" else "f32"
    chosen, _ = schedule_of(MATMUL.format(m=m, n=n, k=k, dtype=dtype, acc=acc, schedule=""), target)
    size = SIZES[dtype]
    rows, cols = chosen["row"], chosen["col"]
    (l1_k,), (l0_k,) = chosen["l1_k"], chosen["l0_k"]
    block_m, block_n = machine.cube.block_m, machine.cube.block_n
    assert rows % block_m == 0
    assert cols % block_n == 0
    assert l0_k % (32 // size) == 0
    assert l1_k % l0_k == 0
    assert 2 * rows * l0_k * size <= machine.l0a_bytes
    assert 2 * cols * l0_k * size <= machine.l0b_bytes
    assert 2 * (rows + cols) * l1_k * size <= machine.l1_bytes
    assert 2 * rows * cols * 4 <= machine.l0c_bytes
    assert rows - m < block_m
    assert cols - n < block_n


@pytest.mark.parametrize(
    ("settings", "larger"),
    [
        ("l2_read_gb_per_s=x0.25", lambda before, after: after["row"] + after["col"] > before["row"] + before["col"]),
        ("l0c_kib=x2", lambda before, after: after["row"] * after["col"] > before["row"] * before["col"]),
        ("l1_kib=x0.25", lambda before, after: after["l1_k"] < before["l1_k"]),
        ("l0a_kib=x2,l0b_kib=x2,cube.head_cycles=x10", lambda before, after: after["l0_k"] > before["l0_k"]),
        ("aic=8", lambda before, after: before["row"] * before["col"] < after["row"] * after["col"]),
    ],
)
def test_choices_follow_the_description(settings, larger):
    text = MATMUL.format(m=1024, n=1024, k=512, dtype="f16", acc="f32", schedule="")
    before, after = (schedule_of(text, target)[0] for target in ("ascend910b3", f"ascend910b3:{settings}"))
    assert larger(before, after), (before, after)


@pytest.mark.parametrize(("dtype", "acc"), [("f16", "f32"), ("i8", "i32")])
def test_types_that_the_cube_unit_does_not_have_are_refused(monkeypatch, dtype, acc):
    tiny = load("tiny")
    rates = {name: rate for name, rate in tiny.cube.macs_per_cycle.items() if name != dtype}
    narrow = replace(tiny, name="narrow", cube=replace(tiny.cube, macs_per_cycle=rates))
    monkeypatch.setattr("passes.tile.tile_choose_schedule.load", lambda target: narrow)
    with pytest.raises(SfumatoError, match=f"the cube unit of narrow multiplies {', '.join(rates)}, not {dtype}"):
        schedule_of(MATMUL.format(m=64, n=64, k=64, dtype=dtype, acc=acc, schedule=""), "tiny")


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
@given(m=st.integers(2, 5000), n=st.integers(2, 50000))
@BOUNDED
def test_chosen_rows_and_columns_lie_inside_the_space(target, m, n):
    chosen, nest = schedule_of(SOFTMAX.format(m=m, n=n, schedule=""), target)
    assert 1 <= chosen["row"] <= nest.space.sizes[nest.row]
    assert 1 <= chosen["col"] <= nest.space.sizes[nest.col]
    assert chosen["row"] * chosen["col"] * 4 < load(target).ub_bytes
    if chosen["col"] < n:
        assert chosen["col"] % 64 == 0


@given(m=st.integers(2, 12), n=st.integers(2, 128), row=st.integers(1, 12), col=st.integers(1, 4))
@BOUNDED
def test_any_tile_of_a_softmax_gives_the_same_values(m, n, row, col):
    """Whole rows, or parts of them with the partial results carried: equal up to the order of the sum."""
    schedule = f"schedule {{nests = [{{row = {min(row, m)} : i64, col = {min(64 * col, n)} : i64}}]}}"
    x = np.random.default_rng(0).standard_normal((m, n), np.float32)
    (found,) = execute(SOFTMAX.format(m=m, n=n, schedule=schedule), [x])
    powers = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), rtol=TOLERANCES["f32"])


@given(
    m=st.integers(2, 70),
    n=st.integers(2, 70),
    k=st.integers(1, 150),
    rows=st.integers(1, 3),
    cols=st.integers(1, 2),
    chunk=st.integers(1, 2),
    chunks=st.integers(1, 3),
)
@BOUNDED
def test_any_tile_of_a_product_gives_the_same_values(m, n, k, rows, cols, chunk, chunks):
    """Integers, so that the order of the sum does not matter."""
    l0_k = 32 * chunk
    sizes = f"row = {16 * rows} : i64, col = {16 * cols} : i64, l1_k = array<i64: {l0_k * chunks}>, l0_k = array<i64: {l0_k}>"
    text = MATMUL.format(m=m, n=n, k=k, dtype="i8", acc="i32", schedule=f"schedule {{nests = [{{{sizes}}}]}}")
    random = np.random.default_rng(0)
    x, w = (random.integers(-128, 128, shape, np.int8) for shape in ((m, k), (k, n)))
    (found,) = execute(text, [x, w])
    np.testing.assert_array_equal(found, x.astype(np.int64) @ w.astype(np.int64))


@given(shape=st.lists(st.integers(2, 9), min_size=1, max_size=4), data=st.data())
@BOUNDED
def test_dimensions_merge_exactly_when_every_walk_is_contiguous(shape, data):
    """A pointwise kernel on dense operands has one dimension; each broadcast boundary keeps one more."""
    present = [data.draw(st.booleans()) for _ in shape]
    part = [size for size, here in zip(shape, present, strict=True) if here]
    dims = [axis for axis, here in enumerate(present) if here]
    full, small = ("tensor<" + "".join(f"{s}x" for s in sizes) + "f32>" for sizes in (shape, part))
    kernel = f"""
tile.kernel @sum {{
^bb0(%x: {full}, %y: {small}):
  %0 = graph.broadcast %y <{{dims = array<i64{": " if dims else ""}{", ".join(map(str, dims))}>}}> : ({small}) -> {full}
  %1 = graph.add %x, %0 : {full}
  tile.return %1 : {full}
}}"""
    _, module = parse(kernel)
    (nest,) = nests_of(module.body.block.first_op)
    runs = 1 + sum(a != b for a, b in itertools.pairwise(present))
    assert len(nest.space.sizes) == runs
    assert prod(nest.space.sizes.values()) == prod(shape)
