"""How plots look and are handled: one style, one set of tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import (
    BoxZoomTool,
    HoverTool,
    NumeralTickFormatter,
    PanTool,
    ResetTool,
    TapTool,
    WheelZoomTool,
    ZoomInTool,
    ZoomOutTool,
)

from runtime.profile.html.palette import FAINT_INK, GRID, INK

FONT = "system-ui, sans-serif"

AXIS_WIDTH = 150
"""Pixels left of plots that share a time axis, so that equal times lie above each other."""


def time_tools() -> list[Any]:
    """Tools of a plot over time: drag moves, ctrl + wheel zooms (the wheel alone scrolls the page)."""
    return [
        PanTool(dimensions="width"),
        WheelZoomTool(dimensions="width", modifiers={"ctrl": True}),
        BoxZoomTool(dimensions="width"),
        ZoomInTool(dimensions="width", factor=0.4),
        ZoomOutTool(dimensions="width", factor=0.4),
        ResetTool(),
    ]


def plain_numbers(axis: Any) -> None:
    """Write an axis's numbers out, in groups of three digits."""
    axis.formatter = NumeralTickFormatter(format="0,0[.]00")


def tap(renderer: Any) -> Any:
    """Choose by a click."""
    return TapTool(renderers=[renderer])


def hover(renderer: Any, lines: Sequence[tuple[str, str]]) -> Any:
    """A tooltip of (label, value) lines; values of columns are escaped by Bokeh."""
    return HoverTool(renderers=[renderer], tooltips=list(lines), point_policy="follow_mouse")


def styled(plot: Any, legend: bool = False, left: int = 8) -> Any:
    """Set fonts, colours and grid of a plot, and return it."""
    plot.background_fill_color = None
    plot.border_fill_color = None
    plot.outline_line_color = GRID
    plot.min_border_left = left
    plot.toolbar.logo = None
    for axis in plot.axis:
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "12px"
        axis.major_label_text_font_size = "11px"
        axis.axis_label_text_color = FAINT_INK
        axis.major_label_text_color = INK
        axis.axis_line_color = axis.major_tick_line_color = GRID
        axis.minor_tick_line_color = None
    for grid in plot.grid:
        grid.grid_line_color = GRID
    plot.ygrid.grid_line_color = None
    if legend and plot.legend:
        place = plot.legend[0]
        place.orientation = "horizontal"
        place.label_text_font = FONT
        place.label_text_font_size = "11px"
        place.border_line_color = None
        place.padding, place.spacing, place.margin = 2, 8, 0
        plot.add_layout(place, "above")
    elif plot.legend:
        plot.legend.visible = False
    return plot


def shorter(text: str, longest: int = 28) -> str:
    """Return the end of a text that is too long for an axis."""
    return text if len(text) <= longest else f"...{text[3 - longest :]}"
