"""Windows whose elements lie apart in memory: strides of any sign, turned and interleaved tensors, all sizes of elements."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)
DTYPES = ["f32", "f16", "i32", "i64", "i1"]
SIZES = st.sampled_from([1, 2, 5, 8, 33, 70])


@pytest.mark.parametrize("target", TARGETS)
@given(shape=st.lists(SIZES, min_size=1, max_size=3), dtype=st.sampled_from(DTYPES), data=st.data())
@BOUNDED
def test_strided_slices(graph, target, shape, dtype, data):
    """Slices with steps of both signs along all axes, permuted, copied."""
    g = graph(target)
    steps = [data.draw(st.sampled_from([-3, -1, 1, 2])) for _ in shape]
    starts = [
        size - 1 if step < 0 else data.draw(st.integers(0, size - 1)) for size, step in zip(shape, steps, strict=True)
    ]
    stops = [None if step < 0 else size for size, step in zip(shape, steps, strict=True)]
    x = g.input(shape, dtype)
    array = x.array[tuple(map(slice, starts, stops, steps))]
    bounds = ", ".join(
        f"{name} = array<i64: {', '.join(str(-1 if number is None else number) for number in numbers)}>"
        for name, numbers in (("starts", starts), ("stops", stops), ("steps", steps))
    )
    sliced = g.op("slice", [x], array, dtype, bounds)
    g.check(g.permute(sliced, data.draw(st.permutations(range(len(shape))))))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_interleaved(graph, target, dtype):
    """Pairs are taken apart and put together: loads and stores of every second element."""
    g = graph(target)
    x = g.input([3, 50, 2], dtype)
    halves = [g.slice(x, [0, 0, place], [3, 50, place + 1], [1, 1, 1]) for place in (1, 0)]
    g.check(g.concat([g.reshape(half, [3, 50, 1]) for half in halves], 2))


@pytest.mark.parametrize("target", TARGETS)
def test_every_operand_in_another_order(graph, target):
    g = graph(target)
    x, y, z = g.input([5, 6, 7]), g.input([7, 6, 5]), g.input([5, 7, 6])
    g.check(g.binary("add", g.binary("add", x, g.permute(y, [2, 1, 0])), g.permute(z, [0, 2, 1])))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f32", "i64"])
def test_columns_that_indices_name(graph, target, dtype):
    g = graph(target)
    table, indices = g.permute(g.input([90, 11], dtype), [1, 0]), g.input([4, 3], "i64", 0, 11)
    g.check(g.take(table, indices))


@pytest.mark.parametrize("target", TARGETS)
def test_rows_of_one_element(graph, target):
    g = graph(target)
    g.check(g.take(g.input([12, 1]), g.input([70], "i32", 0, 12)))


@pytest.mark.parametrize("target", TARGETS)
def test_narrow_value_that_is_stored_and_spread(graph, target):
    """What does not vary along the columns is stored by the first tile of each row only."""
    g = graph(target)
    x = g.unary("exp", g.input([15]))
    g.check(x, g.binary("add", g.broadcast(x, [0], [15, 9000]), g.input([15, 9000])))
    rows = g.unary("neg", g.input([40]))
    g.check(rows, g.binary("mul", g.broadcast(rows, [1], [64, 40]), g.input([64, 40])))
