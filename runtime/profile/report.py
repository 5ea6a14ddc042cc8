"""The profile of a program as JSON (the contract of `sfumato profile --json`) and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.profile.source_text import shortened
from runtime.profile.summary import KernelSummary, summarize
from runtime.profile.table import table
from runtime.timing.result import Timeline

SHOWN_LINES = 12
"""Source lines that the text report shows."""


def profile_json(timeline: Timeline) -> dict[str, Any]:
    """Return the profile as JSON-able values.

    Cycles are core cycles. A kernel's `cycles` cover all its launches and what launching costs; fractions in `pipes`
    and `stalls` are of these cycles. `flops` counts 2 m n k of the executed mmads, `cube_utilization` is the share of
    the whole chip's peak at the operand types used. `gm_*_bytes` are what instructions ask for, `hbm_bytes` what L2
    fetched and wrote back. `setup_cycles` and `setup_kernels` are those of the launches that run once, when the program
    is loaded; nothing else counts them.
    """
    machine = timeline.machine
    summaries = summarize(timeline)
    ideal = sum(summary.ideal_mmad_cycles for summary in summaries)
    return {
        "target": machine.name,
        "clock_mhz": machine.clock_mhz,
        "cycles": timeline.cycles,
        "time_us": machine.time_us(timeline.cycles),
        "launch_cycles": sum(summary.launch_cycles for summary in summaries),
        "flops": 2 * sum(summary.macs for summary in summaries),
        "cube_utilization": ideal / (machine.cube_cores * timeline.cycles) if timeline.cycles else 0.0,
        "gm_read_bytes": sum(summary.gm_read_bytes for summary in summaries),
        "gm_write_bytes": sum(summary.gm_write_bytes for summary in summaries),
        "hbm_bytes": sum(summary.hbm_bytes for summary in summaries),
        "peak_gm_bytes": timeline.program.gm_bytes,
        "kernels": [_kernel(timeline, summary) for summary in summaries],
        "setup_cycles": 0.0 if timeline.setup is None else timeline.setup.cycles,
        "setup_kernels": [] if timeline.setup is None else profile_json(timeline.setup)["kernels"],
    }


def _kernel(timeline: Timeline, summary: KernelSummary) -> dict[str, Any]:
    machine, cycles = timeline.machine, summary.cycles
    return {
        "name": summary.kernel.name,
        "kind": summary.kernel.kind,
        "cores": summary.cores,
        "launches": summary.launches,
        "cycles": cycles,
        "time_us": machine.time_us(cycles),
        "launch_cycles": summary.launch_cycles,
        "bound": summary.bound,
        "pipes": {name: _share(busy, cycles) for name, busy in summary.busy.items()},
        "stalls": {
            name: {reason: _share(lost, cycles) for reason, lost in reasons.items()}
            for name, reasons in summary.stalls.items()
        },
        "flops": 2 * summary.macs,
        "cube_utilization": summary.utilization(machine),
        "gm_read_bytes": summary.gm_read_bytes,
        "gm_write_bytes": summary.gm_write_bytes,
        "hbm_bytes": summary.hbm_bytes,
        "source": list(summary.kernel.source),
        "lines": [
            {"source": line.source, "core": line.core, "pipe": line.pipe, "cycles": line.cycles}
            for line in summary.lines
        ],
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def text_report(timeline: Timeline) -> str:
    """Return the profile as text: totals, kernels by time, and the source lines that keep pipes busy longest."""
    machine = timeline.machine
    summaries = sorted(summarize(timeline), key=lambda summary: -summary.cycles)
    profile = profile_json(timeline)
    head = (
        f"{machine.name} at {machine.clock_mhz:g} MHz: {timeline.cycles:,.0f} cycles, {profile['time_us']:,.1f} us, "
        f"{_launches(timeline)}; cube {profile['cube_utilization']:.1%} of peak; "
        f"GM read {_mega(profile['gm_read_bytes'])}, written {_mega(profile['gm_write_bytes'])}, "
        f"HBM {_mega(profile['hbm_bytes'])}"
    )
    rows = [_row(timeline, summary) for summary in summaries]
    kernels = table(("kernel", "kind", "launches", "us", "share", "bound", "busiest pipes", "waits for", "cube"), rows)
    busy: dict[tuple[str, str, str], float] = {}
    for line in (line for summary in summaries for line in summary.lines):
        place = (shortened(line.source), line.core, line.pipe)
        busy[place] = busy.get(place, 0.0) + line.cycles
    longest = sorted(busy.items(), key=lambda item: -item[1])
    shown = [(*place, f"{machine.time_us(cycles):,.1f}") for place, cycles in longest]
    sources = table(("source line", "core", "pipe", "us busy"), shown[:SHOWN_LINES])
    return f"{head}{_setup_line(timeline)}\n\n{kernels}{_bound_note(timeline, summaries)}\n{sources}"


def _bound_note(timeline: Timeline, summaries: Sequence[KernelSummary]) -> str:
    """Say what a bound of `launch` means, where there is one."""
    if all(summary.bound != "launch" for summary in summaries):
        return ""
    cycles = timeline.machine.launch_cycles
    return f"bound by launch: starting the kernel ({cycles:,.0f} cycles each time) takes longer than any pipe is busy\n"


def _setup_line(timeline: Timeline) -> str:
    setup = timeline.setup
    if setup is None:
        return ""
    time = timeline.machine.time_us(setup.cycles)
    return f"\nsetup, once at loading: {setup.cycles:,.0f} cycles, {time:,.1f} us, {_launches(setup)}"


def _launches(timeline: Timeline) -> str:
    count = len(timeline.launches)
    return "1 launch" if count == 1 else f"{count} launches"


def _row(timeline: Timeline, summary: KernelSummary) -> tuple[str, ...]:
    machine = timeline.machine
    busiest = sorted(summary.busy.items(), key=lambda item: -item[1])[:2]
    pipes = ", ".join(f"{name} {_share(busy, summary.cycles):.0%}" for name, busy in busiest)
    waits = max(summary.stalls.get(busiest[0][0], {}).items(), key=lambda item: item[1], default=None)
    return (
        summary.kernel.name,
        summary.kernel.kind,
        str(summary.launches),
        f"{machine.time_us(summary.cycles):,.1f}",
        f"{_share(summary.cycles, timeline.cycles):.1%}",
        summary.bound,
        pipes,
        f"{waits[0]} {_share(waits[1], summary.cycles):.0%}" if waits else "-",
        f"{summary.utilization(machine):.1%}",
    )


def _mega(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
