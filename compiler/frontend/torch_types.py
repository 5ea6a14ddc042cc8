"""The enumerations of torch's export schema (major version 8): element types, layouts and memory formats."""

from __future__ import annotations

from dataclasses import dataclass

import ml_dtypes
import numpy as np
from xdsl.dialects.builtin import (
    BFloat16Type,
    ComplexType,
    Float8E4M3FNType,
    Float8E4M3FNUZType,
    Float8E5M2FNUZType,
    Float8E5M2Type,
    Float8E8M0FNUType,
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
)
from xdsl.ir import Attribute


@dataclass(frozen=True)
class ElementType:
    """An element type: torch's name, the numpy type of its bytes (``None``: numpy has none), its type in the IR."""

    torch_name: str
    numpy: np.dtype[np.generic] | None
    ir: Attribute

    @property
    def category(self) -> int:
        """Its rank in torch's promotion: 0 bool, 1 integer, 2 floating point, 3 complex."""
        if self.torch_name == "torch.bool":
            return 0
        if "int" in self.torch_name:
            return 1
        return 3 if "complex" in self.torch_name else 2


def _of(name: str, numpy: type[np.generic] | None, ir: Attribute) -> ElementType:
    return ElementType(f"torch.{name}", None if numpy is None else np.dtype(numpy), ir)


def _unsigned(width: int) -> IntegerType:
    return IntegerType(width, Signedness.UNSIGNED)


ELEMENT_TYPES: dict[int, ElementType] = {
    1: _of("uint8", np.uint8, _unsigned(8)),
    2: _of("int8", np.int8, IntegerType(8)),
    3: _of("int16", np.int16, IntegerType(16)),
    4: _of("int32", np.int32, IntegerType(32)),
    5: _of("int64", np.int64, IntegerType(64)),
    6: _of("float16", np.float16, Float16Type()),
    7: _of("float32", np.float32, Float32Type()),
    8: _of("float64", np.float64, Float64Type()),
    9: _of("complex32", None, ComplexType(Float16Type())),
    10: _of("complex64", np.complex64, ComplexType(Float32Type())),
    11: _of("complex128", np.complex128, ComplexType(Float64Type())),
    12: _of("bool", np.bool_, IntegerType(1)),
    13: _of("bfloat16", ml_dtypes.bfloat16, BFloat16Type()),
    28: _of("uint16", np.uint16, _unsigned(16)),
    29: _of("float8_e4m3fn", ml_dtypes.float8_e4m3fn, Float8E4M3FNType()),
    30: _of("float8_e5m2", ml_dtypes.float8_e5m2, Float8E5M2Type()),
    31: _of("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, Float8E4M3FNUZType()),
    32: _of("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, Float8E5M2FNUZType()),
    33: _of("float8_e8m0fnu", ml_dtypes.float8_e8m0fnu, Float8E8M0FNUType()),
    34: _of("uint32", np.uint32, _unsigned(32)),
    35: _of("uint64", np.uint64, _unsigned(64)),
}
"""``ScalarType`` of the schema."""

STRIDED = 7
"""``Layout.Strided`` of the schema: the only one with sizes, strides and plain bytes."""

LAYOUTS: dict[int, str] = {
    1: "torch.sparse_coo",
    2: "torch.sparse_csr",
    3: "torch.sparse_csc",
    4: "torch.sparse_bsr",
    5: "torch.sparse_bsc",
    6: "torch._mkldnn",
    STRIDED: "torch.strided",
}
"""``Layout`` of the schema."""

MEMORY_FORMATS: dict[int, str] = {
    1: "torch.contiguous_format",
    2: "torch.channels_last",
    3: "torch.channels_last_3d",
    4: "torch.preserve_format",
}
"""``MemoryFormat`` of the schema."""
