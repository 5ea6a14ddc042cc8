"""Recurrences that are stored as they are: no op stands between what is carried out of the last chunk and memory."""

from __future__ import annotations

import numpy as np
import pytest

from runtime.compare import compare

ROWS, WALKED, WIDTH = 37, 83, 16

TEXT = """
func.func @main(%x: tensor<37x16xf32>, %y: tensor<83x16xf32>) -> (tensor<37xf32>, tensor<37x16xf32>) {
  %low = graph.constant <{value = -3.0e+38 : f32}> : tensor<37xf32>
  %zero = graph.constant <{value = 0.0 : f32}> : tensor<37x16xf32>
  %top, %sum = graph.recurrence axes [-1, 0] carry(%low, %zero) ins(%x, %y) {
  ^bb0(%c: tensor<37xf32>, %t: tensor<37x16xf32>, %a: tensor<37x16xf32>, %b: tensor<83x16xf32>):
    %s = graph.matmul %a, %b <{transpose_b}> : (tensor<37x16xf32>, tensor<83x16xf32>) -> tensor<37x83xf32>
    %r = graph.reduce %s <{kind = "max", axes = array<i64: 1>}> : (tensor<37x83xf32>) -> tensor<37xf32>
    %n = graph.max %c, %r : tensor<37xf32>
    %e = graph.abs %s : tensor<37x83xf32>
    %p = graph.matmul %e, %b : (tensor<37x83xf32>, tensor<83x16xf32>) -> tensor<37x16xf32>
    %u = graph.add %t, %p : tensor<37x16xf32>
    graph.yield %n, %u : tensor<37xf32>, tensor<37x16xf32>
  } : (tensor<37xf32>, tensor<37x16xf32>) over (tensor<37x16xf32>, tensor<83x16xf32>)
    -> tensor<37xf32>, tensor<37x16xf32>
  func.return %top, %sum : tensor<37xf32>, tensor<37x16xf32>
}
"""


@pytest.mark.parametrize("target", ["tiny", "ascend910b3"])
def test_what_is_carried_is_stored(run_text, target):
    random = np.random.default_rng(0)
    x, y = (random.standard_normal((rows, WIDTH)).astype(np.float32) for rows in (ROWS, WALKED))
    scores = x.astype(np.float64) @ y.astype(np.float64).T
    for found, expected in zip(run_text(TEXT, [x, y], target), (scores.max(1), np.abs(scores) @ y), strict=True):
        assert compare(found, expected.astype(np.float32)).ok
