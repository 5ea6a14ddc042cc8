"""How outputs are compared with expected ones, and the one table of tolerances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.dtypes import DType
from dialects.errors import SfumatoError

TOLERANCES: dict[str, float] = {
    "f64": 1e-5,  # that of f32: the hardware has no f64 and arithmetic in it is refused, so such values came from f32
    "f32": 1e-5,
    "f16": 2e-3,
    "bf16": 1.5e-2,
}
"""Output's element type -> the largest |difference| / max |expected| of a whole model. Integers and bools must be
equal."""

BLOCK = 1 << 16
"""Elements that are compared at a time."""

UNIT_ROUNDOFF = {"f64": 2.0**-24, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}
"""Element type -> the largest relative error of rounding to it; for f64 that of f32, as in the table above."""


def tolerance(dtype: str, length: int = 1) -> float:
    """Return the tolerance, relative to max |expected|, of an output of ``dtype``; 0 for integers.

    ``length`` is the longest sum in the computation: rounding errors of a sum of n terms grow like sqrt(n), so
    beyond the sums that the table's figures were set with (4096 terms) the bound grows in proportion.
    """
    if dtype not in TOLERANCES:
        return 0.0
    return TOLERANCES[dtype] * max(1.0, sqrt(length / 4096))


def single_operation_tolerance(dtype: str, length: int = 1) -> float:
    """Return the tolerance of one operation with sums of ``length`` terms, relative to max |expected|; 0 for integers.

    Four units of roundoff for the result's format, and those of an f32 accumulation.
    """
    if dtype not in UNIT_ROUNDOFF:
        return 0.0
    return 4 * UNIT_ROUNDOFF[dtype] + 4 * 2.0**-24 * sqrt(length)


@dataclass(frozen=True)
class Comparison:
    """How far an output is from the expected one. ``max_rel_err`` is the largest difference over max |expected|."""

    max_abs_err: float
    max_rel_err: float
    mismatches: int
    elements: int

    @property
    def ok(self) -> bool:
        """Whether no element is out of tolerance."""
        return self.mismatches == 0

    def json(self) -> dict[str, Any]:
        """Return the fields for the ``run`` report; a difference from an infinity or NaN is null, as JSON has no
        such number."""
        return {
            "max_abs_err": self.max_abs_err if np.isfinite(self.max_abs_err) else None,
            "max_rel_err": self.max_rel_err if np.isfinite(self.max_rel_err) else None,
            "mismatches": self.mismatches,
            "elements": self.elements,
        }


def compare(
    actual: npt.NDArray[Any],
    expected: npt.NDArray[Any],
    absolute: float | None = None,
    relative: float | None = None,
    dtype: str | None = None,
) -> Comparison:
    """Compare two arrays of one shape.

    With ``absolute`` or ``relative`` (the other counting as 0) an element is out of tolerance when |actual - expected|
    > absolute + relative * |expected|. With neither, the bound is the table's, by ``dtype`` (default: that of
    ``actual``).
    NaN equals NaN, an infinity equals the same infinity.
    """
    if actual.shape != expected.shape:
        raise SfumatoError(f"shapes differ: {list(actual.shape)} and {list(expected.shape)}")
    if actual.size == 0:
        return Comparison(0.0, 0.0, 0, 0)
    name = dtype or DType.of_numpy(actual.dtype).name
    if name not in TOLERANCES and absolute is None and relative is None:
        return _compare_exact(actual, expected)
    flat, wanted = actual.reshape(-1), expected.reshape(-1)
    scale = max(_largest_finite(block) for block in _blocks(wanted))
    worst, mismatches = 0.0, 0
    for found, goal in zip(_blocks(flat), _blocks(wanted), strict=True):
        difference = _differences(found, goal)
        if absolute is None and relative is None:
            bound: Any = tolerance(name) * scale
        else:
            bound = (absolute or 0.0) + (relative or 0.0) * np.where(np.isfinite(goal), np.abs(goal), 0.0)
        worst = max(worst, float(difference.max()))
        mismatches += int(np.count_nonzero(difference > bound))
    ratio = worst / scale if scale else (0.0 if worst == 0 else float("inf"))
    return Comparison(worst, ratio, mismatches, actual.size)


def _blocks(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float64]]:
    """Cut a flat array into pieces of f64: outputs of millions of elements are compared without copies of them."""
    for start in range(0, array.size, BLOCK):
        yield array[start : start + BLOCK].astype(np.float64)


def _largest_finite(values: npt.NDArray[np.float64]) -> float:
    magnitudes = np.abs(values)
    largest = float(magnitudes.max())
    return largest if np.isfinite(largest) else float(magnitudes[np.isfinite(magnitudes)].max(initial=0.0))


def _differences(found: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return |found - wanted|; 0 for two NaNs or the same infinity, infinite for a NaN on one side."""
    with np.errstate(invalid="ignore"):
        difference = np.abs(found - wanted)
    if not np.isfinite(difference.max()):
        difference[(found == wanted) | (np.isnan(found) & np.isnan(wanted))] = 0.0
        difference[np.isnan(difference)] = np.inf
    return difference


def _compare_exact(actual: npt.NDArray[Any], expected: npt.NDArray[Any]) -> Comparison:
    """Compare integers without going through floats, whose 53 bits would hide differences of large ones."""
    unequal = actual != expected
    if not unequal.any():
        return Comparison(0.0, 0.0, 0, actual.size)
    differences = [abs(int(a) - int(b)) for a, b in zip(actual[unequal], expected[unequal], strict=True)]
    scale = max(abs(int(expected.min())), abs(int(expected.max())))
    worst = max(differences)
    return Comparison(
        float(worst), worst / scale if scale else float("inf"), int(np.count_nonzero(unequal)), actual.size
    )


def cosine(actual: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Return the cosine between two arrays as vectors: 1 for equal directions; two zero vectors count as equal."""
    found, wanted = actual.astype(np.float64).reshape(-1), expected.astype(np.float64).reshape(-1)
    norms = float(np.linalg.norm(found) * np.linalg.norm(wanted))
    if norms == 0:
        return 1.0 if np.array_equal(found, wanted) else 0.0
    return float(found @ wanted) / norms
