"""The options that ``run`` and ``check`` share, and what both do with a program."""

from __future__ import annotations

import argparse
from typing import Any

from compiler.diagnostics import EXIT_MISMATCH, EXIT_OK
from runtime.compare import Comparison
from runtime.launch import RunResult, check_outputs, run
from runtime.program import Program
from runtime.tensor_file import load_tensors, match_expected, match_inputs, save_tensors


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run."""
    group = parser.add_argument_group("run")
    group.add_argument("--outputs", metavar="Y.npz", help="write the outputs")
    group.add_argument("--atol", type=_tolerance, metavar="A", help="absolute tolerance (default: the table by dtype)")
    group.add_argument("--rtol", type=_tolerance, metavar="R", help="tolerance relative to each expected value")
    group.add_argument("--trace", metavar="T.json", help="write a Chrome/Perfetto trace")
    group.add_argument(
        "--sanitize", action="store_true", help="check that flags order every pair of conflicting accesses"
    )
    group.add_argument(
        "--report-overflow",
        action="store_true",
        help="name the first instruction that makes an infinity of finite numbers, with the line of the model",
    )


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 up")
    return value


def run_program(
    program: Program, arguments: argparse.Namespace, inputs: str, expected: str | None
) -> tuple[dict[str, Any], int]:
    """Run ``program`` on the inputs in a file, compare with ``expected`` if given; return the report and the exit
    code."""
    from runtime.profile.profiling import Outputs, profile

    tensors = match_inputs(load_tensors(inputs, "in", program.inputs()), program.inputs(), inputs)
    wanted = (
        None
        if expected is None
        else match_expected(load_tensors(expected, "out", program.outputs()), program.outputs(), expected)
    )
    result = run(program, tensors, arguments.sanitize, arguments.report_overflow)
    if arguments.outputs is not None:
        save_tensors(arguments.outputs, result.outputs)
    if arguments.trace is not None:
        profile(program, Outputs(trace=arguments.trace))
    comparisons, ok = (
        ([], True) if wanted is None else check_outputs(program, result.outputs, wanted, arguments.atol, arguments.rtol)
    )
    _tell(result, comparisons, ok, arguments.json)
    return result.json(comparisons, ok), EXIT_OK if ok else EXIT_MISMATCH


def _tell(result: RunResult, comparisons: list[Comparison], ok: bool, report: str | None) -> None:
    if report == "-":
        return
    for position, one in enumerate(comparisons):
        print(
            f"out{position}: max abs error {one.max_abs_err:.3g}, relative {one.max_rel_err:.3g}, "
            f"{one.mismatches} of {one.elements} out of tolerance"
        )
    for note in result.notes:
        print(f"note: {note}")
    if result.overflows is not None:
        print(f"overflow: {result.overflows.first or 'none'}")
    verdict = "" if not comparisons else "agrees, " if ok else "DIFFERS, "
    setup = f"; setup, once at loading: {result.setup_cycles:,.0f} cycles" if result.setup_cycles else ""
    print(f"{verdict}{result.cycles:,.0f} cycles, {result.time_us:.1f} us{setup}")
