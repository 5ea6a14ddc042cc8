"""List the PyTorch operators (ATen overloads) that the compiler understands."""

from __future__ import annotations

import argparse

from compiler.cli.output import add_json, write_json
from compiler.diagnostics import EXIT_OK
from dialects.errors import SfumatoError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato ops``."""
    parser.add_argument(
        "filter", nargs="?", default="", metavar="TEXT", help="list only overloads that contain this text"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the names, one a line."""
    from passes.aten.registry import complex_handlers, handlers

    names = sorted(name for name in handlers().keys() | complex_handlers().keys() if arguments.filter in name)
    write_json(arguments.json, {"operators": names})
    if not names:
        raise SfumatoError(f"no supported operator has '{arguments.filter}' in its name")
    if arguments.json != "-":
        print("\n".join(names))
    return EXIT_OK
