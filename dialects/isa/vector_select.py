"""Vector comparison into bits, selection by bits, conversion between element types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.dtypes import DType
from dialects.isa.fields import Predicate, Round, enumerated, pattern
from dialects.isa.legality import CASTS
from dialects.isa.vector import COUNT, TYPE, VectorInstruction, strides, ub


class CompareInstruction(VectorInstruction):
    """A comparison into bits: bit i * (256 / element size) + e, little-endian from dst, is element e of repeat i."""

    @classmethod
    def type_faults(cls, values: Sequence[int | None]) -> Iterator[str]:
        """i32 compares for equality only."""
        yield from super().type_faults(values)
        predicate = values[cls.positions["predicate"]]
        if values[cls.positions["type"]] == DType.i32 and predicate not in (Predicate.eq, Predicate.ne):
            yield "i32 compares by eq and ne only"


class VCmp(CompareInstruction):
    """Compare src0 with src1 into bits.

    ```mlir
    isa.vcmp dst=[2048], src0=[0], src1=[1280], predicate=lt, count=256, mask=64, src0_blk=1, src1_blk=1,
        src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vcmp"
    opcode = 153
    fields = (
        ub("dst"),
        ub("src0"),
        ub("src1"),
        enumerated("predicate", "Predicate"),
        *COUNT,
        *strides("src0", "src1"),
        *TYPE,
    )


class VCmps(CompareInstruction):
    """Compare src with a scalar into bits.

    ```mlir
    isa.vcmps dst=[2048], src=[0], scalar=0.5, predicate=ge, count=256, mask=64, src_blk=1, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcmps"
    opcode = 154
    fields = (
        ub("dst"),
        ub("src"),
        pattern("scalar"),
        enumerated("predicate", "Predicate"),
        *COUNT,
        *strides("src"),
        *TYPE,
    )


class VSel(VectorInstruction):
    """dst = src0 where the bit is set, else src1; bits packed as vcmp packs them for this `type`.

    ```mlir
    isa.vsel dst=[4096], bits=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1,
        src1_blk=1, dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vsel"
    opcode = 155
    fields = (
        ub("dst"),
        ub("bits"),
        ub("src0"),
        ub("src1"),
        *COUNT,
        *strides("dst", "src0", "src1"),
        *TYPE,
    )


class VSels(VectorInstruction):
    """dst = src where the bit is set, else the scalar; bits packed as vcmp packs them for this `type`.

    ```mlir
    isa.vsels dst=[4096], bits=[2048], src=[0], scalar=0.0, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8,
        src_rep=8, type=f32
    ```
    """

    mnemonic = "vsels"
    opcode = 156
    fields = (
        ub("dst"),
        ub("bits"),
        ub("src"),
        pattern("scalar"),
        *COUNT,
        *strides("dst", "src"),
        *TYPE,
    )


class VCast(VectorInstruction):
    """Convert src of `src_type` to `dst_type`; each side is addressed with its own element size.

    ```mlir
    isa.vcast dst=[1024], src=[0], round=rint, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=4, src_rep=8,
        src_type=f32, dst_type=f16
    ```
    """

    mnemonic = "vcast"
    opcode = 157
    fields = (
        ub("dst"),
        ub("src"),
        enumerated("round", "Round"),
        *COUNT,
        *strides("dst", "src"),
        enumerated("src_type", "dtype"),
        enumerated("dst_type", "dtype"),
    )

    @classmethod
    def type_faults(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A pair of types and a rounding that one conversion offers."""
        source, destination = DType(values[9] or 0), DType(values[10] or 0)
        roundings = CASTS.get((source, destination))
        if roundings is None:
            yield f"no conversion from {source.name} to {destination.name}"
        elif Round(values[2] or 0).name not in roundings:
            yield f"{source.name} to {destination.name} rounds by {', '.join(roundings)}"
