"""Compare the simulator with what was measured on silicon: whole kernels, and single instructions.

Prints, for each measured kernel, the simulated figure and its error, which pipe bounds it and how long pipes were busy;
then the cost of each instruction against its measured curve. No Ascend hardware was used: the figures are the sources'.

  --leave-one-out   refits the fitted constants without a row, for each row in turn, and prints the error it then has
  --sensitivity     halves and doubles each constant that nobody has measured, and prints how every row changes
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from functools import partial
from math import exp
from statistics import fmean
from typing import Any

from calibration_constants import UNMEASURED, dependence, settings_of
from measured_instructions import compare_instructions
from measured_kernels import ROWS, Outcome, Row, run_row

from dialects.errors import SfumatoError
from runtime.atomic_file import write_text
from runtime.profile.table import table

TIGHT = 0.10
"""Tolerance of the rows that the mean error is of; those with a larger one scatter too much."""
FACTORS = (0.5, 2.0)
"""What the sensitivity table multiplies constants by."""

_BY_NAME = {row.name: row for row in ROWS}


class Simulator:
    """Simulates rows, in other processes if there is more than one job."""

    def __init__(self, rows: Sequence[Row], jobs: int) -> None:
        """Simulate these rows, ``jobs`` at a time."""
        self.rows = rows
        self._jobs = jobs

    def outcomes(self, settings: str = "") -> dict[str, Outcome]:
        """Return the outcome of each row with some constants changed."""
        names = [row.name for row in self.rows]
        work = partial(_outcome, settings=settings)
        if self._jobs == 1:
            return dict(zip(names, map(work, names), strict=True))
        with ProcessPoolExecutor(self._jobs) as pool:
            return dict(zip(names, pool.map(work, names), strict=True))

    def figures(self, settings: str = "") -> dict[str, float]:
        """Return the figure of each row with some constants changed."""
        return {name: outcome.simulated for name, outcome in self.outcomes(settings).items()}


def _outcome(name: str, settings: str) -> Outcome:
    return run_row(_BY_NAME[name], settings)


def _error(row: Row, simulated: float) -> float:
    return simulated / row.measured - 1


def kernels(simulator: Simulator) -> list[dict[str, Any]]:
    """Simulate all rows, print the table and return it as records."""
    outcomes = simulator.outcomes()
    records: list[dict[str, Any]] = []
    lines: list[list[str]] = []
    for row in simulator.rows:
        outcome = outcomes[row.name]
        error = _error(row, outcome.simulated)
        verdict = ("within" if abs(error) <= row.tolerance else "OUTSIDE") if row.judged else "shown only"
        busy = {
            f"{kind} {pipe}": {"mean": mean, "slowest": slowest, "measured": row.busy.get((kind, pipe))}
            for (kind, pipe), (mean, slowest) in outcome.busy.items()
        }
        records.append(
            {
                "row": row.name,
                "target": row.target,
                "unit": row.unit,
                "measured": row.measured,
                "simulated": outcome.simulated,
                "error": error,
                "tolerance": row.tolerance,
                "judged": row.judged,
                "bound": outcome.bound,
                "l2_hit": outcome.l2_hit,
                "busy_us": busy,
                "note": row.note,
            }
        )
        figures = [f"{row.measured:.2f}", f"{outcome.simulated:.2f}", row.unit, f"{error:+.1%}"]
        lines.append([row.name, row.target, *figures, verdict, outcome.bound, f"{outcome.l2_hit:.0%}", row.note])
    head = ["kernel", "machine", "measured", "simulated", "unit", "error", "", "bound", "L2 hit", "assumed"]
    print(table(head, lines))
    judged = [abs(record["error"]) for record in records if record["judged"] and record["tolerance"] <= TIGHT]
    if judged:
        print(f"mean error, signs apart, of the {len(judged)} rows to be within {TIGHT:.0%}: {fmean(judged):.1%}\n")
    _print_busy(records)
    return records


def _print_busy(records: Iterable[dict[str, Any]]) -> None:
    """Print how long pipes were busy, where that was measured."""
    lines: list[list[str]] = []
    for record in records:
        for pipe, busy in record["busy_us"].items():
            if busy["measured"] is not None:
                shares = (busy["measured"] / record["measured"], busy["mean"] / record["simulated"])
                error = f"{busy['mean'] / busy['measured'] - 1:+.1%}"
                figures = [f"{busy[key]:.1f}" for key in ("measured", "mean", "slowest")]
                lines.append([record["row"], pipe, *figures, error, *(f"{share:.1%}" for share in shares)])
    if lines:
        head = ["kernel", "pipe busy, us", "measured", "mean", "slowest core", "error of mean", "measured", "simulated"]
        print(table(head, lines))


def instructions() -> list[dict[str, Any]]:
    """Compare all instructions, print the table and return it as records."""
    found = compare_instructions()
    lines = [
        [
            one.name,
            str(one.points),
            f"{one.measured:.1f}",
            f"{one.simulated:.1f}",
            f"{one.error:+.1%}",
            f"{one.worst:+.1%}",
            one.pipe if one.pipe == one.busiest else f"{one.busiest}, NOT {one.pipe}",
            one.note or ("" if abs(one.error) <= 0.05 else "OUTSIDE 5 %"),
        ]
        for one in found
    ]
    print(table(["instruction", "points", "measured", "simulated", "error", "worst point", "pipe", ""], lines))
    return [vars(one) for one in found]


def leave_one_out(simulator: Simulator) -> list[dict[str, Any]]:
    """Refit without each judged row in turn, simulate it with what was found, print its error and return records."""
    rows = [row for row in simulator.rows if row.judged]
    measured, tolerances = {row.name: row.measured for row in rows}, {row.name: row.tolerance for row in rows}
    found = dependence(measured, tolerances, simulator.figures)
    records: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        factors = found.refit(without=position)
        error = _error(row, run_row(row, settings_of(factors)).simulated)
        records.append(
            {"row": row.name, "error": exp(found.errors[position]) - 1, "error_left_out": error, "factors": factors}
        )
    lines = [[one["row"], f"{one['error']:+.1%}", f"{one['error_left_out']:+.1%}"] for one in records]
    print(table(["kernel", "error", "error when left out"], lines))
    lines = [[key, f"x{factor:.2f}"] for key, factor in found.refit().items()]
    print(table(["fitted constant", "what a refit to all rows would multiply it by"], lines))
    return records


def sensitivity(simulator: Simulator) -> list[dict[str, Any]]:
    """Change each unmeasured constant, print how the rows change and return records."""
    base = simulator.figures()
    records: list[dict[str, Any]] = []
    for constant in UNMEASURED:
        for factor in FACTORS:
            record: dict[str, Any] = {"constant": constant.name, "factor": factor}
            try:
                changed = simulator.figures(constant.settings(factor))
                record["changes"] = {name: changed[name] / base[name] - 1 for name in base}
            except SfumatoError as error:
                record["refused"] = str(error)
            records.append(record)
    columns = [f"{number}" for number in range(1, len(records) + 1)]
    lines = [[name, *(f"{one['changes'][name]:+.1%}" if "changes" in one else "-" for one in records)] for name in base]
    for number, record in zip(columns, records, strict=True):
        print(f"{number:>3}: {record['constant']} x {record['factor']:g}  {record.get('refused', '')}".rstrip())
    print(table(["kernel", *columns], lines))
    return records


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="*", metavar="PATTERN", help="kernels whose names match, as in 'gemm*'")
    parser.add_argument("--no-instructions", action="store_true", help="leave out the single instructions")
    parser.add_argument("--leave-one-out", action="store_true", help="refit without each row in turn (minutes)")
    parser.add_argument("--sensitivity", action="store_true", help="vary what nobody has measured (minutes)")
    parser.add_argument("--jobs", type=int, default=1, help="processes that simulate (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all figures as JSON, too; - for standard output")
    options = parser.parse_args(arguments)
    rows = [row for row in ROWS if fnmatch(row.name, options.rows)]
    if not rows:
        parser.error(f"no kernel matches '{options.rows}'; there are {', '.join(_BY_NAME)}")
    simulator = Simulator(rows, options.jobs)
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {"kernels": lambda: kernels(simulator)}
    if not options.no_instructions:
        parts["instructions"] = instructions
    if options.leave_one_out:
        parts["leave_one_out"] = lambda: leave_one_out(simulator)
    if options.sensitivity:
        parts["sensitivity"] = lambda: sensitivity(simulator)
    report = {name: part() for name, part in parts.items()}
    if options.json == "-":
        print(json.dumps(report))
    elif options.json:
        write_text(options.json, json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
