"""The graph dialect: attributes and constants hold what numpy says, inferred types are checked, examples round-trip."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from xdsl.dialects.builtin import bf16, f16, f32, f64, i1, i8, i64
from xdsl.utils.exceptions import VerifyException

from dialects.dtypes import DType
from dialects.graph import AddOp, ConstantOp, IotaOp, MatmulOp, ReduceOp, SliceOp, SortOp
from dialects.graph.types import ELEMENTS, scalar_attr, tensor, ui8


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_constant_keeps_its_elements(element) -> None:
    values = np.arange(6).reshape(2, 3).astype(DType.of(element).numpy)
    constant = ConstantOp.from_array(values, tensor((2, 3), element))
    constant.verify()
    assert constant.scalar is None
    assert constant.to_numpy().dtype == values.dtype
    np.testing.assert_array_equal(constant.to_numpy(), values)


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_constant_of_equal_elements_is_a_scalar(element) -> None:
    constant = ConstantOp.from_array(np.ones((4, 5), DType.of(element).numpy), tensor((4, 5), element))
    constant.verify()
    assert constant.scalar == 1
    np.testing.assert_array_equal(constant.to_numpy(), np.ones((4, 5), DType.of(element).numpy))


def test_minus_zero_is_not_zero() -> None:
    assert ConstantOp.from_array(np.array([0.0, -0.0], np.float32), tensor((2,), f32)).scalar is None
    assert np.signbit(ConstantOp.make(-0.0, tensor((), f32)).to_numpy())
    assert not np.signbit(ConstantOp.make(0.0, tensor((), f32)).to_numpy())


def test_constant_without_elements() -> None:
    assert ConstantOp.from_array(np.zeros((0, 3), np.float32), tensor((0, 3), f32)).to_numpy().shape == (0, 3)


@pytest.mark.parametrize(
    ("element", "numpy"), [(f16, np.float16), (bf16, ml_dtypes.bfloat16), (f32, np.float32), (f64, np.float64)], ids=str
)
def test_scalars_are_rounded_to_their_type(element, numpy) -> None:
    values = [0.1, -1 / 3, 1 + 2.0**-9, 65519.0, 65520.0, 1e-7, 3.3e38, 1e300, float("inf")]
    with np.errstate(over="ignore"):
        expected = [float(np.float64(value).astype(numpy)) for value in values]
    assert [scalar_attr(value, element).value.data for value in values] == expected
    assert np.isnan(scalar_attr(float("nan"), element).value.data)


def test_integer_scalars_wrap() -> None:
    assert scalar_attr(200, i8).value.data == -56
    assert scalar_attr(-1, ui8).value.data == 255
    assert scalar_attr(-(2**63), i64).value.data == -(2**63)
    assert scalar_attr(7, i1) == scalar_attr(True, i1)


def value(shape, element=f32):
    return ConstantOp.make(1, tensor(shape, element)).result


def test_types_are_inferred() -> None:
    assert MatmulOp.make(value((2, 5, 3)), value((2, 7, 3)), transpose_b=True).result.type == tensor((2, 5, 7), f32)
    assert MatmulOp.make(value((3, 5), bf16), value((3, 7), bf16), transpose_a=True, element=f32).result.type == tensor(
        (5, 7), f32
    )
    assert ReduceOp.make(value((2, 3, 4)), "max", (0, 2)).result.type == tensor((3,), f32)
    assert SliceOp.make(value((8,)), (7,), (-1,), (-3,)).result.type == tensor((3,), f32)
    assert [each.type for each in SortOp.make(value((4,)), 0).results] == [tensor((4,), f32), tensor((4,), i64)]
    assert IotaOp.make(tensor((3,), i64)).result.type == tensor((3,), i64)


def test_building_checks_operands() -> None:
    with pytest.raises(VerifyException, match="differ in type"):
        AddOp.make(value((2,)), value((3,)))
    with pytest.raises(VerifyException, match="inner sizes differ"):
        MatmulOp.make(value((2, 3)), value((4, 5)))
    with pytest.raises(VerifyException, match="outside an axis of size 8"):
        SliceOp.make(value((8,)), (0,), (9,), (1,))


def test_types_and_attributes_are_interned() -> None:
    assert tensor((2, 3), f32) is tensor([2, 3], f32)
    assert scalar_attr(0.5, f16) is scalar_attr(0.5, f16)
