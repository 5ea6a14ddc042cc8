"""Iteration spaces against numpy: walking each operand along the space's dimensions reaches what numpy's broadcasting pairs up."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.parser import Parser

from compiler.universe import make_context
from dialects.graph.types import shape_of
from passes.analysis.access import Access
from passes.analysis.index_maps import Misfit
from passes.analysis.iteration_space import build

BOUNDED = settings(max_examples=50, deadline=None)


def space_of(text):
    """Build the space of a function's body: its ops, the space, its arguments."""
    module = Parser(make_context(), text).parse_module()
    block = module.body.block.first_op.body.block
    ops = [op for op in block.ops if op.name != "func.return"]
    arguments = {argument: (argument, Access.dense(shape_of(argument))) for argument in block.args}
    return ops, build(ops, arguments), list(block.args)


def tensor(shape, element="f32"):
    return "tensor<" + "".join(f"{size}x" for size in shape) + element + ">"


def array(values):
    return "array<i64: " + ", ".join(map(str, values)) + ">" if values else "array<i64>"


def gathered(space, value, operand, data):
    """The elements of ``operand`` (a dense ``data``) that belong to each element of ``value``."""
    walked = space.operands[operand]
    strides = [data.itemsize * walked.strides.get(dim, 0) if dim is not None else 0 for dim in space.axes[value]]
    flat = data.reshape(-1)[walked.offset :]
    return np.lib.stride_tricks.as_strided(flat, shape_of(value), strides, writeable=False)


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4), data=st.data())
@BOUNDED
def test_operands_are_walked_as_numpy_broadcasts_and_permutes(shape, data):
    """sum of a full operand, of one broadcast along any axes, and of one that is permuted."""
    dims = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1))))
    part = [data.draw(st.sampled_from([1, shape[dim]])) for dim in dims]
    order = data.draw(st.permutations(range(len(shape))))
    stored = [0] * len(shape)
    for axis, source in enumerate(order):
        stored[source] = shape[axis]
    full = tensor(shape)
    ops, space, (x, y, z) = space_of(f"""
func.func @main(%x: {full}, %y: {tensor(part)}, %z: {tensor(stored)}) -> {full} {{
  %0 = graph.broadcast %y <{{dims = {array(dims)}}}> : ({tensor(part)}) -> {full}
  %1 = graph.permute %z <{{order = {array(order)}}}> : ({tensor(stored)}) -> {full}
  %2 = graph.add %x, %0 : ({full}, {full}) -> {full}
  %3 = graph.add %2, %1 : ({full}, {full}) -> {full}
  func.return %3 : {full}
}}""")
    result = ops[-1].results[0]
    assert math.prod(space.sizes.values()) == math.prod(shape)
    arrays = [np.arange(math.prod(s), dtype=np.int32).reshape(s) for s in (shape, part, stored)]
    spread = [1] * len(shape)
    for size, dim in zip(part, dims, strict=True):
        spread[dim] = size
    expected = [arrays[0], np.broadcast_to(arrays[1].reshape(spread), shape), arrays[2].transpose(order)]
    for operand, array_, wanted in zip((x, y, z), arrays, expected, strict=True):
        np.testing.assert_array_equal(gathered(space, result, operand, array_), wanted)


@given(shape=st.lists(st.integers(2, 5), min_size=1, max_size=4), data=st.data())
@BOUNDED
def test_a_reduction_varies_along_what_is_left(shape, data):
    axes = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    left = [size for axis, size in enumerate(shape) if axis not in axes]
    ops, space, (x,) = space_of(f"""
func.func @main(%x: {tensor(shape)}) -> {tensor(left)} {{
  %0 = graph.reduce %x <{{kind = "add", axes = {array(axes)}}}> : ({tensor(shape)}) -> {tensor(left)}
  func.return %0 : {tensor(left)}
}}""")
    assert space.reduced == {space.axes[x][axis] for axis in axes}
    assert space.varying[x] == set(space.sizes)
    assert space.varying[ops[0].results[0]] == set(space.sizes) - space.reduced


