"""The numpy meaning of graph ops against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import ModuleOp, bf16, f16, f32, i1, i8, i32, i64
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from dialects import graph
from dialects.errors import SfumatoError
from dialects.graph.matmul import ConvolutionOp
from dialects.graph.reduce import ArgReduceOp, ReduceOp, ReduceWindowOp, ScanOp
from dialects.graph.types import tensor
from passes.analysis.evaluate import evaluate

ELEMENTS = {
    torch.float32: f32,
    torch.float16: f16,
    torch.bfloat16: bf16,
    torch.int64: i64,
    torch.int32: i32,
    torch.bool: i1,
    torch.int8: i8,
}


def to_numpy(value):
    return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


def run(make, *inputs):
    types = [tensor(tuple(value.shape), ELEMENTS[value.dtype]) for value in inputs]
    block = Block(arg_types=types)
    op = make(*block.args)
    block.add_ops([op, ReturnOp(*op.results)])
    module = ModuleOp([FuncOp("main", (types, [value.type for value in op.results]), Region(block))])
    module.verify()
    return evaluate(module, [to_numpy(value) for value in inputs])


def same(found, expected):
    np.testing.assert_array_equal(found.astype(np.float64), to_numpy(expected).astype(np.float64))


SPECIAL = torch.tensor([0.0, -0.0, 1.5, -1.5, 2.5, -2.5, 7.0, -7.0, 3e4, torch.inf, -torch.inf, torch.nan, 1e-7])
PAIRS = (SPECIAL.repeat(len(SPECIAL)), SPECIAL.repeat_interleave(len(SPECIAL)))
WHOLE = torch.tensor([-9, -7, -1, 0, 1, 2, 7, 9])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (graph.AddOp.make, torch.add),
        (graph.MulOp.make, torch.mul),
        (graph.DivOp.make, torch.div),
        (graph.MaxOp.make, torch.maximum),
        (graph.MinOp.make, torch.minimum),
        (graph.FmodOp.make, torch.fmod),
        (graph.RemOp.make, torch.remainder),
    ],
)
def test_float_arithmetic(make, reference, dtype):
    x, y = (value.to(dtype) for value in PAIRS)
    same(run(make, x, y)[0], reference(x, y))


@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (graph.DivOp.make, lambda x, y: torch.div(x, y, rounding_mode="trunc")),
        (graph.FloorDivOp.make, torch.floor_divide),
        (graph.RemOp.make, torch.remainder),
        (graph.FmodOp.make, torch.fmod),
        (graph.XorOp.make, torch.bitwise_xor),
    ],
)
def test_integer_arithmetic(make, reference):
    x, y = WHOLE.repeat(7), WHOLE[WHOLE != 0].repeat_interleave(8)
    same(run(make, x, y)[0], reference(x, y))


def test_floor_division_of_floats():
    x, y = PAIRS
    same(run(graph.FloorDivOp.make, x, y)[0], torch.floor_divide(x, y))


@pytest.mark.parametrize("target", [torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int8, torch.bool])
def test_casts(target):
    x = torch.tensor([0.0, -0.5, 1.7, -1.7, 2.5, 100.9, -100.9, 1e-9, 65519.0, 0.1])
    x = x[x.abs() < 127] if target == torch.int8 else x
    same(run(lambda a: graph.CastOp.make(a, ELEMENTS[target]), x)[0], x.to(target))


@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (lambda a: ReduceOp.make(a, "add", [0, 2]), lambda a: a.sum((0, 2))),
        (lambda a: ReduceOp.make(a, "max", [1]), lambda a: a.amax(1)),
        (lambda a: ArgReduceOp.make(a, "max", 1), lambda a: a.argmax(1)),
        (lambda a: ArgReduceOp.make(a, "min", 2), lambda a: a.argmin(2)),
        (lambda a: ScanOp.make(a, "add", 1), lambda a: a.cumsum(1)),
        (lambda a: graph.SliceOp.make(a, [0, 4, 1], [2, -1, 4], [1, -2, 3]), lambda a: a.flip(1)[:, ::2][:, :, 1:4:3]),
        (
            lambda a: graph.PadOp.make(a, [0, 1, 0], [0, 0, 2], 7),
            lambda a: torch.nn.functional.pad(a, (0, 2, 1, 0), value=7),
        ),
        (lambda a: graph.PermuteOp.make(a, [2, 0, 1]), lambda a: a.permute(2, 0, 1)),
    ],
)
def test_axes(make, reference):
    # Small whole numbers: sums are exact, and equal elements test the order of arg_reduce.
    a = torch.randint(-3, 4, (2, 5, 4), generator=torch.Generator().manual_seed(0)).float()
    same(run(make, a)[0], reference(a))


@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_stable(descending):
    a = torch.randint(0, 4, (3, 9), generator=torch.Generator().manual_seed(0)).float()
    values, indices = run(lambda x: graph.SortOp.make(x, 1, descending), a)
    expected = a.sort(dim=1, descending=descending, stable=True)
    same(values, expected.values)
    same(indices, expected.indices)


def test_convolution_and_pool():
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-4, 5, (2, 4, 9, 8), generator=generator).float()
    w = torch.randint(-4, 5, (6, 2, 3, 2), generator=generator).float()
    found = run(lambda a, b: ConvolutionOp.make(a, b, [2, 1], [1, 0], [1, 0], [1, 2], 2), x, w)[0]
    same(found, torch.nn.functional.conv2d(x, w, None, (2, 1), (1, 0), (1, 2), 2))
    pooled = run(
        lambda a: ReduceWindowOp.make(a, "max", [1, 1, 3, 2], [1, 1, 2, 1], [0, 0, 1, 0], [0, 0, 1, 0], [1] * 4), x
    )[0]
    same(pooled, torch.nn.functional.max_pool2d(x, (3, 2), (2, 1), (1, 0)))


def test_indexing():
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(6, 5, generator=generator)
    rows = torch.tensor([[3, 0], [5, 5]])
    same(run(lambda t, i: graph.TakeOp.make(t, i, 0), table, rows)[0], table[rows])
    index = torch.randint(0, 6, (2, 5), generator=generator)
    same(run(lambda t, i: graph.GatherOp.make(t, i, 0), table, index)[0], table.gather(0, index))
    whole = torch.randint(-5, 5, (2, 5), generator=generator).float()
    added = run(lambda t, i, u: graph.ScatterOp.make(t, i, u, 0, "add"), torch.zeros(6, 5), index, whole)[0]
    same(added, torch.zeros(6, 5).scatter_add(0, index, whole))


def test_an_integer_product_is_exact():
    a = torch.full((3, 700), -128, dtype=torch.int8)
    found = run(lambda x, y: graph.MatmulOp.make(x, y, transpose_b=True, element=i32), a, a)[0]
    assert (found == 700 * 128 * 128).all()


def test_a_missing_weight_is_named():
    block = Block()
    weight = graph.WeightOp.make("w.0", tensor((2,), f32))
    block.add_ops([weight, ReturnOp(weight.result)])
    module = ModuleOp([FuncOp("main", ([], [weight.result.type]), Region(block))])
    with pytest.raises(SfumatoError, match=r"weight 'w\.0' is not given"):
        evaluate(module, [])
