"""Reductions and trees of them against numpy: any axes, rows that fit UB and rows that do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
SIZES = st.sampled_from([1, 2, 3, 7, 8, 16, 17, 33, 64, 65, 100])
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)


def _elements(shape):
    product = 1
    for size in shape:
        product *= size
    return product


SHAPES = st.lists(SIZES, min_size=1, max_size=4).filter(lambda shape: _elements(shape) <= 30000)


def softmax(g, x, axes):
    shape = x.array.shape
    highest = g.spread(g.reduce("max", x, axes), axes, shape)
    powers = g.unary("exp", g.binary("sub", x, highest))
    return g.binary("div", powers, g.spread(g.reduce("add", powers, axes), axes, shape))


def layer_norm(g, x, weight, bias):
    shape = x.array.shape
    last = [len(shape) - 1]
    count = g.fill(1 / shape[-1], shape[:-1])
    mean = g.binary("mul", g.reduce("add", x, last), count)
    centred = g.binary("sub", x, g.spread(mean, last, shape))
    variance = g.binary("mul", g.reduce("add", g.binary("mul", centred, centred), last), count)
    scale = g.unary("rsqrt", g.binary("add", variance, g.fill(1e-5, shape[:-1])))
    normal = g.binary("mul", centred, g.spread(scale, last, shape))
    scaled = g.binary("mul", normal, g.broadcast(weight, last, shape))
    return g.binary("add", scaled, g.broadcast(bias, last, shape))


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, kind=st.sampled_from(["add", "max", "min"]), data=st.data())
@BOUNDED
def test_reduction_along_any_axes(graph, target, shape, kind, data):
    g = graph(target)
    axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    g.check(g.reduce(kind, g.input(shape), axes), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_softmax_along_any_axis(graph, target, shape, data):
    g = graph(target)
    g.check(softmax(g, g.input(shape), [data.draw(st.integers(0, len(shape) - 1))]))


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_pointwise_around_a_reduction(graph, target, shape, data):
    """What is reduced, and what is left, are computed on; the input and the result are views."""
    g = graph(target)
    order = data.draw(st.permutations(range(len(shape))))
    x = g.permute(g.input(shape), order)
    axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    total = g.reduce("add", g.binary("mul", x, g.input(x.array.shape)), axes)
    g.check(g.unary("relu", total))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [[5, 33, 129], [1, 64], [700, 48], [7, 1], [3, 2, 1025]])
def test_layer_norm(graph, target, shape):
    g = graph(target)
    weight, bias = g.input(shape[-1:]), g.input(shape[-1:])
    g.check(layer_norm(g, g.input(shape), weight, bias), kernels=1)


@pytest.mark.parametrize(("target", "cols"), [("tiny", 12345), ("ascend910b3", 70001)])
def test_trees_of_rows_wider_than_ub(graph, target, cols):
    g = graph(target)
    x = g.input([3, cols])
    g.check(softmax(g, x, [1]), length=cols)
    g = graph(target)
    x, weight, bias = g.input([2, cols]), g.input([cols]), g.input([cols])
    g.check(layer_norm(g, x, weight, bias), length=cols)


@pytest.mark.parametrize(("target", "shape"), [("tiny", [211, 3, 190]), ("ascend910b3", [90, 7, 1100])])
@pytest.mark.parametrize("axes", [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
def test_large_reductions(graph, target, shape, axes):
    g = graph(target)
    g.check(g.reduce("add", g.input(shape, low=0), axes), length=_elements(shape))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [[64, 8, 7, 100], [17, 33, 64], [100, 7, 65]])
def test_sums_of_products_of_rows(graph, target, shape):
    g = graph(target)
    product = g.binary("mul", g.input(shape), g.input(shape))
    g.check(g.unary("relu", g.reduce("add", product, [len(shape) - 1])), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
def test_a_product_and_two_reductions_of_one_value(graph, target):
    g = graph(target)
    x = g.input([6, 40], low=0.5, high=1.5)
    g.check(g.reduce("mul", x, [1]), g.reduce("add", x, [1]), g.reduce("max", x, [0]))
