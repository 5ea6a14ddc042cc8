import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.memory import gm
from runtime.memory.access import Access
from runtime.memory.bounds import Extent
from runtime.memory.gm import Arena, GlobalBuffer, GlobalMemory, constant_buffer
from runtime.memory.spaces import POISON


def test_a_contiguous_weight_is_not_copied():
    weight = np.arange(12, dtype=np.float32).reshape(3, 4)
    buffer = constant_buffer("w", 512, weight)
    assert np.shares_memory(buffer.data, weight)
    assert weight.flags.writeable
    assert not buffer.data.flags.writeable


STRIDED = {
    "transposed": lambda x: x.T,
    "expanded": lambda x: np.broadcast_to(x[:1], (300, x.shape[1])),
    "every other column": lambda x: x[:, ::2],
    "reversed": lambda x: x[::-1],
    "one number": lambda x: np.broadcast_to(x[0, 0], (7, 3, 2)),
}


@pytest.mark.parametrize("view", STRIDED)
def test_a_strided_weight_reads_as_row_major(view, monkeypatch):
    monkeypatch.setattr(gm, "LAZY_BLOCK_BYTES", 64)
    weight = STRIDED[view](np.arange(200 * 6, dtype=np.float32).reshape(200, 6))
    memory = GlobalMemory([constant_buffer("w", 512, weight)])
    flat = weight.reshape(-1)
    for first in range(0, len(flat) - 2, 7):
        got = memory.view(Access("gm", 512 + 4 * first, (3,), (4,), 4), np.float32)[:]
        np.testing.assert_array_equal(got, flat[first : first + 3])


def test_only_the_touched_rows_of_a_strided_weight_are_read(monkeypatch):
    monkeypatch.setattr(gm, "LAZY_BLOCK_BYTES", 64)
    blocks: list[int] = []
    monkeypatch.setattr(gm, "converted", lambda rows, dtype: blocks.append(len(rows)) or rows)
    weight = np.broadcast_to(np.float32(3), (1 << 20, 16))
    memory = GlobalMemory([constant_buffer("w", 0, weight)])
    for _ in range(2):
        memory.view(Access("gm", 6400, (16,), (4,), 4), np.float32)
    assert blocks == [1], "one row, copied once"


def test_a_weight_of_another_type_is_converted_where_it_is_touched(monkeypatch):
    monkeypatch.setattr(gm, "LAZY_BLOCK_BYTES", 64)
    weight = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)
    buffer = constant_buffer("w", 512, weight, DType.bf16)
    got = GlobalMemory([buffer]).view(Access("gm", 512 + 16 * 37, (3, 8), (16, 2), 2), ml_dtypes.bfloat16)
    np.testing.assert_array_equal(got, weight[37:40].astype(ml_dtypes.bfloat16))
    assert len(buffer.data) == 2 * weight.size


@settings(max_examples=200)
@given(st.integers(0, 5000), st.integers(1, 40), st.integers(1, 4), st.integers(-60, 60))
def test_an_access_is_legal_only_inside_one_buffer(offset, size, count, stride):
    bounds = [(512, 812), (1024, 1536), (1536, 2000), (4096, 4100)]
    memory = GlobalMemory([GlobalBuffer(str(low), low, np.zeros(high - low, np.uint8)) for low, high in bounds])
    access = Access("gm", offset, (count,), (stride,), size)
    touched = [offset + i * stride + byte for i in range(count) for byte in range(size)]
    if any(low <= min(touched) and max(touched) < high for low, high in bounds):
        assert memory.view(access, f"V{size}").shape == (count,)
    else:
        with pytest.raises(SfumatoError, match="access to global memory"):
            memory.view(access, f"V{size}")


def test_buffers_that_share_addresses_share_bytes():
    extents = [Extent("a", 512, 1024), Extent("b", 768, 2048), Extent("c", 4096, 4100)]
    arena = Arena(extents, True)
    a = arena.buffer(extents[0])
    a.data[:] = 7
    assert a.valid is not None
    a.valid[:] = True
    b = arena.buffer(extents[1])
    assert set(a.data[:256]) == {7}
    assert set(a.data[256:]) == {POISON}
    assert np.shares_memory(a.data, b.data)
    assert b.valid is not None
    assert not b.valid.any()
    assert not np.shares_memory(a.data, arena.buffer(extents[2]).data)


def test_overlapping_buffers_of_one_kernel_are_an_error():
    with pytest.raises(SfumatoError, match="'a' and 'b' of one kernel overlap"):
        GlobalMemory([GlobalBuffer("a", 0, np.zeros(64, np.uint8)), GlobalBuffer("b", 32, np.zeros(64, np.uint8))])
