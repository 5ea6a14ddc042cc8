import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.memory.layout import nz, nz_of_transposed, pack, unpack, zz

SIZES = {np.float32: 4, np.float16: 2, np.int8: 1}


@pytest.mark.parametrize("dtype", SIZES)
@pytest.mark.parametrize("name", ["nz", "zz", "transposed"])
@given(rows=st.integers(1, 40), columns=st.integers(1, 70))
def test_elements_lie_where_the_layout_says(name, dtype, rows, columns):
    size = SIZES[dtype]
    c0 = 32 // size
    padded_rows, across = -(-rows // 16) * 16, -(-columns // c0)
    tiles = {
        "nz": nz(rows, columns, padded_rows, size),
        "zz": zz(rows, columns, size),
        "transposed": nz_of_transposed(rows, columns, size),
    }[name]
    matrix = np.random.default_rng(0).integers(-100, 100, (rows, columns)).astype(dtype)
    data = pack(matrix, tiles, padded_rows * across * 32, fill=0)
    for i in range(0, rows, 3):
        for j in range(0, columns, 5):
            block = {
                "nz": (j // c0) * (padded_rows // 16) + i // 16,
                "zz": (i // 16) * across + j // c0,
                "transposed": (j // c0) * (padded_rows // 16) + i // 16,
            }[name]
            place = block * 512 + i % 16 * 32 + j % c0 * size
            assert data[place : place + size].view(dtype)[0] == matrix[i, j]
    np.testing.assert_array_equal(unpack(data, tiles, rows, columns, dtype), matrix)
