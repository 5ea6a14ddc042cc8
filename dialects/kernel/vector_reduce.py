"""Reductions of the vector unit within a repeat or a block: AscendC's WholeReduce and BlockReduce."""

from __future__ import annotations

from typing import ClassVar

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class WholeReduceSumOp(Intrinsic):
    """One element a repeat of s: its sum; ``dst_rep`` counts elements.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.whole_reduce_sum(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.whole_reduce_sum"
    instruction = INSTRUCTIONS["vcadd"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}


class WholeReduceMaxOp(Intrinsic):
    """One element a repeat of s: its max; ``dst_rep`` counts elements. With ``index``: pairs (value, position).

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.whole_reduce_max(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.whole_reduce_max"
    instruction = INSTRUCTIONS["vcmax"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}


class WholeReduceMinOp(Intrinsic):
    """One element a repeat of s: its min; ``dst_rep`` counts elements. With ``index``: pairs (value, position).

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.whole_reduce_min(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.whole_reduce_min"
    instruction = INSTRUCTIONS["vcmin"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}


class BlockReduceSumOp(Intrinsic):
    """One element a 32-byte block of s: its sum, eight a repeat.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.block_reduce_sum(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.block_reduce_sum"
    instruction = INSTRUCTIONS["vcgadd"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}


class BlockReduceMaxOp(Intrinsic):
    """One element a 32-byte block of s: its max, eight a repeat.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.block_reduce_max(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.block_reduce_max"
    instruction = INSTRUCTIONS["vcgmax"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}


class BlockReduceMinOp(Intrinsic):
    """One element a 32-byte block of s: its min, eight a repeat.

    ```mlir
    %d, %s, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.block_reduce_min(%d, %s) {count = %n, mask = 64, type = f32}
    ```
    """

    name = "kernel.block_reduce_min"
    instruction = INSTRUCTIONS["vcgmin"]
    defaults: ClassVar[dict[str, int | str]] = {"dst_rep": 1}
