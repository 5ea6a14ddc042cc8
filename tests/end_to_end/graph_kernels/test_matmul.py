"""Products against numpy: transpositions, batches, odd sizes, views as operands, fused epilogues."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
SIZES = st.one_of(st.sampled_from([1, 2, 15, 16, 17, 31, 32, 33, 64, 65]), st.integers(1, 150))
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)


def operands(g, m, n, k, transpose_a=False, transpose_b=False, batch=(), dtype="f32"):
    a = g.input([*batch, k, m] if transpose_a else [*batch, m, k], dtype)
    b = g.input([*batch, n, k] if transpose_b else [*batch, k, n], dtype)
    return a, b


@pytest.mark.parametrize("target", TARGETS)
@given(
    m=SIZES,
    n=SIZES,
    k=SIZES,
    transpose_a=st.booleans(),
    transpose_b=st.booleans(),
    dtype=st.sampled_from(["f32", "f16", "bf16"]),
)
@BOUNDED
def test_transpositions_and_tails(graph, target, m, n, k, transpose_a, transpose_b, dtype):
    g = graph(target)
    a, b = operands(g, m, n, k, transpose_a, transpose_b, dtype=dtype)
    g.check(g.matmul(a, b, transpose_a, transpose_b, dtype), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(
    batch=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    m=st.integers(1, 40),
    n=st.integers(1, 40),
    k=st.integers(1, 40),
    transpose_a=st.booleans(),
    transpose_b=st.booleans(),
)
@BOUNDED
def test_batches(graph, target, batch, m, n, k, transpose_a, transpose_b):
    g = graph(target)
    a, b = operands(g, m, n, k, transpose_a, transpose_b, batch)
    g.check(g.matmul(a, b, transpose_a, transpose_b), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(m=st.integers(1, 70), n=st.integers(1, 70), k=st.integers(1, 70), data=st.data())
@BOUNDED
def test_epilogues(graph, target, m, n, k, data):
    """A product, then a scale, a bias along rows or columns, a residual, an activation: one kernel."""
    g = graph(target)
    a, b = operands(g, m, n, k)
    total = g.matmul(a, b)
    for step in data.draw(
        st.lists(st.sampled_from(["scale", "row", "column", "residual", "relu", "exp"]), min_size=1, max_size=3)
    ):
        match step:
            case "scale":
                total = g.binary("mul", total, g.fill(0.125, [m, n]))
            case "row":
                total = g.binary("add", total, g.broadcast(g.input([n]), [1], [m, n]))
            case "column":
                total = g.binary("sub", total, g.broadcast(g.input([m]), [0], [m, n]))
            case "residual":
                total = g.binary("add", g.input([m, n]), total)
            case "relu":
                total = g.unary("relu", total)
            case "exp":
                total = g.unary("exp", g.binary("min", total, g.fill(2.0, [m, n])))
    g.check(total, kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(
    batch=st.integers(1, 3),
    heads=st.integers(1, 4),
    m=st.integers(1, 40),
    n=st.integers(1, 40),
    k=st.integers(1, 40),
    order=st.sampled_from([(0, 2, 1, 3), (0, 2, 3, 1)]),
)
@BOUNDED
def test_permuted_views_as_operands(graph, target, batch, heads, m, n, k, order):
    """Heads that lie inside rows, as attention reads queries and keys."""
    g = graph(target)
    a = g.permute(g.input([batch, m, heads, k]), [0, 2, 1, 3])
    b = g.permute(g.input([batch, n, heads, k]), order)
    g.check(g.matmul(a, b, transpose_b=order == (0, 2, 1, 3)), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@given(
    batch=st.integers(1, 3), heads=st.integers(1, 4), m=st.integers(1, 40), n=st.integers(1, 40), k=st.integers(1, 40)
)
@BOUNDED
def test_permuted_results(graph, target, batch, heads, m, n, k):
    g = graph(target)
    a, b = operands(g, m, n, k, batch=(batch, heads))
    g.check(g.reshape(g.permute(g.matmul(a, b), [0, 2, 1, 3]), [batch, m, heads * n]))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("m", "n"), [(5, 6), (16, 16), (17, 33), (1, 6), (5, 1), (50, 70)])
def test_a_product_and_its_transpose(graph, target, m, n):
    """The vector cores turn the product on its way out; one may have no rows of a tile."""
    g = graph(target)
    product = g.matmul(*operands(g, m, n, 7))
    g.check(g.permute(product, [1, 0]), product)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("heads", [1, 4])
def test_shared_operands(graph, target, heads):
    """One matrix for a whole batch, and grouped keys: an operand that is broadcast along the batch."""
    g = graph(target)
    a = g.input([2, 8, 20, 24])
    b = g.reshape(
        g.broadcast(g.input([2, heads, 24, 30]), [0, 1, 3, 4], [2, heads, 8 // heads, 24, 30]), [2, 8, 24, 30]
    )
    g.check(g.matmul(a, b))


@pytest.mark.parametrize("target", TARGETS)
def test_sliced_operands(graph, target):
    """One projection of queries, keys and values, cut in three."""
    g = graph(target)
    whole = g.input([40, 96])
    parts = [g.slice(whole, [0, start], [40, start + 32], [1, 1]) for start in (0, 32, 64)]
    scores = g.matmul(parts[0], parts[1], transpose_b=True)
    g.check(g.matmul(scores, parts[2]))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("epilogue", [False, True])
def test_many_tiles_a_core(graph, target, epilogue):
    """More tiles than cores, and on the small machine more k than L1 holds at once: channels and queues go round."""
    g = graph(target)
    m, n, k = (300, 270, 1100) if target == "tiny" else (4000, 300, 40)
    a, b = operands(g, m, n, k, dtype="f16" if target != "tiny" else "f32")
    total = g.matmul(a, b, dtype="f32")
    if epilogue:
        total = g.binary("add", total, g.broadcast(g.input([n]), [1], [m, n]))
    g.check(total, length=k)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_conversion_and_relu_in_the_fixpipe(graph, target, dtype):
    g = graph(target)
    a, b = operands(g, 50, 70, 90, dtype=dtype)
    program = g.check(g.unary("relu", g.cast(g.matmul(a, b, dtype="f32"), dtype)), kernels=1)
    assert program.kernels[0].kind == "cube"
