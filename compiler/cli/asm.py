"""Assemble a kernel to a program (.sfu) of one launch.

The header of the assembly text states the kernel's kind, blocks and target, then its arguments:

  .kernel double kind=vector blocks=2 target=ascend910b3
  .arg x f32 [128] in
  .arg y f32 [128] out
  .vector
    arg rd=r0, index=0            // comments run to the end of the line
"""

from __future__ import annotations

import argparse
from pathlib import Path

from compiler.diagnostics import EXIT_OK
from dialects.errors import SfumatoError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato asm``."""
    parser.add_argument("text", metavar="K.asm", help="assembly text")
    parser.add_argument("-o", "--output", required=True, metavar="P.sfu", help="the program")


def execute(arguments: argparse.Namespace) -> int:
    """Assemble and write the program."""
    from compiler.emit.assembled import program_of
    from dialects.isa.assembly import parse_kernel

    try:
        text = Path(arguments.text).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SfumatoError(f"{arguments.text}: not a text file; 'sfumato asm' reads assembly") from error
    program_of(parse_kernel(text, arguments.text), arguments.text).save(arguments.output)
    return EXIT_OK
