"""Times a program and writes the files that a profile may consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.launch import machine_of
from runtime.program import Program
from runtime.timing.result import Timeline
from runtime.timing.simulator import simulate


@dataclass(frozen=True)
class Outputs:
    """The files to write, each only if it is named: a Chrome/Perfetto `trace` (of `trace_kernels` only, if there are
    any), a directory of `csv` files, an HTML `report` with `title` (which shows the IR that `ir` has, the directory of
    `compile --dump-ir`)."""

    trace: str | Path | None = None
    trace_kernels: Sequence[str] = ()
    csv: str | Path | None = None
    report: str | Path | None = None
    ir: str | Path | None = None
    title: str = "program"


def profile(program: Program, outputs: Outputs = Outputs()) -> Timeline:
    """Time `program` on its target, without computing a value, and write `outputs`; return what was found."""
    record_trace = outputs.trace is not None or outputs.report is not None
    timeline = simulate(program, machine_of(program), record_trace)
    if outputs.trace is not None:
        from runtime.profile import trace

        trace.write(outputs.trace, timeline, outputs.trace_kernels)
    if outputs.csv is not None:
        from runtime.profile import op_summary

        op_summary.write(outputs.csv, timeline)
    if outputs.report is not None:
        from runtime.profile.html import page

        page.write(outputs.report, timeline, outputs.title, outputs.ir)
    return timeline
