"""Changes to the instructions of one program of a kernel, the tables beside the code kept in step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dialects.isa.encoding import WORD, Words
from runtime.program import Kernel, Program

Edit = tuple[int | None, np.void]
"""A word of the new code, and the old instruction whose origin it keeps (None: it has none)."""


def edited(program: Program, kernel: int, core: str, words: Sequence[Edit]) -> Program:
    """Return ``program`` with other code for ``core`` of one kernel; everything else is shared with it."""
    old = program.kernels[kernel]
    code: Words = np.array([word for _, word in words], WORD) if words else np.zeros(0, WORD)
    _, sources = old.lines(core)
    origins = old.origins(core)
    source_of = np.array([_kept(sources, index) for index, _ in words], np.int32)
    op_of = tuple(_kept(origins.op_of, index) for index, _ in words)
    fields = {
        core: code,
        f"{core}_source_of": source_of if len(sources) else sources,
        f"{core}_origins": replace(origins, op_of=op_of if origins.op_of else ()),
    }
    new: Kernel = replace(old, **fields)
    kernels = [new if position == kernel else one for position, one in enumerate(program.kernels)]
    return replace(program, kernels=kernels)


def _kept(table: Sequence[int] | npt.NDArray[np.int32], index: int | None) -> int:
    return -1 if index is None or index >= len(table) else int(table[index])
