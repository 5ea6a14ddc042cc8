"""The matrix unit and the fixpipe that drains its accumulators.

The unit flag of an accumulator lets the fixpipe drain it block by block while the matrix unit still works on it, and
the matrix unit refill it behind the fixpipe, without set_flag and wait_flag. It belongs to the accumulator's address in
L0C: an mmad with `unit_flag` 2 or 3 waits until what an mmad with 3 left there is drained; one with 3, the last of a
sum, hands it over; a fixpipe with 3 waits for that and gives it back. What is ordered is what a flag from M to FIX
after that mmad and a flag from FIX to M after that fixpipe would order; but the units keep to it block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dialects.dtypes import DType
from dialects.isa.fields import Atomic, MmadMode, Quant, address, enumerated, integer, natural
from dialects.isa.instruction import Instruction
from dialects.isa.legality import ATOMIC_TYPES, FIXPIPE_TYPES, MATMUL_TYPES
from dialects.isa.mte import BLOCK, FRACTAL

LEAST_BLOCK = 8
"""Rows of the smallest block that a machine's cube unit may have."""

UNIT_FLAG = natural("unit_flag", 0, 3)._replace(default=0)
"""How an instruction takes part in the unit flag of its accumulator, in AscendC's numbers; 0: it does not."""


def _conversion_fault(quant: int, accumulator: int, output: int) -> Iterator[str]:
    if quant == Quant.none:
        if accumulator != output or accumulator not in (DType.f32, DType.i32):
            yield f"without quantisation the output is the accumulator's f32 or i32, got {_pair(accumulator, output)}"
        return
    expected = FIXPIPE_TYPES[Quant(quant).name]
    if (accumulator, output) != expected:
        yield f"{Quant(quant).name} converts {_pair(*expected)}, got {_pair(accumulator, output)}"


def _scaleless_fault(quant: int | None, accumulator: int | None, output: int | None) -> Iterator[str]:
    assert quant is not None
    assert accumulator is not None
    assert output is not None
    if quant in (Quant.deq_f16, Quant.req_i8, Quant.f32_i8):
        yield f"{Quant(quant).name} needs a scale, which only a fixpipe to global memory has"
    yield from _conversion_fault(quant, accumulator, output)


def _pair(source: int, destination: int) -> str:
    return f"{DType(source).name} to {DType(destination).name}"


def _unit_flag_fault(value: int | None, known: tuple[int, ...]) -> Iterator[str]:
    if value is not None and value not in known:
        yield f"unit_flag is {' or '.join(map(str, known))}, got {value}"


