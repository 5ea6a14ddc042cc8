"""The plot of a sweep: time and use of the cube unit over the first axis, a line for each combination of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Literal

from compiler.diagnostics import first_line
from compiler.sweep.report import Sweep
from dialects.errors import SfumatoError
from runtime.atomic_file import atomic_output, write_text

FORMATS = (".html", ".png", ".svg")

_PANELS: tuple[tuple[str, str, Callable[[Any], float]], ...] = (
    ("Time", "microseconds", lambda outcome: outcome.time_us),
    ("Use of the cube unit", "% of the chip's peak", lambda outcome: 100 * outcome.cube_utilization),
)


def check_format(path: str) -> None:
    """Refuse a file that `write_plot` could not write, before anything is measured."""
    if Path(path).suffix not in FORMATS:
        raise SfumatoError(f"--plot {path}: a plot is written as {', '.join(FORMATS)}")
    if Path(path).suffix != ".html" and not (find_spec("selenium") and which("chromedriver")):
        raise SfumatoError(
            f"--plot {path}: pictures need Chromium with its chromedriver and pip install 'sfumato[plot]'; "
            "a page (.html) needs neither"
        )


def write_plot(sweep: Sweep, path: str) -> None:
    """Write the plot: a page of its own that needs no network, or a picture of it (made by headless Chromium)."""
    suffix = Path(path).suffix
    if suffix == ".html":
        from bokeh.embed import file_html
        from bokeh.resources import INLINE

        write_text(path, file_html(_layout(sweep), INLINE, title=f"Sweep of {sweep.model.name}"))
        return
    from bokeh.io.export import get_screenshot_as_png, get_svg

    with _chromium() as driver, atomic_output(path) as file:
        if suffix == ".svg":
            (picture,) = get_svg(_layout(sweep, "svg"), driver=driver)
            file.write(picture.encode())
        else:
            get_screenshot_as_png(_layout(sweep), driver=driver).save(file, "PNG")


@contextmanager
def _chromium() -> Generator[Any]:
    from bokeh.io.webdriver import create_chromium_webdriver
    from selenium.common.exceptions import WebDriverException

    # Chromium refuses to run as root in its sandbox; all it opens here is the page that was just made.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    try:
        driver = create_chromium_webdriver(options)
        try:
            yield driver
        finally:
            driver.quit()
    except WebDriverException as error:
        raise SfumatoError(f"Chromium could not draw the plot: {first_line(error)}; write .html instead") from error


def _layout(sweep: Sweep, backend: Literal["canvas", "svg"] = "canvas") -> Any:
    from bokeh.layouts import row
    from bokeh.models import DataRange1d, HoverTool
    from bokeh.palettes import Category10_10
    from bokeh.plotting import figure

    axis = sweep.axes[0]
    numeric = all(_is_number(value) for value in axis.values)
    figures: list[Any] = []
    lines = _lines(sweep)
    for title, unit, figure_of in _PANELS:
        shared: dict[str, Any] = {} if numeric else {"x_range": list(axis.values)}
        plot = figure(
            title=title,
            x_axis_label=axis.key,
            y_axis_label=unit,
            width=560,
            height=420,
            output_backend=backend,
            y_range=DataRange1d(start=0),
            **shared,
        )
        for number, (name, line) in enumerate(lines.items()):
            data = {
                "x": [float(value) if numeric else value for value, _ in line],
                "y": [figure_of(outcome) for _, outcome in line],
                "bound": [outcome.bound for _, outcome in line],
                "point": [f"{axis.key}={value} {name}".strip() for value, _ in line],
            }
            style: dict[str, Any] = {"color": Category10_10[number % 10]}
            if name:
                style["legend_label"] = name
            plot.line("x", "y", source=data, **style)
            plot.scatter("x", "y", source=data, size=7, **style)
        plot.add_tools(HoverTool(tooltips=[("point", "@point"), (unit, "@y{0,0.0}"), ("bound", "@bound")]))
        figures.append(plot)
    return row(*figures)


def _lines(sweep: Sweep) -> dict[str, list[tuple[str, Any]]]:
    """Return the points that have figures, by the values of all axes but the first."""
    lines: dict[str, list[tuple[str, Any]]] = {}
    for point, outcome in zip(sweep.points[1:], sweep.outcomes[1:], strict=True):
        if outcome.error is None:
            (_, value), *others = point.settings
            name = " ".join(f"{key}={other}" for key, other in others)
            lines.setdefault(name, []).append((value, outcome))
    if sweep.axes and all(_is_number(value) for value in sweep.axes[0].values):
        for line in lines.values():
            line.sort(key=lambda entry: float(entry[0]))
    return lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
