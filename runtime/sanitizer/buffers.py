"""Accesses that leave the buffers which their operation works on, though they stay inside the memory."""

from __future__ import annotations

from dialects.isa.origin import LocalBuffer, Origins
from runtime.memory.access import Access


class BufferBounds:
    """The buffers of one program; knows nothing of programs written by hand, which declare none."""

    def __init__(self, origins: Origins) -> None:
        """Check against the buffers of ``origins``."""
        self._origins = origins
        self._checked: dict[tuple[int, Access], tuple[LocalBuffer, ...]] = {}

    def left(self, index: int, access: Access) -> tuple[LocalBuffer, ...]:
        """Return the buffers that instruction ``index`` should have stayed in one slot of; none when it did."""
        key = (index, access)
        found = self._checked.get(key)
        if found is None:
            found = self._checked[key] = self._left(index, access)
        return found

    def _left(self, index: int, access: Access) -> tuple[LocalBuffer, ...]:
        low, end = access.extent()
        named = self._origins.named(index, access.space)
        return () if low == end or any(_in_one_slot(one, low, end) for one in named) else tuple(named)


def _in_one_slot(buffer: LocalBuffer, low: int, end: int) -> bool:
    first, last = (low - buffer.address) // buffer.bytes, (end - 1 - buffer.address) // buffer.bytes
    return first == last and 0 <= first < buffer.slots
