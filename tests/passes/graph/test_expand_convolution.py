"""Convolutions as products of windows give torch's values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import f16, f32

from dialects import graph
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.graph.graph_expand_convolution import GraphExpandConvolution

TORCH = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}


def expanded(module, run_passes, x, w, element, settings):
    """The values of a convolution after the pass."""
    types = [tensor(x.shape, element), tensor(w.shape, element)]
    made = module(types, lambda add, a, b: [add(graph.ConvolutionOp.make(a, b, *settings))])
    run_passes(made, GraphExpandConvolution())
    assert not any(isinstance(op, graph.ConvolutionOp) for op in made.walk())
    return evaluate(made, [x.numpy(), w.numpy()])[0]


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "dilation"),
    [
        ((9,), (3,), (1,), (0,), (1,)),
        ((9,), (3,), (2,), (1,), (1,)),
        ((9,), (2,), (3,), (2,), (4,)),
        ((7,), (7,), (1,), (0,), (1,)),
        ((8, 9), (3, 3), (1, 1), (1, 1), (1, 1)),
        ((8, 9), (1, 1), (1, 1), (0, 0), (1, 1)),
        ((8, 9), (1, 1), (2, 3), (0, 0), (1, 1)),
        ((8, 9), (4, 4), (4, 4), (0, 0), (1, 1)),
        ((8, 9), (2, 3), (3, 1), (1, 2), (1, 2)),
        ((8, 9), (3, 2), (1, 2), (0, 1), (2, 1)),
        ((5, 6, 7), (3, 2, 3), (1, 2, 1), (1, 0, 2), (1, 1, 1)),
        ((5, 6, 7), (2, 2, 2), (2, 1, 3), (0, 1, 1), (2, 1, 2)),
    ],
)
def test_matches_torch(module, run_passes, size, window, stride, padding, dilation, groups):
    # Small whole numbers: sums are exact in any order, so the values must be equal.
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-4, 5, (2, 8, *size), generator=generator).float()
    w = torch.randint(-4, 5, (12, 8 // groups, *window), generator=generator).float()
    settings = (stride, padding, padding, dilation, groups)
    found = expanded(module, run_passes, x, w, f32, settings)
    expected = TORCH[len(size)](x, w, None, stride, padding, dilation, groups)
    np.testing.assert_array_equal(found, expected.numpy())


def test_a_filter_for_each_channel(module, run_passes):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-4, 5, (1, 6, 5, 5), generator=generator).float()
    w = torch.randint(-4, 5, (6, 1, 3, 3), generator=generator).float()
    found = expanded(module, run_passes, x, w, f32, ((1, 1), (1, 1), (1, 1), (1, 1), 6))
    np.testing.assert_array_equal(found, TORCH[2](x, w, None, 1, 1, 1, 6).numpy())


def test_padding_of_two_widths(module, run_passes):
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-4, 5, (1, 3, 6), generator=generator).float()
    w = torch.randint(-4, 5, (2, 3, 3), generator=generator).float()
    found = expanded(module, run_passes, x, w, f32, ((1,), (2,), (0,), (1,), 1))
    padded = torch.nn.functional.pad(x, (2, 0))
    np.testing.assert_array_equal(found, TORCH[1](padded, w).numpy())


def test_half_precision_sums_in_single(module, run_passes):
    # 2049 is no f16 number: a sum of 2049 ones in f16 would stop at 2048, and 2052 is one.
    x, w = torch.ones(1, 684, 3, dtype=torch.float16), torch.ones(1, 684, 3, dtype=torch.float16)
    found = expanded(module, run_passes, x, w, f16, ((1,), (0,), (0,), (1,), 1))
    assert found.dtype == np.float16
    assert found.item() == 2052
