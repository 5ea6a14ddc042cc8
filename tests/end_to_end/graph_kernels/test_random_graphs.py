"""Random graphs of several kernels against numpy: what one kernel leaves in memory is what the next one reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS = ["tiny", "ascend910b3"]
BOUNDED = settings(max_examples=15, deadline=None, derandomize=True)


def grow(g, values, data):
    """Add one random op whose values stay of the order of one."""
    x = data.draw(st.sampled_from(values))
    shape = x.array.shape
    alike = [value for value in values if value.array.shape == shape]
    match data.draw(
        st.sampled_from(["unary", "binary", "binary", "mean", "permute", "matmul", "reshape", "slice", "concat"])
    ):
        case "unary":
            return g.unary(data.draw(st.sampled_from(["neg", "relu", "abs"])), x)
        case "binary":
            return g.binary(data.draw(st.sampled_from(["sub", "max", "min"])), x, data.draw(st.sampled_from(alike)))
        case "mean":
            axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
            total = g.reduce("add", x, axes)
            count = x.array.size / max(total.array.size, 1)
            return g.spread(g.binary("mul", total, g.fill(1 / count, total.array.shape)), axes, shape)
        case "permute":
            return g.permute(x, data.draw(st.permutations(range(len(shape)))))
        case "matmul" if len(shape) == 2:
            scaled = g.binary("mul", x, g.fill(1 / shape[1], shape))
            other = data.draw(st.sampled_from([value for value in values if value.array.ndim == 2]))
            if other.array.shape[0] == shape[1]:
                return g.matmul(scaled, other)
            return g.matmul(scaled, x, transpose_b=True)
        case "reshape":
            return g.reshape(x, data.draw(st.sampled_from([shape[::-1], (x.array.size,), (1, *shape)])))
        case "slice":
            stops = [data.draw(st.integers(1, size)) for size in shape]
            return g.slice(x, [0] * len(shape), stops, [1] * len(shape))
        case "concat":
            return g.concat([x, data.draw(st.sampled_from(alike))], data.draw(st.integers(0, len(shape) - 1)))
    return x


@pytest.mark.parametrize("target", TARGETS)
@given(rows=st.integers(1, 20), cols=st.integers(1, 40), size=st.integers(1, 8), data=st.data())
@BOUNDED
def test_random_graphs(graph, target, rows, cols, size, data):
    g = graph(target)
    values = [g.input([rows, cols]), g.input([rows, cols]), g.input([cols, rows])]
    for _ in range(size):
        values.append(grow(g, values, data))
    g.check(*values[3:])
