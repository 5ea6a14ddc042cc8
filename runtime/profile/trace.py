"""Writes a timeline in the Trace Event Format that Chrome (chrome://tracing) and Perfetto read.

A process is a core; its threads are its queues. PIPE-S shows which kernel the core runs. Times are microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dialects.errors import SfumatoError
from dialects.isa.fields import Pipe
from runtime.decoding import CoreProgram, decode_kernel
from runtime.program import Kernel
from runtime.timing.core import QUEUES
from runtime.timing.result import CoreTrace, TimedLaunch, Timeline

VECTOR_PROCESSES = 1000
"""Process number of the first vector core; cube cores count from 0."""


def write(path: str | Path, timeline: Timeline) -> None:
    """Write the trace; the timeline must come from `simulate(..., record_trace=True)`."""
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            file.write('{"displayTimeUnit": "ns", "traceEvents": [\n')
            for number, event in enumerate(_events(timeline)):
                file.write((",\n" if number else "") + json.dumps(event))
            file.write("\n]}\n")
    except OSError as error:
        raise SfumatoError(f"cannot write the trace to {path}: {error.strerror}") from error


def _events(timeline: Timeline) -> Iterator[dict[str, Any]]:
    named: set[int] = set()
    programs: dict[tuple[int, str], CoreProgram] = {}
    for launch in timeline.launches:
        kernel = timeline.program.kernels[launch.kernel]
        if not launch.use.trace:
            raise ValueError("the timeline has no trace: simulate with record_trace=True")
        for core in launch.use.trace:
            process = _process(timeline, kernel, core)
            if process not in named:
                named.add(process)
                yield from _names(process, core.kind)
            key = (launch.kernel, core.kind)
            if key not in programs:
                programs[key] = decode_kernel(kernel, core.kind)
            yield from _core(timeline, launch, core, process, programs[key])


def _process(timeline: Timeline, kernel: Kernel, core: CoreTrace) -> int:
    if core.kind == "cube":
        return core.block
    each = timeline.machine.vector_per_cube if kernel.kind == "mix" else 1
    return VECTOR_PROCESSES + core.block * each + core.sub


def _names(process: int, kind: str) -> Iterator[dict[str, Any]]:
    number = process if kind == "cube" else process - VECTOR_PROCESSES
    yield {"ph": "M", "name": "process_name", "pid": process, "args": {"name": f"{kind} core {number}"}}
    yield {"ph": "M", "name": "process_sort_index", "pid": process, "args": {"sort_index": process}}
    for pipe in (Pipe.S, *QUEUES[kind]):
        thread = {"pid": process, "tid": int(pipe)}
        yield {"ph": "M", "name": "thread_name", **thread, "args": {"name": f"PIPE-{pipe.name}"}}


def _core(
    timeline: Timeline, launch: TimedLaunch, core: CoreTrace, process: int, program: CoreProgram
) -> Iterator[dict[str, Any]]:
    clock = timeline.machine.clock_mhz
    whole = {"ts": launch.start / clock, "dur": launch.use.cycles / clock}
    yield {"ph": "X", "name": program.kernel, "pid": process, "tid": int(Pipe.S), **whole}
    for span in core.spans:
        decoded = program.instructions[span.index]
        arguments: dict[str, Any] = {"instruction": span.index, "kernel": program.kernel}
        source = program.source(span.index)
        if source is not None:
            arguments["source"] = source
        times = {"ts": (launch.start + span.start) / clock, "dur": (span.end - span.start) / clock}
        place = {"pid": process, "tid": int(span.pipe)}
        yield {"ph": "X", "name": decoded.mnemonic, **place, **times, "args": arguments}
