"""Packs arrays for a page: compressed, and as text that a script can hold.

The page undoes it with the browser's own `DecompressionStream`.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_LEVEL = 6


def packed_json(value: object) -> str:
    """Return JSON, compressed, in base64."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return _packed(text.encode())


def packed_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Return the arrays, which have one length, as `{"length", "columns": [[name, type], ...], "data"}`.

    The data are the bytes of one column after the other, wide types first so that each is aligned.
    """
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    data = b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in order)
    length = {len(array) for array in arrays.values()}
    assert len(length) == 1, "columns of one table have one length"
    columns = [[name, arrays[name].dtype.name] for name in order]
    return {"length": length.pop(), "columns": columns, "data": _packed(data)}


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, _LEVEL, mtime=0)).decode()
