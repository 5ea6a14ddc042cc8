"""The spans of a launch for the page: all of one block, and of the others as many as fit, neighbours merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.profile.html.replay import Replay
from runtime.profile.spans import by_pipe
from runtime.timing.result import CoreTrace

DETAILED = 3000
"""Spans of a pipe that are shown one by one, for the block that is shown in detail."""

OVERVIEW = 16_000
"""Spans of all the other cores of a launch."""

FEWEST = 12
"""Spans of a pipe that are shown, however many there are to show."""

COLUMNS = {
    "start": np.float32,
    "end": np.float32,
    "busy": np.float32,
    "bytes": np.uint32,
    "index": np.int32,
    "count": np.uint32,
    "core": np.uint16,
    "pipe": np.uint8,
}
"""A row: `count` instructions, the first of them `index`, on a pipe of the core at this position of the launch's
traces; `busy` of the cycles between `start` and `end`. `bytes` are those that cross the core's port, 0 if unknown."""


def slowest_block(traces: Sequence[CoreTrace]) -> list[int]:
    """Positions of the cores of the block that ends last."""
    ends = [float(core.spans["end"].max(initial=0.0)) for core in traces]
    block = traces[int(np.argmax(ends))].block
    return [position for position, core in enumerate(traces) if core.block == block]


def span_table(traces: Sequence[CoreTrace], replays: Mapping[int, Replay], scale: float) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of the launch's spans, sorted by core, pipe and time; ``scale`` shrinks how many there are.

    ``replays``, by position in the launch's traces, are those of the cores that are shown in detail.
    """
    rows = [(position, by_pipe(core.spans)) for position, core in enumerate(traces)]
    others = sum(len(pipes) for position, pipes in rows if position not in replays)
    each = int(scale * OVERVIEW / max(others, 1))
    parts: list[dict[str, npt.NDArray[Any]]] = []
    for position, pipes in rows:
        replay = replays.get(position)
        limit = max(FEWEST, each if replay is None else int(scale * DETAILED))
        for pipe, spans in pipes.items():
            sizes = np.zeros(len(spans), np.uint32) if replay is None else _bytes(replay, pipe, len(spans))
            part = _merged(spans, sizes, limit)
            count = len(part["start"])
            parts.append(part | {"core": np.full(count, position), "pipe": np.full(count, int(pipe))})
    return {
        name: np.concatenate([part[name] for part in parts]).astype(dtype) if parts else np.zeros(0, dtype)
        for name, dtype in COLUMNS.items()
    }


def _bytes(replay: Replay, pipe: Pipe, count: int) -> npt.NDArray[np.uint32]:
    sizes = np.zeros(count, np.uint32)
    moved = [one.gm_bytes for one in replay.executed if one.pipe is pipe]
    sizes[: len(moved)] = moved
    return sizes


def _merged(spans: npt.NDArray[np.void], sizes: npt.NDArray[np.uint32], limit: int) -> dict[str, npt.NDArray[Any]]:
    """Merge neighbours across the smallest gaps until no more than ``limit`` are left."""
    start, end = spans["start"], spans["end"]
    heads = np.arange(len(spans))
    if len(spans) > limit:
        gaps = start[1:] - end[:-1]
        heads = np.concatenate(([0], 1 + np.sort(np.argsort(-gaps, kind="stable")[: limit - 1])))
    lasts = np.append(heads[1:], len(spans)) - 1
    return {
        "start": start[heads],
        "end": end[lasts],
        "busy": np.add.reduceat(end - start, heads),
        "bytes": np.add.reduceat(sizes, heads),
        "index": spans["index"][heads],
        "count": lasts - heads + 1,
    }
