"""Transfers between global memory and the on-chip buffers, and from L1 into the cube's operand buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.dtypes import DType
from dialects.isa.fields import Field, address, enumerated, integer, natural
from dialects.isa.instruction import Instruction
from dialects.isa.legality import ATOMIC_TYPES

BLOCK = 32
"""Bytes of a block, the unit of on-chip alignment."""
FRACTAL = 512
"""Alignment of the cube's operand buffers: a fractal of the 910B, 16 rows of 32 bytes."""

_MATRIX_TYPES = (DType.f32, DType.f16, DType.bf16, DType.i8, DType.e4m3, DType.e5m2, DType.hif8)


def _bursts(src_stride: Field, dst_stride: Field) -> tuple[Field, ...]:
    return (natural("bursts"), natural("burst_bytes"), src_stride, dst_stride)


def _matrix_type_fault(code: int | None) -> Iterator[str]:
    if code is not None and code not in _MATRIX_TYPES:
        known = ", ".join(dtype.name for dtype in _MATRIX_TYPES)
        yield f"matrix operands are of type {known}, got {DType(code).name}"


class CopyGmUb(Instruction):
    """Copy bursts from global memory to UB, each padded with zero bytes to 32; strides in bytes between starts.

    ```mlir
    isa.copy_gm_ub dst=[0], src=[r1], bursts=8, burst_bytes=256, src_stride=1024, dst_stride=256
    ```
    """

    mnemonic = "copy_gm_ub"
    opcode = 48
    queue = "MTE2"
    core = "vector"
    fields = (
        address("dst", "ub", BLOCK),
        address("src", "gm"),
        *_bursts(integer("src_stride"), natural("dst_stride", multiple=BLOCK)),
    )


class CopyGmL1(Instruction):
    """Copy bursts from global memory to L1, each padded with zero bytes to 32; strides in bytes between starts.

    ```mlir
    isa.copy_gm_l1 dst=[0], src=[r1], bursts=1, burst_bytes=4096, src_stride=4096, dst_stride=4096
    ```
    """

    mnemonic = "copy_gm_l1"
    opcode = 49
    queue = "MTE2"
    core = "cube"
    fields = (
        address("dst", "l1", BLOCK),
        address("src", "gm"),
        *_bursts(integer("src_stride"), natural("dst_stride", multiple=BLOCK)),
    )


