"""What sub-commands print: JSON reports to a file or standard output, progress to standard error on a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from passes.remarks import Remark
from runtime.atomic_file import write_text


class Progress(Protocol):
    """Shows what is being done now."""

    def __call__(self, text: str) -> None:
        """Replace the text shown."""
        ...


def write_json(path: str | None, report: dict[str, Any]) -> None:
    """Write a report to ``path`` (``-``: standard output, ``None``: nowhere)."""
    if path is None:
        return
    text = json.dumps(report, indent=2, allow_nan=False) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        write_text(path, text)


def print_remarks(remarks: Sequence[Remark]) -> None:
    """Print what passes remarked, one line each, to standard error."""
    for remark in remarks:
        print(remark, file=sys.stderr)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON ('-': to standard output)")


@contextmanager
def progress(title: str) -> Generator[Progress]:
    """Show a spinner on standard error while the block runs; nothing when that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status(title) as status:
        yield lambda text: status.update(f"{title}: {text}")


def warn_of_mutations(names: Sequence[str]) -> None:
    """Tell on standard error which buffers and inputs the model writes, since the program computes outputs only."""
    if names:
        print(
            f"sfumato: note: the model writes {', '.join(names)}; a program only returns outputs, these stay unchanged",
            file=sys.stderr,
        )
