"""Concatenations with producers and row gathers, against numpy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)
SIZES = st.sampled_from([1, 2, 3, 8, 12, 17, 33, 64])


@pytest.mark.parametrize("target", TARGETS)
@given(shape=st.lists(SIZES, min_size=1, max_size=3), data=st.data())
@BOUNDED
def test_concat_with_producers(graph, target, shape, data):
    """Pieces are inputs, computed values or permuted inputs."""
    g = graph(target)
    axis = data.draw(st.integers(0, len(shape) - 1))
    pieces = []
    for kind in data.draw(st.lists(st.sampled_from(["input", "computed", "turned"]), min_size=2, max_size=4)):
        mine = [data.draw(SIZES) if i == axis else size for i, size in enumerate(shape)]
        if kind == "turned":
            pieces.append(g.permute(g.input(mine[::-1]), range(len(shape))[::-1]))
        else:
            pieces.append(g.input(mine) if kind == "input" else g.unary("exp", g.input(mine)))
    g.check(g.concat(pieces, axis))


@pytest.mark.parametrize("target", TARGETS)
def test_concat_that_is_computed_on(graph, target):
    g = graph(target)
    x = g.concat([g.input([4, 10]), g.unary("neg", g.input([4, 23]))], 1)
    g.check(g.binary("mul", x, g.input([4, 33])), x)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_concatenation_and_permutations_of_it(graph, target, order):
    g = graph(target)
    x = g.concat([g.input([5, 4]), g.input([5, 7])], 1)
    g.check(x, g.permute(x, order), g.concat([x, x], 0))


@pytest.mark.parametrize("target", TARGETS)
def test_rotary_embedding(graph, target):
    """Halves are swapped and negated through slices and a concatenation."""
    g = graph(target)
    shape = [2, 4, 9, 32]
    x = g.input(shape)
    low = g.slice(x, [0, 0, 0, 0], [2, 4, 9, 16], [1] * 4)
    high = g.slice(x, [0, 0, 0, 16], shape, [1] * 4)
    turned = g.concat([g.unary("neg", high), low], 3)
    cosine, sine = (g.broadcast(g.input([9, 32]), [2, 3], shape) for _ in range(2))
    g.check(g.binary("add", g.binary("mul", x, cosine), g.binary("mul", turned, sine)))


@pytest.mark.parametrize("target", TARGETS)
@given(
    rows=SIZES,
    cols=SIZES,
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=2),
    dtype=st.sampled_from(["i32", "i64"]),
)
@BOUNDED
def test_embedding_with_pointwise(graph, target, rows, cols, shape, dtype):
    g = graph(target)
    picked = g.take(g.input([rows, cols]), g.input(shape, dtype, 0, rows))
    full = [*shape, cols]
    scaled = g.binary("mul", picked, g.broadcast(g.input([cols]), [len(shape)], full))
    g.check(g.binary("add", scaled, g.input(full)), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
def test_wide_rows_are_gathered_in_parts(graph, target):
    g = graph(target)
    g.check(g.take(g.input([11, 20001]), g.input([7], "i64", 0, 11)))


@pytest.mark.parametrize("target", TARGETS)
def test_computed_indices(graph, target):
    g = graph(target)
    positions = g.binary("add", g.input([6], "i32", 0, 5), g.fill(2, [6], "i32"))
    g.check(g.take(g.input([9, 40]), positions))
