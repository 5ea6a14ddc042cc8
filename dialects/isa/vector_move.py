"""Vector reductions, broadcasts and rearrangements."""

from __future__ import annotations

from dialects.isa.fields import natural, pattern
from dialects.isa.vector import COUNT, MAX_REPEATS, TYPE, UnaryInstruction, VectorInstruction, strides, ub

_REDUCTION = (*COUNT, natural("dst_rep", 0, 65535), natural("src_blk", 0, 255), natural("src_rep", 0, 255))


class BlockReduction(VectorInstruction):
    """Reduce each 32-byte block to one element; the 8 of repeat i start at element i * dst_rep * 8 of dst."""

    fields = (ub("dst", 2), ub("src"), *_REDUCTION, *TYPE)


class IndexedReduction(VectorInstruction):
    """Reduce each repeat to one element at element i * dst_rep of dst.

    With `index` = 1 a pair is written at twice that: the value, then its first position in the repeat as unsigned bits
    of the same width.
    """

    fields = (ub("dst", 2), ub("src"), *_REDUCTION, natural("index", 0, 1), *TYPE)


class VCadd(VectorInstruction):
    """Sum each repeat, as a binary tree, to element i * dst_rep of dst.

    ```mlir
    isa.vcadd dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcadd"
    opcode = 160
    fields = (ub("dst", 2), ub("src"), *_REDUCTION, *TYPE)


class VCmax(IndexedReduction):
    """The largest element of each repeat, and with `index` its position.

    ```mlir
    isa.vcmax dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, index=0, type=f32
    ```
    """

    mnemonic = "vcmax"
    opcode = 161


class VCmin(IndexedReduction):
    """The smallest element of each repeat, and with `index` its position.

    ```mlir
    isa.vcmin dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, index=1, type=f32
    ```
    """

    mnemonic = "vcmin"
    opcode = 162


class VCgadd(BlockReduction):
    """Sum each 32-byte block, as a binary tree.

    ```mlir
    isa.vcgadd dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcgadd"
    opcode = 163


class VCgmax(BlockReduction):
    """The largest element of each 32-byte block.

    ```mlir
    isa.vcgmax dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcgmax"
    opcode = 164


class VCgmin(BlockReduction):
    """The smallest element of each 32-byte block.

    ```mlir
    isa.vcgmin dst=[4096], src=[0], count=512, mask=64, dst_rep=1, src_blk=1, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcgmin"
    opcode = 165


class VBrcb(VectorInstruction):
    """Broadcast to blocks: each repeat reads 8 consecutive elements and fills 8 blocks with one element each.

    ```mlir
    isa.vbrcb dst=[4096], src=[0], repeats=4, dst_blk=1, dst_rep=8, type=f32
    ```
    """

    mnemonic = "vbrcb"
    opcode = 166
    fields = (ub("dst"), ub("src"), natural("repeats", 0, MAX_REPEATS), *strides("dst"), *TYPE)


class VDup(VectorInstruction):
    """Fill dst with a scalar.

    ```mlir
    isa.vdup dst=[0], scalar=1.0, count=256, mask=64, dst_blk=1, dst_rep=8, type=f32
    ```
    """

    mnemonic = "vdup"
    opcode = 167
    fields = (ub("dst"), pattern("scalar"), *COUNT, *strides("dst"), *TYPE)


class VCi(VectorInstruction):
    """Count up: dst[i] = start + i.

    ```mlir
    isa.vci dst=[0], start=0, count=64, type=i32
    ```
    """

    mnemonic = "vci"
    opcode = 168
    fields = (ub("dst"), pattern("start"), natural("count"), *TYPE)


class VCopy(UnaryInstruction):
    """Copy src to dst.

    ```mlir
    isa.vcopy dst=[1024], src=[0], count=256, mask=64, dst_blk=1, src_blk=1, dst_rep=8, src_rep=8, type=f32
    ```
    """

    mnemonic = "vcopy"
    opcode = 169


class VGather(VectorInstruction):
    """dst[i] = the element at byte offset offsets[i] (u32) from src; elements of 2 or 4 bytes.

    ```mlir
    isa.vgather dst=[2048], src=[0], offsets=[1024], count=128, type=f32
    ```
    """

    mnemonic = "vgather"
    opcode = 170
    fields = (ub("dst"), ub("src"), ub("offsets"), natural("count"), *TYPE)


class VScatter(VectorInstruction):
    """Store src[i] at byte offset offsets[i] (u32) from dst; elements of 2 or 4 bytes, later ones win.

    ```mlir
    isa.vscatter dst=[2048], src=[0], offsets=[1024], count=128, type=f32
    ```
    """

    mnemonic = "vscatter"
    opcode = 171
    fields = (ub("dst"), ub("src"), ub("offsets"), natural("count"), *TYPE)


class VTranspose(VectorInstruction):
    """Transpose a dense 16 x 16 matrix of 2- or 4-byte elements; dst may not overlap src.

    ```mlir
    isa.vtranspose dst=[512], src=[0], type=f16
    ```
    """

    mnemonic = "vtranspose"
    opcode = 172
    fields = (ub("dst"), ub("src"), *TYPE)


class VSort32(VectorInstruction):
    """Sort each 32 values in descending order, with their indices (u32), into 8-byte (value, index) pairs.

    ```mlir
    isa.vsort32 dst=[2048], src=[0], indices=[1024], repeats=4, type=f32
    ```
    """

    mnemonic = "vsort32"
    opcode = 173
    fields = (ub("dst"), ub("src"), ub("indices"), natural("repeats", 0, MAX_REPEATS), *TYPE)
