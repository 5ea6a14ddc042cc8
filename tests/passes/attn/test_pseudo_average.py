"""PASA's matrix: the published fixed points, and that recovered scores are the scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.errors import SfumatoError
from passes.attn.pseudo_average import Shift, beta_fixed_point


@pytest.mark.parametrize(("guess", "beta"), [(1 - 2**-4, 0.9375), (1 - 2**-5, 0.968994140625)])
def test_published_fixed_points(guess, beta):
    assert beta_fixed_point(128, guess) == beta


@given(st.integers(1, 128), st.integers(16, 576), st.sampled_from([1 - 2**-4, 1 - 2**-5]))
def test_shifted_scores_and_their_mean_give_the_scores(keys, depth, guess):
    """For every block and scale, with the matrix as f16 stores it: exactly for a block whose scores are equal."""
    scale = depth**-0.5
    shift = Shift.rounded(keys, scale, beta_fixed_point(keys, guess, scale))
    matrix = shift.matrix.astype(np.float64)
    assert matrix.shape == (keys, keys)
    assert np.array_equal(matrix, matrix.T)
    for products, tolerance in ((np.full(keys, 115200.0), 1e-9), (115200.0 + np.arange(keys), 2.0**-10)):
        shifted = matrix.T @ products
        assert np.abs(shifted).max() < 65504
        recovered = shifted + shift.recovery * shifted.mean()
        np.testing.assert_allclose(recovered, scale * products, rtol=1e-9, atol=tolerance * scale * keys)


@pytest.mark.parametrize("scale", [0.0, 1e-7, 1e5])
def test_scales_that_f16_has_not(scale):
    with pytest.raises(SfumatoError, match="in f16, which has no"):
        beta_fixed_point(128, 0.9375, scale)
