"""The ends that a reduction of integers starts from, against numpy's."""

import numpy as np
import pytest

from dialects.dtypes import DType
from passes.tile.numbers import number


@pytest.mark.parametrize("dtype", ["u8", "i8", "i16", "i32", "i64"])
def test_infinities_of_integers_are_their_ends(dtype):
    ends = np.iinfo(DType[dtype].numpy)
    found = [number(value, DType[dtype].type).value.data for value in (float("-inf"), float("inf"))]
    assert found == [ends.min, ends.max]


def test_infinities_of_truth_values_are_false_and_true():
    assert [bool(number(value, DType.i1.type).value.data) for value in (float("-inf"), float("inf"))] == [False, True]


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
def test_floats_have_infinities(dtype):
    assert number(float("-inf"), DType[dtype].type).value.data == -np.inf
