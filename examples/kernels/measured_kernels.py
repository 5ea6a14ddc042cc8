"""Kernels that were measured on silicon, written with the tilings stated there, and what the simulator makes of them.

A row's time is that of the task, launch included, unless its unit says otherwise; busy times are means over the cores
that have the pipe. Caches are taken as cold (L2 is empty at the start): no source says otherwise. Where a source leaves
a tiling out, the row says what was assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from flash_attention import flash_attention
from flash_tiling import Attention, FlashTiling, fitting_vector_rows
from gemm import Partition, gemm
from kernel_output import assemble
from matmul_pipeline import Product, Tiling
from split_k import Split, split_k
from vector_add import Addition, Placement, vector_add

from dialects.isa import BY_OPCODE
from runtime.machine.description import Machine, load
from runtime.profile.summary import summarize
from runtime.timing.result import Timeline
from runtime.timing.simulator import simulate

PIPES = {"cube": ("M", "MTE1", "MTE2", "FIX", "S"), "vector": ("V", "MTE2", "MTE3")}
"""The pipes whose busy time is shown, by kind of core."""


@dataclass(frozen=True)
class Row:
    """One measured figure: on what machine, its kernel, and how the figure is read off a simulation.

    ``busy`` has measured busy times in microseconds by (kind of core, pipe). ``tolerance`` is the error that is
    accepted; a row that is not ``judged`` stands on assumptions that are too large for that, and is shown only.
    """

    name: str
    target: str
    measured: float
    kernel: Callable[[Machine], str]
    unit: str = "us"
    read: Callable[[Timeline, str], float] = lambda timeline, text: timeline.machine.time_us(timeline.cycles)
    busy: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    tolerance: float = 0.10
    judged: bool = True
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a simulation says: the row's figure, busy times in microseconds (mean, slowest core), and what bounds it."""

    simulated: float
    busy: dict[tuple[str, str], tuple[float, float]]
    bound: str
    l2_hit: float


def run_row(row: Row, settings: str = "") -> Outcome:
    """Simulate a row on its machine, changed by ``settings`` ("key=value,key=value"; a value may be a factor, "x2")."""
    text = row.kernel(load(row.target))
    machine = load(f"{row.target}:{settings}" if settings else row.target)
    timeline = simulate(assemble(text, f"{row.name}.s"), machine)
    (summary,) = summarize(timeline)
    busy = {
        (kind, pipe): (machine.time_us(use.queues[pipe].busy / use.cores), machine.time_us(use.queues[pipe].busiest))
        for kind, use in timeline.launches[0].use.cores.items()
        for pipe in PIPES[kind]
    }
    return Outcome(row.read(timeline, text), busy, summary.bound, summary.l2_hit)


# How figures other than the time of the task are read.


def cycles_of_an_addition(timeline: Timeline, text: str, times: int) -> float:
    """Cycles that the vector unit is busy with each of ``times`` additions."""
    return timeline.launches[0].use.cores["vector"].queues["V"].busy / times


def load_rate(timeline: Timeline, text: str) -> float:
    """Terabytes a second that all cube cores load while they load."""
    use = timeline.launches[0].use
    loading = use.cores["cube"].queues["MTE2"].busy / use.cores["cube"].cores
    return use.gm_read_bytes / timeline.machine.time_us(loading) / 1e6


def stage_cycles(timeline: Timeline, text: str, core: str, stage: str, tiles: int) -> float:
    """Cycles that a stage takes of a core for each of ``tiles`` tiles of all blocks.

    On the cube core: products and fixpipes, which have to take turns where the scores fill L0C. On a vector core:
    vector instructions, and the stage's share of the barriers.
    """
    use = timeline.launches[0].use.cores[core]
    kernel = timeline.program.kernels[0]
    code = kernel.code(core)
    assert code is not None
    stages = _stages(text, core)
    pipes = ("M", "FIX") if core == "cube" else ("V",)
    names = [BY_OPCODE[int(opcode)] for opcode in code["opcode"]]
    busy = sum(
        cycles
        for cycles, instruction, name in zip(use.by_instruction, names, stages, strict=True)
        if name == stage and instruction.queue in pipes
    )
    barriers = [name for name, instruction in zip(stages, names, strict=True) if instruction.mnemonic == "barrier"]
    if barriers:
        busy += use.queues["V"].stalls.get("barrier", 0.0) * barriers.count(stage) / len(barriers)
    return busy / (tiles * (1 if core == "cube" else timeline.machine.vector_per_cube))


def _stages(text: str, core: str) -> list[str]:
    """Return the stage of each instruction of a core: the comment above it that names one."""
    stages: list[str] = []
    current, inside = "", False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("."):
            inside = line == f".{core}"
        elif line.startswith("//"):
            current = line.removeprefix("// ")
        elif inside:
            stages.append(current)
    return stages


# The kernels.


def _gemm(size: tuple[int, int, int], tiling: Tiling, partition: Partition, output: str, machine: Machine) -> str:
    return gemm(Product(*size, "f16", output), tiling, partition, machine)


def _cube(size: int, tiling: Tiling, single: tuple[int, int], output: str) -> Callable[[Machine], str]:
    return partial(_gemm, (size, size, size), tiling, Partition((4, 6), single), output)


