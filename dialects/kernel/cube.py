"""The matrix unit and its drain: AscendC's Mmad and Fixpipe."""

from __future__ import annotations

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class MmadOp(Intrinsic):
    """C = A.B (``init`` = 1, plus the bias with ``use_bias``) or C += A.B; the bias tensor may be left out.

    ```mlir
    %co1, %a2, %b2, %n = "test.op"() : () -> (!kernel.local, !kernel.local, !kernel.local, index)
    kernel.mmad(%co1, %a2, %b2) {m = 128, n = 256, k = 64, init = %n, type = f16, acc = f32}
    ```
    """

    name = "kernel.mmad"
    instruction = INSTRUCTIONS["mmad"]
    optional_tensors = 1


class FixpipeOp(Intrinsic):
    """An accumulator [m, n] to global memory in rows of ``dst_stride`` bytes, converted and clamped on the way.

    ```mlir
    %y, %co1, %n = "test.op"() : () -> (!kernel.global<f16>, !kernel.local, index)
    kernel.fixpipe(%y : !kernel.global<f16>, %co1) {m = %n, n = 256, src_rows = 128, dst_stride = 512, quant = f32_f16,
    relu = 1, acc = f32, type = f16}
    ```
    """

    name = "kernel.fixpipe"
    instruction = INSTRUCTIONS["fixpipe"]


class FixpipeL1Op(Intrinsic):
    """An accumulator [m, n] to L1 as column blocks (NZ) of ``dst_rows`` rows, converted and clamped on the way.

    ```mlir
    %a1, %co1 = "test.op"() : () -> (!kernel.local, !kernel.local)
    kernel.fixpipe_l1(%a1, %co1) {m = 128, n = 64, src_rows = 128, dst_rows = 128, quant = f32_f16, acc = f32, type =
    f16}
    ```
    """

    name = "kernel.fixpipe_l1"
    instruction = INSTRUCTIONS["fixpipe_l1"]


class FixpipeUBOp(Intrinsic):
    """An accumulator [m, n] to the UBs of the block's vector cores, ``share`` rows to each (950: FixPipe with two
    destinations).

    ```mlir
    %ub, %co1 = "test.op"() : () -> (!kernel.local, !kernel.local)
    kernel.fixpipe_ub(%ub, %co1) {m = 128, n = 64, share = 64, src_rows = 128, dst_stride = 256, acc = f32, type = f32}
    ```
    """

    name = "kernel.fixpipe_ub"
    instruction = INSTRUCTIONS["fixpipe_ub"]
