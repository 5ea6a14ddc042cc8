"""Elementwise vector arithmetic: two sources, a source and a scalar."""

from __future__ import annotations

from dialects.isa.vector import BinaryInstruction, ScalarOperandInstruction


class VAdd(BinaryInstruction):
    """dst = src0 + src1.

    ```mlir
    isa.vadd dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vadd"
    opcode = 136


class VSub(BinaryInstruction):
    """dst = src0 - src1.

    ```mlir
    isa.vsub dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vsub"
    opcode = 137


class VMul(BinaryInstruction):
    """dst = src0 * src1.

    ```mlir
    isa.vmul dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vmul"
    opcode = 138


class VDiv(BinaryInstruction):
    """dst = src0 / src1.

    ```mlir
    isa.vdiv dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vdiv"
    opcode = 139


class VMax(BinaryInstruction):
    """dst = the larger of src0 and src1; NaN if either is.

    ```mlir
    isa.vmax dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vmax"
    opcode = 140


class VMin(BinaryInstruction):
    """dst = the smaller of src0 and src1; NaN if either is.

    ```mlir
    isa.vmin dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vmin"
    opcode = 141


class VAnd(BinaryInstruction):
    """dst = src0 and src1, bit by bit.

    ```mlir
    isa.vand dst=[2048], src0=[0], src1=[1280], count=256, mask=128, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=u16
    ```
    """

    mnemonic = "vand"
    opcode = 142


class VOr(BinaryInstruction):
    """dst = src0 or src1, bit by bit.

    ```mlir
    isa.vor dst=[2048], src0=[0], src1=[1280], count=256, mask=128, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=u16
    ```
    """

    mnemonic = "vor"
    opcode = 143


class VMadd(BinaryInstruction):
    """dst = src0 * src1 + dst.

    ```mlir
    isa.vmadd dst=[2048], src0=[0], src1=[1280], count=256, mask=64, dst_blk=1, src0_blk=1, src1_blk=1,
        dst_rep=8, src0_rep=8, src1_rep=8, type=f32
    ```
    """

    mnemonic = "vmadd"
    opcode = 144


class VAdds(ScalarOperandInstruction):
    """dst = src + scalar.

    ```mlir
    isa.vadds dst=[1024], src=[0], scalar=1.5, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8,
        type=f32
    ```
    """

    mnemonic = "vadds"
    opcode = 145


class VMuls(ScalarOperandInstruction):
    """dst = src * scalar.

    ```mlir
    isa.vmuls dst=[1024], src=[0], scalar=0.125, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8,
        type=f32
    ```
    """

    mnemonic = "vmuls"
    opcode = 146


class VMaxs(ScalarOperandInstruction):
    """dst = max(src, scalar).

    ```mlir
    isa.vmaxs dst=[1024], src=[0], scalar=0.0, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8,
        type=f32
    ```
    """

    mnemonic = "vmaxs"
    opcode = 147


class VMins(ScalarOperandInstruction):
    """dst = min(src, scalar).

    ```mlir
    isa.vmins dst=[1024], src=[0], scalar=6.0, count=256, mask=128, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8,
        type=f16
    ```
    """

    mnemonic = "vmins"
    opcode = 148


class VShl(ScalarOperandInstruction):
    """dst = src shifted left by scalar bits.

    ```mlir
    isa.vshl dst=[1024], src=[0], scalar=2, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=i32
    ```
    """

    mnemonic = "vshl"
    opcode = 149


class VShr(ScalarOperandInstruction):
    """dst = src shifted right by scalar bits, arithmetically when signed.

    ```mlir
    isa.vshr dst=[1024], src=[0], scalar=2, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=i32
    ```
    """

    mnemonic = "vshr"
    opcode = 150


class VLrelu(ScalarOperandInstruction):
    """dst = src where src > 0, else src * scalar.

    ```mlir
    isa.vlrelu dst=[1024], src=[0], scalar=0.25, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8,
        type=f32
    ```
    """

    mnemonic = "vlrelu"
    opcode = 151


class VAxpy(ScalarOperandInstruction):
    """dst = scalar * src + dst.

    ```mlir
    isa.vaxpy dst=[1024], src=[0], scalar=r3, count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vaxpy"
    opcode = 152
