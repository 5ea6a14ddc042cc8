"""Compile an exported model (.pt2) to a program (.sfu) for the simulated NPU.

With --to PHASE before the last one, the IR of that phase is written instead of a program; with --to kernel -o K.cpp
the kernels are written in the manner of AscendC. A dump made with --dump-ir carries source locations and goes on with
--from exactly as the whole compilation would have.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from compiler.cli.compile_options import add_compile_options, add_phase_options, request_of
from compiler.cli.output import add_json, print_remarks, progress, warn_of_mutations, write_json
from compiler.compile import Compilation, compile_model
from compiler.diagnostics import EXIT_OK, EXIT_USAGE
from compiler.instrument import print_module
from dialects.errors import SfumatoError
from runtime.atomic_file import write_text
from runtime.program import Program

_CPP = ".cpp"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato compile``."""
    parser.add_argument("model", metavar="X.pt2", help="exported model; with --from a dumped .mlir file")
    parser.add_argument(
        "-o", "--output", metavar="P.sfu", help="the program; with --to the IR ('-': to standard output)"
    )
    parser.add_argument(
        "--external-weights",
        action="store_true",
        help="leave the weights in the .pt2; 'sfumato run' then needs --weights",
    )
    add_compile_options(parser)
    add_phase_options(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Compile and write what was asked for."""
    output: str | None = arguments.output
    whole = arguments.stop in (None, "isa")
    if whole and output in (None, "-"):
        print("sfumato compile: error: -o P.sfu is needed", file=sys.stderr)
        return EXIT_USAGE
    if not whole and arguments.json == "-" and _prints_ir(arguments):
        print("sfumato compile: error: with --json - the IR needs a file: -o FILE", file=sys.stderr)
        return EXIT_USAGE
    if Path(output or "").suffix == _CPP and arguments.stop != "kernel":
        raise SfumatoError(f"{output}: kernels are written as C++ with --to kernel, a program as P.sfu")
    with progress("compiling") as show:
        compiled = compile_model(request_of(arguments, arguments.model), show)
        if compiled.program is not None and output is not None:
            show(f"writing {output}")
            compiled.program.save(output, arguments.external_weights)
    warn_of_mutations(compiled.mutations)
    if arguments.remarks:
        print_remarks(compiled.report.remarks)
    if _prints_ir(arguments):
        sys.stdout.write(print_module(compiled.module))
    elif compiled.program is None and output is not None:
        write_text(output, _text(compiled, output))
    write_json(arguments.json, compiled.json())
    if compiled.program is not None and output is not None and arguments.json != "-":
        print(_summary(compiled.program, output, compiled.report.seconds["total"]))
    return EXIT_OK


def _prints_ir(arguments: argparse.Namespace) -> bool:
    """Return whether the IR goes to standard output: it was asked for, or is written nowhere else."""
    return arguments.output == "-" or (arguments.output is None and arguments.dump_ir is None)


def _text(compiled: Compilation, output: str) -> str:
    if Path(output).suffix != _CPP:
        return print_module(compiled.module)
    from compiler.emit.ascendc_text import ascendc_text

    return ascendc_text(compiled.module)


def _summary(program: Program, output: str, seconds: float) -> str:
    return (
        f"{output}: {len(program.kernels)} kernels, {len(program.launches)} launches, "
        f"{program.gm_bytes / 1e6:.1f} MB of global memory, for {program.target}, in {seconds:.2f} s"
    )
