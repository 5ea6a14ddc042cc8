import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.errors import SfumatoError

SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tree(values):
    """The sum of a list as the binary tree that adds neighbours."""
    while len(values) > 1:
        values = [values[i] + values[i + 1] if i + 1 < len(values) else values[i] for i in range(0, len(values), 2)]
    return values[0]


def repeats(ub, base, count, mask, blk, rep, dtype):
    per_block = 32 // dtype.size
    for i, start in enumerate(range(0, count, mask)):
        places = [
            base + i * rep * 32 + e // per_block * blk * 32 + e % per_block * dtype.size
            for e in range(min(mask, count - start))
        ]
        yield [ub[place : place + dtype.size].view(dtype.numpy)[0] for place in places]


def numbers(bench, dtype):
    ub = bench.bytes("ub")
    ub[:] = bench.random.standard_normal(len(ub) // dtype.size).astype(dtype.numpy).view(np.uint8)
    return ub


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
@pytest.mark.parametrize("name", ["vcadd", "vcmax", "vcmin"])
@SETTINGS
@given(data=st.data())
def test_reduction_of_repeats(make_bench, name, dtype, data):
    mask = data.draw(st.integers(1, 256 // dtype.size))
    count = data.draw(st.integers(1, 6 * mask))
    blk, rep, dst_rep = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 9)), data.draw(st.integers(1, 5))
    index = data.draw(st.integers(0, 1)) if name != "vcadd" else 0
    bench = make_bench(6)
    ub = numbers(bench, dtype)
    extra = {} if name == "vcadd" else {"index": index}
    layout = dict(count=count, mask=mask, dst_rep=dst_rep, src_blk=blk, src_rep=rep, type=dtype.name)
    source = list(repeats(ub, 0, count, mask, blk, rep, dtype))
    bench.execute(name, dst=16384, src=0, **layout, **extra)
    for i, row in enumerate(source):
        place = 16384 + i * dst_rep * dtype.size * (1 + index)
        value = {"vcadd": tree, "vcmax": max, "vcmin": min}[name](row)
        assert ub[place : place + dtype.size].view(dtype.numpy)[0] == value
        if index:
            position = ub[place + dtype.size : place + 2 * dtype.size].view(f"u{dtype.size}")[0]
            assert position == row.index(value)


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
@pytest.mark.parametrize("name", ["vcgadd", "vcgmax", "vcgmin"])
@SETTINGS
@given(data=st.data())
def test_reduction_of_blocks(make_bench, name, dtype, data):
    mask = data.draw(st.integers(1, 256 // dtype.size))
    count = data.draw(st.integers(1, 5 * mask))
    blk, rep, dst_rep = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 9)), data.draw(st.integers(1, 3))
    bench = make_bench(7)
    ub = numbers(bench, dtype)
    layout = dict(count=count, mask=mask, dst_rep=dst_rep, src_blk=blk, src_rep=rep, type=dtype.name)
    source = list(repeats(ub, 0, count, mask, blk, rep, dtype))
    bench.execute(name, dst=16384, src=0, **layout)
    per_block = 32 // dtype.size
    for i, row in enumerate(source):
        for b in range(0, len(row), per_block):
            value = {"vcgadd": tree, "vcgmax": max, "vcgmin": min}[name](row[b : b + per_block])
            place = 16384 + (i * dst_rep * 8 + b // per_block) * dtype.size
            assert ub[place : place + dtype.size].view(dtype.numpy)[0] == value


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16, DType.u16])
@SETTINGS
@given(repeats=st.integers(0, 5), blk=st.integers(1, 2), rep=st.integers(16, 20))
def test_broadcast_to_blocks(make_bench, dtype, repeats, blk, rep):
    bench = make_bench(8)
    ub = bench.bytes("ub")
    bench.execute("vbrcb", dst=8192, src=64, repeats=repeats, dst_blk=blk, dst_rep=rep, type=dtype.name)
    for r in range(repeats):
        for b in range(8):
            element = ub[64 + (r * 8 + b) * dtype.size :][: dtype.size]
            block = ub[8192 + r * rep * 32 + b * blk * 32 :][:32]
            np.testing.assert_array_equal(block, np.tile(element, 32 // dtype.size))


@SETTINGS
@given(count=st.integers(0, 300), mask=st.integers(1, 128), blk=st.integers(1, 2))
def test_duplicate_and_copy(make_bench, count, mask, blk):
    bench = make_bench(9)
    ub = bench.bytes("ub")
    rep = 18
    if -(-count // mask) > 20:
        return
    bench.execute("vdup", dst=0, scalar=0x1234, count=count, mask=mask, dst_blk=blk, dst_rep=rep, type="u16")
    for row in repeats(ub, 0, count, mask, blk, rep, DType.u16):
        assert set(row) == {0x1234}
    ub[:16384] = bench.random.integers(0, 256, 16384, dtype=np.uint8)
    source = list(repeats(ub, 0, count, mask, blk, rep, DType.u16))
    bench.execute(
        "vcopy", dst=16384, src=0, count=count, mask=mask, dst_blk=1, src_blk=blk, dst_rep=8, src_rep=rep, type="u16"
    )
    if mask == 128 or count <= mask:
        assert list(repeats(ub, 16384, count, mask, 1, 8, DType.u16)) == source


@pytest.mark.parametrize(("dtype", "start"), [(DType.i32, -3), (DType.i16, 100), (DType.f32, 2.5), (DType.f16, 2000.0)])
def test_count_up(bench, dtype, start):
    bits = int(np.array(start, dtype.numpy).view(f"i{dtype.size}")) if dtype.is_float else start
    bench.execute("vci", dst=32, start=bits, count=77, type=dtype.name)
    expected = np.array([start + i for i in range(77)], np.float64).astype(dtype.numpy)
    np.testing.assert_array_equal(bench.bytes("ub")[32 : 32 + 77 * dtype.size].view(dtype.numpy), expected)


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
def test_gather_and_scatter(bench, dtype):
    ub = bench.bytes("ub")
    offsets = (bench.random.integers(0, 512, 100) * dtype.size).astype(np.uint32)
    bench.put("ub", 8192, offsets)
    table = ub[:4096].copy()
    bench.execute("vgather", dst=16384, src=0, offsets=8192, count=100, type=dtype.name)
    for i, offset in enumerate(offsets):
        got = ub[16384 + i * dtype.size :][: dtype.size]
        np.testing.assert_array_equal(got, table[offset : offset + dtype.size])
    expected = ub.copy()
    for i, offset in enumerate(offsets):
        expected[20480 + offset :][: dtype.size] = ub[16384 + i * dtype.size :][: dtype.size]
    bench.execute("vscatter", dst=20480, src=16384, offsets=8192, count=100, type=dtype.name)
    np.testing.assert_array_equal(ub, expected)


def test_a_gather_outside_ub_is_an_error(bench):
    bench.put("ub", 8192, np.array([32768], np.uint32))
    with pytest.raises(SfumatoError, match="of ub, which has 0x8000"):
        bench.execute("vgather", dst=0, src=0, offsets=8192, count=1, type="f32")


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
def test_transpose(bench, dtype):
    ub = bench.bytes("ub")
    bench.execute("vtranspose", dst=4096, src=0, type=dtype.name)
    for i in range(16):
        for j in range(16):
            np.testing.assert_array_equal(
                ub[4096 + (i * 16 + j) * dtype.size :][: dtype.size], ub[(j * 16 + i) * dtype.size :][: dtype.size]
            )


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16])
def test_sort_is_descending_and_stable(bench, dtype):
    keys = bench.random.integers(-5, 5, 64).astype(dtype.numpy)
    bench.put("ub", 0, keys)
    bench.put("ub", 1024, np.arange(64, dtype=np.uint32))
    bench.execute("vsort32", dst=2048, src=0, indices=1024, repeats=2, type=dtype.name)
    ub = bench.bytes("ub")
    for r in range(2):
        order = sorted(range(32), key=lambda i, r=r: (-keys[r * 32 + i], i))
        for position, i in enumerate(order):
            pair = ub[2048 + (r * 32 + position) * 8 :][:8]
            assert pair[: dtype.size].view(dtype.numpy)[0] == keys[r * 32 + i]
            assert pair[4:].view(np.uint32)[0] == r * 32 + i
