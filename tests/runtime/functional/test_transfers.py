"""MTE queues and fixpipe, against loops over elements."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.errors import SfumatoError

SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MATRIX_TYPES = [DType.f32, DType.f16, DType.bf16, DType.i8]


@pytest.mark.parametrize(("name", "space"), [("copy_gm_ub", "ub"), ("copy_gm_l1", "l1")])
@SETTINGS
@given(bursts=st.integers(0, 6), size=st.integers(0, 200), gap=st.integers(0, 3), stride=st.integers(-300, 300))
def test_copy_in_pads_bursts_with_zeros(make_bench, gm_address, name, space, bursts, size, gap, stride):
    bench = make_bench(10)
    source = gm_address + 4000
    dst_stride = (-(-size // 32) + gap) * 32
    expected = bench.bytes(space).copy()
    for burst in range(bursts):
        for byte in range(-(-size // 32) * 32):
            value = bench.gm[4000 + burst * stride + byte] if byte < size else 0
            expected[64 + burst * dst_stride + byte] = value
    bench.execute(name, dst=64, src=source, bursts=bursts, burst_bytes=size, src_stride=stride, dst_stride=dst_stride)
    np.testing.assert_array_equal(bench.bytes(space), expected)


@pytest.mark.parametrize(("name", "space"), [("copy_ub_gm", "ub"), ("copy_l1_gm", "l1")])
@SETTINGS
@given(bursts=st.integers(0, 6), size=st.integers(0, 200), gap=st.integers(0, 3), stride=st.integers(200, 300))
def test_copy_out(make_bench, gm_address, name, space, bursts, size, gap, stride):
    bench = make_bench(11)
    src_stride = (-(-size // 32) + gap) * 32
    expected = bench.gm.copy()
    for burst in range(bursts):
        for byte in range(size):
            expected[17 + burst * stride + byte] = bench.bytes(space)[96 + burst * src_stride + byte]
    extra = {"atomic": "none", "type": "f32"} if name == "copy_ub_gm" else {}
    layout = dict(bursts=bursts, burst_bytes=size, src_stride=src_stride, dst_stride=stride)
    bench.execute(name, dst=gm_address + 17, src=96, **layout, **extra)
    np.testing.assert_array_equal(bench.gm, expected)


@pytest.mark.parametrize("dtype", [DType.f32, DType.f16, DType.bf16, DType.i32, DType.i16, DType.i8])
@pytest.mark.parametrize("atomic", ["add", "max", "min"])
def test_atomic_store(bench, gm_address, dtype, atomic):
    count = 16 // dtype.size * 3
    memory, values = (bench.random.integers(-60, 60, (4, count)).astype(dtype.numpy) for _ in range(2))
    for row in range(4):
        bench.put("gm", gm_address + 128 * row, memory[row])
        bench.put("ub", 64 * row, values[row])
    bench.execute(
        "copy_ub_gm", dst=gm_address, src=0, bursts=4, burst_bytes=48, src_stride=64, dst_stride=128, atomic=atomic,
        type=dtype.name,
    )  # fmt: skip
    combine = {"add": lambda a, b: a + b, "max": max, "min": min}[atomic]
    for row in range(4):
        got = bench.gm[128 * row : 128 * row + 48].view(dtype.numpy)
        for column in range(count):
            assert got[column] == combine(memory[row, column], values[row, column])


def test_atomic_bursts_on_one_address_all_count(bench, gm_address):
    bench.put("gm", gm_address, np.zeros(8, np.float32))
    bench.put("ub", 0, np.arange(32, dtype=np.float32))
    bench.execute(
        "copy_ub_gm",
        dst=gm_address,
        src=0,
        bursts=4,
        burst_bytes=32,
        src_stride=32,
        dst_stride=0,
        atomic="add",
        type="f32",
    )
    np.testing.assert_array_equal(bench.gm[:32].view(np.float32), np.arange(32).reshape(4, 8).sum(0))


@pytest.mark.parametrize("dtype", MATRIX_TYPES)
@SETTINGS
@given(rows=st.integers(0, 40), columns=st.integers(0, 70), extra=st.integers(0, 20), stride=st.integers(280, 320))
def test_nd2nz(make_bench, gm_address, dtype, rows, columns, extra, stride):
    bench = make_bench(12)
    pitch, c0 = rows + extra, 32 // dtype.size
    expected = bench.bytes("l1").copy()
    for r in range(rows):
        for c in range(-(-columns // c0) * c0):
            place = 32 + ((c // c0) * pitch + r) * 32 + c % c0 * dtype.size
            source = 8 + r * stride + c * dtype.size
            expected[place : place + dtype.size] = bench.gm[source : source + dtype.size] if c < columns else 0
    layout = dict(rows=rows, cols=columns, src_stride=stride, dst_rows=pitch, type=dtype.name)
    bench.execute("nd2nz", dst=32, src=gm_address + 8, **layout)
    np.testing.assert_array_equal(bench.bytes("l1"), expected)


@pytest.mark.parametrize("dtype", MATRIX_TYPES)
@pytest.mark.parametrize("transpose", [0, 1])
@pytest.mark.parametrize("side", ["a", "b"])
@SETTINGS
@given(rows=st.integers(1, 50), k=st.integers(1, 50), extra=st.integers(0, 20))
def test_load_fractals(make_bench, side, transpose, dtype, rows, k, extra):
    bench = make_bench(13)
    l1, space = bench.bytes("l1"), f"l0{side}"
    c0, pitch = 32 // dtype.size, -(-max(rows, k) // 32) * 32 + extra
    k1, n1 = -(-k // c0), -(-rows // 16)
    if n1 * k1 * 512 > len(bench.bytes(space)) - 512:
        return
    fields = {"m" if side == "a" else "n": rows, "k": k, "src_rows": pitch, "transpose": transpose, "type": dtype.name}
    bench.execute(f"load_l0{side}", dst=512, src=64, **fields)
    for i in range(n1 * 16):
        for j in range(k1 * c0):
            block = (i // 16) * k1 + j // c0 if side == "a" else (j // c0) * n1 + i // 16
            place = 512 + block * 512 + i % 16 * 32 + j % c0 * dtype.size
            r, c = (j, i) if transpose else (i, j)
            source = 64 + ((c // c0) * pitch + r) * 32 + c % c0 * dtype.size
            got, wanted = bench.bytes(space)[place : place + dtype.size], l1[source : source + dtype.size]
            if i < rows and j < k:
                assert bytes(got) == bytes(wanted), (i, j)


def test_load_bias(bench):
    bench.execute("load_bt", dst=64, src=96, bytes=128)
    np.testing.assert_array_equal(bench.bytes("bt")[64:192], bench.bytes("l1")[96:224])


def accumulators(bench, m, n, pitch, dtype):
    """Random accumulators in L0C at 64, written element by element."""
    values = (bench.random.standard_normal((m, n)) * 300).astype(dtype.numpy)
    for i in range(m):
        for j in range(n):
            bench.put("l0c", 64 + ((j // 16) * pitch + i) * 64 + j % 16 * 4, values[i, j : j + 1])
    return values


CONVERSIONS = {
    "none": (DType.f32, DType.f32, lambda x, s: x),
    "f32_f16": (DType.f32, DType.f16, lambda x, s: x.astype(np.float16)),
    "f32_bf16": (DType.f32, DType.bf16, lambda x, s: x.astype(DType.bf16.numpy)),
    "deq_f16": (DType.i32, DType.f16, lambda x, s: (x.astype(np.float32) * s).astype(np.float16)),
    "req_i8": (DType.i32, DType.i8, lambda x, s: np.clip(np.rint(x.astype(np.float32) * s), -128, 127).astype(np.int8)),
    "f32_i8": (DType.f32, DType.i8, lambda x, s: np.clip(np.rint(x * s), -128, 127).astype(np.int8)),
}


@pytest.mark.parametrize("quant", CONVERSIONS)
@pytest.mark.parametrize("relu", [0, 1])
@SETTINGS
@given(m=st.integers(0, 35), n=st.integers(0, 40), extra=st.integers(0, 1))
def test_fixpipe(make_bench, gm_address, quant, relu, m, n, extra):
    accumulator, target, function = CONVERSIONS[quant]
    bench = make_bench(14)
    pitch, scale = (-(-m // 16) + extra) * 16, np.float32(0.37)
    values = accumulators(bench, m, n, pitch, accumulator)
    before = bench.gm.copy()
    bench.execute(
        "fixpipe", dst=gm_address + 8, src=64, m=m, n=n, src_rows=pitch, dst_stride=200, quant=quant, relu=relu, atomic="none",
        scale=int(scale.view(np.int32)), acc=accumulator.name, type=target.name,
    )  # fmt: skip
    expected = function(np.maximum(values, 0) if relu else values, scale)
    for i in range(m):
        row = bench.gm[8 + i * 200 : 8 + i * 200 + n * target.size].view(target.numpy)
        np.testing.assert_array_equal(row, expected[i])
        before[8 + i * 200 : 8 + i * 200 + n * target.size] = row.view(np.uint8)
    np.testing.assert_array_equal(bench.gm, before)


def test_fixpipe_adds_atomically(bench, gm_address):
    values = accumulators(bench, 5, 20, 16, DType.f32)
    memory = bench.random.standard_normal((5, 20)).astype(np.float32)
    bench.put("gm", gm_address, memory)
    bench.execute(
        "fixpipe", dst=gm_address, src=64, m=5, n=20, src_rows=16, dst_stride=80, quant="none", relu=0, atomic="add",
        scale=0, acc="f32", type="f32",
    )  # fmt: skip
    np.testing.assert_array_equal(bench.gm[:400].view(np.float32).reshape(5, 20), memory + values)


@pytest.mark.parametrize("quant", ["none", "f32_f16", "f32_bf16"])
@pytest.mark.parametrize(("m", "n", "rows"), [(5, 20, 16), (33, 16, 40), (16, 7, 16)])
def test_fixpipe_to_l1(bench, quant, m, n, rows):
    _, target, function = CONVERSIONS[quant]
    pitch, c0 = -(-m // 16) * 16, 32 // target.size
    expected = function(accumulators(bench, m, n, pitch, DType.f32), None)
    bench.execute(
        "fixpipe_l1",
        dst=32,
        src=64,
        m=m,
        n=n,
        src_rows=pitch,
        dst_rows=rows,
        quant=quant,
        relu=0,
        acc="f32",
        type=target.name,
    )
    for i in range(m):
        for j in range(n):
            place = 32 + ((j // c0) * rows + i) * 32 + j % c0 * target.size
            assert bench.bytes("l1")[place : place + target.size].view(target.numpy)[0] == expected[i, j]


def test_outside_a_buffer_names_the_buffers(bench, gm_address):
    copy = dict(bursts=1, burst_bytes=256, src_stride=0, dst_stride=256)
    with pytest.raises(SfumatoError, match="access to bytes 0x7f80 to 0x807f of ub, which has 0x8000"):
        bench.execute("copy_gm_ub", dst=0x7F80, src=gm_address, **copy)
    with pytest.raises(SfumatoError, match=r"overlaps gm: 0x1000 to 0x10fff \(65536 bytes\)"):
        bench.execute("copy_gm_ub", dst=0, src=gm_address + 65500, **copy)
    with pytest.raises(SfumatoError, match="outside every buffer of the kernel"):
        bench.execute("copy_gm_ub", dst=0, src=1 << 30, **copy)
