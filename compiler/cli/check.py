"""Compile a model, run it and compare with expected values, all in one; no program file is written.

The .npz holds the inputs in0 in1 ... and the expected outputs out0 out1 ... Exit code 3: an output differs.
"""

from __future__ import annotations

import argparse

from compiler.cli.compile_options import add_compile_options, request_of
from compiler.cli.output import add_json, print_remarks, progress, warn_of_mutations, write_json
from compiler.cli.run_options import add_run_options, run_program
from compiler.compile import compile_model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato check``."""
    parser.add_argument("model", metavar="X.pt2", help="exported model")
    parser.add_argument("tensors", metavar="X.npz", help="inputs and expected outputs")
    add_compile_options(parser)
    add_run_options(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Compile, run on the mapped weights, compare."""
    with progress("compiling") as show:
        compiled = compile_model(request_of(arguments, arguments.model), show)
    warn_of_mutations(compiled.mutations)
    if arguments.remarks:
        print_remarks(compiled.report.remarks)
    assert compiled.program is not None
    with progress("running"):
        report, code = run_program(compiled.program, arguments, arguments.tensors, arguments.tensors)
    write_json(arguments.json, {**compiled.json(), **report})
    return code
