"""Print the kernels of a program (.sfu) as assembly, which 'sfumato asm' reads again."""

from __future__ import annotations

import argparse
import sys

from compiler.diagnostics import EXIT_OK
from dialects.errors import SfumatoError
from runtime.atomic_file import write_text
from runtime.program import Program


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato disasm``."""
    parser.add_argument("program", metavar="P.sfu", help="compiled program")
    parser.add_argument("-o", "--output", metavar="K.asm", help="write to this file instead of standard output")
    parser.add_argument("--kernel", metavar="NAME", help="print only this kernel")


def execute(arguments: argparse.Namespace) -> int:
    """Print the assembly."""
    from compiler.emit.assembled import assembled_kernels
    from dialects.isa.assembly import print_kernel

    kernels = assembled_kernels(Program.load(arguments.program))
    if arguments.kernel is not None:
        names = [kernel.name for kernel in kernels]
        kernels = [kernel for kernel in kernels if kernel.name == arguments.kernel]
        if not kernels:
            raise SfumatoError(f"{arguments.program}: there is no kernel '{arguments.kernel}', only {', '.join(names)}")
    text = "\n".join(print_kernel(kernel) for kernel in kernels)
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        write_text(arguments.output, text)
    return EXIT_OK
