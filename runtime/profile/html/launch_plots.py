"""The plots over the time of the whole run: launches, and what global memory holds meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure

from runtime.profile.html.gm_memory import lifetimes, live_bytes
from runtime.profile.html.palette import LAUNCH_COLOR, PIPE_COLORS
from runtime.profile.html.plot_style import AXIS_WIDTH, hover, plain_numbers, shorter, styled, tap, time_tools
from runtime.profile.summary import KernelSummary
from runtime.timing.result import TimedLaunch, Timeline

SHOWN_ROWS = 24
"""Kernels that have a row of their own; the others share the last one."""


def launch_plot(timeline: Timeline, summaries: Sequence[KernelSummary], layers: Sequence[str]) -> Any:
    """Launches over time, a row a kernel, the longest on top; the colour is the pipe that limits it."""
    order = sorted(range(len(summaries)), key=lambda at: -summaries[at].cycles)
    rows = {summaries[at].kernel.name: min(place, SHOWN_ROWS) for place, at in enumerate(order)}
    count = 1 + max(rows.values(), default=0)
    columns = _launch_columns(timeline, summaries, layers, rows)
    plot = time_figure(timeline, height=70 + 19 * count, y_range=Range1d(start=count - 0.4, end=-0.6))
    launching = ColumnDataSource(
        {
            "left": columns["left"] - columns["launching"],
            "right": columns["left"],
            "top": columns["top"],
            "bottom": columns["bottom"],
        }
    )
    plot.quad("left", "right", "top", "bottom", source=launching, color=LAUNCH_COLOR, line_color=None)
    source = ColumnDataSource(columns, name="launches")
    spans = plot.quad(
        *("left", "right", "top", "bottom"), source=source, fill_color="color", fill_alpha=0.8, line_color="color",
        selection_line_color="black", selection_line_width=2, nonselection_fill_alpha=0.8, selection_fill_alpha=1.0,
    )  # fmt: skip
    plot.add_tools(tap(spans), hover(spans, _LAUNCH_TOOLTIP))
    names = {place: name for name, place in rows.items() if place < SHOWN_ROWS}
    if count > SHOWN_ROWS:
        names[SHOWN_ROWS] = f"{len(rows) - SHOWN_ROWS} more kernels"
    plot.yaxis[0].ticker = FixedTicker(ticks=list(range(count)))
    plot.yaxis[0].major_label_overrides = {place: shorter(name) for place, name in names.items()}
    return styled(plot, left=AXIS_WIDTH)


_LAUNCH_TOOLTIP = (
    ("kernel", "@kernel"),
    ("launch", "@number, layer @layer"),
    ("cores run", "from @left{0,0.00} us for @us{0,0.00} us (@cycles{0,0} cycles)"),
    ("launching it", "@launching{0,0.00} us"),
    ("limited by", "@bound"),
    ("waits for", "@waits"),
    ("GM read, written", "@read, @written"),
    ("of the reads in L2", "@hit{0%}"),
    ("source", "@source"),
)


def _launch_columns(
    timeline: Timeline, summaries: Sequence[KernelSummary], layers: Sequence[str], rows: dict[str, int]
) -> dict[str, Any]:
    machine, kernels = timeline.machine, timeline.program.kernels
    launches = timeline.launches
    names = [kernels[launch.kernel].name for launch in launches]
    of_kernel = {summary.kernel.name: summary for summary in summaries}
    places = np.array([rows[name] for name in names], np.float64)
    limits = [of_kernel[name].limiting for name in names]
    return {
        "left": np.array([machine.time_us(launch.start) for launch in launches]),
        "right": np.array([machine.time_us(launch.start + launch.cycles) for launch in launches]),
        "top": places - 0.4,
        "bottom": places + 0.4,
        "color": [PIPE_COLORS[queue.pipe] for queue in limits],
        "kernel": names,
        "number": list(range(len(launches))),
        "layer": list(layers),
        "launching": np.array([machine.time_us(launch.launch_cycles) for launch in launches]),
        "us": np.array([machine.time_us(launch.cycles) for launch in launches]),
        "cycles": np.array([launch.cycles for launch in launches]),
        "bound": [f"{queue.pipe} of the {queue.core} cores" for queue in limits],
        "waits": [_waits(launch, queue.core, queue.pipe) for launch, queue in zip(launches, limits, strict=True)],
        "read": [_bytes(launch.use.gm_read_bytes) for launch in launches],
        "written": [_bytes(launch.use.gm_write_bytes) for launch in launches],
        "hit": [max(0.0, 1 - launch.use.missed_bytes / max(launch.use.gm_read_bytes, 1)) for launch in launches],
        "source": ["; ".join(kernels[launch.kernel].source[:3]) for launch in launches],
    }


def _waits(launch: TimedLaunch, core: str, pipe: str) -> str:
    used = launch.use.cores[core]
    whole = launch.use.cycles * used.cores
    stalls = sorted(used.queues[pipe].stalls.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{reason} {cycles / whole:.0%}" for reason, cycles in stalls if whole and cycles > 0) or "nothing"


def time_figure(timeline: Timeline, **options: Any) -> Any:
    """An empty plot over microseconds of the whole run."""
    end = timeline.machine.time_us(timeline.cycles)
    plot = figure(
        x_range=Range1d(start=0, end=end, bounds=(-0.02 * end, 1.02 * end)), sizing_mode="stretch_width",
        toolbar_location="right", tools=[], x_axis_label="time, us", **options,
    )  # fmt: skip
    plain_numbers(plot.xaxis[0])
    plot.add_tools(*time_tools())
    return plot


def memory_plots(timeline: Timeline, x_range: Any) -> list[Any]:
    """Bytes of the live temporaries over time, and where in memory each of them lies how long."""
    machine = timeline.machine
    found = lifetimes(timeline)
    starts = np.array([machine.time_us(launch.start - launch.launch_cycles) for launch in timeline.launches])
    ends = np.array([machine.time_us(launch.start + launch.cycles) for launch in timeline.launches])
    live = np.array(live_bytes(timeline, found)) / 1e6
    amount = time_figure(timeline, height=170, y_axis_label="live, MB")
    amount.x_range = x_range
    area = amount.quad(left=starts, right=ends, bottom=0, top=live, color="#54a9d6", line_color=None, fill_alpha=0.7)
    amount.add_tools(hover(area, (("from", "@left{0,0.0} us"), ("temporaries alive", "@top{0,0.000} MB"))))
    kernels = [timeline.program.kernels[launch.kernel].name for launch in timeline.program.launches]
    source = ColumnDataSource(
        {
            "left": [starts[one.first] for one in found],
            "right": [ends[one.last] for one in found],
            "bottom": [one.buffer.address / 1e6 for one in found],
            "top": [(one.buffer.address + one.buffer.bytes) / 1e6 for one in found],
            "name": [one.buffer.name for one in found],
            "type": [f"{one.buffer.dtype}{list(one.buffer.shape)}" for one in found],
            "size": [_bytes(one.buffer.bytes) for one in found],
            "address": [f"{one.buffer.address:,}" for one in found],
            "first": [f"{kernels[one.first]} (launch {one.first})" for one in found],
            "last": [f"{kernels[one.last]} (launch {one.last})" for one in found],
        }
    )
    places = time_figure(timeline, height=260, y_axis_label="address, MB")
    places.x_range = x_range
    boxes = places.quad(
        *("left", "right", "bottom", "top"), source=source, fill_color="#3a9a5b", fill_alpha=0.55, line_color="#27704f"
    )
    names = ("name", "type", "size", "address", "first", "last")
    places.add_tools(hover(boxes, tuple((name, f"@{name}") for name in names)))
    return [styled(amount, left=AXIS_WIDTH), styled(places, left=AXIS_WIDTH)]


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:,.2f} {unit}"
    return f"{size} B"
