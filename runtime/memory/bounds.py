"""Errors of accesses that leave their buffer, with a map of the memory around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dialects.errors import SfumatoError
from runtime.memory.access import Access


class Extent(NamedTuple):
    """A buffer's name and its bytes, from ``start`` to just before ``end``."""

    name: str
    start: int
    end: int


def local_overflow(access: Access, capacity: int) -> SfumatoError:
    """Make the error of an access outside an on-chip buffer of ``capacity`` bytes."""
    low, high = access.extent()
    return SfumatoError(
        f"access to bytes {low:#x} to {high - 1:#x} of {access.space}, which has {capacity:#x} ({capacity} bytes)"
    )


def global_overflow(access: Access, buffers: Sequence[Extent]) -> SfumatoError:
    """Make the error of an access to global memory outside every buffer that the kernel was given."""
    low, high = access.extent()
    nearest = [buffer for buffer in buffers if buffer.start < high and low < buffer.end]
    if nearest:
        reason = f"not inside one buffer, it overlaps {', '.join(map(_line, nearest))}"
    else:
        reason = "outside every buffer of the kernel"
    table = "".join(f"\n  {_line(buffer)}" for buffer in buffers)
    return SfumatoError(f"access to global memory {low:#x} to {high - 1:#x} is {reason}; the kernel's buffers:{table}")


def _line(buffer: Extent) -> str:
    return f"{buffer.name}: {buffer.start:#x} to {buffer.end - 1:#x} ({buffer.end - buffer.start} bytes)"
