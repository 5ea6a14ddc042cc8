"""The graph passes keep values, and the expansions of composites are as accurate as torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import bf16, f16, f32, i64

from dialects import graph
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate
from passes.graph.graph_canonicalize import GraphCanonicalize
from passes.graph.graph_cse import GraphCse
from passes.graph.graph_dce import GraphDce
from passes.graph.graph_expand_composites import GraphExpandComposites
from passes.graph.graph_fold_constants import GraphFoldConstants
from passes.graph.graph_set_precision import GraphSetPrecision
from passes.graph.graph_sink_reshapes import GraphSinkReshapes, broadcast_dims
from runtime.compare import single_operation_tolerance

DTYPES = {f32: torch.float32, f16: torch.float16, bf16: torch.bfloat16}


def to_numpy(value):
    return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


def error_of(found, exact):
    return np.abs(found.astype(np.float64) - exact).max()


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("element", [f32, f16, bf16])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "layer_norm", "rms_norm"])
def test_composites_are_at_most_twice_as_far_from_float64_as_torch(name, element, scale, module, run_passes):
    torch.manual_seed(1)
    dtype, shape = DTYPES[element], (33, 769)
    x = (torch.randn(shape) * scale + (scale if name.endswith("norm") else 0)).to(dtype)
    w, b = torch.randn(shape[1]).to(dtype), torch.randn(shape[1]).to(dtype)
    functional = torch.nn.functional
    make, reference, inputs = {
        "softmax": (lambda x: graph.SoftmaxOp.make(x, 1), lambda x: torch.softmax(x, 1), [x]),
        "log_softmax": (lambda x: graph.LogSoftmaxOp.make(x, 1), lambda x: torch.log_softmax(x, 1), [x]),
        "layer_norm": (
            lambda x, w, b: graph.LayerNormOp.make(x, w, b, epsilon=1e-5),
            lambda x, w, b: functional.layer_norm(x, shape[1:], w, b, 1e-5),
            [x, w, b],
        ),
        "rms_norm": (
            lambda x, w: graph.RmsNormOp.make(x, w, epsilon=1e-6),
            lambda x, w: functional.rms_norm(x, shape[1:], w, 1e-6),
            [x, w],
        ),
    }[name]
    types = [tensor(tuple(value.shape), element) for value in inputs]
    made = module(types, lambda add, *arguments: [add(make(*arguments))])
    run_passes(made, GraphExpandComposites(), GraphCanonicalize(), GraphCse())
    arrays = [to_numpy(value) for value in inputs]
    exact = reference(*(value.double() for value in inputs)).numpy()
    found = evaluate(made, arrays)[0]
    assert error_of(found, exact) <= 2 * error_of(to_numpy(reference(*inputs)), exact)


def test_simplifications_keep_values(module, run_passes):
    def build(add, x):
        t = add(graph.PermuteOp.make(x, [1, 0]))
        p = add(graph.MatmulOp.make(x, t))
        r = add(graph.ReduceOp.make(p, "max", [1]))
        spread = add(graph.BroadcastOp.make(add(graph.ReshapeOp.make(r, [5, 1])), [5, 5], [0, 1]))
        two = add(graph.ConstantOp.make(2.0, tensor((5, 5), f32)))
        y = add(graph.PowOp.make(add(graph.DivOp.make(add(graph.SubOp.make(p, spread)), two)), two))
        return [add(graph.ReshapeOp.make(add(graph.NegOp.make(add(graph.NegOp.make(y)))), [25]))]

    x = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    made = module([tensor((5, 7), f32)], build)
    before = evaluate(made, [x])[0]
    run_passes(made, GraphCanonicalize(), GraphFoldConstants(), GraphSinkReshapes(), GraphCse(), GraphDce())
    np.testing.assert_array_equal(evaluate(made, [x])[0], before)
    assert not any(op.name in ("graph.permute", "graph.pow", "graph.neg", "graph.div") for op in made.walk())


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_broadcasts_survive_a_reshape(data):
    sizes = data.draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=4))
    dims = [axis for axis in range(len(sizes)) if data.draw(st.booleans())]
    total = int(np.prod(sizes))
    first = data.draw(st.sampled_from([n for n in range(1, total + 1) if total % n == 0]))
    new = data.draw(st.sampled_from([(total,), (first, total // first), (1, first, total // first)]))
    source = np.arange(int(np.prod([sizes[axis] for axis in dims]))).reshape([sizes[axis] for axis in dims])
    aligned = [sizes[axis] if axis in dims else 1 for axis in range(len(sizes))]
    expected = np.broadcast_to(source.reshape(aligned), sizes).reshape(new)
    found = broadcast_dims(sizes, new, source.shape, dims)
    if found is not None:
        aligned = [new[axis] if axis in found else 1 for axis in range(len(new))]
        np.testing.assert_array_equal(np.broadcast_to(source.reshape(aligned), new), expected)


def test_half_precision_keeps_sums_and_signature(module, run_passes):
    w = np.random.default_rng(1).normal(size=(64, 16)).astype(np.float32)
    x = np.random.default_rng(2).normal(size=(8, 64)).astype(np.float32)

    def build(add, x):
        weight = add(graph.WeightOp.make("w", tensor((64, 16), f32)))
        return [add(graph.MatmulOp.make(x, weight))]

    made = module([tensor((8, 64), f32)], build)
    run_passes(made, GraphSetPrecision(precision="fp16"))
    found = evaluate(made, [x], {"w": w})[0]
    exact = x.astype(np.float16).astype(np.float64) @ w.astype(np.float16).astype(np.float64)
    assert found.dtype == np.float32
    # The sums reach 23: results rounded to f16 would be off by 7e-3, a hundred times as much as this allows.
    tolerance = single_operation_tolerance("f32", 64) * np.abs(exact).max()
    np.testing.assert_allclose(found, exact, rtol=0, atol=tolerance)


def test_constants_that_are_too_large_stay_ops(module, run_passes):
    def build(add):
        count = add(graph.IotaOp.make(tensor((100000,), i64)))
        return [add(graph.AddOp.make(count, count))]

    made = run_passes(module([], build), GraphFoldConstants())
    assert [op.name for op in made.walk() if op.name.startswith("graph.")] == ["graph.iota", "graph.add"]
