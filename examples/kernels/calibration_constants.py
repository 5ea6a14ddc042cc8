"""Constants of the machine descriptions that kernels were fitted to, and those that nobody has measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, log

import numpy as np
import numpy.typing as npt

FITTED = (
    "cube.head_cycles",
    "paths.l1_l0a.head_cycles",
    "paths.l1_l0b.head_cycles",
    "memory.l2_effective_fraction",
    "memory.l2_sharpness",
    "memory.l2_read_gb_per_s",
    "memory.fill_bytes_per_cycle",
    "memory.allocate_weight",
    "memory.atomic_conflict_weight",
    "launch.cube_cycles",
    "launch.vector_cycles",
    "launch.mix_cycles",
)
"""Keys whose values were chosen so that the measured kernels come out: what is refitted when a row is left out."""

STEP = 1.1
"""Factor by which a constant is changed to see what depends on it."""
LARGEST_FACTOR = 2.0
"""A refit moves no constant by more than this factor, either way."""
PRIOR = log(LARGEST_FACTOR)
"""How far a constant is expected to move, as the deviation of its logarithm: weak beside rows that depend on it."""


@dataclass(frozen=True)
class Unmeasured:
    """A constant that no measurement is known of, and the settings that change it."""

    name: str
    keys: tuple[str, ...]

    def settings(self, factor: float) -> str:
        """Return the settings that multiply it by ``factor``."""
        return ",".join(f"{key}=x{factor:g}" for key in self.keys)


UNMEASURED = (
    Unmeasured("handshake between cube and vector cores", ("sync.handshake_cycles",)),
    Unmeasured("flags and barriers", ("sync.flag_cycles", "sync.barrier_cycles")),
    Unmeasured("effective L2", ("memory.l2_effective_fraction",)),
    Unmeasured("launch", ("launch.cube_cycles", "launch.vector_cycles", "launch.mix_cycles")),
    Unmeasured("atomics", ("memory.atomic_weight",)),
    Unmeasured("atomics of several cores at one address", ("memory.atomic_conflict_weight",)),
    Unmeasured("limit that L2 reads and writes share", ("memory.l2_mixed_gb_per_s",)),
    Unmeasured("limit of L2 writes", ("memory.l2_write_gb_per_s",)),
)
"""What the sensitivity table varies."""

Simulate = Callable[[str], Mapping[str, float]]
"""Settings -> the figure of each row, by name."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dependence:
    """How the logarithms of the rows' figures depend on those of the fitted constants, near their present values.

    ``errors`` are logarithms of simulated over measured, ``slopes`` [rows, constants]; ``weights`` count a row's error.
    """

    rows: tuple[str, ...]
    errors: Vector
    slopes: npt.NDArray[np.float64]
    weights: Vector

    def refit(self, without: int | None = None) -> dict[str, float]:
        """Return the factor for each constant that makes the rows, or all but one, come out best (least squares)."""
        weights = self.weights.copy()
        if without is not None:
            weights[without] = 0.0
        equations = np.vstack((self.slopes * weights[:, None], np.eye(len(FITTED)) / PRIOR))
        wanted = np.concatenate((-self.errors * weights, np.zeros(len(FITTED))))
        change = np.linalg.lstsq(equations, wanted, rcond=None)[0]
        return {key: exp(float(np.clip(one, -PRIOR, PRIOR))) for key, one in zip(FITTED, change, strict=True)}


def dependence(measured: Mapping[str, float], tolerances: Mapping[str, float], simulate: Simulate) -> Dependence:
    """Simulate all rows once as they are and once for each fitted constant."""
    rows = tuple(measured)
    base = simulate("")
    slopes = np.zeros((len(rows), len(FITTED)))
    for position, key in enumerate(FITTED):
        changed = simulate(f"{key}=x{STEP}")
        slopes[:, position] = [log(changed[name] / base[name]) / log(STEP) for name in rows]
    errors = np.array([log(base[name] / measured[name]) for name in rows])
    weights = np.array([1 / tolerances[name] for name in rows])
    return Dependence(rows, errors, slopes, weights)


def settings_of(factors: Mapping[str, float]) -> str:
    """Return the settings that multiply constants by factors."""
    return ",".join(f"{key}=x{factor:.6g}" for key, factor in factors.items())
