"""Transposition and counting up against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType

F32, F16, I32 = DType.f32, DType.f16, DType.i32


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.sampled_from([F32, F16, I32, DType.bf16]),
    st.booleans(),
    st.integers(0, 5),
)
def test_transpose(make_bench, numbers, shape, dtype, dynamic, slack):
    x = numbers(shape, I32, 1, -100, 100).astype(dtype.numpy)
    capacity = tuple(size + slack if dynamic and size > 1 else size for size in shape)
    bench = make_bench([x], shape[::-1], dtype, dynamic, turned=True)

    def emit(emitter, tiles, dst):
        emitter.transpose(dst, tiles[0], bench.area(shape, capacity))

    assert np.array_equal(bench.run(capacity, emit), x.T)


@pytest.mark.parametrize("dtype", [F32, I32, F16])
@pytest.mark.parametrize("axis", ["rows", "cols"])
@pytest.mark.parametrize("shape", [(5, 70), (1, 70), (5, 1), (1, 1)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_iota(make_bench, dtype, axis, shape, dynamic):
    bench = make_bench([], shape, dtype, dynamic)

    def emit(emitter, tiles, dst):
        emitter.iota(axis, dst, bench.index(3), bench.area(shape, shape))

    line = np.arange(shape[1])[None, :] if axis == "cols" else np.arange(shape[0])[:, None]
    assert np.array_equal(bench.run(shape, emit), np.broadcast_to(line + 3, shape).astype(dtype.numpy))
