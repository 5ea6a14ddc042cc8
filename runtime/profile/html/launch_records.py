"""What the page knows of single launches: spans, arrows and buffers of those that are told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.isa.fields import Pipe
from runtime.machine.description import Machine
from runtime.profile.html.occupancy import occupancies
from runtime.profile.html.packing import packed_arrays
from runtime.profile.html.replay import Replay, replay_block
from runtime.profile.html.span_table import slowest_block, span_table
from runtime.profile.spans import Arrow, arrows, by_pipe, core_number, first_after
from runtime.profile.stall_reasons import by_category
from runtime.timing.result import CoreTrace, CoreUse, LaunchUse, Timeline

MOST_RECORDS = 96
"""Launches that are told apart: those of the same kernel beyond show another one's spans."""

MOST_SPANS = 700_000
"""Spans of all records together."""

ABOUT_A_RECORD = 24_000
"""Spans of a record that is not shrunk."""

MOST_STEPS = 1500
"""Steps of a buffer's occupancy that are shown: of more, the largest of each piece of time."""


@dataclass(frozen=True)
class Records:
    """The launches that are told apart, and for each launch of the timeline which of them it shows."""

    records: list[dict[str, Any]]
    of_launch: list[int]


def launch_records(timeline: Timeline) -> Records:
    """Make the records of a timeline that was simulated with ``record_trace=True``.

    Launches that ran identically share one. When there are too many, a launch shows the longest one of its kernel.
    """
    first: dict[int, int] = {}
    for position, launch in enumerate(timeline.launches):
        first.setdefault(id(launch.use), position)
    order = sorted(first.values(), key=lambda at: -timeline.launches[at].cycles)
    longest: dict[int, int] = {}
    for at in order:
        longest.setdefault(timeline.launches[at].kernel, at)
    kept = list(longest.values())
    kept += [at for at in order if at not in set(kept)][: max(0, MOST_RECORDS - len(kept))]
    numbers = {id(timeline.launches[at].use): number for number, at in enumerate(kept)}
    of_kernel = {kernel: numbers[id(timeline.launches[at].use)] for kernel, at in longest.items()}
    scale = min(1.0, MOST_SPANS / (ABOUT_A_RECORD * max(len(kept), 1)))
    return Records(
        [_record(timeline, at, scale) for at in kept],
        [numbers.get(id(launch.use), of_kernel[launch.kernel]) for launch in timeline.launches],
    )


def _record(timeline: Timeline, position: int, scale: float) -> dict[str, Any]:
    launch, machine = timeline.launches[position], timeline.machine
    kernel = timeline.program.kernels[launch.kernel]
    traces = launch.use.trace
    if not traces:
        raise ValueError("the timeline has no trace: simulate with record_trace=True")
    addresses = [timeline.program.address(argument) for argument in timeline.program.launches[position].arguments]
    replays = replay_block(traces, slowest_block(traces), kernel, machine, addresses)
    return {
        "launch": position,
        "cycles": launch.use.cycles,
        "cores": [[core.kind, core_number(kernel, core, machine.vector_per_cube), core.block] for core in traces],
        "detail": list(replays),
        "queues": _queues(launch.use),
        "buffers": _buffers(replays, machine),
        "spans": packed_arrays(span_table(traces, replays, scale)),
        "arrows": packed_arrays(_arrows(traces, list(replays), machine.sync.handshake_cycles)),
    }


def _queues(use: LaunchUse) -> list[dict[str, Any]]:
    return [queue for kind, used in use.cores.items() for queue in _queues_of(kind, used)]


def _queues_of(kind: str, used: CoreUse) -> list[dict[str, Any]]:
    return [
        {
            "core": kind,
            "pipe": pipe,
            "busy": queue.busy / used.cores,
            "slowest": queue.busiest,
            "waits": {name: cycles / used.cores for name, cycles in by_category(queue.stalls).items()},
            "shortages": {name: cycles / used.cores for name, cycles in by_category(queue.slowed).items()},
            "reasons": {name: cycles / used.cores for name, cycles in (queue.stalls | queue.slowed).items()},
        }
        for pipe, queue in used.queues.items()
    ]


def _buffers(replays: Mapping[int, Replay], machine: Machine) -> list[dict[str, Any]]:
    complete = all(replay.complete for replay in replays.values())
    result: list[dict[str, Any]] = []
    for one in occupancies(replays, machine):
        times, sizes = one.times, one.bytes
        if len(times) > MOST_STEPS:
            heads = np.unique(np.linspace(0, len(times) - 1, MOST_STEPS).astype(np.int64))
            times, sizes = times[heads], np.maximum.reduceat(sizes, heads)
        result.append(
            {
                "core": one.core,
                "space": one.space,
                "capacity": one.capacity,
                "peak": one.peak,
                "complete": complete,
                "times": [round(time, 1) for time in times.tolist()],
                "bytes": sizes.tolist(),
            }
        )
    return result


def _arrows(traces: Sequence[CoreTrace], targets: Sequence[int], handshake: float) -> dict[str, npt.NDArray[Any]]:
    """The flags that held up the cores shown in detail: those that were waited for.

    What a core's scalar unit waits for is shown to hold up what it issues next.
    """
    found: list[tuple[int, Arrow]] = []
    for target in targets:
        pipes = by_pipe(traces[target].spans)
        for arrow in arrows(traces, target):
            if arrow.late > (handshake if arrow.cross else 0.0) + 1e-6:
                continue
            if arrow.target_pipe is Pipe.S:
                pipe, start = first_after(pipes, arrow.arrives)
                arrow = arrow._replace(target_pipe=pipe, arrives=start)
            found.append((target, arrow))
    return {
        "leaves": np.array([arrow.leaves for _, arrow in found], np.float32),
        "arrives": np.array([arrow.arrives for _, arrow in found], np.float32),
        "source_core": np.array([arrow.source_core for _, arrow in found], np.uint16),
        "target_core": np.array([target for target, _ in found], np.uint16),
        "source_pipe": np.array([int(arrow.source_pipe) for _, arrow in found], np.uint8),
        "target_pipe": np.array([int(arrow.target_pipe) for _, arrow in found], np.uint8),
        "number": np.array([arrow.number for _, arrow in found], np.uint8),
    }
