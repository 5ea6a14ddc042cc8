"""Codes, integer sums and results of quantised matmuls equal an independent reference, bit for bit."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

SHAPES = [(37, 96, 88), (1, 300, 200), (5, 33, 45), (130, 257, 31), (64, 768, 20), (33, 500, 70), (17, 40, 1)]


def quantize_text(rows: int, cols: int, axis: int) -> str:
    kept = (rows, cols)[1 - axis]
    x, s, q = f"tensor<{rows}x{cols}xf32>", f"tensor<{kept}xf32>", f"tensor<{rows}x{cols}xi8>"
    return f"""
func.func @main(%x: {x}) -> ({q}, {s}) {{
  %s = quant.scale %x <{{axis = {axis} : i64}}> : ({x}) -> {s}
  %q = quant.quantize %x, %s <{{axis = {axis} : i64}}> : ({x}, {s}) -> {q}
  func.return %q, %s : {q}, {s}
}}"""


def linear_text(m: int, k: int, n: int, transposed: bool, element: str = "f32") -> str:
    """A weight handed to a layer, its product with the input kept in f32, a bias."""
    x, b, y = f"tensor<{m}x{k}x{element}>", f"tensor<{n}xf32>", f"tensor<{m}x{n}xf32>"
    w = f"tensor<{n}x{k}x{element}>" if transposed else f"tensor<{k}x{n}x{element}>"
    return f"""
func.func @main(%x: {x}, %b: {b}) -> {y} {{
  %w = graph.weight <{{key = "w"}}> : {w}
  %y = func.call @layer(%x, %w, %b) : ({x}, {w}, {b}) -> {y}
  func.return %y : {y}
}}
func.func private @layer(%x: {x}, %w: {w}, %b: {b}) -> {y} {{
  %p = graph.matmul %x, %w {"<{transpose_b}>" if transposed else ""} : ({x}, {w}) -> {y}
  %c = graph.broadcast %b <{{dims = array<i64: 1>}}> : ({b}) -> {y}
  %y = graph.add %p, %c : {y}
  func.return %y : {y}
}}"""


@pytest.mark.parametrize("target", ["ascend910b3", "tiny"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("shape", [(37, 96), (5, 33), (1, 7), (3, 5000), (260, 9)])
def test_codes_and_scales(run_w8a8, quantized_reference, rng, shape, axis, target) -> None:
    x = rng.standard_normal(shape, dtype=np.float32) * rng.uniform(1e-3, 1e3, shape).astype(np.float32)
    codes, scale = run_w8a8(quantize_text(*shape, axis), [x], target=target)
    expected_codes, expected_scale = quantized_reference(x, axis)
    np.testing.assert_array_equal(codes, expected_codes)
    np.testing.assert_array_equal(scale, expected_scale)


def test_ties_round_to_even_and_zeros_stay_zero(run_w8a8) -> None:
    x = np.zeros((3, 8), np.float32)
    x[0] = [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5]
    x[2] = [-254, 1, 3, 5, -1, -3, -5, 253]
    codes, scale = run_w8a8(quantize_text(3, 8, 1), [x])
    np.testing.assert_array_equal(codes[0], [127, 0, 2, 2, 0, -2, -2, 126])
    np.testing.assert_array_equal(codes[1], 0)
    np.testing.assert_array_equal(codes[2], [-127, 0, 2, 2, 0, -2, -2, 126])
    assert scale[0] == 1
    assert scale[2] == 2


@pytest.mark.parametrize("target", ["ascend910b3", "tiny"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_integer_sums(run_w8a8, rng, m, k, n, transposed, target) -> None:
    x = rng.integers(-127, 128, (m, k)).astype(np.int8)
    w = rng.integers(-127, 128, (n, k) if transposed else (k, n)).astype(np.int8)
    x[0], w[0] = 127, -127
    kinds = f"tensor<{m}x{k}xi8>", f"tensor<{w.shape[0]}x{w.shape[1]}xi8>", f"tensor<{m}x{n}xi32>"
    (sums,) = run_w8a8(
        f"""
func.func @main(%x: {kinds[0]}, %w: {kinds[1]}) -> {kinds[2]} {{
  %s = graph.matmul %x, %w {"<{transpose_b}>" if transposed else ""} : ({kinds[0]}, {kinds[1]}) -> {kinds[2]}
  func.return %s : {kinds[2]}
}}""",
        [x, w],
        target=target,
    )
    np.testing.assert_array_equal(sums, x.astype(np.int32) @ (w.T if transposed else w).astype(np.int32))


@pytest.mark.parametrize("target", ["ascend910b3", "tiny"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("m", "k", "n"), [(37, 96, 88), (5, 33, 45), (1, 300, 40), (33, 500, 70), (9, 40, 1)])
def test_linear_layer(run_w8a8, quantized_reference, rng, m, k, n, transposed, target) -> None:
    x, b = rng.standard_normal((m, k), dtype=np.float32), rng.standard_normal(n, dtype=np.float32)
    w = rng.standard_normal((n, k) if transposed else (k, n), dtype=np.float32)
    (y,) = run_w8a8(linear_text(m, k, n, transposed), [x, b], {"w": w}, target)
    codes, rows = quantized_reference(x, 1)
    weight_codes, columns = quantized_reference(w, 1 if transposed else 0)
    sums = codes.astype(np.int32) @ (weight_codes.T if transposed else weight_codes).astype(np.int32)
    np.testing.assert_array_equal(y, sums.astype(np.float32) * rows[:, None] * columns + b)
    exact = x.astype(np.float64) @ (w.T if transposed else w).astype(np.float64) + b
    assert np.abs(y - exact).max() < 0.05 * np.abs(exact).max()


@pytest.mark.parametrize(("name", "dtype"), [("f16", np.float16), ("bf16", ml_dtypes.bfloat16)])
def test_narrow_floats(run_w8a8, quantized_reference, rng, name, dtype) -> None:
    x, w = rng.standard_normal((21, 65)).astype(dtype), rng.standard_normal((19, 65)).astype(dtype)
    b = rng.standard_normal(19, dtype=np.float32)
    (y,) = run_w8a8(linear_text(21, 65, 19, True, name), [x, b], {"w": w})
    codes, rows = quantized_reference(x.astype(np.float32), 1)
    weight_codes, columns = quantized_reference(w.astype(np.float32), 1)
    sums = codes.astype(np.int32) @ weight_codes.T.astype(np.int32)
    np.testing.assert_array_equal(y, sums.astype(np.float32) * rows[:, None] * columns + b)