class Nd2Nz(Instruction):
    """Load a row-major matrix into L1 as 32-byte-wide column blocks (NZ) of `dst_rows` rows each.

    With c0 = 32 / element size, element (r, c) goes to dst + ((c // c0) * dst_rows + r) * 32 + (c % c0) * element size;
    the tail of each row's last block is zeroed. `src_stride`: bytes between rows.

    ```mlir
    isa.nd2nz dst=[0], src=[r1], rows=128, cols=256, src_stride=2048, dst_rows=128, type=f16
    ```
    """

    mnemonic = "nd2nz"
    opcode = 50
    queue = "MTE2"
    core = "cube"
    fields = (
        address("dst", "l1", BLOCK),
        address("src", "gm"),
        natural("rows"),
        natural("cols"),
        integer("src_stride"),
        natural("dst_rows"),
        enumerated("type", "dtype"),
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A matrix type, and column blocks that do not overlap."""
        yield from _matrix_type_fault(values[6])
        rows, dst_rows = values[2], values[5]
        if rows is not None and dst_rows is not None and rows > dst_rows:
            yield f"{rows} rows do not fit into column blocks of dst_rows={dst_rows}"


class LoadL0a(Instruction):
    """Load the cube's left operand [m, k] from an NZ matrix in L1 ([k, m] with `transpose`) whose pitch is `src_rows`.

    With c0 = 32 / element size, fractals of R rows (`cube.block_m`: 16 on the 910B) and k1 = ceil(k / c0), element
    (i, j) goes to dst + ((i // R) * k1 + j // c0) * R * 32 + (i % R) * 32 + (j % c0) * element size; where L0A holds NZ
    (`cube.l0a_layout`), with m1 = ceil(m / R), to dst + ((j // c0) * m1 + i // R) * R * 32 + the same rest. Whole
    fractals move.

    ```mlir
    isa.load_l0a dst=[0], src=[r4], m=128, k=64, src_rows=128, transpose=0, type=f16
    ```
    """

    mnemonic = "load_l0a"
    opcode = 51
    queue = "MTE1"
    core = "cube"
    fields = (
        address("dst", "l0a", FRACTAL),
        address("src", "l1", BLOCK),
        natural("m"),
        natural("k"),
        natural("src_rows"),
        natural("transpose", 0, 1),
        enumerated("type", "dtype"),
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A matrix type."""
        yield from _matrix_type_fault(values[6])


class LoadL0b(Instruction):
    """Load the cube's right operand from an NZ matrix in L1 that is [n, k], or [k, n] with `transpose`.

    With c0 = 32 / element size, fractals of R rows (`cube.block_n`: 16 on the 910B) and n1 = ceil(n / R), element
    (k = j, n = i) goes to dst + ((j // c0) * n1 + i // R) * R * 32 + (i % R) * 32 + (j % c0) * element size. Whole
    fractals move.

    ```mlir
    isa.load_l0b dst=[0], src=[r5], n=256, k=64, src_rows=256, transpose=0, type=f16
    ```
    """

    mnemonic = "load_l0b"
    opcode = 52
    queue = "MTE1"
    core = "cube"
    fields = (
        address("dst", "l0b", FRACTAL),
        address("src", "l1", BLOCK),
        natural("n"),
        natural("k"),
        natural("src_rows"),
        natural("transpose", 0, 1),
        enumerated("type", "dtype"),
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A matrix type."""
        yield from _matrix_type_fault(values[6])


class LoadBt(Instruction):
    """Copy a bias vector from L1 to the bias table.

    ```mlir
    isa.load_bt dst=[0], src=[r6], bytes=1024
    ```
    """

    mnemonic = "load_bt"
    opcode = 53
    queue = "MTE1"
    core = "cube"
    fields = (address("dst", "bt", 64), address("src", "l1", BLOCK), natural("bytes"))


class CopyUbGm(Instruction):
    """Copy bursts from UB to global memory, combining with what is there when `atomic` (in `type`).

    ```mlir
    isa.copy_ub_gm dst=[r2], src=[0], bursts=8, burst_bytes=256, src_stride=256, dst_stride=1024, atomic=none,
        type=f32
    ```
    """

    mnemonic = "copy_ub_gm"
    opcode = 54
    queue = "MTE3"
    core = "vector"
    fields = (
        address("dst", "gm"),
        address("src", "ub", BLOCK),
        *_bursts(natural("src_stride", multiple=BLOCK), integer("dst_stride")),
        enumerated("atomic", "Atomic"),
        enumerated("type", "dtype"),
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """Atomics exist for some types only."""
        if values[6] and values[7] not in ATOMIC_TYPES:
            known = ", ".join(dtype.name for dtype in ATOMIC_TYPES)
            yield f"atomic stores combine in {known}, not in {DType(values[7] or 0).name}"


class CopyL1Gm(Instruction):
    """Copy bursts from L1 to global memory; strides in bytes between starts.

    ```mlir
    isa.copy_l1_gm dst=[r2], src=[0], bursts=1, burst_bytes=4096, src_stride=4096, dst_stride=4096
    ```
    """

    mnemonic = "copy_l1_gm"
    opcode = 55
    queue = "MTE3"
    core = "cube"
    fields = (
        address("dst", "gm"),
        address("src", "l1", BLOCK),
        *_bursts(natural("src_stride", multiple=BLOCK), integer("dst_stride")),
    )


class Nd2NzUbL1(Instruction):
    """Move a row-major matrix from UB to the L1 of the block's cube core as 32-byte-wide column blocks (NZ).

    Element (r, c) goes where `nd2nz` puts it; the tail of each row's last block is zeroed. Needs a machine with the
    path `ub_l1`.

    ```mlir
    isa.nd2nz_ub_l1 dst=[r3], src=[0], rows=64, cols=256, src_stride=512, dst_rows=128, type=f16
    ```
    """

    mnemonic = "nd2nz_ub_l1"
    opcode = 56
    queue = "MTE3"
    core = "vector"
    fields = (
        address("dst", "l1", BLOCK),
        address("src", "ub", BLOCK),
        natural("rows"),
        natural("cols"),
        natural("src_stride", multiple=BLOCK),
        natural("dst_rows"),
        enumerated("type", "dtype"),
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A matrix type, and column blocks that do not overlap."""
        yield from Nd2Nz.rules(values)
