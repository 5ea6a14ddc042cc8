"""The bytes under a strided array: how weights are written to a file without making a dense copy of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class Span:
    """The shortest run of bytes that holds every element of an array, and where the array's first element lies in it.

    ``address`` identifies the run in this process: arrays with equal address and size share their memory (tied
    weights).
    """

    address: int
    data: npt.NDArray[np.uint8]
    offset: int


def span_of(array: npt.NDArray[Any]) -> Span:
    """Return the span of a non-empty array; nothing is copied."""
    reversed_axes = tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)
    forward = array[(*reversed_axes, ...)]  # the ellipsis keeps a rank-0 array an array
    length = sum((size - 1) * stride for size, stride in zip(forward.shape, forward.strides, strict=True))
    first = forward[(*[slice(0, 1)] * forward.ndim, ...)].reshape(1).view(np.uint8)
    data = np.lib.stride_tricks.as_strided(first, (length + array.itemsize,), (1,), writeable=False)
    address = int(forward.__array_interface__["data"][0])
    return Span(address, data, int(array.__array_interface__["data"][0]) - address)


def is_compact(array: npt.NDArray[Any]) -> bool:
    """Return whether the span of an array is no longer than its dense copy (true for transposed and zero-stride
    arrays)."""
    extent = sum((size - 1) * abs(stride) for size, stride in zip(array.shape, array.strides, strict=True))
    return array.size > 0 and extent + array.itemsize <= array.nbytes


def dense_chunks(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Yield an array's elements in row-major order as contiguous pieces of at most about ``CHUNK_BYTES``."""
    if array.nbytes <= CHUNK_BYTES or array.ndim == 0:
        yield np.ascontiguousarray(array)
        return
    row_bytes = array.nbytes // array.shape[0]
    rows = max(1, CHUNK_BYTES // row_bytes)
    for start in range(0, array.shape[0], rows):
        piece = array[start : start + rows]
        if piece.nbytes > 2 * CHUNK_BYTES:
            yield from dense_chunks(piece[0])
        else:
            yield np.ascontiguousarray(piece)


def digest(arrays: Iterable[tuple[str, npt.NDArray[Any]]]) -> str:
    """Return a hash of named arrays: names, types, shapes and the bytes under them."""
    state = hashlib.blake2b(digest_size=20)
    for key, array in arrays:
        state.update(f"{key}\0{array.dtype.name}\0{array.shape}\0".encode())
        if is_compact(array):
            state.update(str(array.strides).encode())
            data = span_of(array).data
            for start in range(0, data.size, CHUNK_BYTES):
                state.update(data[start : start + CHUNK_BYTES].data)
        else:
            for chunk in dense_chunks(array):
                state.update(chunk.reshape(-1).view(np.uint8).data)
    return state.hexdigest()
