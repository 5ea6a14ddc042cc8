"""Element types other than f32, against numpy: arithmetic, conversions, conditions."""

import pytest

TARGETS = ["tiny", "ascend910b3"]
SHAPE = [9, 77]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_half_floats(graph, target, dtype):
    g = graph(target)
    x, y = g.input(SHAPE, dtype), g.input(SHAPE, dtype, 0.5, 2.0)
    outputs = [g.binary(name, x, y) for name in ("add", "sub", "mul", "div", "max", "min")]
    outputs += [g.unary(name, x) for name in ("neg", "abs", "exp", "relu", "round")]
    outputs += [g.unary(name, y) for name in ("log", "sqrt", "rsqrt", "reciprocal")]
    g.check(*outputs)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["i32", "i64", "i16"])
def test_integers(graph, target, dtype):
    g = graph(target)
    x, y = g.input(SHAPE, dtype, -100, 100), g.input(SHAPE, dtype, -100, 100)
    outputs = [g.binary(name, x, y) for name in ("add", "sub", "mul", "max", "min")]
    outputs += [g.unary(name, x) for name in ("neg", "relu")]
    g.check(*outputs)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["i32", "i64"])
def test_integer_reductions(graph, target, dtype):
    g = graph(target)
    x = g.input(SHAPE, dtype, -1000, 1000)
    g.check(g.reduce("add", x, [1]), g.reduce("max", x, [1]), g.reduce("min", x, [1]))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("predicate", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("dtype", ["i32", "i64", "f16", "bf16"])
def test_comparisons(graph, target, dtype, predicate):
    g = graph(target)
    x, y = g.input(SHAPE, dtype, -3, 3), g.input(SHAPE, dtype, -3, 3)
    if dtype[0] != "i":
        x, y = g.unary("round", x), g.unary("round", y)
    g.check(g.compare(predicate, x, y))


@pytest.mark.parametrize("target", TARGETS)
def test_conditions(graph, target):
    g = graph(target)
    p, q = g.input(SHAPE, "i1"), g.input(SHAPE, "i1")
    some = g.binary("or", g.binary("and", p, q), g.unary("not", p))
    g.check(
        some,
        g.select(some, g.input(SHAPE), g.input(SHAPE)),
        g.cast(p, "f32"),
        g.cast(g.input(SHAPE, "i32", -1, 2), "i1"),
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16", "i32", "i64", "i1"])
@pytest.mark.parametrize("result", ["f32", "f16", "bf16", "i32", "i64", "i1"])
def test_conversions(graph, target, dtype, result):
    g = graph(target)
    g.check(g.cast(g.input(SHAPE, dtype, -7, 7), result))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f16", "bf16"])
def test_softmax_in_f32_of_half_floats(graph, target, dtype):
    g = graph(target)
    x = g.cast(g.input([5, 300], dtype), "f32")
    powers = g.unary("exp", g.binary("sub", x, g.spread(g.reduce("max", x, [1]), [1], [5, 300])))
    total = g.spread(g.reduce("add", powers, [1]), [1], [5, 300])
    g.check(g.cast(g.binary("div", powers, total), dtype), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
def test_int8_products(graph, target):
    g = graph(target)
    a, b = g.input([33, 70], "i8", -128, 128), g.input([50, 70], "i8", -128, 128)
    g.check(g.matmul(a, b, transpose_b=True, dtype="i32"), kernels=1)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["f16", "bf16", "i32", "i64", "i8", "i1"])
def test_moving_elements(graph, target, dtype):
    """Transposes, slices, broadcasts and concatenations of any element type."""
    g = graph(target)
    x = g.input([5, 34], dtype, 0, 2)
    g.check(g.permute(x, [1, 0]))
    g = graph(target)
    x = g.input([5, 34], dtype, 0, 2)
    g.check(g.slice(x, [1, 3], [4, 20], [1, 1]), g.broadcast(x, [1, 2], [3, 5, 34]), g.concat([x, x], 0))
