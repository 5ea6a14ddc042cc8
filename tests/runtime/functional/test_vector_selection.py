import operator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.isa.legality import CASTS

SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PREDICATES = {name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}


def rows(data, base, count, mask, blk, rep, dtype):
    per_block = 32 // dtype.size
    found = []
    for start in range(0, count, mask):
        places = [
            base + start // mask * rep * 32 + e // per_block * blk * 32 + e % per_block * dtype.size
            for e in range(min(mask, count - start))
        ]
        found.append([data[place : place + dtype.size].view(dtype.numpy)[0] for place in places])
    return found


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
@pytest.mark.parametrize("predicate", PREDICATES)
@SETTINGS
@given(data=st.data())
def test_compare_and_select(make_bench, dtype, predicate, data):
    limit = 256 // dtype.size
    mask = data.draw(st.integers(1, limit))
    count = data.draw(st.integers(1, 5 * mask))
    blk, rep = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 9))
    bench = make_bench(4)
    ub = bench.bytes("ub")
    ub[:8192] = bench.random.integers(-2, 3, 8192 // dtype.size).astype(dtype.numpy).view(np.uint8)
    ub[4096 : 4096 + dtype.size] = np.array([np.nan], dtype.numpy).view(np.uint8)
    left = rows(ub, 0, count, mask, 1, 8, dtype)
    right = rows(ub, 4096, count, mask, blk, rep, dtype)
    layout = dict(count=count, mask=mask, src0_blk=1, src1_blk=blk, src0_rep=8, src1_rep=rep, type=dtype.name)
    bench.execute("vcmp", dst=16384, src0=0, src1=4096, predicate=predicate, **layout)
    truth = [[PREDICATES[predicate](a, b) for a, b in zip(x, y, strict=True)] for x, y in zip(left, right, strict=True)]
    for i, row in enumerate(truth):
        for e, expected in enumerate(row):
            bit = i * limit + e
            assert (ub[16384 + bit // 8] >> (bit % 8) & 1) == expected
    bench.execute("vsel", dst=20480, bits=16384, src0=0, src1=4096, dst_blk=1, dst_rep=8, **layout)
    chosen = rows(ub, 20480, count, mask, 1, 8, dtype)
    for i, row in enumerate(truth):
        wanted = [left[i][e] if bit else right[i][e] for e, bit in enumerate(row)]
        np.testing.assert_array_equal(chosen[i], wanted)


@SETTINGS
@given(count=st.integers(1, 200), dst_blk=st.integers(1, 3), blk=st.integers(0, 2))
def test_scalar_compare_and_select(make_bench, count, dst_blk, blk):
    bench = make_bench(5)
    ub = bench.bytes("ub")
    ub[:8192] = bench.random.integers(-3, 4, 2048).astype(np.float32).view(np.uint8)
    source = rows(ub, 0, count, 50, blk, 9, DType.f32)
    one = int(np.float32(1).view(np.int32))
    bench.execute(
        "vcmps", dst=16384, src=0, scalar=one, predicate="ge", count=count, mask=50, src_blk=blk, src_rep=9, type="f32"
    )
    bench.execute(
        "vsels", dst=20480, bits=16384, src=0, scalar=one, count=count, mask=50, dst_blk=dst_blk, src_blk=blk,
        dst_rep=20, src_rep=9, type="f32",
    )  # fmt: skip
    for got, row in zip(rows(ub, 20480, count, 50, dst_blk, 20, DType.f32), source, strict=True):
        np.testing.assert_array_equal(got, [value if value >= 1 else np.float32(1) for value in row])


def neighbours(value: float, dtype: DType):
    """The grid numbers just below and above a value, by searching the sorted grid of all 16-bit codes."""
    with np.errstate(invalid="ignore"):
        codes = np.arange(65536, dtype=np.uint16).view(dtype.numpy).astype(np.float64)
    grid = np.unique(codes[np.isfinite(codes)])
    at = np.searchsorted(grid, value)
    if at < len(grid) and grid[at] == value:
        return grid[at], grid[at]
    return (grid[at - 1] if at else -np.inf), (grid[at] if at < len(grid) else np.inf)


def round_to_grid(value: float, dtype: DType, mode: str) -> float:
    low, high = neighbours(value, dtype)
    if low == high or mode == "floor":
        return low
    if mode == "ceil":
        return high
    if mode == "trunc":
        return low if value > 0 else high
    if mode == "odd":
        mantissas = {x: int(np.array(x).astype(dtype.numpy).view(np.uint16)) & 1 for x in (low, high) if np.isfinite(x)}
        return next((x for x in mantissas if mantissas[x]), low if np.isinf(high) else high)
    past = {DType.f16: 2.0**16, DType.bf16: 2.0**128}[dtype]  # where the number after the largest would be
    above, below = (past if np.isinf(high) else high) - value, value - (-past if np.isinf(low) else low)
    if above == below:
        return (high if value > 0 else low) if mode == "round" else float(np.array(value).astype(dtype.numpy))
    return low if below < above else high


def round_to_integer(value: float, dtype: DType, mode: str) -> int:
    if np.isnan(value):
        return 0
    limits = np.iinfo(dtype.numpy)
    if np.isinf(value):
        return int(limits.max if value > 0 else limits.min)
    low = int(np.floor(value))
    rest = value - low
    rounded = {
        "floor": low,
        "ceil": low + (rest > 0),
        "trunc": int(value),
        "round": low + (rest > 0.5 or (rest == 0.5 and value > 0)),
    }.get(mode, low + (rest > 0.5 or (rest == 0.5 and low % 2 == 1)))
    return min(max(rounded, int(limits.min)), int(limits.max))


EDGES = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 1e-8, 6e-8, 65503.0, 1e9, -1e9, 2.0**31, -(2.0**31)]
EDGES += [
    2.0**63,
    -(2.0**63),
    3e38,
    127.5,
    128.0,
    -128.5,
    255.5,
    1 + 2**-11,
    1 + 3 * 2**-11,
    1 + 2**-8,
    -(1 + 2**-8),
    1 / 3,
    -1 / 3,
]


@pytest.mark.parametrize(
    ("source", "target", "mode"),
    [(source, target, mode) for (source, target), modes in CASTS.items() if source.is_float for mode in modes],
)
def test_cast_of_floats(bench, source, target, mode):
    values = np.array([*EDGES, np.nan, np.inf, -np.inf, *(bench.random.standard_normal(64 - len(EDGES) - 3) * 300)])
    with np.errstate(over="ignore"):
        held = values.astype(source.numpy)
    bench.put("ub", 0, held)
    mask = 256 // max(source.size, target.size)
    reps = dict(dst_rep=mask * target.size // 32, src_rep=mask * source.size // 32)
    bench.execute(
        "vcast", dst=16384, src=0, round=mode, count=64, mask=mask, dst_blk=1, src_blk=1, **reps,
        src_type=source.name, dst_type=target.name,
    )  # fmt: skip
    got = bench.bytes("ub")[16384 : 16384 + 64 * target.size].view(target.numpy)
    exact = held.astype(np.float64).tolist()
    if not target.is_float:
        expected = np.array([round_to_integer(value, target, mode) for value in exact], target.numpy)
    elif target.size == 4:
        expected = held.astype(np.float32)
        if source == target:
            whole = [value if not np.isfinite(value) else float(round_to_integer_f(value, mode)) for value in exact]
            expected = np.array(whole, np.float32)
    else:
        wanted = [value if not np.isfinite(value) else round_to_grid(value, target, mode) for value in exact]
        if mode in ("none", "rint"):
            with np.errstate(over="ignore"):
                expected = held.astype(target.numpy)
        else:
            expected = np.array(wanted).astype(target.numpy)
    np.testing.assert_array_equal(got.astype(np.float64), expected.astype(np.float64))


def round_to_integer_f(value: float, mode: str) -> float:
    if abs(value) >= 2.0**52:
        return value
    low = np.floor(value)
    rest = value - low
    return {
        "floor": low,
        "ceil": np.ceil(value),
        "trunc": np.trunc(value),
        "round": low + (rest > 0.5 or (rest == 0.5 and value > 0)),
    }.get(mode, low + (rest > 0.5 or (rest == 0.5 and low % 2 == 1)))


@pytest.mark.parametrize(
    ("source", "target", "mode"),
    [(source, target, mode) for (source, target), modes in CASTS.items() if not source.is_float for mode in modes],
)
def test_cast_of_integers(bench, source, target, mode):
    limits = np.iinfo(source.numpy)
    values = bench.random.integers(limits.min, limits.max, 32, dtype=source.numpy, endpoint=True)
    values[:4] = [limits.min, limits.max, 0, 1]
    if source == DType.i64 and target == DType.i32:
        values //= 2**33
    if source.size >= 4:
        values[4:8] = [2**24 + 1, 2**24 + 2, 2**24 + 3, -(2**24) - 1]
    bench.put("ub", 0, values)
    mask = 256 // max(source.size, target.size)
    per = dict(dst_rep=mask * target.size // 32, src_rep=mask * source.size // 32)
    bench.execute(
        "vcast", dst=16384, src=0, round=mode, count=32, mask=mask, dst_blk=1, src_blk=1, **per,
        src_type=source.name, dst_type=target.name,
    )  # fmt: skip
    got = bench.bytes("ub")[16384 : 16384 + 32 * target.size].view(target.numpy)
    if not target.is_float:
        bounds = np.iinfo(target.numpy)
        expected = [min(max(int(value), int(bounds.min)), int(bounds.max)) for value in values]
        assert [int(value) for value in got] == expected
        return
    for value, result in zip(values.tolist(), got.tolist(), strict=True):
        assert_rounded(value, result, target, mode)


def assert_rounded(value: int, result: float, target: DType, mode: str) -> None:
    """The result must be the neighbour of the exact integer that the mode asks for."""
    number = target.numpy.type(result)
    if np.isinf(number):
        assert abs(value) > 65504
        return
    if int(number) == value:
        return
    below, above = (number, np.nextafter(number, target.numpy.type(np.inf)))
    if int(number) > value:
        below, above = np.nextafter(number, target.numpy.type(-np.inf)), number
    low, high = int(below), int(above) if np.isfinite(above) else 65536
    assert low < value < high
    if mode in ("none", "rint", "round"):
        assert abs(int(number) - value) <= min(value - low, high - value)
    else:
        wanted = {"floor": below, "ceil": above, "trunc": below if value > 0 else above}[mode]
        assert number == wanted


def test_i64_out_of_range_is_an_error(bench):
    from dialects.errors import SfumatoError

    bench.put("ub", 0, np.array([2**31, 0, 0, 0], np.int64))
    with pytest.raises(SfumatoError, match="2147483648 does not fit into i32"):
        bench.execute(
            "vcast", dst=1024, src=0, round="none", count=4, mask=32, dst_blk=1, src_blk=1, dst_rep=4, src_rep=8,
            src_type="i64", dst_type="i32",
        )  # fmt: skip
