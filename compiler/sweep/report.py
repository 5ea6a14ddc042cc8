"""What a sweep found: each point beside the base point, as rows for a table, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.sweep.grid import Axis, Point
from compiler.sweep.measure import Outcome

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Sweep:
    """A model, the axes that varied, and the points with their outcomes; the first point is the base."""

    model: Path
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    outcomes: tuple[Outcome, ...]

    def speedup(self, outcome: Outcome) -> float | None:
        """Return how many times faster than the base point an outcome is, `None` where one has no time."""
        base = self.outcomes[0]
        if base.error is not None or outcome.error is not None or not outcome.time_us:
            return None
        return base.time_us / outcome.time_us

    def json(self) -> dict[str, Any]:
        """Return the report that `sfumato sweep --json` prints."""
        base, *others = self._entries()
        return {
            "model": str(self.model),
            "axes": {axis.key: list(axis.values) for axis in self.axes},
            "base": base,
            "points": others,
        }

    def _entries(self) -> list[dict[str, Any]]:
        return [
            {
                "settings": dict(point.settings),
                "target": point.options.target,
                "precision": point.options.precision,
                "quantize": point.options.quantize,
                "attention": point.options.attention,
                **outcome.json(),
                "speedup": self.speedup(outcome),
            }
            for point, outcome in zip(self.points, self.outcomes, strict=True)
        ]

    def csv(self) -> str:
        """Return one line a point, the base first: the axes' values (empty for the base), then what JSON has."""
        rows = [
            {
                **{axis.key: "" for axis in self.axes},
                **entry["settings"],
                **{k: v for k, v in entry.items() if k not in entry["settings"]},
            }
            for entry in self._entries()
        ]
        text = io.StringIO()
        names = [name for name in rows[0] if name != "settings"]
        writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def table(self) -> Table:
        """Return the table that a terminal shows."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for axis in self.axes:
            table.add_column(axis.key, justify="right", no_wrap=True)
        for name in ("cycles", "us", "cube", "bound", "speed-up"):
            table.add_column(name, justify="left" if name == "bound" else "right", no_wrap=True)
        for point, outcome in zip(self.points, self.outcomes, strict=True):
            values = dict(point.settings)
            table.add_row(*(values.get(axis.key, "base") for axis in self.axes), *self._figures(outcome))
        return table

    def _figures(self, outcome: Outcome) -> Sequence[str]:
        if outcome.error is not None:
            return ("-", "-", "-", "failed", "-")
        speedup = self.speedup(outcome)
        return (
            f"{outcome.cycles:,.0f}",
            f"{outcome.time_us:,.1f}",
            f"{outcome.cube_utilization:.1%}",
            outcome.bound,
            "-" if speedup is None else f"{speedup:.2f}x",
        )

    def reasons(self) -> list[str]:
        """Return a line for each point that has no figures: its settings and why."""
        return [
            f"{_named(point)}: {outcome.error}"
            for point, outcome in zip(self.points, self.outcomes, strict=True)
            if outcome.error is not None
        ]


def _named(point: Point) -> str:
    return " ".join(f"{key}={value}" for key, value in point.settings) or "base"
