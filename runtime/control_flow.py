"""Loops and branches of a program: which end belongs to which head, and what is not allowed."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.decoding import CoreProgram, Decoded

MAX_NESTING = 16
"""Loops and branches nested deeper than this are refused (CPython itself stops at 20 nested loops)."""

_WRITERS = frozenset(
    {
        *("li", "add", "sub", "mul", "div", "mod", "min", "max", "lt", "le", "eq", "ne"),
        *("block_idx", "block_num", "sub_idx", "arg", "load_gm", "load_ub"),
    }
)


@dataclass(frozen=True)
class ControlFlow:
    """For each instruction: the index of its partner (head or end; -1 for others) and how deep it is nested."""

    partner: tuple[int, ...]
    level: tuple[int, ...]


def control_flow(program: CoreProgram) -> ControlFlow:
    """Match heads and ends; an unmatched one, too deep a nest, or a counter written inside its loop is an error."""
    partner = [-1] * len(program.instructions)
    level: list[int] = []
    opened: list[Decoded] = []
    for decoded in program.instructions:
        name = decoded.mnemonic
        if name == "end":
            if not opened:
                raise program.error(decoded.index, "closes no 'loop' or 'if'")
            head = opened.pop()
            partner[head.index], partner[decoded.index] = decoded.index, head.index
        level.append(len(opened))
        if name in _WRITERS or name == "loop":
            _check_counters(program, decoded, opened)
        if name in ("loop", "if"):
            if len(opened) == MAX_NESTING:
                raise program.error(decoded.index, f"loops and branches are nested deeper than {MAX_NESTING}")
            opened.append(decoded)
    if opened:
        raise program.error(opened[-1].index, "has no 'end'")
    return ControlFlow(tuple(partner), tuple(level))


def _check_counters(program: CoreProgram, decoded: Decoded, opened: list[Decoded]) -> None:
    number = decoded.values[0]
    for head in opened:
        if head.mnemonic == "loop" and head.values[0] == number:
            verb = "uses" if decoded.mnemonic == "loop" else "writes"
            raise program.error(decoded.index, f"{verb} r{number}, the counter of a loop around it")
