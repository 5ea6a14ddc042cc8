"""Run a program on the simulated NPU: computes the outputs, counts the cycles, compares with expected values.

Exit code 3: an output differs from the expected one.
"""

from __future__ import annotations

import argparse

from compiler.cli.output import add_json, progress, write_json
from compiler.cli.run_options import add_run_options, run_program
from dialects.errors import SfumatoError
from runtime.program import Program


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato run``."""
    parser.add_argument("program", metavar="P.sfu", help="compiled program")
    parser.add_argument("--inputs", required=True, metavar="X.npz", help="positional inputs in0 in1 ...")
    parser.add_argument("--expected", metavar="X.npz", help="expected outputs out0 out1 ... to compare with")
    parser.add_argument(
        "--weights", metavar="X.pt2", help="exported model of a program compiled with --external-weights"
    )
    add_run_options(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Load, run, report."""
    program = Program.load(arguments.program)
    if arguments.weights is not None:
        if not program.external_keys:
            raise SfumatoError(f"{arguments.program}: holds its weights; --weights is for --external-weights programs")
        from compiler.emit.program import ArchiveWeights
        from compiler.frontend.archive import Archive

        program.supply_weights(ArchiveWeights(Archive.open(arguments.weights)), arguments.weights)
    with progress("running"):
        report, code = run_program(program, arguments, arguments.inputs, arguments.expected)
    write_json(arguments.json, report)
    return code
