"""The profile as CSV files with the names and columns of those that `msprof` writes for Ascend NPUs.

`op_summary.csv` has a row a launch, `op_statistic.csv` a row a kernel. Columns mean what they mean there: a task's
duration includes launching it, `aicore_time(us)` (`aiv_time(us)`) is how long its cube (vector) cores run, the time of
a pipe is a mean over these cores and its ratio is of that time, `*_total_cycles` sum over them,
`cube_utilization(%)` = aic_total_cycles / (cube cores x cycles of the task). What a simulator has no figure for is
`N/A`, as msprof writes it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.atomic_file import write_text
from runtime.profile.summary import summarize
from runtime.program import Argument, Kernel
from runtime.timing.result import CoreUse, LaunchUse, TimedLaunch, Timeline

NOT_AVAILABLE = "N/A"

_CUBE_PIPES = {"mac": "M", "scalar": "S", "mte1": "MTE1", "mte2": "MTE2", "mte3": "MTE3", "fixpipe": "FIX"}
_VECTOR_PIPES = {"vec": "V", "scalar": "S", "mte2": "MTE2", "mte3": "MTE3"}
_TASK_TYPES = {"cube": "AI_CORE", "vector": "AI_VECTOR_CORE", "mix": "MIX_AIC"}
_DTYPES = {
    DType.f32: "FLOAT",
    DType.f16: "FLOAT16",
    DType.bf16: "DT_BF16",
    DType.i8: "INT8",
    DType.i16: "INT16",
    DType.i32: "INT32",
    DType.i64: "INT64",
    DType.u8: "UINT8",
    DType.i1: "BOOL",
}


def _pipe_columns(prefix: str, pipes: Iterable[str]) -> Iterator[str]:
    for pipe in pipes:
        yield f"{prefix}_{pipe}_time(us)"
        yield f"{prefix}_{pipe}_ratio"


OP_SUMMARY_COLUMNS = (
    *("Device_id", "Model ID", "Task ID", "Stream ID", "Op Name", "OP Type", "OP State", "Task Type"),
    *("Task Start Time(us)", "Task Duration(us)", "Task Wait Time(us)", "Block Dim", "Mix Block Dim"),
    *("HF32 Eligible", "Input Shapes", "Input Data Types", "Input Formats"),
    *("Output Shapes", "Output Data Types", "Output Formats", "Context ID"),
    *("aicore_time(us)", "aic_total_cycles", *_pipe_columns("aic", _CUBE_PIPES), "aic_icache_miss_rate"),
    *("aiv_time(us)", "aiv_total_cycles", *_pipe_columns("aiv", _VECTOR_PIPES), "aiv_icache_miss_rate"),
    "cube_utilization(%)",
)
"""Columns of `op_summary.csv`."""

OP_STATISTIC_COLUMNS = (
    *("Device_id", "OP Type", "Core Type", "Count", "Total Time(us)", "Min Time(us)", "Avg Time(us)", "Max Time(us)"),
    "Ratio(%)",
)
"""Columns of `op_statistic.csv`."""


def write(directory: str | Path, timeline: Timeline) -> None:
    """Write both files into a directory, which is made if it is not there."""
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "op_summary.csv", _text(OP_SUMMARY_COLUMNS, _op_summary(timeline)))
        write_text(folder / "op_statistic.csv", _text(OP_STATISTIC_COLUMNS, _op_statistic(timeline)))
    except OSError as error:
        raise SfumatoError(f"cannot write CSV files to {directory}: {error.strerror}") from error


def _text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue()


def _op_summary(timeline: Timeline) -> Iterator[Sequence[object]]:
    for number, launch in enumerate(timeline.launches):
        kernel = timeline.program.kernels[launch.kernel]
        inputs = [argument for argument in kernel.arguments if argument.is_read]
        outputs = [argument for argument in kernel.arguments if argument.direction in ("out", "inout")]
        yield (
            *(0, NOT_AVAILABLE, number, 0, kernel.name, _op_type(kernel), "static", _TASK_TYPES[kernel.kind]),
            *_times(timeline, number),
            kernel.blocks,
            kernel.blocks * timeline.machine.vector_per_cube if kernel.kind == "mix" else NOT_AVAILABLE,
            *(NOT_AVAILABLE, *_tensors(inputs), *_tensors(outputs), NOT_AVAILABLE),
            *_core_columns(timeline, launch.use, "cube", _CUBE_PIPES),
            *_core_columns(timeline, launch.use, "vector", _VECTOR_PIPES),
            _cube_utilization(timeline, launch),
        )


def _op_type(kernel: Kernel) -> str:
    """The kernel's name without the number that tells it from others of the kind."""
    return re.sub(r"_\d+$", "", kernel.name)


def _times(timeline: Timeline, number: int) -> tuple[str, str, str]:
    """Start, duration, and the gap to the task before; a task starts when it is launched, before its cores do."""
    launch = timeline.launches[number]
    start = launch.start - launch.launch_cycles
    before = timeline.launches[number - 1] if number else None
    gap = start - (before.start + before.cycles) if before else 0.0
    duration = launch.cycles + launch.launch_cycles
    return _us(timeline, start), _us(timeline, duration), _us(timeline, max(gap, 0.0))


def _tensors(arguments: Sequence[Argument]) -> tuple[str, str, str]:
    shapes = ";".join(",".join(map(str, argument.shape)) for argument in arguments)
    types = ";".join(_DTYPES.get(DType.parse(argument.dtype), argument.dtype.upper()) for argument in arguments)
    return f'"{shapes}"', types, ";".join("ND" for _ in arguments)


def _core_columns(timeline: Timeline, use: LaunchUse, kind: str, pipes: dict[str, str]) -> Iterator[object]:
    used = use.cores.get(kind)
    if used is None:
        yield from (0, 0, *(0 for _ in pipes for _ in range(2)), NOT_AVAILABLE)
        return
    yield _us(timeline, use.cycles)
    yield round(_total_cycles(used, use))
    for pipe in pipes.values():
        queue = used.queues.get(pipe)
        busy = queue.busy / used.cores if queue else 0.0
        yield _us(timeline, busy)
        yield f"{busy / use.cycles if use.cycles else 0.0:.3f}"
    yield NOT_AVAILABLE


def _total_cycles(used: CoreUse, use: LaunchUse) -> float:
    return use.cycles * used.cores


def _cube_utilization(timeline: Timeline, launch: TimedLaunch) -> str:
    machine, used = timeline.machine, launch.use.cores.get("cube")
    if used is None:
        return "0.000"
    task = launch.cycles + launch.launch_cycles
    return f"{100 * _total_cycles(used, launch.use) / (machine.cube_cores * task):.3f}"


def _op_statistic(timeline: Timeline) -> Iterator[Sequence[object]]:
    for summary in sorted(summarize(timeline), key=lambda summary: -summary.cycles):
        kernel = summary.kernel
        number = timeline.program.kernels.index(kernel)
        durations = [launch.launch_cycles + launch.cycles for launch in timeline.launches if launch.kernel == number]
        figures = (sum(durations), min(durations), sum(durations) / len(durations), max(durations))
        yield (
            *(0, kernel.name, _TASK_TYPES[kernel.kind], len(durations)),
            *(_us(timeline, cycles) for cycles in figures),
            f"{100 * summary.cycles / timeline.cycles:.3f}",
        )


def _us(timeline: Timeline, cycles: float) -> str:
    return f"{timeline.machine.time_us(cycles):.3f}"
