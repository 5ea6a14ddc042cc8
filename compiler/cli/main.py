"""``sfumato``: finds the sub-command's file and runs it; what a sub-command needs is imported only there."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module

from compiler.diagnostics import guarded

COMMANDS: dict[str, str] = {
    "export": "write a PyTorch model as a .pt2 archive (needs torch)",
    "compile": "compile a .pt2 archive to a .sfu program",
    "run": "run a program on the simulated NPU: values and cycles",
    "profile": "time a program without computing values",
    "sweep": "compile and time a model on a grid of machines",
    "check": "compile a model, run it, and compare with expected values",
    "asm": "assemble a kernel to a one-kernel .sfu program",
    "disasm": "print the kernels of a .sfu program as assembly",
    "explain": "explain an operation, a pass or a phase",
    "targets": "list the machine descriptions",
    "ops": "list the PyTorch operators that are supported",
}
"""Sub-command -> one line of help; each is a module of this package with ``add_arguments`` and ``execute``."""


def run(arguments: Sequence[str]) -> int:
    """Run ``sfumato`` with ``arguments`` in this process and return its exit code."""
    return guarded("sfumato", lambda: _run(list(arguments)))


def _run(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        name = arguments[0]
        command = import_module(f"compiler.cli.{name}")
        parser = argparse.ArgumentParser(
            prog=f"sfumato {name}", description=command.__doc__, formatter_class=_HelpFormatter
        )
        command.add_arguments(parser)
        return command.execute(parser.parse_args(arguments[1:]))
    listed = "\n".join(f"  {name:<8} {line}" for name, line in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="sfumato",
        usage="sfumato COMMAND ...",
        description="Compile PyTorch models for a simulated cube/vector NPU and run them.",
        epilog=f"commands:\n{listed}\n\n'sfumato COMMAND --help' tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument("command", choices=list(COMMANDS), metavar="COMMAND", help=argparse.SUPPRESS)
    parser.parse_args(arguments)
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"sfumato {version('sfumato')}"
    except PackageNotFoundError:
        return "sfumato (not installed)"


class _HelpFormatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keep the description's lines; tell each option's default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, "", [], argparse.SUPPRESS):
            return action.help
        return super()._get_help_string(action)


def main() -> None:
    """Entry point of the console script."""
    if sys.argv[1:2] != ["export"]:
        # What a command makes lives until it ends: looking for garbage costs a twentieth of the time and finds none.
        # (PyTorch's exporter does leave garbage.)
        gc.disable()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
