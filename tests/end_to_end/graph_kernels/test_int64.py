"""64-bit integers: kept whole where they are only moved, exact where they are computed on."""

import numpy as np
import pytest

from dialects.errors import SfumatoError

SHAPE = [9, 77]
BEYOND = 2**31


def with_values(g, shape, dtype, values):
    """An input whose elements are these, over and over."""
    value = g.input(shape, dtype, 0, 1)
    data = g.inputs[-1][1]
    data[...] = np.resize(values, shape)
    value.array[...] = data
    return value


def test_values_that_are_only_moved_keep_64_bits(graph):
    g = graph("tiny")
    x = with_values(g, SHAPE, "i64", [2**62, -(2**62), BEYOND, 7])
    g.check(g.concat([x, x], 0), g.slice(x, [2, 0], [9, 77], [1, 1]))


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
def test_floats_become_64_bits_at_once(graph, dtype):
    g = graph("tiny")
    largest = 65504.0 if dtype == "f16" else 2.0**40
    x = with_values(g, SHAPE, dtype, [1.5, -2.75, largest, -largest])
    g.check(g.cast(x, "i64"))


def test_a_column_becomes_64_bits(graph):
    g = graph("tiny")
    x = with_values(g, SHAPE, "f32", [3.5, 2.0**33, 1.0, 2.0, 0.0])
    column = g.cast(g.reduce("max", x, [1]), "i64")
    g.check(column)
    h = graph("tiny")
    y = h.cast(h.reduce("max", h.input(SHAPE, "f32", -9, 9), [1]), "i64")
    h.check(h.binary("add", y, y))


EDGES = [2**63 - 1, -(2**63), BEYOND, -BEYOND, 2**32, -1, 0, 1, 7]


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
@pytest.mark.parametrize("shape", [(9, 77), (70, 1), (1,)], ids=str)
def test_the_whole_of_64_bits_is_computed_on(graph, target, shape):
    g = graph(target)
    x, y = with_values(g, shape, "i64", EDGES), with_values(g, shape, "i64", EDGES[:5])
    g.check(*(g.binary(name, x, y) for name in ("add", "sub", "mul", "max", "min")), g.compare("lt", x, y))


@pytest.mark.parametrize("shape", [(16, 32), (2, 2100), (2100,)], ids=str)
def test_tiles_that_are_dense_and_longer_than_a_strip_of_offsets(graph, shape):
    g = graph("ascend910b3")
    x = with_values(g, shape, "i64", EDGES)
    g.check(g.binary("or", x, x))


def test_numbers_of_64_bits_are_spread_and_turned(graph):
    g = graph("ascend910b3")
    x, column, row = (with_values(g, shape, "i64", EDGES) for shape in ([37, 50], [37], [50]))
    turned = with_values(g, [50, 37], "i64", EDGES)
    total = g.binary("add", x, g.broadcast(column, [0], [37, 50]))
    total = g.binary("add", total, g.broadcast(row, [1], [37, 50]))
    g.check(g.binary("sub", total, g.permute(turned, [1, 0])), g.permute(g.binary("add", x, x), [1, 0]))


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
@pytest.mark.parametrize(("shape", "axes"), [([9, 77], [1]), ([9, 77], [0]), ([10, 3, 30], [0, 2]), ([1500], [0])])
def test_reductions_of_64_bits(graph, target, shape, axes):
    g = graph(target)
    x = with_values(g, shape, "i64", EDGES)
    g.check(*(g.reduce(kind, x, axes) for kind in ("add", "max", "min")))


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_products_along_an_axis(graph, size):
    g = graph("tiny")
    x = with_values(g, [6, size], "i64", [3, -(2**33) + 1, 7, 2**62 + 5])
    g.check(g.reduce("mul", x, [1]))


def test_chosen_numbers_keep_64_bits(graph):
    g = graph("tiny")
    x, y = with_values(g, SHAPE, "i64", EDGES), with_values(g, SHAPE, "i64", EDGES[:4])
    g.check(g.select(g.input(SHAPE, "i1"), x, y), g.cast(x, "i1"), g.cast(x, "i32"), g.cast(x, "f32"))


def test_floats_are_computed_on_in_64_bits(graph):
    g = graph("tiny")
    whole = g.cast(with_values(g, SHAPE, "f32", [1.5, 3e9, -(2.0**60)]), "i64")
    g.check(g.binary("add", whole, whole))


def test_constants_of_64_bits(graph):
    g = graph("tiny")
    x = g.input(SHAPE, "i64", -9, 9)
    g.check(g.binary("add", x, g.fill(2**40, SHAPE, "i64")), g.fill(-(2**50) + 1, SHAPE, "i64"))


def test_what_fits_32_bits_is_computed_in_them(graph):
    """Counting, truth values and what is made of them: no words are taken apart or joined."""
    g = graph("tiny")
    counted = g.iota(1, SHAPE, "i64")
    flags = g.cast(g.compare("gt", counted, g.cast(g.input(SHAPE, "i32", 0, 70), "i64")), "i64")
    total = g.spread(g.reduce("add", flags, [1]), [1], SHAPE)
    program = g.check(g.binary("mul", total, counted))
    assert not any("word" in kernel.name for kernel in program.kernels)


@pytest.mark.parametrize("value", [BEYOND, -BEYOND - 1, 2**62])
def test_an_index_outside_32_bits_is_an_error(graph, value):
    g = graph("tiny")
    table, indices = g.input([12, 40]), g.input([70], "i64", 0, 12)
    found = g.take(table, indices)
    g.inputs[-1][1][3] = value
    with pytest.raises(SfumatoError, match=f"the 64-bit value {value} does not fit into i32"):
        g.check(found)
