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
    any) and a directory of `csv` files."""

    trace: str | Path | None = None
    trace_kernels: Sequence[str] = ()
    csv: str | Path | None = None


def profile(program: Program, outputs: Outputs = Outputs()) -> Timeline:
    """Time `program` on its target, without computing a value, and write `outputs`; return what was found."""
    timeline = simulate(program, machine_of(program), record_trace=outputs.trace is not None)
    if outputs.trace is not None:
        from runtime.profile import trace

        trace.write(outputs.trace, timeline, outputs.trace_kernels)
    if outputs.csv is not None:
        from runtime.profile import op_summary

        op_summary.write(outputs.csv, timeline)
    return timeline
