"""Reductions of tiles along rows and columns against numpy."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from runtime.compare import single_operation_tolerance

F32, F16, I32 = DType.f32, DType.f16, DType.i32

REDUCE = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 12) | st.integers(250, 300), st.integers(1, 150) | st.sampled_from([64, 128, 300, 600])),
    st.sampled_from(list(REDUCE)),
    st.sampled_from(["rows", "cols"]),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.integers(0, 70),
)
@example((2, 9000), "add", "cols", F32, False, 0)
@example((1, 6000), "max", "cols", F32, True, 100)
@example((300, 64), "add", "cols", F32, False, 0)
@example((33, 129), "max", "cols", F16, True, 5)
@example((2, 64), "add", "rows", F32, False, 0)
@example((2, 64), "add", "rows", F32, True, 0)
@example((128, 128), "add", "cols", F32, False, 0)
@example((15, 1), "add", "rows", F32, False, 0)
@example((100, 1), "max", "rows", F16, True, 3)
def test_reductions(make_bench, numbers, shape, kind, axis, dtype, dynamic, slack):
    if shape[0] > 100 and shape[1] + slack > 128:
        shape = (shape[0] // 10, shape[1])
    if (axis == "cols" and shape[1] == 1) or (axis == "rows" and shape[0] == 1):
        shape = (max(shape[0], 2), max(shape[1], 2))
    slack = slack % 3 if shape[0] > 100 else slack
    small = kind == "mul" or (dtype != F32 and kind == "add")
    x = numbers(shape, I32, 7, 0 if kind == "add" else 1, 3).astype(dtype.numpy) if small else numbers(shape, dtype, 7)
    if kind == "mul":
        x = np.where(np.random.default_rng(3).uniform(size=shape) < 0.97, dtype.numpy.type(1), x).astype(dtype.numpy)
        x[4:] = 1
        x[:, 60:] = 1
        x[:, 9:50] = 1
    capacity = (shape[0] + slack % 5, 1 if shape[1] == 1 else shape[1] + slack) if dynamic else shape
    result_shape = (shape[0], 1) if axis == "cols" else (1, shape[1])
    bench = make_bench([x], result_shape, dtype, dynamic)

    def emit(emitter, tiles, dst):
        emitter.reduce(kind, axis, dst, tiles[0], bench.area(shape, capacity))

    result = bench.run(capacity, emit)
    wide = x.astype(np.float64)
    expected = REDUCE[kind].reduce(wide, axis=1 if axis == "cols" else 0, keepdims=True)
    if kind in ("max", "min") or not dtype.is_float or small:
        assert np.array_equal(result, expected.astype(dtype.numpy))
    else:
        # A tree of sums is off by a few roundings of partial sums, none of which is larger than that of magnitudes.
        magnitudes = np.abs(wide).sum(axis=1 if axis == "cols" else 0, keepdims=True)
        assert np.all(np.abs(result - expected) <= single_operation_tolerance(dtype.name) * magnitudes)


def test_sums_of_a_square_tile_take_few_repeats(make_bench, numbers):
    square = (128, 128)
    bench = make_bench([numbers(square, F32)], (128, 1), F32)
    area = bench.area(square, square)
    bench.run(square, lambda emitter, tiles, dst: emitter.reduce("add", "cols", dst, tiles[0], area))
    assert bench.vector_instructions() == ["vadd", "vcgadd", "vcgadd"]


@pytest.mark.parametrize("shape", [(9, 1), (300, 1), (1, 1)])
@pytest.mark.parametrize("dynamic", [False, True])
def test_reducing_one_column_along_its_columns_is_a_copy(make_bench, numbers, shape, dynamic):
    x = numbers(shape, F32)
    bench = make_bench([x], shape, F32, dynamic)

    def emit(emitter, tiles, dst):
        emitter.reduce("add", "cols", dst, tiles[0], bench.area(shape, shape))

    assert np.array_equal(bench.run(shape, emit), x)
