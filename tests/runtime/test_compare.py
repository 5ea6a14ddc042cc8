import numpy as np
import pytest

from dialects.errors import SfumatoError
from runtime.compare import compare, cosine, single_operation_tolerance, tolerance


def test_equal_arrays_agree_with_infinities_and_nan() -> None:
    values = np.array([1.0, np.inf, -np.inf, np.nan], np.float32)
    result = compare(values, values.copy())
    assert result.ok
    assert result.max_abs_err == 0


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_number_in_place_of_another_kind_differs(wrong: float) -> None:
    result = compare(np.array([1.0, wrong], np.float32), np.array([1.0, 2.0], np.float32))
    assert result.mismatches == 1
    assert result.json()["max_abs_err"] is None


def test_bound_is_relative_to_the_largest_expected() -> None:
    expected = np.array([100.0, 0.0], np.float32)
    assert compare(np.array([100.0, 0.0009], np.float32), expected).ok
    assert compare(np.array([100.0, 0.0011], np.float32), expected).mismatches == 1


def test_given_tolerances_are_per_element() -> None:
    expected = np.array([100.0, 1.0], np.float32)
    actual = np.array([100.5, 1.5], np.float32)
    assert compare(actual, expected, absolute=0.6).ok
    assert compare(actual, expected, relative=0.01).mismatches == 1
    assert compare(actual, expected, absolute=0.0).mismatches == 2


def test_large_integers_are_compared_exactly() -> None:
    result = compare(np.array([2**62 + 1]), np.array([2**62]))
    assert result.mismatches == 1
    assert result.max_abs_err == 1


def test_bools() -> None:
    assert compare(np.array([True, False]), np.array([True, True])).mismatches == 1


def test_shapes_must_agree() -> None:
    with pytest.raises(SfumatoError, match="shapes differ"):
        compare(np.zeros(2), np.zeros(3))


def test_tolerances_order() -> None:
    assert tolerance("f32") < tolerance("f16") < tolerance("bf16")
    assert tolerance("i64") == 0
    assert tolerance("f32", 65536) == 4 * tolerance("f32")
    assert 0 < single_operation_tolerance("f32", 100) < single_operation_tolerance("f16", 100)


def test_cosine() -> None:
    assert cosine(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(2**-0.5)
    assert cosine(np.zeros(2), np.zeros(2)) == 1
    assert cosine(np.zeros(2), np.ones(2)) == 0
