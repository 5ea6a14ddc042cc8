"""Chunks that a tile walks cover its band, and no more chunks than need be; tiles are dealt out evenly."""

import hypothesis.strategies as st
from hypothesis import given
from xdsl.dialects.builtin import DenseArrayBase, f32, i32
from xdsl.ir import Block, Region

from dialects.graph.recurrence import RecurrenceOp
from dialects.graph.types import tensor
from dialects.interned import i64_array, i64_attr
from passes.scope import Scope
from passes.tile.bands import is_skipping, walked

FAR = 10**6
BOUNDS = st.none() | st.integers(-40, 40)


def recurrence(lower, upper):
    properties = {"axes": i64_array([1]), "operandSegmentSizes": DenseArrayBase.from_list(i32, [1, 1])}
    properties |= {name: i64_attr(one) for name, one in (("lower", lower), ("upper", upper)) if one is not None}
    types = [tensor((3,), f32), tensor((3, 4), f32)]
    values = Block(arg_types=types).args
    body = Region(Block(arg_types=types))
    return RecurrenceOp.create(operands=values, result_types=types[:1], properties=properties, regions=[body])


@given(
    lower=BOUNDS,
    upper=BOUNDS,
    tile=st.integers(0, 9),
    rows=st.integers(1, 8),
    chunk=st.integers(1, 5),
    chunks=st.integers(1, 9),
)
def test_what_is_walked(lower, upper, tile, rows, chunk, chunks):
    size, first = chunk * chunks - chunk // 2, tile * rows
    op = recurrence(lower, upper)
    assert is_skipping(op) == (lower is not None or upper is not None)
    start, end = walked(op, Scope(Block()), first, rows, chunk, size)
    low, high = (-FAR if lower is None else lower), (FAR if upper is None else upper)
    wanted = [j for j in range(size) if any(low <= j - i <= high for i in range(first, first + rows))]
    assert start % chunk == 0
    assert end <= size
    if wanted:
        assert start <= wanted[0] < start + chunk
        assert wanted[-1] < end <= wanted[-1] + chunk
