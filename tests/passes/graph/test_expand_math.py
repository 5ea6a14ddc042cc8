"""Every expansion, computed with primitives, against float64 (or torch for exact results)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import special
from xdsl.dialects.builtin import bf16, f16, f32, i32

from dialects import graph
from dialects.errors import SfumatoError
from dialects.graph.activation import EluOp, GeluOp, LeakyReluOp, SoftplusOp

LIMIT = 4.0


def silu(x):
    return np.where(np.isneginf(x), np.nan, x * special.expit(x))


def mish(x):
    e = np.exp(-np.abs(x))
    numerator = np.where(x < 0, e * (e + 2), 1 + 2 * e)
    return x * numerator / (numerator + np.where(x < 0, 2, 2 * e * e))


def gelu(x):
    return np.where(np.isneginf(x), -0.0, x * special.ndtr(x))


def gelu_tanh(x):
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return np.where(np.isneginf(x), -0.0, x * special.expit(2 * u))


def erfinv(x):
    return np.where(np.abs(x) > 0.5, np.sign(x) * special.erfcinv(1 - np.abs(x)), special.erfinv(x))


FUNCTIONS = {
    "exp2": (graph.Exp2Op.make, np.exp2),
    "expm1": (graph.Expm1Op.make, np.expm1),
    "log1p": (graph.Log1pOp.make, np.log1p),
    "log2": (graph.Log2Op.make, np.log2),
    "log10": (graph.Log10Op.make, np.log10),
    "sinh": (graph.SinhOp.make, np.sinh),
    "cosh": (graph.CoshOp.make, np.cosh),
    "tanh": (graph.TanhOp.make, np.tanh),
    "asinh": (graph.AsinhOp.make, np.arcsinh),
    "acosh": (graph.AcoshOp.make, np.arccosh),
    "atanh": (graph.AtanhOp.make, np.arctanh),
    "asin": (graph.AsinOp.make, np.arcsin),
    "acos": (graph.AcosOp.make, np.arccos),
    "atan": (graph.AtanOp.make, np.arctan),
    "erf": (graph.ErfOp.make, special.erf),
    "erfc": (graph.ErfcOp.make, special.erfc),
    "erfinv": (graph.ErfinvOp.make, erfinv),
    "sigmoid": (graph.SigmoidOp.make, special.expit),
    "silu": (graph.SiluOp.make, silu),
    "mish": (graph.MishOp.make, mish),
    "gelu": (GeluOp.make, gelu),
    "gelu_tanh": (lambda x: GeluOp.make(x, "tanh"), gelu_tanh),
    "softplus": (SoftplusOp.make, lambda x: np.logaddexp(0.0, x)),
    "elu": (EluOp.make, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
    "hardswish": (graph.HardswishOp.make, lambda x: x * (np.clip(x + 3, 0, 6) / 6)),
    "leaky_relu": (lambda x: LeakyReluOp.make(x, 0.01), lambda x: np.where(x > 0, x, x * float(np.float32(0.01)))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_four_ulp_over_the_whole_range(name, expanded, samples, ulps):
    make, exact = FUNCTIONS[name]
    x = np.concatenate([samples(), np.linspace(-1.0, 1.0, 50001, dtype=np.float32)])
    with np.errstate(all="ignore"):
        error = ulps(expanded(make, x), exact(x.astype(np.float64)))
    assert error.max() <= LIMIT, f"{error.max()} ulp at {x[error.argmax()]!r}"


@pytest.mark.parametrize(
    ("make", "exact"), [(graph.SinOp.make, np.sin), (graph.CosOp.make, np.cos), (graph.TanOp.make, np.tan)]
)
def test_trigonometry_is_within_four_ulp_up_to_65536_quarter_turns(make, exact, expanded, samples, ulps):
    x = samples()
    turns = (np.arange(-65000, 65000) * (math.pi / 2)).astype(np.float32)  # next to the zeros
    x = np.concatenate([x[np.abs(x) < 102943], turns, np.float32([np.inf, -np.inf, np.nan])])
    with np.errstate(invalid="ignore"):
        error = ulps(expanded(make, x), exact(x.astype(np.float64)))
    assert error.max() <= LIMIT, f"{error.max()} ulp at {x[error.argmax()]!r}"


def power(x, y):
    with np.errstate(all="ignore"):
        return np.power(x.astype(np.longdouble), y.astype(np.longdouble)).astype(np.float64)


SPECIAL = np.float32([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 2.5, 1e-45])


def test_power_of_two_tensors(expanded, samples, ulps):
    rng = np.random.default_rng(3)
    x = [samples(1)[:60000], np.abs(rng.normal(0, 5, 40000)), 1 + rng.normal(0, 1e-3, 40000)]
    y = [
        np.concatenate([rng.normal(0, 3, 30000), rng.integers(-40, 40, 30000)]),
        rng.normal(0, 20, 40000),
        rng.normal(0, 2e4, 40000),
    ]
    a, b = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    x, y = np.concatenate([*x, a]).astype(np.float32), np.concatenate([*y, b]).astype(np.float32)
    error = ulps(expanded(graph.PowOp.make, x, y), power(x, y))
    assert error.max() <= LIMIT, f"{x[error.argmax()]!r} to the power of {y[error.argmax()]!r}"


@pytest.mark.parametrize(
    "exponent", [0.0, 1.0, 2.0, 3.0, 4.0, 7.0, -1.0, -2.0, -3.0, -4.0, 0.5, -0.5, 1.5, -1.5, 1 / 3]
)
def test_power_by_a_constant(exponent, module, run_passes, samples, ulps):
    from passes.analysis.evaluate import evaluate
    from passes.graph.graph_expand_math import GraphExpandMath

    x = samples()
    x = x if exponent == int(exponent) else x[~np.isneginf(x)]  # torch takes sqrt(-inf) for 0.5
    type_ = graph.types.tensor(x.shape, f32)
    made = module([type_], lambda add, a: [add(graph.PowOp.make(a, add(graph.ConstantOp.make(exponent, type_))))])
    run_passes(made, GraphExpandMath())
    error = ulps(evaluate(made, [x])[0], power(x, np.full_like(x, exponent)))
    assert error.max() <= LIMIT, f"{error.max()} ulp at {x[error.argmax()]!r}"


def test_atan2_with_all_signs(expanded, samples, ulps):
    y, x = samples(1)[:90000], np.roll(samples(2)[:90000], 12345)
    a, b = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    y, x = np.concatenate([y, a]), np.concatenate([x, b])
    found = expanded(graph.Atan2Op.make, y, x)
    exact = np.arctan2(y.astype(np.float64), x.astype(np.float64))
    assert ulps(found, exact).max() <= LIMIT
    ordered = ~np.isnan(exact) & (exact != 0)
    np.testing.assert_array_equal(np.signbit(found)[ordered], np.signbit(exact)[ordered])


@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (graph.FmodOp.make, torch.fmod),
        (graph.RemOp.make, torch.remainder),
        (graph.FloorDivOp.make, lambda x, y: torch.div(x, y, rounding_mode="floor")),
    ],
)
def test_float_remainders_are_exact(make, reference, expanded, samples):
    rng = np.random.default_rng(5)
    a, b = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    x = np.concatenate([samples(1)[:60000], rng.normal(0, 100, 60000), a]).astype(np.float32)
    y = np.concatenate([np.roll(samples(2)[:60000], 77), rng.normal(0, 5, 60000), b]).astype(np.float32)
    with np.errstate(all="ignore"):
        inside = ~(np.abs(x.astype(np.float64) / y) > 2.0**70)
    x, y = x[inside], y[inside]
    expected = reference(torch.from_numpy(x), torch.from_numpy(y)).numpy()
    np.testing.assert_array_equal(expanded(make, x, y), expected)


@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (graph.DivOp.make, lambda x, y: torch.div(x, y, rounding_mode="trunc")),
        (graph.FloorDivOp.make, lambda x, y: torch.div(x, y, rounding_mode="floor")),
        (graph.RemOp.make, torch.remainder),
        (graph.FmodOp.make, torch.fmod),
        (graph.XorOp.make, torch.bitwise_xor),
    ],
)
def test_integer_division_is_exact(make, reference, expanded):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.integers(-(2**31), 2**31, 60000), rng.integers(-1000, 1000, 20000)]).astype(np.int32)
    y = np.concatenate([rng.integers(-(2**31), 2**31, 20000), rng.integers(-100, 100, 60000)]).astype(np.int32)
    usable = (y != 0) & ~((x == -(2**31)) & (y == -1))
    x, y = x[usable], y[usable]
    found = expanded(make, x, y, element=i32)
    np.testing.assert_array_equal(found, reference(torch.from_numpy(x), torch.from_numpy(y)).numpy())


@pytest.mark.parametrize(("make", "reference"), [(graph.AbsOp.make, np.abs), (graph.SignOp.make, np.sign)])
def test_functions_of_one_integer_are_exact(make, reference, expanded):
    x = np.int32([0, 1, -1, 7, -100, 2**31 - 1, -(2**31)])
    np.testing.assert_array_equal(expanded(make, x, element=i32), reference(x))


@pytest.mark.parametrize("element", [f16, bf16])
@pytest.mark.parametrize(
    "make", [graph.TanhOp.make, GeluOp.make, graph.SinOp.make, graph.FloorOp.make, graph.AbsOp.make]
)
def test_narrow_types_are_rounded_once(element, make, expanded):
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    dtype = torch.float16 if element == f16 else torch.bfloat16
    narrow = torch.from_numpy(x).to(dtype)
    exact = expanded(make, narrow.float().numpy())
    found = expanded(make, x, element=element)
    np.testing.assert_array_equal(found.astype(np.float32), torch.from_numpy(exact).to(dtype).float().numpy())


def test_sign_follows_torch(expanded):
    x = np.float32([-2.0, -0.0, 0.0, 3.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(expanded(graph.SignOp.make, x), torch.sign(torch.from_numpy(x)).numpy())


def test_only_what_kernels_compute_is_left(module, run_passes, samples):
    from passes.dispatch.groups import POINTWISE
    from passes.graph.graph_expand_math import GraphExpandMath

    type_ = graph.types.tensor((4,), f32)
    made = module([type_], lambda add, x: [add(make(x)) for make, _ in FUNCTIONS.values()])
    run_passes(made, GraphExpandMath())
    assert {op.name for op in made.walk() if op.name.startswith("graph.")} <= POINTWISE | {"graph.constant"}


def test_float64_is_refused_with_a_way_out(module, run_passes):
    from xdsl.dialects.builtin import f64

    from passes.graph.graph_expand_math import GraphExpandMath

    made = module([graph.types.tensor((4,), f64)], lambda add, x: [add(graph.ExpOp.make(x))])
    with pytest.raises(SfumatoError, match="export the model in float32"):
        run_passes(made, GraphExpandMath())
