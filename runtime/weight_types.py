"""Weights that are held in another float type than the program uses: which may be converted, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType


def is_convertible(held: DType, wanted: DType) -> bool:
    """Return whether a tensor held in one type can serve as a weight of another: any float for any float."""
    return held is wanted or (held.is_float and wanted.is_float)


def converted(array: npt.NDArray[Any], dtype: DType) -> npt.NDArray[Any]:
    """Return ``array`` in ``dtype``, rounded half to even, beyond its range infinite; itself if that is its type.

    The strides of a conversion are numpy's choice; callers pass pieces, so that no large tensor is ever converted
    whole.
    """
    if array.dtype == dtype.numpy:
        return array
    with np.errstate(over="ignore", invalid="ignore"):  # as PyTorch converts, without a word
        return array.astype(dtype.numpy)
