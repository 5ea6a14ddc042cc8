"""Element-wise arithmetic of the vector unit on one or two tensors."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class ExpOp(Intrinsic):
    """d = e to the power of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.exp(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.exp"
    instruction = INSTRUCTIONS["vexp"]


class LnOp(Intrinsic):
    """d = natural logarithm of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.ln(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.ln"
    instruction = INSTRUCTIONS["vln"]


class AbsOp(Intrinsic):
    """d = absolute value of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.abs(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.abs"
    instruction = INSTRUCTIONS["vabs"]


class SqrtOp(Intrinsic):
    """d = square root of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.sqrt(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.sqrt"
    instruction = INSTRUCTIONS["vsqrt"]


class RsqrtOp(Intrinsic):
    """d = 1 / square root of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.rsqrt(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.rsqrt"
    instruction = INSTRUCTIONS["vrsqrt"]


class ReciprocalOp(Intrinsic):
    """d = 1 / s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.reciprocal(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.reciprocal"
    instruction = INSTRUCTIONS["vrec"]


class ReluOp(Intrinsic):
    """d = max(s, 0).

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.relu(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.relu"
    instruction = INSTRUCTIONS["vrelu"]


class NotOp(Intrinsic):
    """d = bitwise complement of s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.not(%d, %s) {count = %n, mask = 128, type = i16}
    ```
    """

    name = "kernel.not"
    instruction = INSTRUCTIONS["vnot"]


class AddOp(Intrinsic):
    """d = a + b; a repeat stride of 0 reuses an operand's first repeat.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.add(%d, %a, %b) {count = %n, mask = 64, src1_rep = 0, type = f32}
    ```
    """

    name = "kernel.add"
    instruction = INSTRUCTIONS["vadd"]


class SubOp(Intrinsic):
    """d = a - b.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.sub(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.sub"
    instruction = INSTRUCTIONS["vsub"]


class MulOp(Intrinsic):
    """d = a * b.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.mul(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.mul"
    instruction = INSTRUCTIONS["vmul"]


class DivOp(Intrinsic):
    """d = a / b.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.div(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.div"
    instruction = INSTRUCTIONS["vdiv"]


class MaxOp(Intrinsic):
    """d = max(a, b).

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.max(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.max"
    instruction = INSTRUCTIONS["vmax"]


class MinOp(Intrinsic):
    """d = min(a, b).

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.min(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.min"
    instruction = INSTRUCTIONS["vmin"]


class AndOp(Intrinsic):
    """d = a and b, bitwise.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.and(%d, %a, %b) {count = %n, mask = 128, type = i16}
    ```
    """

    name = "kernel.and"
    instruction = INSTRUCTIONS["vand"]


class OrOp(Intrinsic):
    """d = a or b, bitwise.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.or(%d, %a, %b) {count = %n, mask = 128, type = i16}
    ```
    """

    name = "kernel.or"
    instruction = INSTRUCTIONS["vor"]


class MulAddDstOp(Intrinsic):
    """d = a * b + d.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.mul_add_dst(%d, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.mul_add_dst"
    instruction = INSTRUCTIONS["vmadd"]
