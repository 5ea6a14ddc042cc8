"""The plots over the time of one launch, which the page fills with the launch that is chosen."""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure

from runtime.profile.html.palette import MEMORY_COLORS
from runtime.profile.html.plot_style import AXIS_WIDTH, hover, plain_numbers, styled, time_tools

SPAN_COLUMNS = (
    *("left", "right", "top", "bottom", "color", "name", "where", "text", "op", "cycles", "moved", "before", "source"),
)
_SPAN_TOOLTIP = (
    ("", "@name"),
    ("on", "@where"),
    ("", "@text"),
    ("kernel op", "@op"),
    ("from", "@left{0,0} cycles"),
    ("takes", "@cycles"),
    ("moves", "@moved"),
    ("before it", "@before"),
    ("source", "@source"),
)


def core_plots() -> list[Any]:
    """The spans of the pipes (source `spans`), arrows of flags (`arrows`), and on-chip buffers (`occupancy-*`)."""
    spans = _figure(height=300, name="core-timeline", y_range=Range1d(start=0, end=1))
    source = ColumnDataSource({name: [] for name in SPAN_COLUMNS}, name="spans")
    boxes = spans.quad(
        *("left", "right", "top", "bottom"),
        source=source,
        fill_color="color",
        fill_alpha=0.8,
        line_color="color",
        line_width=0.7,
    )
    spans.add_tools(hover(boxes, _SPAN_TOOLTIP))
    arrows = ColumnDataSource({name: [] for name in ("x0", "y0", "x1", "y1", "color")}, name="arrows")
    spans.segment("x0", "y0", "x1", "y1", source=arrows, color="color", line_width=1, line_alpha=0.55)
    spans.scatter("x1", "y1", source=arrows, marker="circle", size=3, color="color", alpha=0.6)
    spans.yaxis[0].ticker = FixedTicker(ticks=[], name="core-ticks")
    spans.yaxis[0].name = "core-axis"
    buffers = _figure(height=190, y_range=Range1d(start=0, end=105), y_axis_label="of the capacity, %")
    buffers.x_range = spans.x_range
    for space, color in MEMORY_COLORS.items():
        data = ColumnDataSource({"x": [], "y": [], "kib": []}, name=f"occupancy-{space}")
        line = buffers.step(
            *("x", "y"), source=data, mode="after", color=color, line_width=2, legend_label=space.upper()
        )
        buffers.add_tools(hover(line, (("", space.upper()), ("in use", "@kib{0,0.0} KiB, @y{0}%"))))
    styled(buffers, legend=True, left=AXIS_WIDTH)
    buffers.legend.click_policy = "hide"
    return [styled(spans, left=AXIS_WIDTH), buffers]


def _figure(**options: Any) -> Any:
    plot = figure(
        sizing_mode="stretch_width", tools=[], toolbar_location="right", x_axis_label="core cycles",
        x_range=Range1d(start=0, end=1), **options,
    )  # fmt: skip
    plot.add_tools(*time_tools())
    plain_numbers(plot.xaxis[0])
    return plot
