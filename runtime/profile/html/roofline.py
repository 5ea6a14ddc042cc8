"""The roofline: operations a second against operations a byte, for each kernel that multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, Label, Range1d
from bokeh.plotting import figure

from runtime.machine.description import Machine
from runtime.profile.html.palette import FAINT_INK, INK, PIPE_COLORS
from runtime.profile.html.plot_style import hover, styled, tap
from runtime.profile.summary import KernelSummary


class Point(NamedTuple):
    """A kernel: floating-point (or integer) operations a byte, operations a second while its cores run, and its
    share of what the machine can do at that intensity."""

    kernel: str
    bytes_from: str
    intensity: float
    tera: float
    of_roof: float


def points(machine: Machine, summaries: Sequence[KernelSummary]) -> list[Point]:
    """Two points for each kernel that multiplies: by the bytes that L2 and HBM move for it."""
    found: list[Point] = []
    for summary in summaries:
        if not summary.macs or not summary.run_cycles:
            continue
        flops = 2 * summary.macs
        seconds = machine.time_us(summary.run_cycles) * 1e-6
        peak = 2 * summary.macs / summary.ideal_mmad_cycles * machine.cube_cores * machine.clock_mhz * 1e-6
        moved = summary.gm_read_bytes + summary.gm_write_bytes
        for name, size, rate in (
            ("L2", moved, machine.memory.l2_mixed_gb_per_s),
            ("HBM", summary.hbm_bytes, machine.memory.hbm_gb_per_s),
        ):
            if size:
                roof = min(peak, flops / size * rate * 1e-3)
                tera = flops / seconds * 1e-12
                found.append(Point(summary.kernel.name, name, flops / size, tera, tera / roof))
    return found


def peaks(machine: Machine, summaries: Sequence[KernelSummary]) -> dict[str, float]:
    """Peak tera-operations a second of the operand types that kernels use, by the types' names."""
    rates = {round(summary.macs / summary.ideal_mmad_cycles) for summary in summaries if summary.macs}
    found: dict[str, float] = {}
    for rate in sorted(rates):
        names = [name for name, macs in machine.cube.macs_per_cycle.items() if macs == rate]
        label = ", ".join(names) if names else "mixed types"
        found[label] = 2 * rate * machine.cube_cores * machine.clock_mhz * 1e-6
    return found


def roofline_plot(machine: Machine, summaries: Sequence[KernelSummary]) -> Any:
    """The plot, or ``None`` when no kernel multiplies."""
    found = points(machine, summaries)
    if not found:
        return None
    ceilings = peaks(machine, summaries)
    left = min(0.5, *(point.intensity / 2 for point in found))
    right = max(2000.0, *(point.intensity * 2 for point in found))
    bottom = min(point.tera for point in found) / 3
    top = max(ceilings.values()) * 2.5
    plot = figure(
        height=400, sizing_mode="stretch_width", x_axis_type="log", y_axis_type="log",
        x_range=Range1d(start=left, end=right), y_range=Range1d(start=bottom, end=top),
        tools="pan,box_zoom,reset", toolbar_location="right",
        x_axis_label="operations a byte", y_axis_label="tera-operations a second",
    )  # fmt: skip
    _ceilings(plot, machine, ceilings, left, right, bottom)
    cycles = {summary.kernel.name: summary.cycles for summary in summaries}
    longest = max(cycles.values())
    for name, color in (("HBM", PIPE_COLORS["M"]), ("L2", PIPE_COLORS["MTE2"])):
        own = [point for point in found if point.bytes_from == name]
        columns: dict[str, Any] = {field: [getattr(point, field) for point in own] for field in Point._fields}
        columns["size"] = [7 + 15 * np.sqrt(cycles[point.kernel] / longest) for point in own]
        source = ColumnDataSource(columns, name=f"roofline-{name}")
        dots = plot.scatter(
            *("intensity", "tera"), size="size", source=source, color=color, fill_alpha=0.65, line_color="white",
            legend_label=f"by the bytes of {name}",
        )  # fmt: skip
        plot.add_tools(tap(dots), hover(dots, _TOOLTIP))
    return styled(plot, legend=True)


_TOOLTIP = (
    ("kernel", "@kernel"),
    ("operations a byte of @bytes_from", "@intensity{0,0.0}"),
    ("tera-operations a second", "@tera{0,0.00}"),
    ("of what is possible there", "@of_roof{0%}"),
)


def _ceilings(
    plot: Any, machine: Machine, ceilings: dict[str, float], left: float, right: float, bottom: float
) -> None:
    top = max(ceilings.values())
    for name, peak in ceilings.items():
        plot.line([left, right], [peak, peak], color=INK, line_width=1.3)
        text = f"cube, {name}: {peak:,.0f} Tops/s"
        plot.add_layout(
            Label(x=right, y=peak, text=text, text_align="right", y_offset=3, text_font_size="11px", text_color=INK)
        )
    for name, rate in (("HBM", machine.memory.hbm_gb_per_s), ("L2", machine.memory.l2_mixed_gb_per_s)):
        tera = rate * 1e-3
        plot.line([left, top / tera], [left * tera, top], color=FAINT_INK, line_width=1.3, line_dash="dashed")
        at = max(left * 1.15, bottom / tera * 1.5)
        label = Label(x=at, y=at * tera, text=f"{name}, {rate:,.0f} GB/s", x_offset=8, y_offset=-3, text_baseline="top")
        label.text_font_size, label.text_color = "11px", FAINT_INK
        plot.add_layout(label)