@given(
    sizes=st.lists(st.integers(2, 6), min_size=4, max_size=4),
    transpose_a=st.booleans(),
    transpose_b=st.booleans(),
)
@BOUNDED
def test_a_product_walks_its_operands_as_einsum_does(sizes, transpose_a, transpose_b):
    """The dimensions of a batched product: the sum over the reduced one of the walked operands is einsum's."""
    b, m, n, k = sizes
    left, right = [b, k, m] if transpose_a else [b, m, k], [b, n, k] if transpose_b else [b, k, n]
    flags = ", ".join(name for name, on in (("transpose_a", transpose_a), ("transpose_b", transpose_b)) if on)
    result = tensor([b, m, n])
    ops, space, (x, y) = space_of(f"""
func.func @main(%x: {tensor(left)}, %y: {tensor(right)}) -> {result} {{
  %0 = graph.matmul %x, %y {f"<{{{flags}}}>" if flags else ""} : ({tensor(left)}, {tensor(right)}) -> {result}
  func.return %0 : {result}
}}""")
    (inner,) = space.reduced
    assert sorted(space.sizes.values()) == sorted(sizes)
    assert space.sizes[inner] == k
    places = [*(space.axes[ops[0].results[0]]), inner]
    walked = []
    for operand, shape in ((x, left), (y, right)):
        data = np.random.default_rng(0).integers(-5, 5, shape)
        strides = [space.operands[operand].strides.get(dim, 0) * data.itemsize for dim in places]
        walked.append((data, np.lib.stride_tricks.as_strided(data, [space.sizes[dim] for dim in places], strides)))
    equation = f"{'bkm' if transpose_a else 'bmk'},{'bnk' if transpose_b else 'bkn'}->bmn"
    expected = np.einsum(equation, walked[0][0], walked[1][0])
    np.testing.assert_array_equal((walked[0][1] * walked[1][1]).sum(-1), expected)


def test_axes_of_one_element_are_no_dimensions():
    _, space, (x,) = space_of("""
func.func @main(%x: tensor<1x4x1xf32>) -> tensor<1x4x1xf32> {
  %0 = graph.exp %x : tensor<1x4x1xf32>
  func.return %0 : tensor<1x4x1xf32>
}""")
    assert list(space.sizes.values()) == [4]
    assert space.axes[x] == (None, next(iter(space.sizes)), None)


def test_constants_do_not_vary_and_iotas_vary_along_their_axis():
    ops, space, _ = space_of("""
func.func @main(%x: tensor<4x6xi32>) -> tensor<4x6xi32> {
  %0 = graph.constant <{value = 2 : i32}> : tensor<4x6xi32>
  %1 = graph.iota <{axis = 1 : i64}> : tensor<4x6xi32>
  %2 = graph.mul %0, %1 : (tensor<4x6xi32>, tensor<4x6xi32>) -> tensor<4x6xi32>
  %3 = graph.add %2, %x : (tensor<4x6xi32>, tensor<4x6xi32>) -> tensor<4x6xi32>
  func.return %3 : tensor<4x6xi32>
}""")
    constant, iota, product, total = (op.results[0] for op in ops)
    row, col = space.axes[total]
    assert space.varying[constant] == set()
    assert space.varying[iota] == space.varying[product] == space.iota == {col}
    assert space.varying[total] == {row, col}


def test_the_dimension_that_indices_choose_from_is_not_walked():
    ops, space, (table, indices) = space_of("""
func.func @main(%t: tensor<50x8xf32>, %i: tensor<3x5xi32>) -> tensor<3x5x8xf32> {
  %0 = graph.take %t, %i <{axis = 0 : i64}> : (tensor<50x8xf32>, tensor<3x5xi32>) -> tensor<3x5x8xf32>
  func.return %0 : tensor<3x5x8xf32>
}""")
    assert sorted(space.sizes.values()) == [3, 5, 8]
    assert space.axes[ops[0].results[0]] == (*space.axes[indices], space.axes[table][1])


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (
            "a reshape regroups axes",
            """func.func @main(%x: tensor<4x6xf32>) -> tensor<24xf32> {
  %0 = graph.exp %x : tensor<4x6xf32>
  %1 = graph.reshape %0 : (tensor<4x6xf32>) -> tensor<24xf32>
  func.return %1 : tensor<24xf32>
}""",
        ),
        (
            "two axes of one value are the same dimension",
            """func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.exp %x : tensor<4x4xf32>
  %1 = graph.permute %0 <{order = array<i64: 1, 0>}> : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = graph.add %0, %1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  func.return %2 : tensor<4x4xf32>
}""",
        ),
        (
            "a slice of a computed value",
            """func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %0 = graph.exp %x : tensor<4xf32>
  %1 = graph.slice %0 <{starts = array<i64: 0>, stops = array<i64: 2>, steps = array<i64: 1>}> : (tensor<4xf32>) -> tensor<2xf32>
  func.return %1 : tensor<2xf32>
}""",
        ),
        (
            "take along an inner axis",
            """func.func @main(%x: tensor<4x6xf32>, %i: tensor<3xi32>) -> tensor<4x3xf32> {
  %0 = graph.take %x, %i <{axis = 1 : i64}> : (tensor<4x6xf32>, tensor<3xi32>) -> tensor<4x3xf32>
  func.return %0 : tensor<4x3xf32>
}""",
        ),
    ],
)
def test_ops_that_share_no_space(why, text):
    with pytest.raises(Misfit, match=why):
        space_of(text)
