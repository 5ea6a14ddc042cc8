"""Vector instructions that place elements rather than compute: fill, broadcast, copy, gather, transpose, sort."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class DuplicateOp(Intrinsic):
    """Every element of d = scalar.

    ```mlir
    %d, %n = "test.op"() : () -> (!kernel.local, index)
    kernel.duplicate(%d) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.duplicate"
    instruction = INSTRUCTIONS["vdup"]


class CreateVecIndexOp(Intrinsic):
    """d[i] = start + i (``start`` holds the bits of a number of ``type``).

    ```mlir
    %d, %n = "test.op"() : () -> (!kernel.local, index)
    kernel.create_vec_index(%d) {start = 0, count = %n, type = i32}
    ```
    """

    name = "kernel.create_vec_index"
    instruction = INSTRUCTIONS["vci"]


class CopyOp(Intrinsic):
    """d = s, with strides.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.copy(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.copy"
    instruction = INSTRUCTIONS["vcopy"]


class BrcbOp(Intrinsic):
    """Each repeat reads 8 elements of s and fills 8 blocks of d, one with each.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.brcb(%d, %s) {repeats = %n, type = f32}
    ```
    """

    name = "kernel.brcb"
    instruction = INSTRUCTIONS["vbrcb"]


class GatherOp(Intrinsic):
    """d[i] = the element at byte offset o[i] (u32) of s.

    ```mlir
    %d, %s, %o, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.gather(%d, %s, %o) {count = %n, type = f32}
    ```
    """

    name = "kernel.gather"
    instruction = INSTRUCTIONS["vgather"]


class ScatterOp(Intrinsic):
    """The element at byte offset o[i] (u32) of d = s[i].

    ```mlir
    %d, %s, %o, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.scatter(%d, %s, %o) {count = %n, type = f32}
    ```
    """

    name = "kernel.scatter"
    instruction = INSTRUCTIONS["vscatter"]


class TransposeOp(Intrinsic):
    """d = the 16 by 16 matrix s transposed.

    ```mlir
    %d, %s = "test.op"() : () -> (!kernel.local, !kernel.local)
    kernel.transpose(%d, %s) {type = f16}
    ```
    """

    name = "kernel.transpose"
    instruction = INSTRUCTIONS["vtranspose"]


class Sort32Op(Intrinsic):
    """Each repeat sorts 32 values with their indices, greatest first.

    ```mlir
    %d, %s, %i, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.sort32(%d, %s, %i) {repeats = %n, type = f32}
    ```
    """

    name = "kernel.sort32"
    instruction = INSTRUCTIONS["vsort32"]
