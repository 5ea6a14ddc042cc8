"""Fractals of other heights, and L0A in NZ: load, multiply and drain, against the product of the matrices."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType

SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BLOCKS = [(8, 8), (32, 32), (64, 64), (8, 32), (32, 16)]


def machine(block_m, block_n, layout="zz"):
    return f"tiny:l0a_kib=64,l0b_kib=64,cube.block_m={block_m},cube.block_n={block_n},cube.l0a_layout={layout}"


def put_nz(bench, matrix, rows):
    """Lay a matrix into L1 as column blocks of `rows` rows, element by element."""
    size = matrix.itemsize
    c0 = 32 // size
    for i, row in enumerate(matrix):
        for j in range(len(row)):
            bench.put("l1", ((j // c0) * rows + i) * 32 + j % c0 * size, row[j : j + 1])


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("layout", ["zz", "nz"])
@SETTINGS
@given(
    m=st.integers(1, 40), n=st.integers(1, 40), k=st.integers(1, 40), transposed=st.booleans(),
    dtype=st.sampled_from([DType.f32, DType.f16, DType.i8]),
)  # fmt: skip
def test_products_through_all_buffers(make_bench, blocks, layout, m, n, k, transposed, dtype):
    block_m, block_n = blocks
    bench = make_bench(1, machine(block_m, block_n, layout))
    acc = DType.i32 if dtype == DType.i8 else DType.f32
    a = bench.random.integers(-9, 10, (m, k)).astype(dtype.numpy)
    b = bench.random.integers(-9, 10, (n, k)).astype(dtype.numpy)
    for space, operand, extent in (("l0a", a, {"m": m}), ("l0b", b, {"n": n})):
        stored = operand.T if transposed else operand
        rows = -(-len(stored) // 64) * 64
        put_nz(bench, stored, rows)
        fields = {**extent, "k": k, "src_rows": rows, "transpose": int(transposed), "type": dtype.name}
        bench.execute(f"load_{space}", dst=0, src=0, **fields)
    bench.execute(
        "mmad", dst=0, a=0, b=0, m=m, n=n, k=k, init=1, bias=0, use_bias=0, type=dtype.name, acc=acc.name, mode="none"
    )
    pitch = -(-m // block_m) * block_m
    bench.execute(
        "fixpipe", dst=4096, src=0, m=m, n=n, src_rows=pitch, dst_stride=n * 4, quant="none", relu=0, atomic="none",
        scale=0, acc=acc.name, type=acc.name,
    )  # fmt: skip
    found = bench.gm[: m * n * 4].view(acc.numpy).reshape(m, n)
    np.testing.assert_array_equal(found, a.astype(np.int64) @ b.astype(np.int64).T)


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("layout", ["zz", "nz"])
def test_elements_of_l0a_lie_where_the_instruction_says(make_bench, blocks, layout):
    height = blocks[0]
    bench = make_bench(2, machine(*blocks, layout))
    matrix = bench.random.integers(-100, 100, (35, 40)).astype(np.float16)
    put_nz(bench, matrix, 64)
    bench.execute("load_l0a", dst=0, src=0, m=35, k=40, src_rows=64, transpose=0, type="f16")
    down, across = -(-35 // height), 3
    for i in range(35):
        for j in range(40):
            fractal = (i // height) * across + j // 16 if layout == "zz" else (j // 16) * down + i // height
            place = fractal * height * 32 + i % height * 32 + j % 16 * 2
            assert bench.bytes("l0a")[place : place + 2].view(np.float16)[0] == matrix[i, j]
