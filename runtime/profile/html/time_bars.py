"""Bars of the whole time by kernel, by layer of the model and by source line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, FixedTicker, Range1d
from bokeh.plotting import figure

from runtime.profile.html.palette import LAUNCH_COLOR, PIPE_COLORS
from runtime.profile.html.plot_style import hover, shorter, styled, tap
from runtime.profile.source_text import shortened
from runtime.profile.summary import KernelSummary
from runtime.timing.result import Timeline

SHOWN_BARS = 30
"""Bars of a plot; what is left shares one more."""


def time_bars(timeline: Timeline, summaries: Sequence[KernelSummary], layers: Sequence[str]) -> dict[str, Any]:
    """The three plots by their places on the page; ``layers`` has the layer of each launch."""
    return {
        "by-kernel": _by_kernel(timeline, summaries),
        "by-layer": _by_layer(timeline, layers),
        "by-line": _by_line(timeline, summaries),
    }


def _by_kernel(timeline: Timeline, summaries: Sequence[KernelSummary]) -> Any:
    time = timeline.machine.time_us
    rows = {summary.kernel.name: (time(summary.run_cycles), time(summary.launch_cycles)) for summary in summaries}
    return _time_bars("by-kernel", rows, longest_first=True)


def _by_layer(timeline: Timeline, layers: Sequence[str]) -> Any:
    machine = timeline.machine
    rows: dict[str, tuple[float, float]] = {}
    for name, launch in zip(layers, timeline.launches, strict=True):
        run, launching = rows.get(name, (0.0, 0.0))
        rows[name] = run + machine.time_us(launch.cycles), launching + machine.time_us(launch.launch_cycles)
    return _time_bars("by-layer", rows, longest_first=False)


def _by_line(timeline: Timeline, summaries: Sequence[KernelSummary]) -> Any:
    """A kernel's time goes to its source lines as its limiting pipe is busy with their instructions."""
    rows: dict[str, tuple[float, float]] = {}
    for summary in summaries:
        queue = summary.limiting
        own = [line for line in summary.lines if (line.core, line.pipe) == (queue.core, queue.pipe)]
        whole = sum(line.cycles for line in own)
        for line in own:
            share = line.cycles / whole
            run, launching = rows.get(line.source, (0.0, 0.0))
            time = timeline.machine.time_us
            rows[line.source] = (
                run + share * time(summary.run_cycles),
                launching + share * time(summary.launch_cycles),
            )
    return _time_bars("by-line", {shortened(line): times for line, times in rows.items()}, longest_first=True)


def _time_bars(name: str, rows: dict[str, tuple[float, float]], longest_first: bool) -> Any:
    items = sorted(rows.items(), key=lambda item: -sum(item[1])) if longest_first else list(rows.items())
    rest = items[SHOWN_BARS:]
    if rest:
        whole = (sum(times[0] for _, times in rest), sum(times[1] for _, times in rest))
        items = [*items[:SHOWN_BARS], (f"({len(rest)} more)", whole)]
    parts = {
        "run": (PIPE_COLORS["MTE2"], [times[0] for _, times in items]),
        "launching": (LAUNCH_COLOR, [times[1] for _, times in items]),
    }
    return _bar_plot(name, [label for label, _ in items], parts, "us")


def _bar_plot(name: str, labels: Sequence[str], parts: Mapping[str, tuple[str, Sequence[float]]], unit: str) -> Any:
    """Horizontal bars, the first label on top: each part has a colour and a value for each label."""
    count = len(labels)
    places = np.arange(count)
    plot = figure(
        height=60 + 19 * max(count, 1), y_range=Range1d(start=count - 0.4, end=-0.6), x_range=DataRange1d(start=0),
        sizing_mode="stretch_width", tools=[], x_axis_label=unit, toolbar_location=None,
    )  # fmt: skip
    base = np.zeros(count)
    whole = np.sum([values for _, values in parts.values()], axis=0) if parts else base
    for part, (color, values) in parts.items():
        length = np.asarray(values, np.float64)
        columns = {"left": base, "right": base + length, "top": places - 0.38, "bottom": places + 0.38}
        more: dict[str, Any] = {"kernel": list(labels), "value": length, "whole": whole}
        source = ColumnDataSource(columns | more, name=f"{name} {part}")
        bars = plot.quad(
            *("left", "right", "top", "bottom"), source=source, color=color, line_color=None, legend_label=part,
            nonselection_fill_alpha=1.0,
        )  # fmt: skip
        tooltip = (("", "@kernel"), (part, f"@value{{0,0.0}} {unit}"), ("all", f"@whole{{0,0.0}} {unit}"))
        plot.add_tools(tap(bars), hover(bars, tooltip))
        base = base + length
    plot.yaxis[0].ticker = FixedTicker(ticks=list(range(count)))
    plot.yaxis[0].major_label_overrides = {place: shorter(label, 46) for place, label in enumerate(labels)}
    return styled(plot, legend=len(parts) > 1)
