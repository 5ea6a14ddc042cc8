"""Time a program on its target without computing any value; no weights are read."""

from __future__ import annotations

import argparse
from pathlib import Path

from compiler.cli.output import add_json, progress, write_json
from compiler.diagnostics import EXIT_OK
from dialects.errors import SfumatoError
from runtime.program import Program


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato profile``."""
    parser.add_argument("program", metavar="P.sfu", help="compiled program")
    parser.add_argument(
        "--trace", metavar="T.json", help="write a Chrome/Perfetto trace; T.json.gz is compressed, a tenth of the size"
    )
    parser.add_argument(
        "--trace-kernel",
        metavar="NAME",
        action="append",
        default=[],
        help="with --trace: only launches of this kernel (may be given again)",
    )
    parser.add_argument("--csv", metavar="DIR", help="write op_summary.csv and op_statistic.csv, with msprof's columns")
    parser.add_argument("--report", metavar="R.html", help="write a page with timeline, roofline, memory and IR")
    parser.add_argument(
        "--ir",
        metavar="DIR",
        help="with --report: the directory that 'sfumato compile --dump-ir DIR' wrote for this program; the page then "
        "shows the IR after every pass",
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Load, time, report."""
    from runtime.profile.profiling import Outputs, profile
    from runtime.profile.report import profile_json
    from runtime.profile.text import text_report

    for option, needed in (("ir", "report"), ("trace_kernel", "trace")):
        if getattr(arguments, option) and getattr(arguments, needed) is None:
            raise SfumatoError(f"--{option.replace('_', '-')} goes with --{needed}")
    program = Program.load(arguments.program)
    outputs = Outputs(
        arguments.trace,
        arguments.trace_kernel,
        arguments.csv,
        arguments.report,
        arguments.ir,
        Path(arguments.program).stem,
    )
    with progress("timing"):
        timeline = profile(program, outputs)
    write_json(arguments.json, profile_json(timeline))
    if arguments.json != "-":
        print(text_report(timeline))
    return EXIT_OK
