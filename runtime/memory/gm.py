"""Global memory: the buffers of a program and what is in them.

Weights and inputs are never copied as long as they are contiguous and of the program's type. A weight stored with
other strides, or in another float type, is laid out row-major and converted in blocks of rows, each when it is first
touched. All other buffers share one arena, as temporaries may lie over each other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime.memory.access import Access, Bits, Bytes, Numbers
from runtime.memory.bounds import Extent, global_overflow
from runtime.memory.layout import Layout, nd
from runtime.memory.spaces import POISON, byte_view
from runtime.weight_types import converted

LAZY_BLOCK_BYTES = 1 << 20
"""A weight that is not used in place is laid out in pieces of about this size."""


class GlobalBuffer:
    """A buffer the simulator can address: ``data`` are its bytes; ``valid``, when tracked, which of them hold data."""

    def __init__(self, name: str, address: int, data: Bytes, valid: Bits | None = None) -> None:
        """Describe the bytes of ``data`` at ``address``; they are read-only when the array is."""
        self.name = name
        self.address = address
        self.data = data
        self.valid = valid

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.address + len(self.data)

    def touch(self, low: int, high: int) -> None:
        """Make the bytes ``low`` to ``high`` (addresses) present; nothing to do for plain buffers."""


class LazyWeight(GlobalBuffer):
    """A weight that cannot be used in place: its rows are copied, in blocks, when they are first read.

    Its array is not contiguous, or of another float type than the program's; copies are converted.
    """

    def __init__(self, name: str, address: int, source: npt.NDArray[Any], dtype: DType) -> None:
        """Present ``source``, of any strides (zero included), as row-major bytes of ``dtype``."""
        self._source = source if source.ndim else source.reshape(1)
        self._dtype = dtype
        self._rows = np.empty(self._source.shape, dtype.numpy)
        super().__init__(name, address, _bytes_of(self._rows))
        self._row_bytes = max(1, len(self.data) // len(self._source))
        self._block = max(1, LAZY_BLOCK_BYTES // self._row_bytes)
        self._present = np.zeros(-(-len(self._source) // self._block), np.bool_)
        self.data.flags.writeable = False

    def touch(self, low: int, high: int) -> None:
        """Copy the blocks of rows that hold these bytes and were not copied yet."""
        block_bytes = self._block * self._row_bytes
        first = max(0, (low - self.address) // block_bytes)
        for block in range(first, min(len(self._present), -(-(high - self.address) // block_bytes))):
            if not self._present[block]:
                rows = slice(block * self._block, (block + 1) * self._block)
                self._rows[rows] = converted(self._source[rows], self._dtype)
                self._present[block] = True


def _bytes_of(array: npt.NDArray[Any]) -> Bytes:
    return array.reshape(-1).view(np.uint8)


def constant_buffer(name: str, address: int, array: npt.NDArray[Any], dtype: DType | None = None) -> GlobalBuffer:
    """Make a read-only buffer of an array without copying it.

    Rows of a strided one, or one of another type than ``dtype`` (default: its own), are copied when touched.
    """
    if not array.flags.c_contiguous or (dtype is not None and array.dtype != dtype.numpy):
        return LazyWeight(name, address, array, dtype or DType.of_numpy(array.dtype))
    data = _bytes_of(array)
    data.flags.writeable = False
    return GlobalBuffer(name, address, data)


class GlobalMemory:
    """The buffers one kernel was given, found by address; every access must lie inside one of them."""

    def __init__(self, buffers: Sequence[GlobalBuffer]) -> None:
        """Arrange ``buffers``, which must not overlap each other."""
        self.layout: Layout = nd
        self.buffers = sorted(buffers, key=lambda buffer: buffer.address)
        self._starts = [buffer.address for buffer in self.buffers]
        for before, after in zip(self.buffers, self.buffers[1:], strict=False):
            if after.address < before.end:
                raise SfumatoError(f"buffers '{before.name}' and '{after.name}' of one kernel overlap in global memory")

    def find(self, access: Access) -> GlobalBuffer:
        """Return the buffer that holds all of ``access``."""
        low, high = access.extent()
        position = bisect_right(self._starts, low) - 1
        if position >= 0 and high <= self.buffers[position].end:
            return self.buffers[position]
        raise global_overflow(access, [Extent(buffer.name, buffer.address, buffer.end) for buffer in self.buffers])

    def view(self, access: Access, dtype: npt.DTypeLike, write: bool = False) -> Numbers:
        """Return the elements of ``access`` as a strided array over the buffer that holds them."""
        buffer = self.find(access)
        buffer.touch(*access.extent())
        if write and not buffer.data.flags.writeable:
            raise SfumatoError(f"writes to '{buffer.name}', which is read-only (an input, weight or constant)")
        return np.ndarray(access.shape, dtype, buffer.data, access.offset - buffer.address, access.strides)

    def validity(self, access: Access) -> Bits:
        """Return the validity of each byte of ``access``; read-only buffers are always valid."""
        buffer = self.find(access)
        if buffer.valid is None:
            return np.broadcast_to(np.True_, (*access.shape, access.itemsize))
        return byte_view(buffer.valid, access, access.offset - buffer.address)


class Arena:
    """The bytes behind all buffers that kernels write; buffers whose addresses overlap share bytes."""

    def __init__(self, extents: Sequence[Extent], tracked: bool) -> None:
        """Reserve memory for every range of ``extents``; pages become real when they are written."""
        merged: list[Extent] = []
        for extent in sorted(extents, key=lambda extent: extent.start):
            if merged and extent.start < merged[-1].end:
                merged[-1] = merged[-1]._replace(end=max(extent.end, merged[-1].end))
            else:
                merged.append(extent)
        self._starts = [extent.start for extent in merged]
        self._data: list[Bytes] = [np.empty(extent.end - extent.start, np.uint8) for extent in merged]
        self._valid: list[Bits] = [np.zeros(len(data) if tracked else 0, np.bool_) for data in self._data]
        self._tracked = tracked

    def buffer(self, extent: Extent) -> GlobalBuffer:
        """Make the buffer of one of the reserved ranges, filled with poison."""
        region = bisect_right(self._starts, extent.start) - 1
        piece = slice(extent.start - self._starts[region], extent.end - self._starts[region])
        data = self._data[region][piece]
        data.fill(POISON)
        if not self._tracked:
            return GlobalBuffer(extent.name, extent.start, data)
        valid = self._valid[region][piece]
        valid.fill(False)
        return GlobalBuffer(extent.name, extent.start, data, valid)
