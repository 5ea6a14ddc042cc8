"""The ends that a reduction of integers starts from, against numpy's."""

import numpy as np
import pytest

from dialects.dtypes import DType
from passes.tile.numbers import number


@pytest.mark.parametrize(
    ("dtype", "computed"),
    [("u8", np.uint8), ("i8", np.int8), ("i16", np.int16), ("i32", np.int32), ("i64", np.int32)],
)
def test_infinities_of_integers_are_their_ends(dtype, computed):
    ends = np.iinfo(computed)
    found = [number(value, DType[dtype].type).value.data for value in (float("-inf"), float("inf"))]
    assert found == [ends.min, ends.max]


def test_infinities_of_truth_values_are_false_and_true():
    assert [bool(number(value, DType.i1.type).value.data) for value in (float("-inf"), float("inf"))] == [False, True]


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
def test_floats_have_infinities(dtype):
    assert number(float("-inf"), DType[dtype].type).value.data == -np.inf
