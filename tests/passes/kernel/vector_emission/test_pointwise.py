"""Elementwise computations of tiles against numpy: broadcasting, numbers as operands, conditions, conversions."""

from itertools import product

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.compare import single_operation_tolerance

F32, F16, I32 = DType.f32, DType.f16, DType.i32


@pytest.fixture(scope="module")
def compute(make_bench):
    """Run one function, also with numbers among its operands (position, number): (result, bench)."""

    def run(function, inputs, shape, dtype, dynamic=False, slack=(0, 0), constants=(), **attributes):
        bench = make_bench(inputs, shape, dtype, dynamic)
        largest = np.broadcast_shapes(shape, *(array.shape for array in inputs))
        capacity = tuple(size + more for size, more in zip(largest, slack, strict=True))

        def emit(emitter, tiles, dst):
            operands = list(tiles)
            for position, number in constants:
                operands.insert(position, number)
            emitter.compute(function, dst, operands, bench.area(shape, capacity), **attributes)

        return bench.run(capacity, emit), bench

    return run


SHAPES = st.tuples(st.integers(1, 20) | st.integers(250, 270), st.integers(1, 140))


@st.composite
def broadcasts(draw):
    """A result shape, and two operand shapes that broadcast to it."""
    rows, cols = draw(SHAPES)
    if rows > 200:
        cols = min(cols, 20)
    kinds = [(rows, cols), (1, cols), (rows, 1), (1, 1)]
    return (rows, cols), draw(st.sampled_from(kinds)), draw(st.sampled_from(kinds))


@settings(max_examples=60, deadline=None)
@given(
    broadcasts(),
    st.sampled_from(["add", "sub", "mul", "div", "max", "min"]),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.integers(0, 3),
)
@example(((7, 300), (7, 300), (7, 1)), "add", F32, False, 0)
@example(((2, 100), (1, 100), (2, 1)), "sub", F32, True, 3)
def test_binary_functions_broadcast(compute, numbers, shapes, function, dtype, dynamic, slack):
    shape, left, right = shapes
    if function == "div" and dtype == I32:
        function = "mul"
    a, b = numbers(left, dtype, 1), numbers(right, dtype, 2, 1, 5)
    result, _ = compute(function, [a, b], shape, dtype, dynamic, (slack, slack))
    expected = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "max": np.maximum,
        "min": np.minimum,
    }[function](a, b)
    assert np.array_equal(result, np.broadcast_to(expected, shape))


@pytest.mark.parametrize("shape", [(3, 70), (16, 64), (5, 1), (1, 33), (1, 1)])
@pytest.mark.parametrize(
    ("function", "position", "number", "expected"),
    [
        ("add", 1, 1.5, lambda x: x + np.float32(1.5)),
        ("sub", 1, 0.3, lambda x: x - np.float32(0.3)),
        ("sub", 0, 2.0, lambda x: np.float32(2.0) - x),
        ("mul", 0, -3.0, lambda x: x * np.float32(-3.0)),
        ("div", 1, 4.0, lambda x: x / np.float32(4.0)),
        ("div", 1, 3.0, lambda x: x / np.float32(3.0)),
        ("div", 0, 3.0, lambda x: np.float32(3.0) / x),
        ("max", 1, 0.5, lambda x: np.maximum(x, np.float32(0.5))),
        ("min", 0, 0.5, lambda x: np.minimum(x, np.float32(0.5))),
    ],
)
def test_numbers_are_scalars(compute, numbers, shape, function, position, number, expected):
    x = numbers(shape, F32)
    result, _ = compute(function, [x], shape, F32, constants=[(position, number)])
    assert np.array_equal(result, expected(x))


@pytest.mark.parametrize("dtype", [F32, F16])
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("neg", np.negative),
        ("abs", np.abs),
        ("exp", np.exp),
        ("log", np.log),
        ("sqrt", np.sqrt),
        ("relu", lambda x: np.maximum(x, 0)),
        ("floor", np.floor),
        ("ceil", np.ceil),
        ("round", np.round),
        ("trunc", np.trunc),
        ("reciprocal", lambda x: 1 / x),
        ("rsqrt", lambda x: 1 / np.sqrt(x)),
        ("copy", np.copy),
    ],
)
def test_unary_functions(compute, numbers, function, expected, dtype):
    low = 0.1 if function in ("log", "sqrt", "rsqrt") else -3
    x = numbers((5, 37), dtype, low=low, high=3)
    result, _ = compute(function, [x], x.shape, dtype)
    reference = expected(x.astype(np.float64)).astype(dtype.numpy)
    bound = single_operation_tolerance(dtype.name) * np.abs(reference)
    assert np.all(np.abs(result.astype(np.float64) - reference) <= bound)


@pytest.mark.parametrize("function", ["and", "or"])
@pytest.mark.parametrize("dtype", [I32, DType.i16])
def test_bitwise(compute, numbers, function, dtype):
    a, b = numbers((6, 50), dtype, 1, -1000, 1000), numbers((1, 50), dtype, 2, -1000, 1000)
    result, _ = compute(function, [a, b], a.shape, dtype)
    assert np.array_equal(result, getattr(np, f"bitwise_{function}")(a, b))
    assert np.array_equal(compute("not", [a], a.shape, dtype)[0], ~a)


