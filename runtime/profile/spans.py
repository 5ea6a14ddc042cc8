"""The recorded spans of a core as arrays: which instruction kept which pipe busy from when to when."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.program import Kernel
from runtime.timing.result import CoreTrace

PIPE_ORDER = (Pipe.S, Pipe.MTE2, Pipe.MTE1, Pipe.M, Pipe.FIX, Pipe.V, Pipe.MTE3)
"""The pipes in the order in which data pass them."""


class Arrow(NamedTuple):
    """A flag between two spans: cycles since the launch's start at which the arrow leaves and arrives.

    The source is the core at a position of the launch's traces; `number` is the flag's.
    """

    source_core: int
    source_pipe: Pipe
    leaves: float
    target_pipe: Pipe
    arrives: float
    number: int
    cross: bool


def core_number(kernel: Kernel, core: CoreTrace, vector_per_cube: int) -> int:
    """The number of a core among those of its kind on the chip."""
    return core.block * vector_per_cube + core.sub if core.kind == "vector" and kernel.kind == "mix" else core.block


def by_pipe(spans: npt.NDArray[np.void]) -> dict[Pipe, npt.NDArray[np.void]]:
    """The spans of each pipe that has any, in the order they took place; the pipes in `PIPE_ORDER`."""
    found = {pipe: spans[spans["pipe"] == pipe] for pipe in PIPE_ORDER}
    return {pipe: own[np.argsort(own["start"], kind="stable")] for pipe, own in found.items() if len(own)}


def arrows(traces: tuple[CoreTrace, ...], target: int) -> list[Arrow]:
    """The flags that core ``target`` of a launch took, from the span before each was set to the span after it was
    taken.

    An end on a pipe without such a span (the scalar unit has none) stays at the time itself.
    """
    waits = traces[target].waits
    own = by_pipe(traces[target].spans) if len(waits) else {}
    others: dict[int, dict[Pipe, npt.NDArray[np.void]]] = {target: own}
    result: list[Arrow] = []
    for source_core, source_pipe, target_pipe, number, set_at, taken in cast(
        list[tuple[int, int, int, int, float, float]], waits.tolist()
    ):
        if source_core not in others:
            others[source_core] = by_pipe(traces[source_core].spans)
        result.append(
            Arrow(
                source_core,
                Pipe(source_pipe),
                _before(others[source_core].get(Pipe(source_pipe)), set_at),
                Pipe(target_pipe),
                _after(own.get(Pipe(target_pipe)), taken),
                number,
                source_core != target,
            )
        )
    return result


def _before(spans: npt.NDArray[np.void] | None, time: float) -> float:
    """The middle of the last span that began before ``time``: a place inside it, whatever is rounded."""
    place = -1 if spans is None else int(np.searchsorted(spans["start"], time)) - 1
    if spans is None or place < 0:
        return time
    return float(spans["start"][place] + min(spans["end"][place], time)) / 2


def _after(spans: npt.NDArray[np.void] | None, time: float) -> float:
    """The start of the first span that begins at ``time`` or later."""
    if spans is None:
        return time
    place = int(np.searchsorted(spans["start"], time))
    return float(spans["start"][place]) if place < len(spans) else time