class Mmad(Instruction):
    """Multiply [m, k] by [k, n] into the accumulator: C = A.B plus the bias (`init` = 1), or C += A.B (`init` = 0).

    With the machine's blocks of M rows and N columns (16 and 16 on the 910B) and m1 = ceil(m / M), element (i, j) of C
    lies at dst + ((j // N) * m1 * M + i) * N * 4 + (j % N) * 4. Only the logical elements are read. Consecutive mmads
    into one accumulator need no barrier.

    ```mlir
    isa.mmad dst=[0], a=[0], b=[0], m=128, n=256, k=64, init=r7, bias=[0], use_bias=0, type=f16, acc=f32, mode=none,
        unit_flag=0
    ```
    """

    mnemonic = "mmad"
    opcode = 80
    queue = "M"
    core = "cube"
    fields = (
        address("dst", "l0c", 64),
        address("a", "l0a", FRACTAL),
        address("b", "l0b", FRACTAL),
        natural("m"),
        natural("n"),
        natural("k"),
        natural("init", 0, 1),
        address("bias", "bt", 64),
        natural("use_bias", 0, 1),
        enumerated("type", "dtype"),
        enumerated("acc", "dtype"),
        enumerated("mode", "MmadMode"),
        UNIT_FLAG,
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A pair of types that the matrix unit has, in a mode it has for them."""
        source, accumulator, mode = values[9], values[10], values[11]
        assert source is not None
        assert accumulator is not None
        assert mode is not None
        modes = MATMUL_TYPES.get((DType(source), DType(accumulator)))
        if modes is None:
            yield f"no matrix multiplication from {_pair(source, accumulator)}"
        elif MmadMode(mode).name not in modes:
            yield f"mode {MmadMode(mode).name} does not apply to {DType(source).name}"
        yield from _unit_flag_fault(values[-1], (0, 2, 3))


class Fixpipe(Instruction):
    """Store an accumulator [m, n] to global memory in rows of `dst_stride` bytes, converting and clamping on the way.

    `src_rows` is the accumulator's pitch (m rounded up to the cube unit's block); `scale` holds f32 bits for deq_f16,
    req_i8 and f32_i8.

    ```mlir
    isa.fixpipe dst=[r8], src=[0], m=128, n=256, src_rows=128, dst_stride=512, quant=f32_f16, relu=0,
        atomic=none, scale=0, acc=f32, type=f16, unit_flag=0
    ```
    """

    mnemonic = "fixpipe"
    opcode = 81
    queue = "FIX"
    core = "cube"
    fields = (
        address("dst", "gm"),
        address("src", "l0c", 64),
        natural("m"),
        natural("n"),
        natural("src_rows", multiple=LEAST_BLOCK),
        integer("dst_stride"),
        enumerated("quant", "Quant"),
        natural("relu", 0, 1),
        enumerated("atomic", "Atomic"),
        integer("scale"),
        enumerated("acc", "dtype"),
        enumerated("type", "dtype"),
        UNIT_FLAG,
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A conversion that the fixpipe has, and an atomic type."""
        quant, atomic, accumulator, output = values[6], values[8], values[10], values[11]
        assert quant is not None
        assert atomic is not None
        assert accumulator is not None
        assert output is not None
        yield from _conversion_fault(quant, accumulator, output)
        yield from _unit_flag_fault(values[-1], (0, 3))
        if atomic not in (Atomic.none, Atomic.add):
            yield "the fixpipe combines by addition only"
        elif atomic == Atomic.add and output not in ATOMIC_TYPES:
            yield f"no atomic addition in {DType(output).name}"


class FixpipeL1(Instruction):
    """Move an accumulator [m, n] to L1 as column blocks (NZ) of `dst_rows` rows, converting and clamping on the way.

    ```mlir
    isa.fixpipe_l1 dst=[0], src=[0], m=128, n=64, src_rows=128, dst_rows=128, quant=f32_f16, relu=1, acc=f32, type=f16,
        unit_flag=0
    ```
    """

    mnemonic = "fixpipe_l1"
    opcode = 82
    queue = "FIX"
    core = "cube"
    fields = (
        address("dst", "l1", BLOCK),
        address("src", "l0c", 64),
        natural("m"),
        natural("n"),
        natural("src_rows", multiple=LEAST_BLOCK),
        natural("dst_rows"),
        enumerated("quant", "Quant"),
        natural("relu", 0, 1),
        enumerated("acc", "dtype"),
        enumerated("type", "dtype"),
        UNIT_FLAG,
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A conversion that the fixpipe has and that needs no scale."""
        yield from _scaleless_fault(values[6], values[8], values[9])
        yield from _unit_flag_fault(values[-1], (0, 3))


class FixpipeUb(Instruction):
    """Move an accumulator [m, n] to the UBs of the block's vector cores, `share` rows to each, converting on the way.

    Row i goes to vector core i // share, to dst + (i % share) * dst_stride there. Needs a machine with the path
    `l0c_ub`.

    ```mlir
    isa.fixpipe_ub dst=[0], src=[0], m=128, n=64, share=64, src_rows=128, dst_stride=256, quant=none, relu=0, acc=f32,
        type=f32, unit_flag=0
    ```
    """

    mnemonic = "fixpipe_ub"
    opcode = 83
    queue = "FIX"
    core = "cube"
    fields = (
        address("dst", "ub", BLOCK),
        address("src", "l0c", 64),
        natural("m"),
        natural("n"),
        natural("share", 1),
        natural("src_rows", multiple=LEAST_BLOCK),
        natural("dst_stride", multiple=BLOCK),
        enumerated("quant", "Quant"),
        natural("relu", 0, 1),
        enumerated("acc", "dtype"),
        enumerated("type", "dtype"),
        UNIT_FLAG,
    )

    @classmethod
    def rules(cls, values: Sequence[int | None]) -> Iterator[str]:
        """A conversion that the fixpipe has and that needs no scale."""
        yield from _scaleless_fault(values[7], values[9], values[10])
        yield from _unit_flag_fault(values[-1], (0, 3))
