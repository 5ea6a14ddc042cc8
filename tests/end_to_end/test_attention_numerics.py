"""Attention against float64: on the published distributions of PASA, and where masks and sizes leave nothing usual."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import sfumato
from runtime import launch
from runtime.compare import TOLERANCES

ROWS, COLUMNS = 32, 4 * 128 + 71
"""Queries, and keys: four of PASA's blocks and a rest."""

F16_LARGEST = 65504.0

ALGORITHMS = ("standard", "flash", "amla", "pasa")


@pytest.fixture(scope="module")
def programs(numerics: Any) -> dict[str, sfumato.Program]:
    """One program an algorithm; and `plain`, which computes in f16 whatever it is asked for."""
    inputs = numerics.sampled("uniform", 0, 1, ROWS, COLUMNS)
    fused, plain = (numerics.exported(module(), inputs) for module in (numerics.Fused, numerics.Plain))
    made = {algorithm: sfumato.compile(fused, attention=algorithm) for algorithm in ALGORITHMS}
    return {**made, "plain": sfumato.compile(plain)}


@pytest.mark.parametrize("mean", [0, 10, 20, 30])
@pytest.mark.parametrize(("distribution", "amplitude"), [("uniform", 0.5), ("uniform", 20), ("hybrid", 10)])
def test_pasa_stays_finite_and_as_exact_as_f16_is(
    numerics: Any, programs: dict[str, sfumato.Program], distribution: str, amplitude: float, mean: float
) -> None:
    """Finite where plain f16 is not, elsewhere as exact but for a factor; never less so than the published program.

    The simulator names the product that overflows, and no operation of PASA.
    """
    inputs = numerics.sampled(distribution, mean, amplitude, ROWS, COLUMNS)
    results = {name: launch.run(programs[name].compiled, inputs, report_overflow=True) for name in ("plain", "pasa")}
    plain, pasa = (numerics.relative_error(result.outputs[0], inputs) for result in results.values())
    plain_first, pasa_first = (result.overflows.first for result in results.values())
    with np.errstate(all="ignore"):
        assert pasa <= 1.25 * numerics.relative_error(numerics.published(*inputs), inputs)
    assert pasa_first is None
    products = inputs[0].astype(np.float64) @ inputs[1].astype(np.float64).swapaxes(-1, -2)
    assert np.isnan(plain) == (plain_first is not None) == (np.abs(products).max() > F16_LARGEST)
    if plain_first is None:
        assert pasa <= 3 * plain
    else:
        assert plain_first.dtype == "f16"
        assert "attention_numerics.py:" in plain_first.source
        assert abs(plain_first.operands[0]) > F16_LARGEST


@pytest.mark.parametrize("algorithm", ["standard", "flash", "amla"])
@pytest.mark.parametrize("mean", [0, 30])
def test_scores_in_f32_do_not_overflow(
    numerics: Any, programs: dict[str, sfumato.Program], algorithm: str, mean: float
) -> None:
    """The other algorithms keep scores in f32, also of f16 models: their error is that of rounded weights and results."""
    inputs = numerics.sampled("uniform", mean, 0.5, ROWS, COLUMNS)
    assert numerics.relative_error(programs[algorithm].run(*inputs)[0], inputs) < TOLERANCES["f16"]


class Masked(torch.nn.Module):
    """Attention with a mask, of truth values or of numbers to add."""

    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def masked_inputs(columns: int, kind: str) -> list[torch.Tensor]:
    """f16 queries, keys and values around 8; the mask hides all of query 2, and of query 3 all but the last key."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(1, 2, length, 32, generator=generator) + 8 for length in (7, columns, columns))
    v[..., columns // 2, :] = 0
    keep = torch.rand(7, columns, generator=generator) > 0.3
    keep[:, -1] = True
    keep[2], keep[3, :-1] = False, False
    mask = keep if kind == "bool" else torch.zeros(7, columns).masked_fill(~keep, -torch.inf).half()
    return [q.half(), k.half(), v.half(), mask]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("columns", "kind"), [(1, "bool"), (150, "bool"), (150, "infinite"), (300, "bool")])
def test_hidden_queries_and_values_of_zero(algorithm: str, columns: int, kind: str) -> None:
    """Values of zero, one key, a query that sees nothing (zeros or NaN as PyTorch has it), one that sees a single key."""
    inputs = masked_inputs(columns, kind)
    wide = [one.double() if one.is_floating_point() else one for one in inputs]
    expected = Masked()(*wide).numpy()
    program = sfumato.compile(torch.export.export(Masked(), tuple(inputs), strict=False), attention=algorithm)
    (found,) = program.run(*inputs, sanitize=True)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    largest = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCES["f16"] * largest)
    assert np.isnan(found[:, :, 2]).all() or not found[:, :, 2].any()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_means_of_many_equal_keys(numerics: Any, algorithm: str) -> None:
    """Weights that are all equal: their sum, and that of values, exceeds what f16 holds unless it is kept small."""
    columns = 5 * 1024
    q = torch.zeros(1, 1, 16, 16, dtype=torch.float16)
    k, v = (torch.full((1, 1, columns, 16), 30.0, dtype=torch.float16) for _ in range(2))
    program = sfumato.compile(torch.export.export(numerics.Fused(), (q, k, v), strict=False), attention=algorithm)
    np.testing.assert_allclose(program.run(q, k, v)[0], 30.0, rtol=TOLERANCES["f16"])
