"""Which instruction computes in which element types: one table, read by the verifier and by type legalisation.

Arithmetic pairs are those the AscendC interface of the 910B documents or a measured curve shows; conversions are the
pairs of its Cast. Anything else has to be legalised (bf16 through f32, i64 through i32, bool as f16 0/1).
"""

from __future__ import annotations

from dialects.dtypes import DType

F32, F16, BF16 = DType.f32, DType.f16, DType.bf16
I64, I32, I16, I8, U8, U16, U32 = DType.i64, DType.i32, DType.i16, DType.i8, DType.u8, DType.u16, DType.u32

_FLOATS = (F32, F16)
_ARITHMETIC = (F32, F16, I32, I16)
_HALFWORDS = (I16, U16)
_WORDS = (F32, F16, BF16, I32, I16, U32, U16)

VECTOR_TYPES: dict[str, tuple[DType, ...]] = {
    "vexp": _FLOATS,
    "vln": _FLOATS,
    "vabs": _FLOATS,
    "vsqrt": _FLOATS,
    "vrsqrt": _FLOATS,
    "vrec": _FLOATS,
    "vrelu": (F32, F16, I32),
    "vnot": _HALFWORDS,
    "vadd": _ARITHMETIC,
    "vsub": _ARITHMETIC,
    "vmul": _ARITHMETIC,
    "vdiv": _FLOATS,
    "vmax": _ARITHMETIC,
    "vmin": _ARITHMETIC,
    "vand": _HALFWORDS,
    "vor": _HALFWORDS,
    "vmadd": _FLOATS,
    "vadds": _ARITHMETIC,
    "vmuls": _ARITHMETIC,
    "vmaxs": _ARITHMETIC,
    "vmins": _ARITHMETIC,
    "vshl": (I32, U32, I16, U16),
    "vshr": (I32, U32, I16, U16),
    "vlrelu": _FLOATS,
    "vaxpy": _FLOATS,
    "vcmp": (F32, F16, I32),
    "vcmps": (F32, F16, I32),
    "vsel": _WORDS,
    "vsels": _WORDS,
    "vcadd": _FLOATS,
    "vcmax": _FLOATS,
    "vcmin": _FLOATS,
    "vcgadd": _FLOATS,
    "vcgmax": _FLOATS,
    "vcgmin": _FLOATS,
    "vbrcb": _WORDS,
    "vdup": _WORDS,
    "vci": _ARITHMETIC,
    "vcopy": _WORDS,
    "vgather": _WORDS,
    "vscatter": _WORDS,
    "vtranspose": _WORDS,
    "vsort32": _FLOATS,
}
"""Mnemonic -> legal values of its `type` field. i32 comparisons exist for eq and ne only."""

_ROUNDINGS = ("rint", "floor", "ceil", "round", "trunc")

CASTS: dict[tuple[DType, DType], tuple[str, ...]] = {
    (F16, F32): ("none",),
    (F16, I32): _ROUNDINGS,
    (F16, I16): _ROUNDINGS,
    (F16, I8): ("none", *_ROUNDINGS),
    (F16, U8): ("none", *_ROUNDINGS),
    (F32, F32): _ROUNDINGS,
    (F32, F16): ("none", *_ROUNDINGS, "odd"),
    (F32, BF16): _ROUNDINGS,
    (F32, I64): _ROUNDINGS,
    (F32, I32): _ROUNDINGS,
    (F32, I16): _ROUNDINGS,
    (I32, F32): ("none", *_ROUNDINGS),
    (I32, I64): ("none",),
    (I32, I16): ("none",),
    (I16, F16): ("none", *_ROUNDINGS),
    (I16, F32): ("none",),
    (I8, F16): ("none",),
    (U8, F16): ("none",),
    (BF16, F32): ("none",),
    (BF16, I32): _ROUNDINGS,
    (I64, I32): ("none",),
    (I64, F32): _ROUNDINGS,
}
"""(source, destination) -> roundings that a single vcast offers."""

MATMUL_TYPES: dict[tuple[DType, DType], tuple[str, ...]] = {
    (F16, F32): ("none",),
    (BF16, F32): ("none",),
    (F32, F32): ("none", "hf32"),
    (I8, I32): ("none",),
    (DType.e4m3, F32): ("none",),
    (DType.e5m2, F32): ("none",),
    (DType.hif8, F32): ("none",),
}
"""(input, accumulator) of mmad -> legal modes; a machine has those that its description gives a rate for."""

FIXPIPE_TYPES: dict[str, tuple[DType, DType]] = {
    "f32_f16": (F32, F16),
    "f32_bf16": (F32, BF16),
    "deq_f16": (I32, F16),
    "req_i8": (I32, I8),
    "f32_i8": (F32, I8),
}
"""Conversion of a fixpipe -> (accumulator type, output type); `none` keeps the accumulator's type."""

ATOMIC_TYPES: tuple[DType, ...] = (F32, F16, BF16, I32, I16, I8)
"""Types that an atomic store combines in."""


def supports(mnemonic: str, dtype: DType) -> bool:
    """Whether a vector instruction computes in `dtype`."""
    return dtype in VECTOR_TYPES[mnemonic]
