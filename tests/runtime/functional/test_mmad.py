import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from runtime.functional.formats import to_hf32

SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def place_operands(bench, a, b, dtype):
    """Write [m, k] and [k, n] into L0A and L0B element by element; every other byte stays random."""
    c0 = 32 // dtype.size
    m, k = a.shape
    n = b.shape[1]
    k1, n1 = -(-k // c0), -(-n // 16)
    for i in range(m):
        for j in range(k):
            bench.put("l0a", ((i // 16) * k1 + j // c0) * 512 + i % 16 * 32 + j % c0 * dtype.size, a[i, j : j + 1])
    for j in range(k):
        for i in range(n):
            bench.put("l0b", ((j // c0) * n1 + i // 16) * 512 + i % 16 * 32 + j % c0 * dtype.size, b[j, i : i + 1])


def accumulator(bench, dst, m, n, dtype):
    height = -(-m // 16) * 16
    data = bench.bytes("l0c")
    places = [[dst + ((j // 16) * height + i) * 64 + j % 16 * 4 for j in range(n)] for i in range(m)]
    return np.array([[data[p : p + 4].view(dtype.numpy)[0] for p in row] for row in places]).reshape(m, n)


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16, DType.bf16, DType.i8])
@pytest.mark.parametrize("start", ["zero", "bias", "accumulate"])
@SETTINGS
@given(m=st.integers(1, 33), n=st.integers(1, 33), k=st.integers(0, 40))
def test_mmad(make_bench, dtype, start, m, n, k):
    bench = make_bench(20)
    acc = DType.i32 if dtype == DType.i8 else DType.f32
    low, high = (-128, 128) if dtype == DType.i8 else (-9, 10)
    a = bench.random.integers(low, high, (m, k)).astype(dtype.numpy)
    b = bench.random.integers(low, high, (k, n)).astype(dtype.numpy)
    place_operands(bench, a, b, dtype)
    bias = bench.random.integers(-50, 50, n).astype(acc.numpy)
    bench.put("bt", 0, bias)
    bench.put("l0c", 0, bench.random.integers(-99, 99, 3000).astype(acc.numpy))
    before = accumulator(bench, 64, m, n, acc)
    bench.execute(
        "mmad", dst=64, a=0, b=0, m=m, n=n, k=k, init=int(start != "accumulate"), bias=0, use_bias=int(start == "bias"),
        type=dtype.name, acc=acc.name, mode="none",
    )  # fmt: skip
    exact = a.astype(np.int64) @ b.astype(np.int64)
    expected = exact + {"zero": 0, "bias": bias.astype(np.int64), "accumulate": before.astype(np.int64)}[start]
    np.testing.assert_array_equal(accumulator(bench, 64, m, n, acc).astype(np.int64), expected)


def test_int8_sums_beyond_24_bits_are_exact(make_bench):
    bench = make_bench(21)
    bench.spaces["l0a"].data = np.zeros(65536, np.uint8)
    bench.spaces["l0b"].data = np.zeros(65536, np.uint8)
    a, b = np.full((1, 2048), -128, np.int8), np.full((2048, 1), -128, np.int8)
    a[0, 0] = 1
    place_operands(bench, a, b, DType.i8)
    bench.execute(
        "mmad", dst=0, a=0, b=0, m=1, n=1, k=2048, init=1, bias=0, use_bias=0, type="i8", acc="i32", mode="none"
    )
    assert accumulator(bench, 0, 1, 1, DType.i32)[0, 0] == 2047 * 16384 - 128


def test_hf32_rounds_the_operands_to_11_bits(bench):
    a = np.array([[1 + 2.0**-11, 1 + 2.0**-12, 1 + 3 * 2.0**-12, 1 + 2.0**-12 + 2.0**-20]], np.float32)
    np.testing.assert_array_equal(to_hf32(a), [[1 + 2.0**-11, 1.0, 1 + 2.0**-10, 1 + 2.0**-11]])
    place_operands(bench, a, np.ones((4, 1), np.float32), DType.f32)
    bench.execute(
        "mmad", dst=0, a=0, b=0, m=1, n=1, k=4, init=1, bias=0, use_bias=0, type="f32", acc="f32", mode="hf32"
    )
    assert accumulator(bench, 0, 1, 1, DType.f32)[0, 0] == 4 + 2.0**-11 + 2.0**-10 + 2.0**-11
