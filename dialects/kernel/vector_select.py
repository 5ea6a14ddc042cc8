"""Comparisons, selections and conversions of the vector unit."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class CompareOp(Intrinsic):
    """Bit e of d = whether a and b compare as ``predicate``; a repeat packs its bits together.

    ```mlir
    %d, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.compare(%d, %a, %b) {predicate = lt, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.compare"
    instruction = INSTRUCTIONS["vcmp"]


class CompareScalarOp(Intrinsic):
    """Bit e of d = whether s and the scalar compare as ``predicate``.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.compare_scalar(%d, %s) {predicate = gt, scalar = 0.0, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.compare_scalar"
    instruction = INSTRUCTIONS["vcmps"]


class SelectOp(Intrinsic):
    """d = a where the bit (packed as by compare) is set, else b.

    ```mlir
    %d, %bits, %a, %b, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, !kernel.local, index)
    kernel.select(%d, %bits, %a, %b) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.select"
    instruction = INSTRUCTIONS["vsel"]


class SelectScalarOp(Intrinsic):
    """d = a where the bit is set, else the scalar.

    ```mlir
    %d, %bits, %a, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.select_scalar(%d, %bits, %a) {scalar = 0.5, count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.select_scalar"
    instruction = INSTRUCTIONS["vsels"]


class CastOp(Intrinsic):
    """d = s converted from ``src_type`` to ``dst_type``; strides are in blocks of each side's own type.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.cast(%d, %s) {round = rint, count = %n, mask = 64, dst_rep = 4, src_type = f32, dst_type = f16}
    ```
    """

    name = "kernel.cast"
    instruction = INSTRUCTIONS["vcast"]
