"""Integers of every width in primitives of 32 bits, over their whole range, against PyTorch eager."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import f32, i1, i8, i16, i32, i64

from dialects import graph
from dialects.dtypes import DType
from dialects.graph.types import tensor, ui8
from passes.analysis.evaluate import evaluate
from passes.graph.graph_canonicalize import GraphCanonicalize
from passes.graph.graph_expand_math import GraphExpandMath
from passes.graph.graph_legalize_integers import GraphLegalizeIntegers

TYPES = pytest.mark.parametrize("element", [i8, ui8, i16, i32, i64], ids=["i8", "u8", "i16", "i32", "i64"])
PRIMITIVES = frozenset("add sub mul max min and or not shl shr compare select cast".split())
WORDS = frozenset(("low_word", "high_word", "join_words"))
FLOATS = frozenset(("div", "abs", "trunc"))
"""What quotients of f32 are made of."""
VIEWS = frozenset("constant broadcast reshape permute slice concat reduce".split())


def integers(element, shape, seed):
    """Numbers of all sizes, of both signs, with the ends of the type among them."""
    dtype, random = DType.of(element).numpy, np.random.default_rng(seed)
    limits = np.iinfo(dtype)
    full = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    values = full >> random.integers(0, limits.bits, shape).astype(dtype)
    ends = np.array([limits.min, limits.max, 0, 1, limits.min + 1, limits.max - 1], dtype)
    return np.where(random.random(shape) < 0.2, random.choice(ends, shape), values)


def to_torch(array):
    return torch.from_numpy(np.ascontiguousarray(array))


@pytest.fixture
def legal(module, run_passes):
    """The values of an op after the passes, which leave only primitives of 32 bits."""

    def run(make, inputs, element):
        types = [tensor(np.shape(value), element) for value in inputs]
        made = module(types, lambda add, *arguments: [add(make(*arguments))])
        run_passes(made, GraphLegalizeIntegers(), GraphExpandMath(), GraphCanonicalize())
        for op in made.walk():
            name = op.name.removeprefix("graph.")
            if op.name.startswith("graph.") and name not in VIEWS | WORDS and op.results:
                assert name in PRIMITIVES | FLOATS
                computed = [DType.of(value.type.element_type) for value in (*op.operands, *op.results)]
                assert name == "cast" or all(dtype in (DType.i32, DType.i1, DType.f32) for dtype in computed)
        return evaluate(made, inputs)[0]

    return run


BINARY = {
    "add": (graph.AddOp, torch.add),
    "sub": (graph.SubOp, torch.sub),
    "mul": (graph.MulOp, torch.mul),
    "max": (graph.MaxOp, torch.maximum),
    "min": (graph.MinOp, torch.minimum),
    "and": (graph.AndOp, torch.bitwise_and),
    "or": (graph.OrOp, torch.bitwise_or),
    "xor": (graph.XorOp, torch.bitwise_xor),
}
UNARY = {
    "neg": (graph.NegOp, torch.neg),
    "abs": (graph.AbsOp, torch.abs),
    "sign": (graph.SignOp, torch.sign),
    "relu": (graph.ReluOp, torch.relu),
    "not": (graph.NotOp, torch.bitwise_not),
}
DIVISIONS = {
    "div": (graph.DivOp, lambda x, y: torch.div(x, y, rounding_mode="trunc")),
    "floor_div": (graph.FloorDivOp, torch.floor_divide),
    "rem": (graph.RemOp, torch.remainder),
    "fmod": (graph.FmodOp, torch.fmod),
}
SHIFTS = {"shl": (graph.ShlOp, torch.bitwise_left_shift), "shr": (graph.ShrOp, torch.bitwise_right_shift)}
PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
COUNT = (5000,)


@TYPES
@pytest.mark.parametrize("name", BINARY)
def test_two_operands(legal, element, name):
    op, eager = BINARY[name]
    x, y = integers(element, COUNT, 0), integers(element, COUNT, 1)
    np.testing.assert_array_equal(legal(op.make, [x, y], element), eager(to_torch(x), to_torch(y)).numpy())


@TYPES
@pytest.mark.parametrize("name", UNARY)
def test_one_operand(legal, element, name):
    op, eager = UNARY[name]
    x = integers(element, COUNT, 2)
    np.testing.assert_array_equal(legal(op.make, [x], element), eager(to_torch(x)).numpy())


@TYPES
@pytest.mark.parametrize("name", DIVISIONS)
def test_divisions(legal, element, name):
    """Not by 0, which torch refuses, nor the smallest number by -1, which ends its process."""
    op, eager = DIVISIONS[name]
    x, y = integers(element, COUNT, 3), integers(element, COUNT, 4)
    defined = y != 0
    if DType.of(element).is_signed:
        defined &= (x != np.iinfo(x.dtype).min) | (y != -1)
    x, y = x[defined], y[defined]
    np.testing.assert_array_equal(legal(op.make, [x, y], element), eager(to_torch(x), to_torch(y)).numpy())


@TYPES
@pytest.mark.parametrize("name", SHIFTS)
def test_shifts(legal, element, name):
    """Distances of each element's own, in and out of range."""
    op, eager = SHIFTS[name]
    x = integers(element, COUNT, 5)
    low = -3 if DType.of(element).is_signed else 0
    distance = np.random.default_rng(6).integers(low, 70, COUNT).astype(x.dtype)
    np.testing.assert_array_equal(
        legal(op.make, [x, distance], element), eager(to_torch(x), to_torch(distance)).numpy()
    )


