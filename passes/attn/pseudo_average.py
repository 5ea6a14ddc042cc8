"""The matrix that PASA shifts blocks of keys with, and what recovers the scores from shifted ones.

PASA (arXiv 2503.01873) multiplies each block of n keys with M = scale (I - beta/n 11^T) in f16: from each key it takes
beta times the block's mean, so that products with queries stay within f16 where all of them have a large part in
common. A score s_i becomes S_i = s_i - beta mean(s), and the mean of the shifted ones tells what was taken:
s_i = S_i + Inv mean(S), Inv = beta / (1 - beta).

f16 does not hold beta/n exactly, and an error of it grows by Inv: beta is chosen so that what is stored and the Inv
that the algorithm multiplies with fit together, a fixed point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dialects.errors import SfumatoError

TOLERANCE = 1e-8
"""Relative change of beta at which the iteration has come to rest; the authors' figure."""

MAX_ITERATIONS = 100
"""Two are enough for every block of 1 to 128 keys and every scale that was tried."""


@dataclass(frozen=True)
class Shift:
    """M for a block of ``keys`` keys: ``diagonal`` and ``other`` are its two elements, as f16 holds them."""

    keys: int
    scale: float
    diagonal: float
    other: float

    @classmethod
    def rounded(cls, keys: int, scale: float, beta: float) -> Shift:
        """The matrix of ``beta`` in f16."""
        diagonal, other = (float(np.float16(scale * one)) for one in (1 - beta / keys, -beta / keys))
        return cls(keys, scale, diagonal, other)

    @property
    def recovery(self) -> float:
        """Inv: what the mean of shifted scores is multiplied with to give what the shift took from each.

        With b = -other and a = diagonal + b, S_i = (a s_i - b n mean(s)) / scale, so that s_i = (scale/a) S_i +
        scale b n / (a (a - b n)) mean(S); scale/a differs from 1 by less than f16 can tell, and what it changes is
        counted for the mean.
        """
        spread = -self.other * self.keys
        a = self.diagonal - self.other
        return self.scale * spread / (a * (a - spread)) + (self.scale - a) / a

    @property
    def matrix(self) -> npt.NDArray[np.float16]:
        """The matrix itself, which is symmetric."""
        made: npt.NDArray[Any] = np.full((self.keys, self.keys), self.other, np.float16)
        np.fill_diagonal(made, self.diagonal)
        return made


def beta_fixed_point(keys: int, guess: float, scale: float = 1.0) -> float:
    """The beta near ``guess`` that recovers exactly what its matrix, rounded to f16, takes.

    For 128 keys and scale 1 it is 0.9375 from 1 - 2^-4 and 0.968994140625 from 1 - 2^-5.
    """
    if not float(np.finfo(np.float16).tiny) <= abs(scale) <= float(np.finfo(np.float16).max):
        raise SfumatoError(f"PASA multiplies keys with the scale of the scores in f16, which has no {scale}")
    beta = guess
    for _ in range(MAX_ITERATIONS):
        inverse = Shift.rounded(keys, scale, beta).recovery
        before, beta = beta, inverse / (1 + inverse)
        if abs(beta - before) <= TOLERANCE * abs(before):
            return beta
    raise SfumatoError(f"PASA finds no beta near {guess} for blocks of {keys} keys with scores scaled by {scale}")
