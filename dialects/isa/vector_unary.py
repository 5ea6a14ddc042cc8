"""Elementwise vector functions of one source."""

from __future__ import annotations

from dialects.isa.vector import UnaryInstruction


class VExp(UnaryInstruction):
    """dst = e to the power src.

    ```mlir
    isa.vexp dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vexp"
    opcode = 128


class VLn(UnaryInstruction):
    """dst = natural logarithm of src.

    ```mlir
    isa.vln dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vln"
    opcode = 129


class VAbs(UnaryInstruction):
    """dst = |src|.

    ```mlir
    isa.vabs dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vabs"
    opcode = 130


class VSqrt(UnaryInstruction):
    """dst = square root of src.

    ```mlir
    isa.vsqrt dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vsqrt"
    opcode = 131


class VRsqrt(UnaryInstruction):
    """dst = 1 / square root of src.

    ```mlir
    isa.vrsqrt dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vrsqrt"
    opcode = 132


class VRec(UnaryInstruction):
    """dst = 1 / src.

    ```mlir
    isa.vrec dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vrec"
    opcode = 133


class VRelu(UnaryInstruction):
    """dst = max(src, 0).

    ```mlir
    isa.vrelu dst=[1024], src=[0], count=256, mask=128, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f16
    ```
    """

    mnemonic = "vrelu"
    opcode = 134


class VNot(UnaryInstruction):
    """dst = bitwise not of src.

    ```mlir
    isa.vnot dst=[1024], src=[0], count=256, mask=128, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=u16
    ```
    """

    mnemonic = "vnot"
    opcode = 135
