"""Arrays that lie in a file, mapped into memory read-only and only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError


@dataclass(frozen=True)
class View:
    """An array in a file: its element type, shape and byte strides from ``offset`` in the ``bytes`` bytes at
    ``start``."""

    start: int
    bytes: int
    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


class MappedArrays(Mapping[str, npt.NDArray[Any]]):
    """The weights and constants of a ``.sfu`` file, mapped into memory read-only when first asked for."""

    def __init__(self, path: Path, views: dict[str, View]) -> None:
        """Hold the views of ``path``."""
        self._path, self._views = path, views
        self._file: npt.NDArray[np.uint8] | None = None

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        """Return the array as a read-only view of the file."""
        view = self._views[key]
        if self._file is None:
            self._file = np.memmap(self._path, dtype=np.uint8, mode="r")
        data = self._file[view.start : view.start + view.bytes]
        try:
            return np.ndarray(view.shape, view.dtype.numpy, data, view.offset, view.strides)
        except ValueError as error:  # more dimensions, or larger ones, than numpy has
            raise SfumatoError(f"{self._path}: array '{key}' cannot be read: {error}") from error

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._views)

    def __len__(self) -> int:
        """Return the number of arrays."""
        return len(self._views)
