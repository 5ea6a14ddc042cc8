import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.memory.layout import accumulators, nd, nz, pack, unpack, zz

SIZES = {np.float32: 4, np.float16: 2, np.int8: 1}


@pytest.mark.parametrize("dtype", SIZES)
@pytest.mark.parametrize("height", [8, 16, 32, 64])
@pytest.mark.parametrize("name", ["nd", "nz", "zz", "accumulators"])
@given(rows=st.integers(1, 40), columns=st.integers(1, 70))
def test_elements_lie_where_the_layout_says(name, height, dtype, rows, columns):
    size = SIZES[dtype]
    c0 = 2 * height if name == "accumulators" else 32 // size
    down, across = -(-rows // height), -(-columns // c0)
    tiles, place = {
        "nd": (nd(rows, columns, size), lambda i, j: (i * columns + j) * size),
        "nz": (
            nz(rows, columns, size, height),
            lambda i, j: ((j // c0) * down + i // height) * height * 32 + i % height * 32 + j % c0 * size,
        ),
        "zz": (
            zz(rows, columns, size, height),
            lambda i, j: ((i // height) * across + j // c0) * height * 32 + i % height * 32 + j % c0 * size,
        ),
        "accumulators": (
            accumulators(rows, columns, size, height, c0),
            lambda i, j: ((j // c0) * down * height + i) * c0 * size + j % c0 * size,
        ),
    }[name]
    matrix = np.random.default_rng(0).integers(-100, 100, (rows, columns)).astype(dtype)
    data = pack(matrix, tiles, down * height * across * c0 * size, fill=0)
    for i in range(0, rows, 3):
        for j in range(0, columns, 5):
            start = place(i, j)
            assert data[start : start + size].view(dtype)[0] == matrix[i, j]
    np.testing.assert_array_equal(unpack(data, tiles, rows, columns, dtype), matrix)
