"""Bounds of graph values: no value that is computed lies outside, and simple chains have the bounds one expects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp, i1, i8, i16, i32, i64
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects import graph
from dialects.dtypes import DType
from dialects.graph.types import tensor, ui8
from passes.analysis.evaluate import evaluate_op
from passes.analysis.value_range import ValueRanges

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
ELEMENTS = [i8, ui8, i16, i32, i64]
BINARY = [
    *(graph.AddOp, graph.SubOp, graph.MulOp, graph.MaxOp, graph.MinOp, graph.AndOp, graph.OrOp, graph.XorOp),
    *(graph.ShlOp, graph.ShrOp, graph.DivOp, graph.FloorDivOp, graph.RemOp, graph.FmodOp),
]
UNARY = [graph.NegOp, graph.AbsOp, graph.SignOp, graph.ReluOp, graph.NotOp]
DIVISIONS = (graph.DivOp, graph.FloorDivOp, graph.RemOp, graph.FmodOp)
SHIFTS = (graph.ShlOp, graph.ShrOp)
SHAPE = (6,)


class Chain:
    """Random ops one after the other, each evaluated as it is made."""

    def __init__(self, data, element):
        self.data = data
        self.element = element
        self.arrays = {}
        limits = np.iinfo(DType.of(element).numpy)
        self.numbers = st.one_of(
            st.integers(max(-9, limits.min), 9), st.integers(limits.min, limits.max), st.sampled_from([limits.max, 0])
        )

    def add(self, op):
        (value,) = op.results
        (self.arrays[value],) = evaluate_op(op, [self.arrays[operand] for operand in op.operands])
        return value

    def constant(self, numbers=None):
        drawn = self.data.draw(st.lists(self.numbers if numbers is None else numbers, min_size=6, max_size=6))
        array = np.array(drawn, DType.of(self.element).numpy)
        return self.add(graph.ConstantOp.from_array(array, tensor(SHAPE, self.element)))

    def step(self, value):
        op = self.data.draw(st.sampled_from([*BINARY, *UNARY, graph.SelectOp, graph.ReduceOp]))
        if op is graph.SelectOp:
            condition = self.add(graph.CompareOp.make(value, self.constant(), "lt"))
            return self.add(graph.SelectOp.make(condition, value, self.constant()))
        if op is graph.ReduceOp:
            kind = self.data.draw(st.sampled_from(["add", "mul", "max", "min"]))
            reduced = self.add(graph.ReduceOp.make(value, kind, [0]))
            return self.add(graph.BroadcastOp.make(reduced, SHAPE, []))
        if op in UNARY:
            return self.add(op.make(value))
        if op in DIVISIONS:
            return self.add(op.make(value, self.constant(self.numbers.filter(lambda x: x not in (0, -1)))))
        if op in SHIFTS:
            return self.add(op.make(value, self.constant(st.integers(0, 7))))
        return self.add(op.make(value, self.constant()))


@given(data=st.data(), element=st.sampled_from(ELEMENTS), length=st.integers(1, 5))
@BOUNDED
def test_no_value_lies_outside(data, element, length):
    chain, ranges = Chain(data, element), ValueRanges(ModuleOp([]))
    value = chain.constant()
    for _ in range(length):
        value = chain.step(value)
        target = data.draw(st.sampled_from([*ELEMENTS, i1]))
        converted = chain.add(graph.CastOp.make(value, target))
        for one in (value, converted):
            low, high = ranges.of(one)
            array = chain.arrays[one]
            assert low <= int(array.min())
            assert int(array.max()) <= high


def bounds(text):
    """The bounds of what the first function of a module returns."""
    module = Parser(make_context(), text).parse_module()
    final = next(iter(module.body.block.ops)).regions[0].block.last_op
    return [tuple(ValueRanges(module).of(value)) for value in final.operands]


def test_inputs_have_the_bounds_of_their_type():
    text = (
        "func.func @main(%x: tensor<4xi8>, %y: tensor<4xi1>) -> () { func.return %x, %y : tensor<4xi8>, tensor<4xi1> }"
    )
    assert bounds(text) == [(-128, 127), (0, 1)]


def test_clamped_floats_are_bounded():
    text = """func.func @main(%x: tensor<4xf32>) -> () {
      %low = graph.constant <{value = -127.0 : f32}> : tensor<4xf32>
      %high = graph.constant <{value = 127.0 : f32}> : tensor<4xf32>
      %0 = graph.max %x, %low : tensor<4xf32>
      %1 = graph.round %0 : tensor<4xf32>
      %2 = graph.min %1, %high : tensor<4xf32>
      %3 = graph.cast %2 : (tensor<4xf32>) -> tensor<4xi8>
      func.return %0, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xi8>
    }"""
    assert bounds(text) == [(-127.0, float("inf")), (-127, 127.0), (-127, 127)]


def test_arguments_of_layers_join_what_calls_pass():
    text = """func.func private @layer(%i: tensor<4xi64>) -> tensor<4xi64> {
      func.return %i : tensor<4xi64>
    }
    func.func @main() -> (tensor<4xi64>, tensor<4xi64>) {
      %0 = graph.iota <{axis = 0 : i64}> : tensor<4xi64>
      %1 = graph.neg %0 : tensor<4xi64>
      %2 = func.call @layer(%0) : (tensor<4xi64>) -> tensor<4xi64>
      %3 = func.call @layer(%1) : (tensor<4xi64>) -> tensor<4xi64>
      func.return %2, %3 : tensor<4xi64>, tensor<4xi64>
    }"""
    assert bounds(text) == [(-3, 3)]


@pytest.mark.parametrize("count", [10, 0])
def test_sums_of_truth_values_count_them(count):
    text = f"""func.func @main(%x: tensor<3x{count}xi1>) -> () {{
      %0 = graph.cast %x : (tensor<3x{count}xi1>) -> tensor<3x{count}xi64>
      %1 = graph.reduce %0 <{{kind = "add", axes = array<i64: 1>}}> : (tensor<3x{count}xi64>) -> tensor<3xi64>
      func.return %1 : tensor<3xi64>
    }}"""
    assert bounds(text) == [(0, count)]
