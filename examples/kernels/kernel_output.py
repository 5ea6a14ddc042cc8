"""The part of the command line that all kernel writers share: the target, and where the kernel goes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from compiler.diagnostics import guarded
from compiler.emit.assembled import program_of
from dialects.isa.assembly import parse_kernel
from runtime.atomic_file import write_text
from runtime.program import Program


class _HelpFormatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keep the description's lines; tell the default of each option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def kernel_parser(description: str | None, name: str) -> argparse.ArgumentParser:
    """Return a parser with the options that say for what machine kernel ``name`` is and where it is written."""
    parser = argparse.ArgumentParser(description=description, formatter_class=_HelpFormatter)
    parser.add_argument("--target", default="ascend910b3", help="machine description")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=f"{name}.s", help="assembly (*.s) or program (*.sfu) to write"
    )
    return parser


def pair(text: str) -> tuple[int, int]:
    """Read two positive numbers, ``4,6``."""
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers as in 4,6, got '{text}'") from None
    if min(first, second) < 1:
        raise argparse.ArgumentTypeError(f"expected positive numbers, got '{text}'")
    return first, second


def assemble(text: str, name: str) -> Program:
    """Return the program of one launch of a kernel; ``name`` stands for the assembly file in profiles and messages."""
    return program_of(parse_kernel(text, name), name)


def write(options: argparse.Namespace, make: Callable[[], str]) -> int:
    """Make the kernel and write it; return 0, or 1 after one message when it cannot be made."""

    def execute() -> int:
        text = make()
        path = Path(options.output)
        if path.suffix == ".sfu":
            assemble(text, path.with_suffix(".s").name).save(path)
        else:
            write_text(path, text)
        return 0

    return guarded(Path(sys.argv[0]).name, execute)