@TYPES
@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("distance", [0, 1, 7, 31, 32, 33, 63, 64])
def test_shifts_by_one_number(module, run_passes, element, name, distance):
    op, eager = SHIFTS[name]
    x = integers(element, COUNT, 7)
    kind = tensor(COUNT, element)
    made = module([kind], lambda add, v: [add(op.make(v, add(graph.ConstantOp.make(distance, kind))))])
    run_passes(made, GraphLegalizeIntegers(), GraphExpandMath())
    np.testing.assert_array_equal(evaluate(made, [x])[0], eager(to_torch(x), distance).numpy())


@TYPES
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7])
def test_powers(module, run_passes, element, exponent):
    x, kind = integers(element, COUNT, 8), tensor(COUNT, element)
    made = module([kind], lambda add, v: [add(graph.PowOp.make(v, add(graph.ConstantOp.make(exponent, kind))))])
    run_passes(made, GraphLegalizeIntegers(), GraphExpandMath())
    np.testing.assert_array_equal(evaluate(made, [x])[0], torch.pow(to_torch(x), exponent).numpy())


@TYPES
@pytest.mark.parametrize("predicate", PREDICATES)
def test_comparisons(legal, element, predicate):
    x, y = integers(element, COUNT, 9), integers(element, COUNT, 10)
    y = np.where(np.random.default_rng(11).random(COUNT) < 0.2, x, y)
    found = legal(lambda a, b: graph.CompareOp.make(a, b, predicate), [x, y], element)
    np.testing.assert_array_equal(found, getattr(torch, predicate)(to_torch(x), to_torch(y)).numpy())


@TYPES
@pytest.mark.parametrize("result", [i1, i8, ui8, i16, i32, i64, f32], ids=lambda one: DType.of(one).name)
def test_conversions(legal, element, result):
    x = integers(element, COUNT, 12)
    dtype = getattr(torch, DType.of(result).numpy.name)
    found = legal(lambda v: graph.CastOp.make(v, result), [x], element)
    np.testing.assert_array_equal(found, to_torch(x).to(dtype).numpy())


REDUCTIONS = {"add": torch.sum, "mul": torch.prod, "max": torch.amax, "min": torch.amin}


@TYPES
@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_reductions(legal, element, kind, count):
    x = integers(element, (50, count), 13)
    options = {"dtype": to_torch(x).dtype} if kind in ("add", "mul") else {}
    found = legal(lambda v: graph.ReduceOp.make(v, kind, [1]), [x], element)
    np.testing.assert_array_equal(found, REDUCTIONS[kind](to_torch(x), 1, **options).numpy())


def test_sums_of_many_numbers_of_64_bits(legal):
    """More than 2^15 of them: the digits that are summed are narrower."""
    x = integers(i64, (3, 70000), 14)
    found = legal(lambda v: graph.ReduceOp.make(v, "add", [1]), [x], i64)
    np.testing.assert_array_equal(found, to_torch(x).sum(1).numpy())


@pytest.mark.parametrize("transposed", [(), ("transpose_a",), ("transpose_b",), ("transpose_a", "transpose_b")])
@TYPES
def test_products_of_matrices(module, run_passes, element, transposed):
    x = integers(element, (2, 7, 5) if "transpose_a" in transposed else (2, 5, 7), 15)
    y = integers(element, (2, 4, 7) if "transpose_b" in transposed else (2, 7, 4), 16)
    types = [tensor(one.shape, element) for one in (x, y)]
    flags = dict.fromkeys(transposed, True)
    made = module(types, lambda add, a, b: [add(graph.MatmulOp.make(a, b, **flags))])
    run_passes(made, GraphLegalizeIntegers())
    a, b = (to_torch(one) for one in (x, y))
    a, b = a.mT if "transpose_a" in transposed else a, b.mT if "transpose_b" in transposed else b
    np.testing.assert_array_equal(evaluate(made, [x, y])[0], torch.matmul(a, b).numpy())
