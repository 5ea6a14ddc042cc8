"""From the stack trace that torch keeps with a node to a source location in the IR."""

from __future__ import annotations

import re
from functools import cache

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, LocationAttr, StringAttr, UnknownLoc

_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)', re.MULTILINE)
_INTERNAL = re.compile(r"[/\\]torch[/\\]|^<")
"""Frames of torch itself and of generated code say less than the model's line that led there."""


@cache
def source_location(stack_trace: str) -> LocationAttr:
    """Return the innermost line outside torch (else the innermost line) of a Python stack trace."""
    frames = _FRAME.findall(stack_trace)
    if not frames:
        return UnknownLoc()
    outside = [frame for frame in frames if _INTERNAL.search(frame[0]) is None]
    file, line = (outside or frames)[-1]
    return FileLineColLoc(StringAttr(file), IntAttr(int(line)), IntAttr(0))
