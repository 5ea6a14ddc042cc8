"""Explain an operation, a pass or a phase from its own documentation; without a name, list everything.

Operations are named dialect.op (graph.matmul, isa.mmad), passes as 'sfumato-opt -p' takes them, phases as --to does.
"""

from __future__ import annotations

import argparse
import inspect
from difflib import get_close_matches

from xdsl.ir import Operation
from xdsl.passes import get_pass_option_infos

from compiler.diagnostics import EXIT_OK
from compiler.pipelines import PHASES, Phase
from dialects import DIALECTS, load_dialect
from dialects.errors import SfumatoError
from dialects.isa.instruction import Instruction
from passes import PASSES, load_pass
from passes.base import SfumatoPass

QUOTE = "'"
"""Around the types of options in modules with postponed annotations."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato explain``."""
    parser.add_argument("name", nargs="?", metavar="PASS|OP|PHASE", help="what to explain")


def execute(arguments: argparse.Namespace) -> int:
    """Print the documentation."""
    print(_everything() if arguments.name is None else explain(arguments.name))
    return EXIT_OK


def explain(name: str) -> str:
    """Return the documentation of a pass, an operation or a phase; an unknown name is a ``SfumatoError``."""
    phases = {phase.name: phase for phase in PHASES}
    if name in PASSES:
        return _pass(name, load_pass(name))
    if name in phases:
        return _phase(phases[name])
    dialect = name.partition(".")[0]
    if dialect in DIALECTS:
        operations = _operations(dialect)
        if name == dialect:
            return "\n".join(f"{one:<28} {_summary(operation)}" for one, operation in operations.items())
        if name in operations:
            return f"operation {name}\n\n{inspect.getdoc(operations[name]) or ''}{_fields(operations[name])}"
    known = [*PASSES, *phases, *DIALECTS, *(_operations(dialect) if dialect in DIALECTS else ())]
    close = get_close_matches(name, known, 3)
    hint = f"; did you mean {', '.join(close)}?" if close else "; 'sfumato explain' lists all"
    raise SfumatoError(f"there is no operation, pass or phase '{name}'{hint}")


def _pass(name: str, chosen: type[SfumatoPass]) -> str:
    options = get_pass_option_infos(chosen)
    lines = [f"pass {name}", "", inspect.getdoc(chosen) or ""]
    phases = [phase.name for phase in PHASES if any(spec.split("{")[0] == name for spec in phase.passes)]
    if options:
        lines += ["", "options:"]
        lines += [
            f"  {one.name.replace('_', '-')}: {one.expected_type.strip(QUOTE)}"
            + ("" if one.default_value is None else f" = {one.default_value}")
            for one in options
        ]
    if phases:
        lines += ["", f"runs in phase {', '.join(phases)}"]
    return "\n".join(lines)


def _phase(phase: Phase) -> str:
    passes = "\n".join(f"  {spec}" for spec in phase.passes) or "  (none)"
    return f"phase {phase.name}: {phase.description}\n\npasses:\n{passes}"


def _operations(dialect: str) -> dict[str, type[Operation]]:
    return {operation.name: operation for operation in load_dialect(dialect).operations}


def _fields(operation: type[Operation]) -> str:
    """Return the fields of an instruction, which its docstring need not repeat."""
    if not issubclass(operation, Instruction) or not operation.fields:
        return ""
    return "\n\nfields: " + ", ".join(f"{one.name} ({one.kind})" for one in operation.fields)


def _summary(thing: type) -> str:
    lines = (inspect.getdoc(thing) or "").splitlines()
    return lines[0] if lines else ""


def _everything() -> str:
    lines = ["phases:"]
    lines += [f"  {phase.name:<10} {phase.description}" for phase in PHASES]
    lines += ["", "passes:"]
    lines += [f"  {name:<28} {_summary(load_pass(name))}" for name in PASSES]
    for dialect in DIALECTS:
        lines += ["", f"operations of {dialect}:"]
        lines += [f"  {name:<28} {_summary(operation)}" for name, operation in _operations(dialect).items()]
    return "\n".join(lines)
