"""Compile and time one model on a grid of machines: each --set names a key and its values, all combinations are tried.

Keys are those of the machine description (memory.hbm_gb_per_s, cube.macs_per_cycle.f16, ...), short names (l1_kib,
ub_kib, aic, aiv, aiv_per_aic, l2_mib, hbm_gb_per_s, clock_mhz, ...) and compile options (target, precision, quantize,
attention). Values are numbers, ranges FIRST:LAST:STEP with both ends, or factors of the base machine's value (x0.5,
x2). With aic or aiv_per_aic the vector cores follow. A point that cannot be compiled is a row; the reason follows.

Exit code 1: no point could be measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from compiler.cli.compile_options import add_target_options, options_of
from compiler.cli.output import add_json, progress, write_json
from compiler.diagnostics import EXIT_BUG, EXIT_INPUT, EXIT_OK
from compiler.frontend.archive import Archive
from compiler.sweep.grid import parse_axis, points_of
from compiler.sweep.report import Sweep
from compiler.sweep.run import executor_for, run_points
from runtime.atomic_file import write_text

_WIDTH = 200
"""Columns of the table where the output is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato sweep``."""
    parser.add_argument("model", metavar="P.pt2", help="exported model")
    parser.add_argument(
        "--set", action="append", required=True, metavar="KEY=V1,V2,...", help="what varies; may be given several times"
    )
    parser.add_argument("--jobs", type=_jobs, metavar="N", help="points measured at a time (default: one a core)")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="measure on the workers of this Dask scheduler, tcp://HOST:PORT"
    )
    parser.add_argument("--plot", metavar="F.html", help="plot it: .html, or .png or .svg through Chromium")
    parser.add_argument("--csv", metavar="F.csv", help="write the points as CSV")
    add_target_options(parser)
    add_json(parser)


def _jobs(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


def execute(arguments: argparse.Namespace) -> int:
    """Measure the grid, report."""
    axes = tuple(parse_axis(text) for text in arguments.set)
    points = tuple(points_of(axes, options_of(arguments)))
    if arguments.plot is not None:
        from compiler.sweep.plot import check_format

        check_format(arguments.plot)
    model = Path(arguments.model)
    Archive.open(model)
    with progress("sweep") as show, executor_for(arguments.jobs, arguments.scheduler) as executor:
        show(f"{len(points)} points")
        outcomes = run_points(model, points, executor, lambda done, total: show(f"{done} of {total} points"))
    sweep = Sweep(model, axes, points, tuple(outcomes))
    _report(sweep, arguments)
    if any(outcome.is_bug for outcome in outcomes):
        return EXIT_BUG
    return EXIT_OK if any(outcome.error is None for outcome in outcomes) else EXIT_INPUT


def _report(sweep: Sweep, arguments: argparse.Namespace) -> None:
    write_json(arguments.json, sweep.json())
    if arguments.csv is not None:
        write_text(arguments.csv, sweep.csv())
    if arguments.plot is not None:
        from compiler.sweep.plot import write_plot

        write_plot(sweep, arguments.plot)
    if arguments.json != "-":
        from rich.console import Console

        console = Console(file=sys.stdout, highlight=False)
        if not console.is_terminal:
            console.width = _WIDTH
        console.print(sweep.table())
    for reason in sweep.reasons():
        print(f"sfumato sweep: {reason}", file=sys.stderr)
