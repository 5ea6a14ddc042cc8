"""The recorded spans of a core as arrays: which instruction kept which pipe busy from when to when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    The source is the core at a position of the launch's traces; `number` is the flag's. `late` is how long after it was
    set it was taken: 0 when the target stood waiting for it (and a handshake was not needed).
    """

    source_core: int
    source_pipe: Pipe
    leaves: float
    target_pipe: Pipe
    arrives: float
    number: int
    cross: bool
    late: float


def core_number(kernel: Kernel, core: CoreTrace, vector_per_cube: int) -> int:
    """The number of a core among those of its kind on the chip."""
    return core.block * vector_per_cube + core.sub if core.kind == "vector" and kernel.kind == "mix" else core.block


def by_pipe(spans: npt.NDArray[np.void]) -> dict[Pipe, npt.NDArray[np.void]]:
    """The spans of each pipe that has any, in the order they took place; the pipes in `PIPE_ORDER`."""
    found = {pipe: spans[spans["pipe"] == pipe] for pipe in PIPE_ORDER}
    return {pipe: own[np.argsort(own["start"], kind="stable")] for pipe, own in found.items() if len(own)}


def arrows(traces: Sequence[CoreTrace], target: int) -> list[Arrow]:
    """The flags that core ``target`` of a launch took, from the span before each was set to the span after it was
    taken.

    An end on a pipe without such a span (the scalar unit has none) stays at the time itself. A flag of another core
    comes from the pipe that was the last to complete something before.
    """
    own = by_pipe(traces[target].spans)
    others = {target: own}
    result: list[Arrow] = []
    for source_core, source_pipe, target_pipe, number, set_at, taken in cast(
        list[tuple[int, int, int, int, float, float]], traces[target].waits.tolist()
    ):
        if source_core not in others:
            others[source_core] = by_pipe(traces[source_core].spans)
        cross = source_core != target
        source = _last_to_complete(others[source_core], set_at) if cross else Pipe(source_pipe)
        result.append(
            Arrow(
                source_core=source_core,
                source_pipe=source,
                leaves=_before(others[source_core].get(source), set_at),
                target_pipe=Pipe(target_pipe),
                arrives=_after(own.get(Pipe(target_pipe)), taken),
                number=number,
                cross=cross,
                late=taken - set_at,
            )
        )
    return result


def _last_to_complete(pipes: Mapping[Pipe, npt.NDArray[np.void]], time: float) -> Pipe:
    """The pipe whose span ended last before ``time``; S when none did."""
    ends: dict[Pipe, float] = {}
    for pipe, spans in pipes.items():
        count = int(np.searchsorted(spans["end"], time, side="right"))
        if count:
            ends[pipe] = float(spans["end"][count - 1])
    return max(ends, key=lambda pipe: ends[pipe], default=Pipe.S)


def first_after(pipes: Mapping[Pipe, npt.NDArray[np.void]], time: float) -> tuple[Pipe, float]:
    """The pipe that begins a span first at ``time`` or later, and when; S at that time when none does."""
    starts = {pipe: _after(spans, time) for pipe, spans in pipes.items() if len(spans) and spans["start"][-1] >= time}
    pipe = min(starts, key=lambda pipe: starts[pipe], default=Pipe.S)
    return pipe, starts.get(pipe, time)


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
