"""The profile of a program as text, for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from runtime.profile.advice import advise
from runtime.profile.source_text import shortened
from runtime.profile.stall_reasons import WORDS, by_category
from runtime.profile.summary import KernelSummary, QueueSummary, summarize
from runtime.profile.table import table
from runtime.timing.result import Timeline

WIDTH = 100
"""Columns of the report; tables may be narrower."""

SHOWN_LINES = 10
"""Source lines that the report shows."""

SHOWN_KERNELS = 4
"""Kernels whose queues the report shows."""

SHOWN_ADVICE = 6
"""Pieces of advice that the report shows."""

LEAST_BUSY = 0.01
"""Queues that are busy for a smaller share of the run are not shown."""

_LONGEST_NAME = 22


def text_report(timeline: Timeline) -> str:
    """Return the profile as text: totals, kernels by time, queues and their waits, source lines, what to try next."""
    summaries = sorted(summarize(timeline), key=lambda summary: -summary.cycles)
    parts = (
        "\n".join(_head(timeline, summaries)),
        _kernels(timeline, summaries),
        _queues(summaries[:SHOWN_KERNELS]),
        _lines(timeline, summaries),
        "\n".join(_advice(timeline, summaries)),
    )
    return "\n\n".join(part.rstrip() for part in parts if part)


def _head(timeline: Timeline, summaries: Sequence[KernelSummary]) -> Iterator[str]:
    machine = timeline.machine
    ideal = sum(summary.ideal_mmad_cycles for summary in summaries)
    launching = sum(summary.launch_cycles for summary in summaries)
    yield (
        f"{machine.name} at {machine.clock_mhz:g} MHz: {timeline.cycles:,.0f} cycles, "
        f"{machine.time_us(timeline.cycles):,.1f} us, {_launches(timeline)}"
    )
    yield (
        f"cube {_percent(ideal, machine.cube_cores * timeline.cycles)} of peak; "
        f"launching {_percent(launching, timeline.cycles)} of the time; "
        f"GM read {_mega(sum(summary.gm_read_bytes for summary in summaries))}, "
        f"written {_mega(sum(summary.gm_write_bytes for summary in summaries))}, "
        f"HBM {_mega(sum(summary.hbm_bytes for summary in summaries))}"
    )
    if timeline.setup is not None:
        cycles = timeline.setup.cycles
        yield (
            f"setup, once at loading: {cycles:,.0f} cycles, {machine.time_us(cycles):,.1f} us, "
            f"{_launches(timeline.setup)}"
        )


def _launches(timeline: Timeline) -> str:
    count = len(timeline.launches)
    return "1 launch" if count == 1 else f"{count} launches"


def _kernels(timeline: Timeline, summaries: Sequence[KernelSummary]) -> str:
    head = ("kernel", "kind", "n", "us", "share", "bound", "busy", "slowest", "MB in", "MB out", "L2", "cube")
    rows = [_kernel(timeline, summary) for summary in summaries]
    text = table(head, rows)
    text += "busy: the busiest pipe, mean over its cores and on the slowest core, of the kernel's time\n"
    if any(summary.bound == "launch" for summary in summaries):
        cycles = max(launch.launch_cycles for launch in timeline.launches)
        text += (
            f"launch: starting the kernel (up to {cycles:,.0f} cycles each time) takes longer than any pipe is busy\n"
        )
    return text


def _kernel(timeline: Timeline, summary: KernelSummary) -> tuple[str, ...]:
    machine, queue = timeline.machine, summary.limiting
    return (
        _short(summary.kernel.name),
        summary.kernel.kind,
        f"{summary.launches}",
        f"{machine.time_us(summary.cycles):,.1f}",
        _percent(summary.cycles, timeline.cycles),
        summary.bound,
        f"{queue.pipe} {_percent(queue.busy, summary.cycles, 0)}",
        _percent(queue.slowest, summary.cycles, 0),
        f"{summary.gm_read_bytes / 1e6:,.1f}",
        f"{summary.gm_write_bytes / 1e6:,.1f}",
        f"{summary.l2_hit:.0%}",
        f"{summary.utilization(machine):.1%}",
    )


def _queues(summaries: Sequence[KernelSummary]) -> str:
    """The queues of some kernels: how busy, and each kind of wait that occurs."""
    found = [by_category(queue.stalls | queue.slowed) for summary in summaries for queue in summary.queues]
    waits = [name for name in WORDS if any(name in one for one in found)]
    rows: list[tuple[str, ...]] = []
    for summary in summaries:
        name = _short(summary.kernel.name)
        shown = [queue for queue in summary.queues if queue.busy >= LEAST_BUSY * summary.run_cycles]
        for queue in sorted(shown, key=lambda queue: (queue.core, -queue.busy)):
            rows.append((name, queue.core, queue.pipe, *_shares(summary, queue, waits)))
            name = ""
    head = ("kernel", "core", "pipe", "busy", "slowest", "imbalance", *waits)
    texts = [f"{name}: {WORDS[name]}" for name in waits]
    note = textwrap.fill("waiting for " + "; ".join(texts) + "; data and port are parts of busy", WIDTH)
    return f"queues of the longest kernels, in % of the time that the cores run:\n{table(head, rows)}{note}"


def _shares(summary: KernelSummary, queue: QueueSummary, waits: Sequence[str]) -> Iterator[str]:
    run = summary.run_cycles
    yield _percent(queue.busy, run, 0)
    yield _percent(queue.slowest, run, 0)
    yield f"{queue.imbalance:.2f}"
    stalls = by_category(queue.stalls | queue.slowed)
    yield from (_percent(stalls.get(name, 0.0), run, 0) for name in waits)


def _lines(timeline: Timeline, summaries: Sequence[KernelSummary]) -> str:
    busy: dict[tuple[str, str, str], float] = {}
    for line in (line for summary in summaries for line in summary.lines):
        place = (shortened(line.source), line.core, line.pipe)
        busy[place] = busy.get(place, 0.0) + line.cycles
    longest = sorted(busy.items(), key=lambda item: -item[1])[:SHOWN_LINES]
    rows = [(*place, f"{timeline.machine.time_us(cycles):,.1f}") for place, cycles in longest]
    return table(("source line", "core", "pipe", "us busy"), rows)


def _advice(timeline: Timeline, summaries: Sequence[KernelSummary]) -> Iterator[str]:
    found = advise(timeline, summaries)[:SHOWN_ADVICE]
    if found:
        yield "what to try next, and what it could save at most:"
    for number, advice in enumerate(found, 1):
        saves = timeline.machine.time_us(advice.saves_cycles)
        named = ", ".join(advice.kernels[:SHOWN_KERNELS]) + (", ..." if len(advice.kernels) > SHOWN_KERNELS else "")
        text = f"{number}. {named} (up to {saves:,.1f} us): {advice.figure}; {advice.action}"
        yield textwrap.fill(text, WIDTH, subsequent_indent="   ")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 8]}...{name[-5:]}"


def _percent(part: float, whole: float, digits: int = 1) -> str:
    return f"{part / whole if whole else 0.0:.{digits}%}"


def _mega(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
