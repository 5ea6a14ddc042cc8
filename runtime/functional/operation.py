"""What one executed instruction does: the computation, and the bytes it touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from runtime.memory.access import Access
from runtime.memory.spaces import Space

Fields = tuple[int, ...]
Spaces = Mapping[str, Space]


@dataclass(slots=True)
class Operation:
    """An instruction with resolved fields, bound to the memories of a core; ``run`` may be called again and again.

    ``reads`` must hold data and ``writes`` hold data afterwards; ``moves`` are pairs (destination, source) of accesses
    of equal shape that are copied whether they hold data or not. ``peeks``, if given, stand for the sources of the
    moves where races are looked for (padding is moved too, but never used). ``atomic`` names the way in which writes to
    GM combine. ``dynamic`` returns the further (reads, writes) whose addresses are data; it is asked just before
    ``run``.
    """

    run: Callable[[], object]
    reads: tuple[Access, ...] = ()
    writes: tuple[Access, ...] = ()
    moves: tuple[tuple[Access, Access], ...] = ()
    peeks: tuple[Access, ...] | None = None
    atomic: str = ""
    dynamic: Callable[[], tuple[tuple[Access, ...], tuple[Access, ...]]] | None = None


Handler = Callable[[Spaces, Fields], Operation]
"""Binds an instruction's resolved fields to a core's memories."""


def nothing() -> None:
    """Do nothing: what an instruction of zero extent does."""


IDLE = Operation(nothing)


@lru_cache(maxsize=4096)
def opaque(size: int) -> np.dtype[Any]:
    """Return the numpy type of an uninterpreted item of ``size`` bytes, which numpy copies with one memcpy."""
    return np.dtype(f"V{size}")


def transfer(
    spaces: Spaces,
    moves: tuple[tuple[Access, Access], ...],
    zeros: tuple[Access, ...] = (),
    peeks: tuple[Access, ...] | None = None,
) -> Operation:
    """Make the operation that copies each (destination, source) of ``moves`` and clears ``zeros`` (1-byte items)."""
    copies = [
        (
            spaces[to.space].view(to, opaque(to.itemsize), True),
            spaces[source.space].view(source, opaque(source.itemsize)),
        )
        for to, source in moves
    ]
    cleared = [spaces[access.space].view(access, np.uint8, True) for access in zeros]

    def run() -> None:
        for target, source in copies:
            target[...] = source
        for target in cleared:
            target[...] = 0

    return Operation(run, writes=zeros, moves=moves, peeks=peeks)
