"""Element types: one enumeration shared by every level, the encoding and the simulator."""

from enum import IntEnum
from functools import cache, cached_property
from typing import Any

import ml_dtypes
import numpy as np
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, Float64Type, IntegerType, Signedness
from xdsl.ir import Attribute

from dialects.errors import SfumatoError


class DType(IntEnum):
    """An element type; its value is the code in encoded instructions, its name the spelling in every textual form.

    `i1` is a bool (one byte in memory); it and `f64` exist above the instruction level only. The 8-bit floats exist at
    the instruction level only; `hif8` (HiFloat8), for which numpy has no type, is held as opaque bytes.
    """

    f32 = 0
    f16 = 1
    bf16 = 2
    i32 = 3
    i16 = 4
    i8 = 5
    u8 = 6
    u16 = 7
    u32 = 8
    i64 = 9
    i1 = 10
    f64 = 11
    e4m3 = 12
    e5m2 = 13
    hif8 = 14

    @cached_property
    def numpy(self) -> np.dtype[Any]:
        """The numpy type that holds an element, from `ml_dtypes` where numpy has none."""
        return _NUMPY[self]

    @cached_property
    def size(self) -> int:
        """Bytes of one element in memory."""
        return _NUMPY[self].itemsize

    @property
    def bits(self) -> int:
        """Bits of one element in memory (8 for i1)."""
        return 8 * self.size

    @property
    def is_float(self) -> bool:
        """Whether elements are floating-point numbers."""
        return self in _FLOATS

    @property
    def is_signed(self) -> bool:
        """Whether elements can be negative."""
        return self not in (DType.u8, DType.u16, DType.u32, DType.i1)

    @cached_property
    def type(self) -> Attribute:
        """The builtin MLIR type of the same meaning; unsigned integers are `ui8`, `ui16`, `ui32`."""
        found = _TYPES.get(self)
        if found is None:
            raise SfumatoError(f"{self.name} exists at the instruction level only")
        return found

    @staticmethod
    def parse(name: str) -> "DType":
        """The type of this name; SfumatoError when there is none."""
        try:
            return DType[name]
        except KeyError:
            known = ", ".join(member.name for member in DType)
            raise SfumatoError(f"unknown element type '{name}': expected one of {known}") from None

    @staticmethod
    def of(element_type: Attribute) -> "DType":
        """The element type that a builtin MLIR type means; SfumatoError when the compiler has none for it."""
        found = _BY_TYPE.get(element_type)
        if found is None:
            raise SfumatoError(f"element type {element_type} is not supported")
        return found

    @staticmethod
    def of_numpy(dtype: np.dtype[Any]) -> "DType":
        """The element type of a numpy array; SfumatoError when the compiler has none for it."""
        found = _by_numpy().get(dtype)
        if found is None:
            raise SfumatoError(f"numpy type {dtype} is not supported")
        return found


_FLOATS = (DType.f32, DType.f16, DType.bf16, DType.f64, DType.e4m3, DType.e5m2, DType.hif8)

_NUMPY: dict[DType, np.dtype[Any]] = {
    DType.f32: np.dtype(np.float32),
    DType.f16: np.dtype(np.float16),
    DType.bf16: np.dtype(ml_dtypes.bfloat16),
    DType.i32: np.dtype(np.int32),
    DType.i16: np.dtype(np.int16),
    DType.i8: np.dtype(np.int8),
    DType.u8: np.dtype(np.uint8),
    DType.u16: np.dtype(np.uint16),
    DType.u32: np.dtype(np.uint32),
    DType.i64: np.dtype(np.int64),
    DType.i1: np.dtype(np.bool_),
    DType.f64: np.dtype(np.float64),
    DType.e4m3: np.dtype(ml_dtypes.float8_e4m3fn),
    DType.e5m2: np.dtype(ml_dtypes.float8_e5m2),
    DType.hif8: np.dtype("V1"),
}

_TYPES: dict[DType, Attribute] = {
    DType.f32: Float32Type(),
    DType.f16: Float16Type(),
    DType.bf16: BFloat16Type(),
    DType.i32: IntegerType(32),
    DType.i16: IntegerType(16),
    DType.i8: IntegerType(8),
    DType.u8: IntegerType(8, Signedness.UNSIGNED),
    DType.u16: IntegerType(16, Signedness.UNSIGNED),
    DType.u32: IntegerType(32, Signedness.UNSIGNED),
    DType.i64: IntegerType(64),
    DType.i1: IntegerType(1),
    DType.f64: Float64Type(),
}

_BY_TYPE: dict[Attribute, DType] = {attribute: dtype for dtype, attribute in _TYPES.items()}


@cache
def _by_numpy() -> dict[np.dtype[Any], DType]:
    return {dtype: member for member, dtype in _NUMPY.items()}
