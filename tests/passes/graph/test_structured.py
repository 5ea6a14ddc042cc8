"""graph-expand-structured against torch: values of every op and element type, what is left, and the accuracy of scans."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import bf16, f16, f32, i1, i8, i32, i64

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.operation import integer
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.graph.graph_expand_structured import GraphExpandStructured
from passes.graph.structured.table import EXPANSIONS
from runtime.compare import single_operation_tolerance

STATELESS = [HealthCheck.function_scoped_fixture]
BOUNDED = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=STATELESS)
ELEMENTS = {f32: torch.float32, f16: torch.float16, bf16: torch.bfloat16, i64: torch.int64, i32: torch.int32}
ELEMENTS |= {i8: torch.int8, i1: torch.bool}


def to_numpy(value):
    if value.dtype is torch.bfloat16:
        return value.view(torch.int16).numpy().view(DType.bf16.numpy)
    return value.numpy()


def samples(shape, element, seed=0, special=True):
    """Random elements; of floats some are infinite or NaN, of integers some are equal."""
    generator = torch.Generator().manual_seed(seed)
    if element == i1:
        return torch.rand(shape, generator=generator) < 0.5
    if element in (i8, i32, i64):
        return torch.randint(-9, 9, shape, generator=generator).to(ELEMENTS[element])
    x = torch.randn(shape, generator=generator)
    if special:
        odd = torch.rand(shape, generator=generator)
        for number, bound in ((float("nan"), 0.05), (float("inf"), 0.04), (float("-inf"), 0.03), (-0.0, 0.02)):
            x = torch.where(odd < bound, torch.full_like(x, number), x)
    return x.to(ELEMENTS[element])


@pytest.fixture
def expand(module, run_passes):
    """The value of an op on torch tensors after the pass, checked to leave no structured op."""

    def run(make, *inputs):
        elements = {dtype: element for element, dtype in ELEMENTS.items()}
        types = [tensor(tuple(value.shape), elements[value.dtype]) for value in inputs]
        made = module(types, lambda add, *arguments: [add(make(*arguments))])
        run_passes(made, GraphExpandStructured())
        for op in made.walk():
            rows = isinstance(op, graph.TakeOp) and integer(op.properties, "axis") == 0
            assert rows or type(op) not in EXPANSIONS
        return evaluate(made, [to_numpy(value) for value in inputs])[0]

    return run


def same(found, expected):
    np.testing.assert_array_equal(found.astype(np.float64), to_numpy(expected).astype(np.float64))


SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@pytest.mark.parametrize("element", ELEMENTS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_gather(expand, element, shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    places = [data.draw(st.integers(1, 5 if other == axis else size)) for other, size in enumerate(shape)]
    x, indices = samples(shape, element), torch.randint(0, shape[axis], places)
    same(expand(lambda x, i: graph.GatherOp.make(x, i, axis), x, indices), torch.gather(x, axis, indices))


@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4), data=st.data())
@BOUNDED
def test_gather_of_whole_rows(module, run_passes, shape, data):
    """Indices that are repeated along the trailing axes become lookups of rows."""
    axis = data.draw(st.integers(0, len(shape) - 2))
    x = samples([*shape, 3], f32)
    indices = torch.randint(0, shape[axis], (*shape[:axis], 4))
    full = (*shape[:axis], 4, *shape[axis + 1 :], 3)

    def build(add, x, i):
        return [add(graph.GatherOp.make(x, add(graph.BroadcastOp.make(i, full, range(axis + 1))), axis))]

    made = module([tensor(x.shape, f32), tensor(indices.shape, i64)], build)
    run_passes(made, GraphExpandStructured())
    assert any(isinstance(op, graph.TakeOp) for op in made.walk())
    spread = indices.reshape(*indices.shape, *[1] * (len(full) - axis - 1)).expand(full)
    same(evaluate(made, [x.numpy(), indices.numpy()])[0], torch.gather(x, axis, spread))


@pytest.mark.parametrize("size", [5, 5000, 4096])
def test_elements_of_long_tables(expand, size):
    table, indices = samples([size], f32), torch.randint(0, size, (3, 7))
    same(expand(lambda t, i: graph.TakeOp.make(t, i, 0), table, indices), table[indices])
    deep, places = samples([2, size, 3], i32), torch.randint(0, size, (2, 4, 3))
    same(expand(lambda x, i: graph.GatherOp.make(x, i, 1), deep, places), torch.gather(deep, 1, places))


@pytest.mark.parametrize("element", [f32, i1, i64])
@given(shape=SHAPES, places=st.lists(st.integers(1, 4), max_size=2), data=st.data())
@BOUNDED
def test_take(expand, element, shape, places, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    x, indices = samples(shape, element), torch.randint(0, shape[axis], places)
    expected = torch.index_select(x, axis, indices.reshape(-1)).reshape((*shape[:axis], *places, *shape[axis + 1 :]))
    same(expand(lambda x, i: graph.TakeOp.make(x, i, axis), x, indices), expected)


@pytest.mark.parametrize("reduce", ["none", "add"])
@pytest.mark.parametrize("element", [f32, bf16, i64, i8, i1])
@given(shape=SHAPES, count=st.integers(1, 9), data=st.data())
@BOUNDED
def test_index_put(expand, element, reduce, shape, count, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    adds = reduce == "add"
    count = count if adds else min(count, shape[axis])
    indices = torch.randint(0, shape[axis], (count,)) if adds else torch.randperm(shape[axis])[:count]
    x = samples(shape, element, special=not adds)
    values = samples([*shape[:axis], count, *shape[axis + 1 :]], element, 1, special=not adds)
    found = expand(lambda x, i, v: graph.IndexPutOp.make(x, i, v, axis, reduce), x, indices, values)
    if not adds:
        same(found, x.index_copy(axis, indices, values))
    elif element == i1:
        same(found, x.int().index_add(axis, indices, values.int()) != 0)
    else:
        _near_sum(found, x, lambda x, v: x.index_add(axis, indices, v), values)


@pytest.mark.parametrize("count", [3, 9])
def test_the_last_of_repeated_writes_wins(expand, count):
    x, values = torch.zeros(4, 3), torch.arange(3.0 * count).reshape(count, 3)
    indices = torch.arange(count) % 2
    found = expand(lambda x, i, v: graph.IndexPutOp.make(x, i, v, 0, "none"), x, indices, values)
    for row in range(2):
        last = int(torch.nonzero(indices == row)[-1])
        np.testing.assert_array_equal(found[row], values[last].numpy())
    np.testing.assert_array_equal(found[2:], 0)


@pytest.mark.parametrize("reduce", ["none", "add"])
@pytest.mark.parametrize("element", [f32, f16, i32, i1])
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_scatter(expand, element, reduce, shape, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    adds = reduce == "add"
    places = [data.draw(st.integers(1, size)) for size in shape]
    if adds:
        indices = torch.randint(0, shape[axis], places)
    else:  # torch leaves open which of repeated writes stays
        indices = (
            torch.rand(*places[:axis], shape[axis], *places[axis + 1 :]).argsort(axis).narrow(axis, 0, places[axis])
        )
    x, updates = samples(shape, element, special=not adds), samples(places, element, 1, special=not adds)
    found = expand(lambda x, i, u: graph.ScatterOp.make(x, i, u, axis, reduce), x, indices, updates)
    if not adds:
        same(found, x.scatter(axis, indices, updates))
    elif element == i1:
        same(found, x.int().scatter_add(axis, indices, updates.int()) != 0)
    else:
        _near_sum(found, x, lambda x, u: x.scatter_add(axis, indices, u), updates)


def _near_sum(found, x, add, updates):
    """Integers agree; floats are within one rounding of the sum in f64 (sums of f32: a few)."""
    if not x.dtype.is_floating_point:
        same(found, add(x, updates))
        return
    exact = add(x.double(), updates.double()).numpy()
    size = add(x.double().abs(), updates.double().abs()).numpy()
    units = {torch.float32: 2.0**-21, torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}[x.dtype]
    assert np.all(np.abs(found.astype(np.float64) - exact) <= units * 1.01 * size)


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("element", [f32, bf16, i64, i8])
@given(shape=SHAPES, data=st.data(), seed=st.integers(0, 99))
@BOUNDED
def test_arg_reduce(expand, element, kind, shape, data, seed):
    axis = data.draw(st.integers(0, len(shape) - 1))
    x = samples(shape, element, seed)
    if element == f32 and seed % 3 == 0:
        x = x.round()  # equal elements: the first counts
    expected = torch.argmax(x, axis) if kind == "max" else torch.argmin(x, axis)
    same(expand(lambda x: graph.ArgReduceOp.make(x, kind, axis), x), expected)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("element", [f32, f16, i64, i1])
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_sort(expand, element, descending, shape, data):
    axis, x = data.draw(st.integers(0, len(shape) - 1)), samples(shape, element)
    expected = torch.sort(x, dim=axis, descending=descending, stable=True).values
    same(expand(lambda x: graph.SortOp.make(x, axis, descending), x), expected)


@pytest.mark.parametrize("largest", [False, True])
def test_topk(expand, largest):
    x = samples([3, 33, 4], f32, special=False)
    same(expand(lambda x: graph.TopkOp.make(x, 5, 1, largest), x), torch.topk(x, 5, 1, largest).values)


@pytest.mark.parametrize("kind", ["add", "mul", "max", "min"])
@pytest.mark.parametrize("element", [i32, i64])
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_scan_of_integers(expand, element, kind, shape, data):
    axis, x = data.draw(st.integers(0, len(shape) - 1)), samples(shape, element)
    scan = {"add": torch.cumsum, "mul": torch.cumprod, "max": torch.cummax, "min": torch.cummin}[kind]
    expected = scan(x, axis)
    expected = expected if kind in ("add", "mul") else expected.values
    same(expand(lambda x: graph.ScanOp.make(x, kind, axis), x), expected.to(x.dtype))


@pytest.mark.parametrize("kind", ["max", "min"])
def test_scan_of_extremes(expand, kind):
    x = samples([5, 33], f32)
    expected = (torch.cummax if kind == "max" else torch.cummin)(x, 1).values
    same(expand(lambda x: graph.ScanOp.make(x, kind, 1), x), expected)


@pytest.mark.parametrize("kind", ["add", "mul"])
@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize("element", [f32, f16, bf16])
def test_scan_is_as_accurate_as_torch(expand, element, size, kind):
    x = samples([6, size], element, special=False)
    if kind == "mul":
        x = (1 + x / 100).to(x.dtype)
    scan = torch.cumsum if kind == "add" else torch.cumprod
    exact = scan(x.double(), 1).numpy()
    ours = np.abs(expand(lambda x: graph.ScanOp.make(x, kind, 1), x).astype(np.float64) - exact).max()
    theirs = np.abs(to_numpy(scan(x, 1)).astype(np.float64) - exact).max()
    assert ours <= 2 * theirs


def test_infinities_in_a_sum_stay(expand):
    x = torch.tensor([1.0, float("inf"), 2.0, float("-inf"), 3.0, float("nan")])
    same(expand(lambda x: graph.ScanOp.make(x, "add", 0), x), torch.cumsum(x, 0))


@given(
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    kind=st.sampled_from(["max", "add"]),
    data=st.data(),
)
@BOUNDED
def test_pools(expand, sizes, kind, data):
    rank = len(sizes)
    window = [data.draw(st.integers(1, size)) for size in sizes]
    strides = [data.draw(st.integers(1, 3)) for _ in sizes]
    padding = [data.draw(st.integers(0, width // 2)) for width in window]
    fits = [(size + 2 * pad - 1) // max(width - 1, 1) for size, pad, width in zip(sizes, padding, window, strict=True)]
    dilation = [data.draw(st.integers(1, max(1, min(2, fit)))) for fit in fits] if kind == "max" else [1] * rank
    x = samples([2, 3, *sizes], f32, special=False)
    ones, none = [1, 1], [0, 0]

    def make(x):
        return graph.ReduceWindowOp.make(
            x, kind, ones + window, ones + strides, none + padding, none + padding, ones + dilation
        )

    functional = torch.nn.functional
    if kind == "max":
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[rank - 1]
        same(expand(make, x), pool(x, window, strides, padding, dilation))
        return
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[rank - 1]
    count = np.prod(window)
    expected = pool(x.double(), window, strides, padding).numpy() * count
    np.testing.assert_allclose(
        expand(make, x), expected, rtol=0, atol=single_operation_tolerance("f32", count) * count * x.abs().max().item()
    )


@pytest.mark.parametrize("element", ELEMENTS)
def test_pad(expand, element):
    x = samples([3, 4], element)
    found = expand(lambda x: graph.PadOp.make(x, [1, 0], [2, 3], 1), x)
    same(found, torch.nn.functional.pad(x, (0, 3, 1, 2), value=1))