def _flash(length: int, machine: Machine) -> str:
    attention, tiling = Attention(length, length), FlashTiling()
    rows = fitting_vector_rows(attention, tiling, machine)
    return flash_attention(attention, tiling.with_vector_rows(rows), machine)


def _split(k: int, parts: int, machine: Machine) -> str:
    step_a = min(4, k // (128 * parts))  # A's step is twice B's, as at 8192
    return split_k(Product(128, 256, k, "i8", "i32"), Tiling(128, 256, 128, step_a, 2), Split(parts), machine)


def _addition(addition: Addition, placement: Placement | None, cores: int | None, machine: Machine) -> str:
    return vector_add(addition, machine, cores, placement)


def _shares(total: float, **shares: float) -> dict[tuple[str, str], float]:
    """Busy times of cube cores' pipes from their shares of a total."""
    return {("cube", pipe): total * share for pipe, share in shares.items()}


_STEPS_8192, _STEPS_6144 = Tiling(step_ka=8, step_kb=4, unit_flag=True), Tiling(step_ka=4, step_kb=4)
_ADD_8192 = 8192 * 8192


def _rows() -> list[Row]:
    b1, b2, b3, c = "ascend910b1", "ascend910b2", "ascend910b3", "ascend910c"
    repeated = Addition(4096, 4096, buffers=1, repeat=1000)
    one_addition = partial(cycles_of_an_addition, times=repeated.repeat)
    rows = [
        Row(
            "gemm 8192, L2 split",
            b1,
            4081.6,
            _cube(8192, _STEPS_8192, (1024, 1536), "f16"),
            busy=_shares(1.0, M=3082.2, MTE1=2553.0, MTE2=3487.0, FIX=162.0, S=345.0),
        ),
        Row(
            "gemm 8192",
            b1,
            4121.0,
            _cube(8192, _STEPS_8192, (2048, 1536), "f16"),
            busy=_shares(1.0, M=3082.0, MTE2=3552.0),
        ),
        Row(
            "gemm 1536",
            c,
            38.8,
            _cube(1536, _STEPS_6144, (384, 256), "f32"),
            busy=_shares(38.8, M=0.545, MTE1=0.422, MTE2=0.722, FIX=0.077),
            note="tiling as at 6144",
        ),
        Row(
            "gemm 6144",
            c,
            1506.0,
            _cube(6144, _STEPS_6144, (1536, 1024), "f32"),
            busy=_shares(1506.0, M=0.867, MTE1=0.681, MTE2=0.952, FIX=0.031),
        ),
    ]
    for length, measured in ((1024, 20.96), (4096, 88.90), (16384, 909.06)):
        tolerance = 0.10 if length == 16384 else 0.25
        rows.append(Row(f"flash {length}", b2, measured, partial(_flash, length), tolerance=tolerance))
    for core, stage, measured in (
        ("cube", "QK", 2487),
        ("vector", "P", 2489),
        ("cube", "PV", 1617),
        ("vector", "update", 834),
    ):
        read = partial(stage_cycles, core=core, stage=stage, tiles=8 * 4)
        note = "a fitted model's constant, not a measurement"
        rows.append(Row(f"stage {stage}", b2, measured, partial(_flash, 1024), "cycles", read, judged=False, note=note))
    for name, measured, placement in (
        ("add, no conflict", 86.0, None),
        ("add, read-read", 150.0, Placement(0, 16384, 65536)),
        ("add, read-write", 135.0, Placement(0, 16384 + 256, 32768 + 512)),
    ):
        kernel = partial(_addition, repeated, placement, 1)
        rows.append(Row(name, b3, measured, kernel, "cycles", one_addition, tolerance=0.005))
    for name, measured, addition, note in (
        ("add 8192, first", 306.6, Addition(_ADD_8192, 4096, "f16", 1), "tile of 8 KiB and one buffer: assumed"),
        (
            "add 8192, last",
            184.5,
            Addition(_ADD_8192, 8192, "f16", 2, streamed=True),
            "two tiles of 16 KiB, inputs past L2: assumed",
        ),
    ):
        judged = name.endswith("last")
        rows.append(Row(name, b1, measured, partial(_addition, addition, None, None), judged=judged, note=note))
    for k, parts, split, whole in ((1024, 4, 18.11, 18.64), (4096, 16, 21.15, 32.97), (16384, 20, 23.83, 78.52)):
        note = f"{parts} parts: assumed"
        rows.append(Row(f"split-K {k}", b3, split, partial(_split, k, parts), note=note))
        rows.append(Row(f"int8 {k}, no split", b3, whole, partial(_split, k, 1)))
    for n, measured, hit in ((4096, 3.87, 0.938), (16384, 1.62, 0.32)):
        kernel = partial(_gemm, (2560, n, 8192), _STEPS_6144, Partition((4, 6), (640, -(-n // 1536) * 256)), "f16")
        note = f"chip and tiling assumed; L2 hit rate measured {hit:.0%}"
        rows.append(Row(f"loads, n = {n}", b1, measured, kernel, "TB/s", load_rate, judged=False, note=note))
    return rows


ROWS = _rows()
