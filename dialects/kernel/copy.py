"""Transfers of the memory engines: AscendC's DataCopyPad, DataCopy, Nd2Nz and LoadData."""

from __future__ import annotations

from typing import ClassVar

from dialects.isa import INSTRUCTIONS
from dialects.kernel.intrinsic import Intrinsic


class DataCopyPadInOp(Intrinsic):
    """Bursts from global memory into UB, each padded with zeros to 32 bytes; strides in bytes between burst starts.

    ```mlir
    %ub, %x, %n = "test.op"() : () -> (!kernel.local, !kernel.global<f16>, index)
    kernel.data_copy_pad_in(%ub, %x : !kernel.global<f16>) {bursts = %n, burst_bytes = 256, src_stride = 1024,
    dst_stride = 256}
    ```
    """

    name = "kernel.data_copy_pad_in"
    instruction = INSTRUCTIONS["copy_gm_ub"]


class DataCopyPadOutOp(Intrinsic):
    """Bursts from UB to global memory, optionally combined with what is there (``atomic`` in ``type``).

    ```mlir
    %y, %ub, %n = "test.op"() : () -> (!kernel.global<f16>, !kernel.local, index)
    kernel.data_copy_pad_out(%y : !kernel.global<f16>, %ub) {bursts = %n, burst_bytes = 250, src_stride = 256,
    dst_stride = 1024}
    ```
    """

    name = "kernel.data_copy_pad_out"
    instruction = INSTRUCTIONS["copy_ub_gm"]
    defaults: ClassVar[dict[str, int | str]] = {"type": "f32"}


class DataCopyL1InOp(Intrinsic):
    """Bursts from global memory into L1 as they are, each padded with zeros to 32 bytes.

    ```mlir
    %c1, %x = "test.op"() : () -> (!kernel.local, !kernel.global<f16>)
    kernel.data_copy_l1_in(%c1, %x : !kernel.global<f16>) {bursts = 1, burst_bytes = 512, src_stride = 512, dst_stride =
    512}
    ```
    """

    name = "kernel.data_copy_l1_in"
    instruction = INSTRUCTIONS["copy_gm_l1"]


class DataCopyL1OutOp(Intrinsic):
    """Bursts from L1 to global memory as they are.

    ```mlir
    %y, %a1 = "test.op"() : () -> (!kernel.global<f16>, !kernel.local)
    kernel.data_copy_l1_out(%y : !kernel.global<f16>, %a1) {bursts = 1, burst_bytes = 512, src_stride = 512, dst_stride
    = 512}
    ```
    """

    name = "kernel.data_copy_l1_out"
    instruction = INSTRUCTIONS["copy_l1_gm"]


class Nd2NzOp(Intrinsic):
    """A row-major matrix from global memory into L1 as 32-byte-wide column blocks (NZ) with a pitch of ``dst_rows``
    rows.

    ```mlir
    %a1, %x, %n = "test.op"() : () -> (!kernel.local, !kernel.global<f16>, index)
    kernel.nd2nz(%a1, %x : !kernel.global<f16>) {rows = %n, cols = 64, src_stride = 2048, dst_rows = 128, type = f16}
    ```
    """

    name = "kernel.nd2nz"
    instruction = INSTRUCTIONS["nd2nz"]


class LoadDataAOp(Intrinsic):
    """The left operand [m, k] of mmad from an NZ matrix in L1 ([k, m] with ``transpose``) whose pitch is ``src_rows``.

    ```mlir
    %a2, %a1, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.load_data_a(%a2, %a1) {m = %n, k = 64, src_rows = 128, type = f16}
    ```
    """

    name = "kernel.load_data_a"
    instruction = INSTRUCTIONS["load_l0a"]


class LoadDataBOp(Intrinsic):
    """The right operand of mmad from an NZ matrix in L1 that is [n, k], or [k, n] with ``transpose``.

    ```mlir
    %b2, %b1 = "test.op"() : () -> (!kernel.local, !kernel.local)
    kernel.load_data_b(%b2, %b1) {n = 256, k = 64, src_rows = 64, transpose = 1, type = f16}
    ```
    """

    name = "kernel.load_data_b"
    instruction = INSTRUCTIONS["load_l0b"]


class LoadBiasOp(Intrinsic):
    """A bias vector of f32 or i32 from L1 into the bias table.

    ```mlir
    %c2, %c1 = "test.op"() : () -> (!kernel.local, !kernel.local)
    kernel.load_bias(%c2, %c1) {bytes = 1024}
    ```
    """

    name = "kernel.load_bias"
    instruction = INSTRUCTIONS["load_bt"]


class Nd2NzUBOp(Intrinsic):
    """A row-major matrix from UB into the cube core's L1 as column blocks (NZ) with a pitch of ``dst_rows`` rows.

    ```mlir
    %a1, %ub, %n = "test.op"() : () -> (!kernel.local, !kernel.local, index)
    kernel.nd2nz_ub(%a1, %ub) {rows = %n, cols = 64, src_stride = 128, dst_rows = 128, type = f16}
    ```
    """

    name = "kernel.nd2nz_ub"
    instruction = INSTRUCTIONS["nd2nz_ub_l1"]
