"""Compile an exported model (.pt2) to a program (.sfu) for the simulated NPU.

With --to PHASE before the last one, the IR of that phase is written instead of a program. A dump made with --dump-ir
carries source locations and goes on with --from exactly as the whole compilation would have.
"""

from __future__ import annotations

import argparse
import sys

from compiler.cli.compile_options import add_compile_options, add_phase_options, request_of
from compiler.cli.output import add_json, progress, say, warn_of_mutations, write_json
from compiler.compile import Compilation, compile_model
from compiler.diagnostics import EXIT_OK, EXIT_USAGE
from compiler.instrument import print_module
from runtime.atomic_file import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato compile``."""
    parser.add_argument("model", metavar="X.pt2", help="exported model; with --from a dumped .mlir file")
    parser.add_argument("-o", "--output", metavar="P.sfu", help="the program; with --to the IR ('-': standard output)")
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
    whole = arguments.stop in (None, "isa")
    if whole and arguments.output in (None, "-"):
        print("sfumato compile: error: -o P.sfu is needed", file=sys.stderr)
        return EXIT_USAGE
    with progress("compiling") as show:
        compiled = compile_model(request_of(arguments, arguments.model), show)
        if compiled.program is not None:
            show(f"writing {arguments.output}")
            compiled.program.save(arguments.output, arguments.external_weights)
    warn_of_mutations(compiled.mutations)
    if compiled.program is None:
        _write_ir(compiled, arguments.output, arguments.dump_ir)
    write_json(arguments.json, compiled.json())
    if compiled.program is not None and arguments.json != "-":
        say(_summary(compiled, arguments.output), arguments.json)
    return EXIT_OK


def _write_ir(compiled: Compilation, output: str | None, dumps: str | None) -> None:
    if output is None and dumps is not None:
        return
    text = print_module(compiled.module)
    if output in (None, "-"):
        sys.stdout.write(text)
    else:
        write_text(output, text)


def _summary(compiled: Compilation, output: str) -> str:
    program, seconds = compiled.program, compiled.report.seconds["total"]
    assert program is not None
    return (
        f"{output}: {len(program.kernels)} kernels, {len(program.launches)} launches, "
        f"{program.gm_bytes / 1e6:.1f} MB of global memory, for {program.target}, in {seconds:.2f} s"
    )
