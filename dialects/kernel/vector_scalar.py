"""Element-wise arithmetic of the vector unit on a tensor and a scalar (the bits of a number, or an index value)."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class AddsOp(Intrinsic):
    """d = s + scalar.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.adds(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.adds"
    instruction = INSTRUCTIONS["vadds"]


class MulsOp(Intrinsic):
    """d = s * scalar.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.muls(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.muls"
    instruction = INSTRUCTIONS["vmuls"]


class MaxsOp(Intrinsic):
    """d = max(s, scalar).

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.maxs(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.maxs"
    instruction = INSTRUCTIONS["vmaxs"]


class MinsOp(Intrinsic):
    """d = min(s, scalar).

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.mins(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.mins"
    instruction = INSTRUCTIONS["vmins"]


class ShiftLeftOp(Intrinsic):
    """d = s shifted left by scalar bits.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.shift_left(%d, %s) {scalar = 4, count = %n, mask = 64, type = i32}
    ```
    """

    name = "kernel.shift_left"
    instruction = INSTRUCTIONS["vshl"]


class ShiftRightOp(Intrinsic):
    """d = s shifted right by scalar bits, keeping the sign of signed types.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.shift_right(%d, %s) {scalar = 4, count = %n, mask = 64, type = i32}
    ```
    """

    name = "kernel.shift_right"
    instruction = INSTRUCTIONS["vshr"]


class LeakyReluOp(Intrinsic):
    """d = s where s > 0, else s * scalar.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.leaky_relu(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.leaky_relu"
    instruction = INSTRUCTIONS["vlrelu"]


class AxpyOp(Intrinsic):
    """d = d + scalar * s.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.axpy(%d, %s) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.axpy"
    instruction = INSTRUCTIONS["vaxpy"]
