"""Pointwise kernels against numpy: every broadcast, permuted and sliced reads, permuted writes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
SIZES = st.sampled_from([1, 2, 3, 7, 8, 16, 17, 33, 64, 65, 100])
SHAPES = st.lists(SIZES, min_size=1, max_size=4).filter(lambda shape: 0 < len(shape) and _elements(shape) <= 30000)
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)


def _elements(shape):
    product = 1
    for size in shape:
        product *= size
    return product


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_broadcast_operands(graph, target, shape, data):
    """One operand has the full shape, the others any subset of its axes, each possibly of one element."""
    g = graph(target)
    total = g.input(shape)
    for name in ("add", "mul", "max"):
        dims = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1))))
        operand = g.input([data.draw(st.sampled_from([1, shape[dim]])) for dim in dims])
        total = g.binary(name, total, g.broadcast(operand, dims, shape))
    g.check(total, kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_no_operand_has_the_full_shape(graph, target, shape, data):
    """An outer sum, difference ...: axes are dealt out between two operands."""
    g = graph(target)
    mine = data.draw(st.sets(st.integers(0, len(shape) - 1)))
    sides = []
    for dims in (sorted(mine), [axis for axis in range(len(shape)) if axis not in mine]):
        sides.append(g.broadcast(g.unary("neg", g.input([shape[dim] for dim in dims])), dims, shape))
    g.check(g.binary("sub", *sides))


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_permuted_operands(graph, target, shape, data):
    g = graph(target)
    total = g.input(shape)
    for name in ("add", "mul"):
        order = data.draw(st.permutations(range(len(shape))))
        stored = [0] * len(shape)
        for axis, source in enumerate(order):
            stored[source] = shape[axis]
        total = g.binary(name, total, g.permute(g.input(stored), order))
    g.check(total)


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_permuted_results(graph, target, shape, data):
    """A result is stored in another order of axes, and perhaps in its own too."""
    g = graph(target)
    result = g.unary("abs", g.input(shape))
    turned = g.permute(result, data.draw(st.permutations(range(len(shape)))))
    g.check(*([turned, result] if data.draw(st.booleans()) else [turned]))


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_sliced_operands(graph, target, shape, data):
    g = graph(target)
    total = g.input(shape)
    for name in ("add", "max"):
        low = [data.draw(st.integers(0, 3)) for _ in shape]
        whole = [size + start + data.draw(st.integers(0, 2)) for size, start in zip(shape, low, strict=True)]
        stops = [start + size for start, size in zip(low, shape, strict=True)]
        total = g.binary(name, total, g.slice(g.input(whole), low, stops, [1] * len(shape)))
    g.check(total, kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(shape=st.lists(st.integers(2, 17), min_size=2, max_size=3), step=st.integers(2, 4), data=st.data())
@BOUNDED
def test_strided_slices_of_outer_axes(graph, target, shape, step, data):
    g = graph(target)
    axis = data.draw(st.integers(0, len(shape) - 2))
    whole = [size * step if i == axis else size for i, size in enumerate(shape)]
    steps = [step if i == axis else 1 for i in range(len(shape))]
    sliced = g.slice(g.input(whole), [0] * len(shape), whole, steps)
    g.check(g.binary("mul", sliced, g.input(shape)))


@pytest.mark.parametrize("target", TARGETS)
@given(shape=SHAPES, data=st.data())
@BOUNDED
def test_copies_of_views(graph, target, shape, data):
    """A view that nothing computes on is made dense by a copy."""
    g = graph(target)
    view = g.permute(g.input(shape), data.draw(st.permutations(range(len(shape)))))
    rank = len(shape) + 1
    place = data.draw(st.integers(0, rank - 1))
    wide = [*view.array.shape[:place], data.draw(st.integers(1, 5)), *view.array.shape[place:]]
    g.check(g.broadcast(view, [axis for axis in range(rank) if axis != place], wide))


@pytest.mark.parametrize("target", TARGETS)
def test_every_float_function(graph, target):
    g = graph(target)
    x, positive = g.input([37, 70]), g.input([37, 70], low=0.1, high=4.0)
    outputs = [g.unary(name, x) for name in ("neg", "abs", "exp", "relu", "floor", "ceil", "round", "trunc")]
    outputs += [g.unary(name, positive) for name in ("log", "sqrt", "rsqrt", "reciprocal")]
    outputs += [g.binary(name, x, positive) for name in ("add", "sub", "mul", "div", "max", "min")]
    g.check(*outputs)


@pytest.mark.parametrize("target", TARGETS)
def test_numbers_on_either_side(graph, target):
    g = graph(target)
    x = g.input([5, 130], low=0.5)
    two = g.fill(2.0, [5, 130])
    g.check(
        *(
            g.binary(name, *sides)
            for name in ("add", "sub", "mul", "div", "max", "min")
            for sides in ((x, two), (two, x))
        )
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("predicate", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_compare_and_select(graph, target, predicate):
    g = graph(target)
    x, y = (g.cast(g.input([9, 77], "f32", -3, 3), "f32") for _ in range(2))
    x, y = g.unary("round", x), g.unary("round", y)
    g.check(g.select(g.compare(predicate, x, y), x, g.unary("neg", y)))


@pytest.mark.parametrize("target", TARGETS)
def test_causal_mask(graph, target):
    g = graph(target)
    shape = [3, 20, 33]
    keep = g.compare("le", g.iota(2, shape), g.iota(1, shape))
    g.check(g.select(keep, g.input(shape), g.fill(-1e9, shape)), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
def test_many_results_and_a_shared_operand(graph, target):
    g = graph(target)
    x, y = g.input([4, 6, 50]), g.input([50])
    wide = g.broadcast(y, [2], [4, 6, 50])
    total = g.binary("add", x, wide)
    g.check(total, g.unary("exp", total), g.binary("mul", wide, x))


@pytest.mark.parametrize("target", TARGETS)
def test_a_long_vector_and_a_single_element(graph, target):
    g = graph(target)
    g.check(g.unary("relu", g.input([100003])), g.unary("exp", g.input([])), g.unary("neg", g.input([1, 1])))
