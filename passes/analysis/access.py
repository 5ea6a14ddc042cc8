"""How a view of a dense tensor walks through memory: an offset, and a size and stride per axis, in elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import DenseArrayBase, IntegerType
from xdsl.ir import Operation

from dialects.graph.types import shape_of

VIEWS = ("graph.reshape", "graph.permute", "graph.broadcast", "graph.slice", "graph.window")
"""Graph ops that move no data when their operand is walked through strides (a window's operand must be dense, or its
last axis be)."""


def array_of(op: Operation, name: str) -> tuple[int, ...]:
    """Return the integer array property ``name`` of ``op``."""
    return tuple(cast("DenseArrayBase[IntegerType]", op.properties[name]).get_values())


@dataclass(frozen=True)
class Access:
    """Element (i0, i1, ...) of a view lies at ``offset + sum(i * stride)`` of its tensor, counted in elements."""

    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    @staticmethod
    def dense(shape: Sequence[int]) -> Access:
        """Return the row-major access of a whole tensor."""
        strides = [1] * len(shape)
        for axis in range(len(shape) - 2, -1, -1):
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        return Access(0, tuple(shape), tuple(strides))

    @property
    def is_dense(self) -> bool:
        """Whether the view is its tensor in row-major order (axes of size 1 do not matter)."""
        dense = Access.dense(self.sizes).strides
        return self.offset == 0 and all(
            size == 1 or mine == full for size, mine, full in zip(self.sizes, self.strides, dense, strict=True)
        )

    def permute(self, order: Sequence[int]) -> Access:
        """Reorder axes: axis i of the result is axis ``order[i]``."""
        return Access(self.offset, tuple(self.sizes[a] for a in order), tuple(self.strides[a] for a in order))

    def broadcast(self, dims: Sequence[int], shape: Sequence[int]) -> Access:
        """Place axis i at ``dims[i]`` of ``shape``; new and stretched axes have stride 0."""
        strides = [0] * len(shape)
        for axis, target in enumerate(dims):
            strides[target] = self.strides[axis] if self.sizes[axis] == shape[target] else 0
        return Access(self.offset, tuple(shape), tuple(strides))

    def slice(self, starts: Sequence[int], steps: Sequence[int], shape: Sequence[int]) -> Access:
        """Start at ``starts`` and walk by ``steps``, ``shape`` elements long."""
        offset = self.offset + sum(start * stride for start, stride in zip(starts, self.strides, strict=True))
        return Access(offset, tuple(shape), tuple(a * b for a, b in zip(self.strides, steps, strict=True)))

    def window(self, windows: Sequence[tuple[int, int, int]], shape: Sequence[int]) -> Access:
        """Walk windows along each (axis, stride, dilation); the places in the windows are axes at the end."""
        strides = list(self.strides)
        places: list[int] = []
        for axis, stride, dilation in windows:
            places.append(self.strides[axis] * dilation)
            strides[axis] *= stride
        return Access(self.offset, tuple(shape), (*strides, *places))

    def reshape(self, shape: Sequence[int]) -> Access | None:
        """Split and merge axes; ``None`` when merged axes do not follow each other in memory."""
        old = [(size, stride) for size, stride in zip(self.sizes, self.strides, strict=True) if size != 1]
        strides = [0] * len(shape)
        position = 0
        new_axes = [axis for axis, size in enumerate(shape) if size != 1]
        cursor = 0
        while cursor < len(new_axes) and position < len(old):
            first, first_new = position, cursor
            have, want = old[position][0], shape[new_axes[cursor]]
            while have != want:
                if have < want:
                    position += 1
                    have *= old[position][0]
                else:
                    cursor += 1
                    want *= shape[new_axes[cursor]]
            run = old[first : position + 1]
            if any(run[i][1] != run[i + 1][1] * run[i + 1][0] for i in range(len(run) - 1)):
                return None
            stride = run[-1][1]
            for axis in reversed(new_axes[first_new : cursor + 1]):
                strides[axis] = stride
                stride *= shape[axis]
            position += 1
            cursor += 1
        return Access(self.offset, tuple(shape), tuple(strides))


def apply_view(access: Access, op: Operation) -> Access | None:
    """Return the access of view ``op``'s result, given its operand's; ``None`` when strides cannot express it."""
    shape = shape_of(op.results[0])
    match op.name:
        case "graph.reshape":
            return access.reshape(shape)
        case "graph.permute":
            return access.permute(array_of(op, "order"))
        case "graph.broadcast":
            return access.broadcast(array_of(op, "dims"), shape)
        case "graph.slice":
            return access.slice(array_of(op, "starts"), array_of(op, "steps"), shape)
        case "graph.window":
            if not access.is_dense and access.strides[-1] != 1:
                return None
            windows = zip(*(array_of(op, name) for name in ("axes", "strides", "dilation")), strict=True)
            return access.window(list(windows), shape)
        case _:
            raise ValueError(f"{op.name} is not a view")