@pytest.mark.parametrize("function", ["and", "or"])
def test_booleans_are_f16(compute, numbers, function):
    a, b = (numbers((6, 50), I32, seed, 0, 2).astype(np.float16) for seed in (1, 2))
    result, _ = compute(function, [a, b], a.shape, F16)
    assert np.array_equal(result, getattr(np, f"logical_{function}")(a, b).astype(np.float16))
    assert np.array_equal(compute("not", [a], a.shape, F16)[0], 1 - a)


COMPARE = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


@settings(max_examples=40, deadline=None)
@given(
    broadcasts(),
    st.sampled_from(list(COMPARE)),
    st.sampled_from([F32, F16, I32]),
    st.booleans(),
    st.sampled_from([None, 0, 1]),
)
def test_compare(compute, numbers, shapes, predicate, dtype, dynamic, constant):
    shape, _, right = shapes
    a, b = numbers(shape, I32, 1).astype(dtype.numpy), numbers(right, I32, 2).astype(dtype.numpy)
    if constant is not None:
        number = dtype.numpy.type(2)
        result, _ = compute("compare", [a], shape, F16, dynamic, constants=[(constant, 2)], option=predicate)
        expected = COMPARE[predicate](a, number) if constant == 1 else COMPARE[predicate](number, a)
    else:
        result, _ = compute("compare", [a, b], shape, F16, dynamic, option=predicate)
        expected = COMPARE[predicate](a, b)
    assert np.array_equal(result, expected.astype(np.float16))


@settings(max_examples=40, deadline=None)
@given(
    broadcasts(),
    st.sampled_from([F32, F16, I32, DType.bf16]),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
    st.booleans(),
)
def test_select(compute, numbers, shapes, dtype, dynamic, constant, dense_condition):
    shape, left, right = shapes
    condition = numbers(shape if dense_condition else right, I32, 3, 0, 2).astype(np.float16)
    a, b = numbers(left, I32, 1).astype(dtype.numpy), numbers(right, I32, 2).astype(dtype.numpy)
    if constant is None:
        result, _ = compute("select", [condition, a, b], shape, dtype, dynamic)
        expected = np.where(condition != 0, a, b)
    else:
        result, _ = compute("select", [condition, a], shape, dtype, dynamic, constants=[(constant, -7)])
        values = (a, dtype.numpy.type(-7)) if constant == 2 else (dtype.numpy.type(-7), a)
        expected = np.where(condition != 0, *values)
    assert np.array_equal(result.view(np.uint8), np.ascontiguousarray(np.broadcast_to(expected, shape)).view(np.uint8))


CASTABLE = [F32, F16, DType.bf16, I32, DType.i16, DType.i8, DType.u8, DType.i64]


@pytest.mark.parametrize(
    ("source", "target"), [pair for pair in product(CASTABLE, repeat=2) if pair != (DType.i64, DType.i64)]
)
@pytest.mark.parametrize("shape", [(3, 40), (9, 1)])
def test_casts_round_as_numpy_does(compute, numbers, source, target, shape):
    low = 0 if DType.u8 in (source, target) else -100
    x = numbers(shape, F32, 5, low, 120).astype(source.numpy)
    result, _ = compute("cast", [x], shape, target)
    assert np.array_equal(result.astype(np.float64), x.astype(target.numpy).astype(np.float64))


def test_cast_to_small_integers_truncates_once(compute):
    x = np.array([[126.9999, -126.9999, 3.9999]], np.float32)
    assert compute("cast", [x], x.shape, DType.i8)[0].tolist() == [[126, -126, 3]]


@pytest.mark.parametrize(
    ("function", "shapes", "most"),
    [
        ("add", [(64, 128), (64, 128)], 1),
        ("add", [(64, 128), (1, 128)], 2),
        ("mul", [(64, 128), (64, 1)], 3),
        ("sub", [(4, 2048), (1, 2048)], 4),
        ("exp", [(128, 128)], 2),
    ],
)
def test_cheapest_shape(compute, numbers, function, shapes, most):
    inputs = [numbers(shape, F32) for shape in shapes]
    _, bench = compute(function, inputs, shapes[0], F32)
    assert len(bench.vector_instructions()) <= most


def test_unknown_functions_and_types_are_errors(compute, numbers):
    x = numbers((4, 4), F32)
    with pytest.raises(SfumatoError, match="no 'tanh' of f32"):
        compute("tanh", [x], x.shape, F32)
    with pytest.raises(SfumatoError, match="no vdiv of i32"):
        compute("div", [x.astype(np.int32), x.astype(np.int32)], x.shape, I32)
    with pytest.raises(SfumatoError, match="no vexp of bf16"):
        compute("exp", [x.astype(ml_dtypes.bfloat16)], x.shape, DType.bf16)
