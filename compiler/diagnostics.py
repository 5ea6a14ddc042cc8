"""What a user sees when something goes wrong: exit codes, and one clear message in place of a traceback.

Two kinds of failure are told apart. A fault of the input (``SfumatoError``, an unreadable file, IR that does not
parse or verify) is one message and exit code 1. Anything else is a bug of ours: the message says so, names the pass
and the reproducer, exit code 70.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from xdsl.dialects.builtin import FileLineColLoc, ModuleOp
from xdsl.ir import Operation
from xdsl.utils.exceptions import DiagnosticException, ParseError, PassFailedException, VerifyException

from dialects.errors import SfumatoError, location_text

EXIT_OK = 0
EXIT_INPUT = 1
EXIT_USAGE = 2
EXIT_MISMATCH = 3
EXIT_BUG = 70


class CompilerBug(Exception):
    """A pass failed for a reason that is not the input's fault; ``reproducer`` is the file that repeats it."""

    def __init__(self, pass_name: str, reproducer: Path | None, cause: BaseException) -> None:
        """Record that ``pass_name`` raised ``cause``."""
        self.pass_name = pass_name
        self.reproducer = reproducer
        summary = str(cause).strip().splitlines()
        detail = f"{type(cause).__name__}: {summary[0]}" if summary else type(cause).__name__
        lines = [f"pass {pass_name} failed: {detail}", f"  raised at {raised_at(cause)}"]
        if reproducer is not None:
            lines.append(f"  reproducer: {reproducer}")
        super().__init__("\n".join(lines))


def raised_at(error: BaseException) -> str:
    """Return ``file:line in function`` of the innermost frame of an exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"


def failing_op(module: ModuleOp) -> tuple[Operation, str] | None:
    """Return the first operation that does not verify and why; ``None`` if only nesting or dominance is wrong."""
    for op in module.walk():
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as error:
            return op, str(error)
        except Exception as error:
            return op, f"{type(error).__name__}: {error}"
    return None


def verification_message(module: ModuleOp, error: Exception) -> str:
    """Return one message for a module that does not verify: source line, operation, reason, the operation's text."""
    found = failing_op(module)
    if found is None:
        return f"IR does not verify: {first_line(error)}"
    op, reason = found
    where = location_text(op.location)
    text = str(op).splitlines()
    shown = text[0] + (" ..." if len(text) > 1 else "")
    message = f"'{op.name}' does not verify: {reason}\n  {shown}"
    snippet = source_snippet(op)
    return (f"{where}: " if where else "") + message + (f"\n{snippet}" if snippet else "")


def source_snippet(op: Operation) -> str | None:
    """Return the Python line an operation came from with a caret under its column, if that file can be read here."""
    location = op.location
    if not isinstance(location, FileLineColLoc):
        return None
    try:
        lines = Path(location.filename.data).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    line, column = location.line.data, location.column.data
    if not 1 <= line <= len(lines):
        return None
    caret = "\n  " + " " * max(column - 1, 0) + "^" if column else ""
    return f"  {lines[line - 1]}{caret}"


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text, or its type's name when it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def fault_message(error: BaseException) -> str | None:
    """Return the message for an error that is the input's fault, ``None`` for one that is a bug."""
    match error:
        case ParseError():
            return str(error).strip()
        case SfumatoError():
            return str(error)
        case PassFailedException() if isinstance(error.__cause__, SfumatoError):
            return str(error.__cause__)
        case DiagnosticException():
            return first_line(error)
        case FileNotFoundError():
            return f"{error.filename}: no such file or directory"
        case IsADirectoryError():
            return f"{error.filename}: is a directory"
        case FileExistsError() | NotADirectoryError():
            return f"{error.filename}: is not a directory"
        case PermissionError():
            return f"{error.filename}: permission denied"
        case OSError():
            return str(error)
        case UnicodeDecodeError():
            return f"not a text file: {error}"
        case _:
            return None


def guarded(tool: str, body: Callable[[], int]) -> int:
    """Run ``body`` and return its exit code; failures become one message on standard error and their own exit code."""
    try:
        code = body()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) went away; pointing stdout elsewhere keeps the interpreter quiet at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except KeyboardInterrupt:
        print(f"{tool}: interrupted", file=sys.stderr)
        return 130
    except CompilerBug as error:
        print(f"{tool}: bug in Sfumato: {error}", file=sys.stderr)
        return EXIT_BUG
    except MemoryError:
        print(f"{tool}: error: not enough memory on this machine", file=sys.stderr)
        return EXIT_INPUT
    except Exception as error:
        message = fault_message(error)
        if message is not None:
            print(f"{tool}: error: {message}", file=sys.stderr)
            return EXIT_INPUT
        detail = f"{type(error).__name__}: {first_line(error)}"
        print(f"{tool}: bug in Sfumato: {detail}\n  raised at {raised_at(error)}", file=sys.stderr)
        return EXIT_BUG
