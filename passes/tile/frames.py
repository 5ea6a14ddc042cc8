"""Loop bodies under construction: which dimensions they bind, and the tiles computed in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.ir import SSAValue

from passes.scope import Index, Scope


@dataclass
class Bound:
    """Where a loop or the grid stands in a dimension: the first element of the tile and how many there are."""

    start: Index
    extent: Index


@dataclass
class Frame:
    """A loop body under construction: its scope, the dimensions it binds, the values computed in it."""

    scope: Scope
    bound: dict[int, Bound]
    parent: Frame | None = None
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])

    def find(self, dim: int | None) -> Bound | None:
        """Return where an enclosing loop stands in ``dim``."""
        frame: Frame | None = self
        while frame is not None:
            if dim in frame.bound:
                return frame.bound[dim]
            frame = frame.parent
        return None

    def known(self, value: SSAValue) -> SSAValue | None:
        """Return the tile of ``value`` if an enclosing loop has it."""
        frame: Frame | None = self
        while frame is not None:
            if value in frame.values:
                return frame.values[value]
            frame = frame.parent
        return None

    def home(self, varying: frozenset[int]) -> Frame:
        """Return the innermost frame that binds one of ``varying`` (the outermost if none does)."""
        frame = self
        while frame.parent is not None and not varying & set(frame.bound):
            frame = frame.parent
        return frame
