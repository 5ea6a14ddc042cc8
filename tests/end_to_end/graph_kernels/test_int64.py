"""64-bit integers: kept whole where they are only moved, range-checked where they are computed on, never clipped."""

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


@pytest.mark.parametrize("value", [BEYOND - 1, -BEYOND])
def test_the_whole_of_32_bits_is_computed_on(graph, value):
    g = graph("tiny")
    x = with_values(g, SHAPE, "i64", [value, 0, 1])
    g.check(g.binary("max", x, g.fill(-5, SHAPE, "i64")), g.binary("min", x, g.fill(5, SHAPE, "i64")))


@pytest.mark.parametrize("value", [BEYOND, -BEYOND - 1, 2**62])
def test_a_loaded_value_outside_32_bits_is_an_error(graph, value):
    g = graph("tiny")
    x = with_values(g, SHAPE, "i64", [0, 1, value])
    with pytest.raises(SfumatoError, match=f"the 64-bit value {value} does not fit into i32"):
        g.check(g.binary("add", x, g.fill(1, SHAPE, "i64")))


def test_a_converted_value_outside_32_bits_is_an_error(graph):
    g = graph("tiny")
    whole = g.cast(with_values(g, SHAPE, "f32", [1.0, 3e9]), "i64")
    with pytest.raises(SfumatoError, match="the 64-bit value 3000000000 does not fit into i32"):
        g.check(g.binary("add", whole, whole))


def test_a_constant_outside_32_bits_is_an_error(graph):
    g = graph("tiny")
    x = g.input(SHAPE, "i64", -9, 9)
    with pytest.raises(SfumatoError, match="the constant 1099511627776 is outside int32"):
        g.check(g.binary("add", x, g.fill(2**40, SHAPE, "i64")))


def test_bounds_beyond_all_values_are_exact(graph):
    g = graph("tiny")
    x = with_values(g, SHAPE, "i64", [BEYOND - 1, -BEYOND, 0])
    high, low = g.fill(2**63 - 1, SHAPE, "i64"), g.fill(-(2**63), SHAPE, "i64")
    g.check(g.binary("min", x, high), g.binary("max", x, low))
